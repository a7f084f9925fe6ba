"""The prepared genome: a folder of plain arrays, memory-mapped read-only, checksummed, shared by many processes.

::

    prepared/
        bases.u8        every record's bases, one byte each (see `sequence.alphabet`), one after the other
        records.json    name, offset, length and counts per record
        manifest.json   SHA-256 of each file, and of the inputs it was made from
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from genolect import __version__, durable
from genolect.errors import InputError, MachineError, shown
from genolect.sequence.alphabet import BASE_BITS, SOFT_MASK, Bases, N
from genolect.sequence.fasta import FastaChunk, stream_fasta
from genolect.sequence.source import STANDARD_INPUT, Source

FORMAT = 1
BASES_FILE = "bases.u8"
RECORDS_FILE = "records.json"


@dataclass(frozen=True, slots=True)
class GenomeRecord:
    """One sequence of a prepared genome.

    Attributes
    ----------
    name : str
        Unique name; prefixed by the file's stem (``yeast:I``) where several files were prepared together.
    description : str
        The rest of the FASTA header.
    offset : int
        First base in ``bases.u8``, 0-based.
    length : int
        Number of bases.
    n, ambiguous, soft_masked : int
        Bases that are N, that were IUPAC codes in the file (now N), that were lower case.
    """

    name: str
    description: str
    offset: int
    length: int = 0
    n: int = 0
    ambiguous: int = 0
    soft_masked: int = 0


class PreparedGenome:
    """A genome on disk, opened for reading.

    Parameters
    ----------
    folder : Path
        A folder made by `prepare_genome`.
    verify : bool
        Whether to compare every byte with its checksum (about a second per gigabase).

    Raises
    ------
    InputError
        If the folder is no prepared genome, or was damaged.
    """

    def __init__(self, folder: Path, *, verify: bool = True) -> None:
        self.folder = folder
        self.manifest = durable.read_manifest(folder, verify=verify)
        if self.manifest.get("kind") != "genome" or self.manifest.get("format") != FORMAT:
            fix = "make it with: genolect prepare GENOME --out FOLDER"
            raise InputError(f"not a prepared genome of format {FORMAT}", fix=fix, path=folder)
        rows = json.loads((folder / RECORDS_FILE).read_text("utf-8"))
        self.records = {row["name"]: GenomeRecord(**row) for row in rows}
        self._bases: Bases = np.asarray(np.memmap(folder / BASES_FILE, dtype=np.uint8, mode="r"))

    @property
    def lengths(self) -> dict[str, int]:
        """Number of bases per record, in file order."""
        return {record.name: record.length for record in self.records.values()}

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """Path, size and SHA-256 of the files it was made from."""
        inputs: list[dict[str, Any]] = self.manifest["inputs"]
        return inputs

    @property
    def content_hash(self) -> str:
        """SHA-256 over bases and records: equal where the content is equal, whatever the files were called."""
        files = self.manifest["files"]
        return hashlib.sha256((files[BASES_FILE]["sha256"] + files[RECORDS_FILE]["sha256"]).encode()).hexdigest()

    def bases(self, name: str, start: int = 0, end: int | None = None) -> Bases:
        """Give a stretch of one record without copying it.

        Parameters
        ----------
        name : str
            The record.
        start, end : int
            0-based half-open; by default the whole record.

        Returns
        -------
        ndarray of uint8, shape (end - start,)
            A read-only view of the file.

        Raises
        ------
        KeyError
            If there is no such record.
        ValueError
            If the stretch leaves the record.
        """
        record = self.records[name]
        end = record.length if end is None else end
        if not 0 <= start <= end <= record.length:
            raise ValueError(f"{name}:{start}-{end} leaves the record, which has {record.length} bases")
        return self._bases[record.offset + start : record.offset + end]


def prepare_genome(
    sources: Sequence[Path | str],
    folder: Path,
    *,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> PreparedGenome:
    r"""Encode genomes into a folder, or reuse the folder if it was made from the same bytes.

    Parameters
    ----------
    sources : sequence of Path or str
        FASTA files (plain, gzip, BGZF), or ``-`` for standard input.
    folder : Path
        Where.
    overwrite : bool
        Whether a folder that genolect wrote is made anew, whatever it holds.
    progress : callable, optional
        Called with the number of bases written since the last call.

    Returns
    -------
    PreparedGenome
        Opened and verified.

    Raises
    ------
    InputError
        If a file is not a genome; nothing is left behind, and an existing folder is as it was.
    MachineError
        If the folder holds something else, or the disk refuses.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     durable.write_file(Path(folder, "tiny.fa"), ">a\nACgt\nNN\n>b\nGGG\n")
    ...     genome = prepare_genome([Path(folder, "tiny.fa")], Path(folder, "prepared"))
    >>> genome.lengths, genome.bases("a", 1, 3).tolist()
    ({'a': 6, 'b': 3}, [1, 10])
    """
    if (folder / durable.MANIFEST).is_file() and not overwrite:
        if _made_from(sources, folder):
            return PreparedGenome(folder)
        fix = "name another --out, or add --overwrite"
        raise MachineError("the folder holds something else than this genome", fix=fix, path=folder)
    with durable.new_folder(folder, replace=overwrite) as staging:
        inputs, records = _encode(sources, staging, progress or (lambda _: None))
        with durable.open_for_writing(staging / RECORDS_FILE) as file:
            file.write(durable.json_text([asdict(record) for record in records]).encode())
        facts = {"kind": "genome", "format": FORMAT, "genolect": __version__, "inputs": inputs}
        durable.write_facts(staging, facts)
    return PreparedGenome(folder, verify=False)


def _made_from(sources: Sequence[Path | str], folder: Path) -> bool:
    """Whether `folder` is a genome prepared from exactly these bytes, under the same names."""
    manifest = durable.read_manifest(folder, verify=False)
    if manifest.get("kind") != "genome" or any(str(source) == STANDARD_INPUT for source in sources):
        return False
    for source in sources:
        if not Path(source).is_file():
            raise InputError("there is no such file", fix="check the path", path=source)
    inputs = manifest["inputs"]
    return _prefixes(sources) == _prefixes([item["path"] for item in inputs]) and all(
        durable.sha256_of(Path(source)) == item["sha256"] for source, item in zip(sources, inputs, strict=True)
    )


def _encode(
    sources: Sequence[Path | str], staging: Path, progress: Callable[[int], None]
) -> tuple[list[dict[str, Any]], list[GenomeRecord]]:
    inputs: list[dict[str, Any]] = []
    records: dict[str, GenomeRecord] = {}
    with durable.open_for_writing(staging / BASES_FILE) as file:
        for path, prefix in zip(sources, _prefixes(sources), strict=True):
            source = Source(path)
            for chunk in stream_fasta(source):
                name = prefix + chunk.name
                if chunk.first:
                    if name in records:
                        raise InputError(
                            f"record {shown(name)} was already read from another file",
                            fix="rename one of the files: its stem becomes the prefix of its records",
                            path=path,
                            line=chunk.line,
                        )
                    records[name] = GenomeRecord(name, chunk.description, offset=file.tell())
                records[name] = _extended(records[name], chunk)
                file.write(chunk.bases.data)
                progress(len(chunk.bases))
            inputs.append({"path": str(path), "bytes": source.bytes, "sha256": source.sha256})
    return inputs, list(records.values())


def _extended(record: GenomeRecord, chunk: FastaChunk) -> GenomeRecord:
    return replace(
        record,
        length=record.length + len(chunk.bases),
        n=record.n + int(np.count_nonzero((chunk.bases & BASE_BITS) == N)),
        ambiguous=record.ambiguous + chunk.ambiguous,
        soft_masked=record.soft_masked + int(np.count_nonzero(chunk.bases & SOFT_MASK)),
    )


def _prefixes(sources: Sequence[Path | str]) -> list[str]:
    """What stands before the names of each file's records: nothing where there is one file only."""
    return [""] if len(sources) == 1 else [f"{_stem(source)}:" for source in sources]


def _stem(path: Path | str) -> str:
    """File name without folder and without every suffix that says FASTA or compression."""
    name = Path(path).name
    for suffix in (".gz", ".bgz", ".fa", ".fasta", ".fna", ".ffn", ".fas"):
        name = name.removesuffix(suffix)
    return name
