"""Remote relatives, found by the program MMseqs2 where it is installed (Steinegger 2017, doi:10.1038/nbt.3988).

A relative with a fifth of its bases substituted, and some inserted or deleted, shares too few words to be a near copy.
An alignment still tells it. The program's own clustering looks nucleotides up by words of 15 letters and misses most of
these; its search, asked for shorter words, finds nearly all (`docs/audit.md`). A pair counts if an alignment covers
half of the shorter one: what shares a repeat or a motif alone would make chains without end.

The program sees our row numbers for names, one processor, settings that depend on nothing but the number of bases, and
of the environment only where programs and libraries are. It works in a folder of its own, which is removed.

Axes: n sequences, P pairs.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from genolect import files
from genolect.arrays import Integers
from genolect.errors import MachineError, shown
from genolect.sequence.alphabet import decode
from genolect.sequence.copies import Copies, exact_copies
from genolect.sequence.ragged import RaggedBases

PROGRAM = "mmseqs"
KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
SHORTEST = 30
"""Fewest bases, N aside, of a sequence that is compared: chance makes shorter alignments."""

SEED = 9
LONGEST_SEED = 13
SEED_BASES = 4_000_000
"""Bases up to which the shortest words are looked up; with each doubling they grow by a letter, and time stays even."""

CHANCE = 1e-6
"""Most chance alignments as good that are expected; far more come where C and G are rare, hence not the usual 0.001."""

PIECE = 8_000
"""The program cuts sequences after 10,000 bases: of longer ones, half of this must be covered."""

FIELDS = ("query", "target", "qstart", "qend", "tstart", "tend")
BATCH = 100_000
NO_WORDS = "No k-mer could be extracted"
"""What the program says, and fails, where every sequence is too simple for words."""

INSTALL = "install it (apt-get install mmseqs2, or conda install -c bioconda mmseqs2), or divide without it"
MEND = "mend that, or divide without MMseqs2"


@dataclass(frozen=True)
class RemotePairs:
    """Pairs of sequences that align; exact copies are represented by the first of them.

    Attributes
    ----------
    first, second : ndarray of int64, shape (P,)
        The sequences, first before second.
    short : int
        Sequences with too few bases, which were not compared.
    made_by : str
        The program, its version and its settings.
    """

    first: Integers
    second: Integers
    short: int
    made_by: str


def remote_pairs(sequences: RaggedBases, *, copies: Copies | None = None) -> RemotePairs:
    """Find the sequences of which half aligns, on either strand.

    Parameters
    ----------
    sequences : RaggedBases
        The sequences; the soft-mask is ignored.
    copies : Copies, optional
        From `tables.similarity`, where it is known already.

    Returns
    -------
    RemotePairs
        Pairs of sequences that are not exact copies.

    Raises
    ------
    MachineError
        If the program is not installed, fails, or writes what it should not.

    Examples
    --------
    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, PATH=""):
    ...     remote_pairs(RaggedBases.of([]))
    Traceback (most recent call last):
    genolect.errors.MachineError: the program mmseqs is not on the PATH. Fix: install it (...), or divide without it.
    """
    found = shutil.which(PROGRAM)
    if found is None:
        raise MachineError(f"the program {PROGRAM} is not on the PATH", fix=INSTALL)
    copies = exact_copies(sequences) if copies is None else copies
    plain = sequences.plain()
    known = np.array([np.count_nonzero(row < 4) for row in plain], dtype=np.int64)
    chosen = np.unique(copies.group, return_index=True)[1]
    chosen = chosen[known[chosen] >= SHORTEST]
    settings = search_settings(int(plain.lengths[chosen].sum()))
    with (
        files.reporting(Path("a temporary folder")),
        TemporaryDirectory(prefix=files.HIDDEN, ignore_cleanup_errors=True) as name,
    ):
        folder, program = Path(name), os.path.abspath(found)
        version = _version(program, folder)
        pairs = _searched(program, settings, plain, chosen, folder)
    made_by = f"MMseqs2 {version}, easy-search {' '.join(settings)}"
    return RemotePairs(pairs[:, 0], pairs[:, 1], int((known < SHORTEST).sum()), made_by)


def search_settings(bases: int) -> list[str]:
    """Give the settings of the search, all that matter: defaults differ between versions.

    Parameters
    ----------
    bases : int
        Bases to compare.

    Returns
    -------
    list of str
        Words for the command line.

    Examples
    --------
    >>> " ".join(search_settings(1_000_000))
    '--search-type 3 --strand 2 -k 9 --spaced-kmer-mode 1 --mask 1 -e 1e-06 --max-seqs 1000 --split 1 --threads 1'
    """
    seed = SEED
    while seed < LONGEST_SEED and bases > SEED_BASES << (seed - SEED):
        seed += 1
    said = f"--search-type 3 --strand 2 -k {seed} --spaced-kmer-mode 1 --mask 1 -e {CHANCE:g} --max-seqs 1000"
    return f"{said} --split 1 --threads 1".split()


def _searched(program: str, settings: list[str], plain: RaggedBases, chosen: Integers, folder: Path) -> Integers:
    """Compare the chosen sequences with each other; give the pairs that count."""
    if chosen.size < 2:
        return np.empty((0, 2), dtype=np.int64)
    with files.open_for_writing(folder / "rows.fa") as file:
        for row in chosen.tolist():
            file.write(f">{row}\n{decode(plain[row])}\n".encode())
    words = [program, "easy-search", "rows.fa", "rows.fa", "pairs.tsv", "work", *settings]
    code, said = _run([*words, "--format-output", ",".join(FIELDS), "-v", "1"], folder)
    if code and NO_WORDS in said:
        return np.empty((0, 2), dtype=np.int64)
    if code:
        raise MachineError(f"{PROGRAM} failed: {_last(said) or f'exit status {code}'}", fix=MEND)
    return _read(folder / "pairs.tsv", plain.lengths, chosen)


def _read(path: Path, lengths: Integers, chosen: Integers) -> Integers:
    """Read the alignments in batches: a large family has as many as the square of its members."""
    if not path.is_file():
        raise MachineError(f"{PROGRAM} ended without a result", fix=MEND)
    pairs = [np.empty((0, 2), dtype=np.int64)]
    with path.open(encoding="utf-8", errors="replace") as file:
        while lines := list(islice(file, BATCH)):
            pairs.append(_strong(_alignments(lines, lengths, chosen), lengths))
    return np.unique(np.concatenate(pairs), axis=0)


def _alignments(lines: list[str], lengths: Integers, chosen: Integers) -> Integers:
    """Give rows of `FIELDS`, and believe nothing that cannot be."""
    try:
        table = np.array([line.split("\t") for line in lines], dtype=np.int64).reshape(len(lines), len(FIELDS))
    except (ValueError, OverflowError) as error:
        raise MachineError(f"{PROGRAM} wrote what is no alignment: {_last(''.join(lines))}", fix=MEND) from error
    possible = np.asarray(np.isin(table[:, :2], chosen).all(axis=1))
    ends = np.repeat(lengths[np.where(possible[:, None], table[:, :2], chosen[0])], 2, axis=1)
    possible &= ((table[:, 2:] >= 1) & (table[:, 2:] <= ends)).all(axis=1)
    if not possible.all():
        raise MachineError(f"{PROGRAM} wrote what is no alignment: {_last(lines[int(np.argmin(possible))])}", fix=MEND)
    return table


def _strong(table: Integers, lengths: Integers) -> Integers:
    """Give the pairs of which an alignment covers half of the shorter."""
    pairs = np.sort(table[:, :2], axis=1)
    covered = np.abs(table[:, [3, 5]] - table[:, [2, 4]]).max(axis=1) + 1
    strong: Integers = pairs[2 * covered >= lengths[pairs].min(axis=1, initial=PIECE)]
    return strong[strong[:, 0] < strong[:, 1]]


def _version(program: str, folder: Path) -> str:
    code, said = _run([program, "version"], folder)
    version = said.strip()
    if code or not re.fullmatch(r"[!-~]{1,60}", version):
        raise MachineError(f"{PROGRAM} does not tell its version: {_last(said) or f'exit status {code}'}", fix=MEND)
    return version


def _last(said: str) -> str:
    """Quote the last line that says something."""
    lines = [line for line in said.splitlines() if line.strip()]
    return shown(lines[-1].strip()) if lines else ""


def _run(words: list[str], folder: Path) -> tuple[int, str]:
    """Run a program to its end; give its exit status and all that it said.

    It starts others. They are its process group, and end with it where we are stopped: what writes on would bring back
    the folder that is removed.
    """
    environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    try:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise MachineError(f"{PROGRAM} cannot be started: {error.strerror}", fix=MEND, path=words[0]) from error
    with process:
        try:
            said, _ = process.communicate()
        except BaseException:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, said.decode("utf-8", errors="replace")
