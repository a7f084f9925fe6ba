"""The prepared genome: a folder of plain arrays, memory-mapped read-only, checksummed, shared by many processes.

::

    prepared/
        bases.u8        every record's bases, one byte each (see `sequence.alphabet`), one after the other
        records.json    name, offset, length and counts per record; where known, its species and that it is circular
        manifest.json   SHA-256 of each file, and of the inputs it was made from

A corpus of many genomes (`genome.corpus`) has the same form: one file of bases, however many genomes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

import numpy as np

from genolect import __version__, files
from genolect.errors import ConfigurationError, InputError, MachineError, shown
from genolect.files import STANDARD_INPUT
from genolect.folders import BASES, MANIFEST, RECORDS
from genolect.sequence.alphabet import SOFT_MASK, Bases, N
from genolect.sequence.annotation import GFF_COLUMNS, is_circular
from genolect.sequence.fasta import FastaChunk, stream_fasta
from genolect.sequence.source import Source, opened, text_lines

_DECLARATION = re.compile(r"\[\s*topology\s*=\s*circular\s*\]", re.IGNORECASE)
_EXAMPLES = 5


def declares_circular(description: str) -> bool:
    """Tell whether a FASTA header says that its sequence is circular, as NCBI writes it.

    Parameters
    ----------
    description : str
        The header without the name.

    Returns
    -------
    bool
        Only ``[topology=circular]`` counts; the word alone ("circular RNA-binding protein") does not.

    Examples
    --------
    >>> declares_circular("Yeast [location=mitochondrion] [topology=circular]"), declares_circular("circular, complete")
    (True, False)
    """
    return _DECLARATION.search(description) is not None


def circular_sequences(source: Source | Path | str) -> frozenset[str]:
    r"""Read which sequences a GFF3 declares circular, and nothing else of it.

    Parameters
    ----------
    source : Source, Path or str
        A GFF3 file (plain, gzip or BGZF).

    Returns
    -------
    frozenset of str
        The sequences with a row that says ``Is_circular=true``.

    Raises
    ------
    InputError
        If no row says so.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b"MT\t.\tregion\t1\t90\t.\t.\t.\tIs_circular=true\n"), file.flush()
    ...     circular_sequences(file.name)
    frozenset({'MT'})
    """
    source = opened(source)
    names = set()
    for _, text in text_lines(source):
        if text.startswith((">", "##FASTA")):
            break
        columns = text.split("\t")
        if len(columns) == GFF_COLUMNS and not text.startswith("#") and is_circular(columns[-1]):
            names.add(columns[0])
    if not names:
        what, fix = "no row says Is_circular=true", "give a GFF3 whose region rows say so, or name the circular records"
        raise InputError(what, fix=fix, path=source.name)
    return frozenset(names)


def refuse_unknown_circular(circular: Collection[str] | Literal["all"], names: Collection[str], path: str) -> None:
    """Refuse to call a sequence circular that is not there.

    Parameters
    ----------
    circular : collection of str, or 'all'
        What was called circular.
    names : collection of str
        The sequences that there are.
    path : str
        Where they are, for the message.

    Raises
    ------
    ConfigurationError
        If there is no sequence of such a name.

    Examples
    --------
    >>> refuse_unknown_circular(["MT"], ["chrM"], "a.fa")
    Traceback (most recent call last):
    ...
    genolect.errors.ConfigurationError: a.fa: there is no record 'MT' that could be circular. Fix: choose among: chrM.
    """
    if isinstance(circular, str):
        return
    known = set(names)
    for name in circular:
        if name not in known:
            some = ", ".join([*names][:_EXAMPLES]) + (" …" if len(names) > _EXAMPLES else "")
            what = f"there is no record {shown(name)} that could be circular"
            raise ConfigurationError(what, fix=f"choose among: {some}", path=path)


FORMAT = 2
"""Written where a record has a species or is circular."""

PLAIN_FORMAT = 1
"""Written where no record has: such a genome has been the same, byte for byte, since format 1."""


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
    species : str
        Whose sequence it is; empty where nobody said.
    circular : bool
        Whether the last base is followed by the first.
    """

    name: str
    description: str
    offset: int
    length: int = 0
    n: int = 0
    ambiguous: int = 0
    soft_masked: int = 0
    species: str = ""
    circular: bool = False


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
        self.manifest = files.read_manifest(folder, verify=verify)
        if self.manifest.get("kind") != "genome" or self.manifest.get("format") not in (PLAIN_FORMAT, FORMAT):
            fix = "make it with: genolect prepare GENOME --out FOLDER"
            raise InputError(f"not a prepared genome of format {PLAIN_FORMAT} or {FORMAT}", fix=fix, path=folder)
        rows = json.loads((folder / RECORDS).read_text("utf-8"))
        self.records = {row["name"]: GenomeRecord(**row) for row in rows}
        self._bases: Bases = np.asarray(np.memmap(folder / BASES, dtype=np.uint8, mode="r"))

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
    def weights(self) -> dict[str, float]:
        """Weight per species as the corpus' manifest gave it; empty where it gave none."""
        weights: dict[str, float] = self.manifest.get("weights", {})
        return weights

    @property
    def all_bases(self) -> Bases:
        """Bases of all records, one record after the other: where `GenomeRecord.offset` points to; read-only."""
        return self._bases

    @property
    def content_hash(self) -> str:
        """SHA-256 over bases and records: equal where the content is equal, whatever the files were called."""
        files = self.manifest["files"]
        return hashlib.sha256((files[BASES]["sha256"] + files[RECORDS]["sha256"]).encode()).hexdigest()

    def bases(self, name: str, start: int = 0, end: int | None = None) -> Bases:
        """Give a stretch of one record without copying it.

        Parameters
        ----------
        name : str
            The record.
        start, end : int
            0-based half-open; by default the whole record. On a circular record the end may lie up to one turn behind
            the start: base ``length`` is base 0 again.

        Returns
        -------
        ndarray of uint8, shape (end - start,)
            A read-only view of the file; a copy where the stretch crosses the origin of a circular record.

        Raises
        ------
        KeyError
            If there is no such record.
        ValueError
            If the stretch leaves the record.
        """
        record = self.records[name]
        end = record.length if end is None else end
        crosses = record.circular and 0 <= start < record.length < end <= start + record.length
        if not crosses and not 0 <= start <= end <= record.length:
            raise ValueError(f"{name}:{start}-{end} leaves the record, which has {record.length} bases")
        own = self._bases[record.offset : record.offset + record.length]
        return np.concatenate([own[start:], own[: end - record.length]]) if crosses else own[start:end]


def prepare_genome(
    sources: Sequence[Path | str],
    folder: Path,
    *,
    overwrite: bool = False,
    circular: Collection[str] | Literal["all"] = (),
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
    circular : collection of str, or 'all'
        Records that are circular, besides those whose header says ``[topology=circular]``.
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
    ...     files.write_file(Path(folder, "tiny.fa"), ">a\nACgt\nNN\n>b\nGGG\n")
    ...     genome = prepare_genome([Path(folder, "tiny.fa")], Path(folder, "prepared"))
    >>> genome.lengths, genome.bases("a", 1, 3).tolist()
    ({'a': 6, 'b': 3}, [1, 10])
    """
    if (folder / MANIFEST).is_file() and not overwrite:
        if is_prepared_from(sources, folder, circular=circular):
            return PreparedGenome(folder)
        fix = "name another --out, or add --overwrite"
        raise MachineError("the folder holds something else than this genome", fix=fix, path=folder)
    with files.new_folder(folder, replace=overwrite) as staging:
        encoded = _encode(sources, staging, progress or (lambda _: None))
        names = [record.name for record in encoded.records]
        refuse_unknown_circular(circular, names, _path_of(sources))
        wanted = set(names) if circular == "all" else set(circular)
        marked = [replace(record, circular=record.circular or record.name in wanted) for record in encoded.records]
        facts = {"inputs": encoded.inputs, **_circular_fact(circular)}
        write_records(staging, marked, facts, bases_sha256=encoded.sha256)
    return PreparedGenome(folder, verify=False)


def write_records(
    staging: Path, records: Sequence[GenomeRecord], facts: dict[str, Any], *, bases_sha256: str | None = None
) -> None:
    r"""Write everything of a prepared genome but its bases, into a folder that is being built.

    Parameters
    ----------
    staging : Path
        The folder, which already holds the bases.
    records : sequence of GenomeRecord
        Its records, in the order of their bases.
    facts : dict
        What the manifest says besides: the inputs, and what else the genome was made from.
    bases_sha256 : str, optional
        Checksum of the bases, if it was computed while they were written; else they are read again.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with files.new_folder(Path(folder, "prepared")) as staging:
    ...         files.write_file(staging / BASES, b"\0\1\2")
    ...         write_records(staging, [GenomeRecord("a", "", 0, 3, circular=True)], {"inputs": []})
    ...     PreparedGenome(Path(folder, "prepared")).bases("a", 2, 5).tolist()
    [2, 0, 1]
    """
    with files.open_for_writing(staging / RECORDS) as file:
        file.write(files.json_text([_row(record) for record in records]).encode())
    plain = not any(record.species or record.circular for record in records)
    form = PLAIN_FORMAT if plain else FORMAT
    sums = {} if bases_sha256 is None else {BASES: bases_sha256}
    files.write_facts(staging, {"kind": "genome", "format": form, "genolect": __version__, **facts}, sums)


def _row(record: GenomeRecord) -> dict[str, Any]:
    """Give a record as it is written: what nobody said is left out, so that format 1 stays what it was."""
    row = asdict(record)
    return {key: value for key, value in row.items() if value or key not in ("species", "circular")}


def is_prepared_from(
    sources: Sequence[Path | str], folder: Path, *, circular: Collection[str] | Literal["all"] = ()
) -> bool:
    r"""Tell whether a folder is a genome prepared from exactly these bytes, under the same names.

    Parameters
    ----------
    sources, circular
        As given to `prepare_genome`.
    folder : Path
        A folder with a manifest.

    Returns
    -------
    bool
        Never true for standard input, which cannot be read twice.

    Raises
    ------
    InputError
        If a source is missing, or the folder's manifest is damaged.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     source, prepared = Path(folder, "tiny.fa"), Path(folder, "prepared")
    ...     files.write_file(source, ">a\nACGT\n")
    ...     genome = prepare_genome([source], prepared)
    ...     is_prepared_from([source], prepared), is_prepared_from([source], prepared, circular="all")
    (True, False)
    """
    manifest = files.read_manifest(folder, verify=False)
    if manifest.get("kind") != "genome" or any(str(source) == STANDARD_INPUT for source in sources):
        return False
    if "corpus" in manifest or _circular_fact(circular).get("circular") != manifest.get("circular"):
        return False
    for source in sources:
        if not Path(source).is_file():
            raise InputError("there is no such file", fix="check the path", path=source)
    inputs = manifest["inputs"]
    return _prefixes(sources) == _prefixes([item["path"] for item in inputs]) and all(
        files.sha256_of(Path(source)) == item["sha256"] for source, item in zip(sources, inputs, strict=True)
    )


def _circular_fact(circular: Collection[str] | Literal["all"]) -> dict[str, Any]:
    """Give what the manifest says of records that the user called circular: nothing where there are none."""
    return {"circular": circular if isinstance(circular, str) else sorted(set(circular))} if circular else {}


def _path_of(sources: Iterable[Path | str]) -> str:
    return ", ".join(str(source) for source in sources)


class _Encoded(NamedTuple):
    """What is known when all bases are written, with their checksum."""

    inputs: list[dict[str, Any]]
    records: list[GenomeRecord]
    sha256: str


def _encode(sources: Sequence[Path | str], staging: Path, progress: Callable[[int], None]) -> _Encoded:
    inputs: list[dict[str, Any]] = []
    checksum = files.Checksum()
    records: dict[str, GenomeRecord] = {}
    with files.open_for_writing(staging / BASES) as file:
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
                    records[name] = GenomeRecord(
                        name, chunk.description, file.tell(), circular=declares_circular(chunk.description)
                    )
                records[name] = _extended(records[name], chunk)
                checksum.update(chunk.bases.data)
                file.write(chunk.bases.data)
                progress(len(chunk.bases))
            inputs.append({"path": str(path), "bytes": source.bytes, "sha256": source.sha256})
    return _Encoded(inputs, list(records.values()), checksum.hexdigest())


def _extended(record: GenomeRecord, chunk: FastaChunk) -> GenomeRecord:
    length = record.length + len(chunk.bases)
    if int(chunk.bases.max()) < N:  # Most chunks of many genomes hold neither N nor lower case: one pass less.
        return replace(record, length=length)
    return replace(
        record,
        length=length,
        n=record.n + int(np.count_nonzero(chunk.bases & N)),  # No other code has this bit.
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


@contextmanager
def opened_genome(path: Path | None) -> Iterator[PreparedGenome | None]:
    """Open a prepared genome, or prepare a FASTA file for as long as it is needed.

    Raises
    ------
    InputError
        If it is no genome.
    """
    if path is None or path.is_dir():
        yield None if path is None else PreparedGenome(path)
        return
    with TemporaryDirectory() as folder:
        yield prepare_genome([path], Path(folder) / "prepared")
