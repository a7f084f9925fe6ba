"""Byte-pair ids of a whole genome, both strands, computed once: a folder of plain arrays, memory-mapped.

::

    tokens/
        forward.u16, reverse.u16                  every record's token ids, one record after the other
        forward_starts.u32, reverse_starts.u32    where each token begins in its record, 5' to 3' on that strand
        records.json                              name and number of tokens on each strand, per record
        manifest.json                             SHA-256 of each file, of the genome and of the tokenizer

Legend: N tokens.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genolect import __version__, files
from genolect.errors import InputError
from genolect.folders import MANIFEST
from genolect.genome.genome import PreparedGenome
from genolect.sequence.alphabet import Bases, reverse_complement
from genolect.sequence.interval import Strand
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.tokenizer import Spans

FORMAT = 1
KIND = "tokens"
FILES: dict[Strand, str] = {"+": "forward", "-": "reverse"}
RECORDS_FILE = "records.json"
LONGEST_RECORD = 1 << 32


class TokenStore:
    """Token ids on disk, opened for reading.

    Parameters
    ----------
    folder : Path
        A folder made by `store_tokens`.
    genome : PreparedGenome
        The genome that was tokenized.
    tokenizer : BytePairTokenizer
        The tokenizer that did it.
    verify : bool
        Whether to compare every byte with its checksum.

    Raises
    ------
    InputError
        If the folder is no token store, was damaged, or was made from another genome or by another tokenizer.
    """

    def __init__(
        self, folder: Path, *, genome: PreparedGenome, tokenizer: BytePairTokenizer, verify: bool = True
    ) -> None:
        self.folder = folder
        self.manifest = files.read_manifest(folder, verify=verify)
        fix = "store the tokens anew, in another folder"
        if self.manifest.get("kind") != KIND or self.manifest.get("format") != FORMAT:
            raise InputError(f"not a token store of format {FORMAT}", fix=fix, path=folder)
        for what, expected in _sources(genome, tokenizer).items():
            found = str(self.manifest.get(what))
            if found != expected:
                differs = f"these tokens are of another {what} (SHA-256 {found[:12]}…, not {expected[:12]}…)"
                raise InputError(differs, fix=fix, path=folder)
        self._lengths = genome.lengths
        rows = json.loads((folder / RECORDS_FILE).read_text("utf-8"))
        self._offsets: dict[tuple[str, Strand], tuple[int, int]] = {}
        self._ids: dict[Strand, npt.NDArray[np.uint16]] = {}
        self._starts: dict[Strand, npt.NDArray[np.uint32]] = {}
        for strand, name in FILES.items():
            ends = np.cumsum([0, *(row[strand] for row in rows)]).tolist()
            for row, first, end in zip(rows, ends, ends[1:], strict=False):
                self._offsets[row["name"], strand] = (first, end)
            self._ids[strand] = np.asarray(np.memmap(folder / f"{name}.u16", dtype="<u2", mode="r"))
            self._starts[strand] = np.asarray(np.memmap(folder / f"{name}_starts.u32", dtype="<u4", mode="r"))

    def count(self, name: str, strand: Strand) -> int:
        """Give the number of tokens of one strand of a record.

        Parameters
        ----------
        name : str
            The record.
        strand : {'+', '-'}
            The strand.

        Returns
        -------
        int
            Number of tokens.

        Raises
        ------
        KeyError
            If there is no such record or strand.
        """
        first, end = self._offsets[name, strand]
        return end - first

    def tokens(self, name: str, strand: Strand, first: int, count: int) -> npt.NDArray[np.uint16]:
        """Give neighbouring tokens without copying them.

        Parameters
        ----------
        name : str
            The record.
        strand : {'+', '-'}
            The strand; tokens stand 5' to 3'.
        first : int
            The first token, 0-based.
        count : int
            N.

        Returns
        -------
        ndarray of uint16, shape (N,)
            A read-only view of the file.

        Raises
        ------
        KeyError
            If there is no such record or strand.
        ValueError
            If the tokens leave the record.
        """
        start, end = self._slice(name, strand, first, count)
        return self._ids[strand][start:end]

    def spans(self, name: str, strand: Strand, first: int, count: int) -> Spans:
        """Give the bases that neighbouring tokens cover, as places on the forward strand.

        Parameters
        ----------
        name, strand, first, count
            As for `tokens`.

        Returns
        -------
        ndarray of int64, shape (N, 2)
            Start and end per token, 0-based half-open; descending on the reverse strand.
        """
        start, end = self._slice(name, strand, first, count)
        length = self._lengths[name]
        borders = self._starts[strand][start : end + 1].astype(np.int64)
        if end == self._offsets[name, strand][1]:
            borders = np.append(borders[: end - start], length)
        if strand == "-":
            return np.stack([length - borders[1:], length - borders[:-1]], axis=1)
        return np.stack([borders[:-1], borders[1:]], axis=1)

    def token_at(self, name: str, strand: Strand, base: int) -> int:
        """Find the token that covers a base.

        Parameters
        ----------
        name : str
            The record.
        strand : {'+', '-'}
            The strand on which the tokens are read.
        base : int
            Place on the forward strand, 0-based.

        Returns
        -------
        int
            The token, counted from the strand's 5' end, 0-based.

        Raises
        ------
        KeyError
            If there is no such record or strand.
        ValueError
            If the base lies outside the record.
        """
        length = self._lengths[name]
        if not 0 <= base < length:
            raise ValueError(f"{name}:{base} leaves the record, which has {length} bases")
        first, end = self._offsets[name, strand]
        place = base if strand == "+" else length - 1 - base
        return int(np.searchsorted(self._starts[strand][first:end], np.uint32(place), side="right")) - 1

    def _slice(self, name: str, strand: Strand, first: int, count: int) -> tuple[int, int]:
        start, end = self._offsets[name, strand]
        if not 0 <= first <= first + count <= end - start:
            what = f"tokens {first}-{first + count} leave {name} ({strand}), which has {end - start} tokens"
            raise ValueError(what)
        return start + first, start + first + count


def store_tokens(
    genome: PreparedGenome,
    tokenizer: BytePairTokenizer,
    folder: Path,
    *,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
) -> TokenStore:
    r"""Tokenize both strands of a genome into a folder, or reuse the folder if it holds just that.

    Parameters
    ----------
    genome : PreparedGenome
        The genome.
    tokenizer : BytePairTokenizer
        The tokenizer.
    folder : Path
        Where.
    threads : int
        Cores to use.
    progress : callable, optional
        Called with the number of bases tokenized since the last call; each base counts once per strand.

    Returns
    -------
    TokenStore
        Opened.

    Raises
    ------
    InputError
        If the folder holds the tokens of another genome or tokenizer, or a record is too long.
    MachineError
        If the folder holds something else, or the disk refuses.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.genome.genome import prepare_genome
    >>> with TemporaryDirectory() as name:
    ...     _ = Path(name, "tiny.fa").write_bytes(b">a\nGATTACA\n")
    ...     genome = prepare_genome([Path(name, "tiny.fa")], Path(name, "prepared"))
    ...     store = store_tokens(genome, BytePairTokenizer([("A", "T")]), Path(name, "tokens"))
    ...     store.tokens("a", "-", 3, 3).tolist(), store.token_at("a", "-", 2)
    ([0, 4, 1], 4)
    """
    if (folder / MANIFEST).is_file():
        return TokenStore(folder, genome=genome, tokenizer=tokenizer)
    for record in genome.records.values():
        if record.length >= LONGEST_RECORD:
            what = f"record {record.name} has {record.length:,} bases, more than {LONGEST_RECORD - 1:,}"
            raise InputError(what, fix="split the record", path=genome.folder)
    with files.new_folder(folder) as staging:
        rows: list[dict[str, Any]] = [{"name": name} for name in genome.records]
        for strand, name in FILES.items():
            with (
                files.open_for_writing(staging / f"{name}.u16") as ids_file,
                files.open_for_writing(staging / f"{name}_starts.u32") as starts_file,
            ):
                for row in rows:
                    bases = _read(genome, row["name"], strand)
                    ids = tokenizer.encode(bases, threads=threads)
                    row[strand] = len(ids)
                    ids_file.write(ids.astype("<u2").data)
                    starts_file.write(tokenizer.spans(bases, threads=threads)[:, 0].astype("<u4").data)
                    if progress is not None:
                        progress(len(bases))
        with files.open_for_writing(staging / RECORDS_FILE) as file:
            file.write(files.json_text(rows).encode())
        facts = {"kind": KIND, "format": FORMAT, "genolect": __version__, **_sources(genome, tokenizer)}
        files.write_facts(staging, facts)
    return TokenStore(folder, genome=genome, tokenizer=tokenizer, verify=False)


def _read(genome: PreparedGenome, name: str, strand: Strand) -> Bases:
    bases = genome.bases(name)
    return reverse_complement(bases) if strand == "-" else bases


def _sources(genome: PreparedGenome, tokenizer: BytePairTokenizer) -> dict[str, str]:
    return {"genome": genome.content_hash, "tokenizer": tokenizer.content_hash}
