"""Sequence motifs as matrices of probabilities, and the files of the MEME suite and of JASPAR that hold them.

Legend: W bases of a motif.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genolect.arrays import Floats, Integers
from genolect.errors import ConfigurationError, InputError, shown
from genolect.sequence.alphabet import BASE_BITS, Bases, N
from genolect.sequence.source import Source, opened, text_lines

UNIFORM = (0.25, 0.25, 0.25, 0.25)
DEFAULT_SITES = 20
"""What the MEME format means where a matrix does not say from how many sites it was made."""
ROUNDING = 0.01
_WIDTH = re.compile(r"\bw=\s*(\d+)")
_SITES = re.compile(r"\bnsites=\s*([\d.]+)")


@dataclass(frozen=True, eq=False)
class Motif:
    """A motif.

    Attributes
    ----------
    identifier : str
        What its database calls it (``MA0139.2``).
    name : str
        What people call it (``CTCF``); may be empty.
    probabilities : ndarray of float64, shape (W, 4)
        Probability of A, C, G, T at each position; rows add up to 1.
    sites : float
        Number of sites that it was made from.
    """

    identifier: str
    name: str
    probabilities: Floats
    sites: float

    @property
    def width(self) -> int:
        """Number of bases."""
        return len(self.probabilities)

    def log_odds(self, background: Sequence[float] = UNIFORM, pseudocount: float = 0.1) -> Floats:
        """Give the score of each base at each position, in bits.

        Parameters
        ----------
        background : sequence of float
            Probability of A, C, G, T elsewhere.
        pseudocount : float
            Sites added in the proportions of the background, so that no score is infinite.

        Returns
        -------
        ndarray of float64, shape (W, 4)
            log2 of the probability in the motif over that elsewhere.
        """
        elsewhere = np.asarray(background, dtype=np.float64)
        mixed = (self.probabilities * self.sites + pseudocount * elsewhere) / (self.sites + pseudocount)
        scores: Floats = np.log2(mixed / elsewhere)
        return scores


def read_motifs(source: Source | Path | str) -> list[Motif]:
    r"""Read motifs in MEME's minimal format.

    Parameters
    ----------
    source : Source, Path or str
        The file, plain or gzip.

    Returns
    -------
    list of Motif
        In the file's order.

    Raises
    ------
    InputError
        If the file holds no motif, one of another alphabet than ACGT, or a row that is none of probabilities.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> text = b"MOTIF M1 toy\nletter-probability matrix: alength= 4 w= 2 nsites= 9\n1 0 0 0\n0 0 .5 .5\n"
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(text), file.flush()
    ...     (motif,) = read_motifs(file.name)
    >>> motif.identifier, motif.name, motif.width, motif.sites
    ('M1', 'toy', 2, 9.0)
    """
    source = opened(source)
    lines = ((line, text.strip()) for line, text in text_lines(source))
    motifs: list[Motif] = []
    heading: tuple[str, str] | None = None
    try:
        for line, text in lines:
            if text.startswith("ALPHABET") and text.partition("=")[2].strip() not in ("ACGT", ""):
                raise InputError(f"the alphabet is {shown(text)}", fix="give motifs of DNA, ALPHABET= ACGT", line=line)
            if text.startswith("MOTIF"):
                words = text.split()
                if len(words) < 2:
                    raise InputError("the motif has no name", fix="write MOTIF and an identifier", line=line)
                heading = words[1], " ".join(words[2:])
            elif text.startswith("letter-probability matrix"):
                if heading is None:
                    raise InputError("a matrix stands before any MOTIF line", fix="name the motif", line=line)
                motifs.append(_matrix(heading, line, text, lines))
                heading = None
    except InputError as error:
        raise InputError(error.what, fix=error.fix, path=source.name, line=error.line) from error
    if not motifs:
        fix = "give a file in MEME's minimal format, as JASPAR offers it"
        raise InputError("there is no motif in the file", fix=fix, path=source.name)
    return motifs


def _matrix(heading: tuple[str, str], line: int, text: str, lines: Iterator[tuple[int, str]]) -> Motif:
    width, sites = _WIDTH.search(text), _SITES.search(text)
    if width is None or int(width[1]) == 0:
        raise InputError(f"the matrix does not say how wide it is: {shown(text)}", fix="write w= NUMBER", line=line)
    rows = []
    for _ in range(int(width[1])):
        line, text = next(lines, (line, ""))
        try:
            row = np.array([float(word) for word in text.split()])
        except ValueError:
            row = np.empty(0)
        if row.size != 4 or not (row >= 0).all() or abs(row.sum() - 1) > ROUNDING:
            what = f"{shown(text)} is no row of four probabilities that add up to 1"
            raise InputError(what, fix=f"the motif {heading[0]} needs {width[1]} such rows", line=line)
        rows.append(row / row.sum())
    return Motif(*heading, np.array(rows), float(sites[1]) if sites else float(DEFAULT_SITES))


def find_motif(motifs: Sequence[Motif], name: str) -> Motif:
    """Give the motif that a user names.

    Parameters
    ----------
    motifs : sequence of Motif
        Where to look.
    name : str
        An identifier, with or without its version, or a name in any case.

    Returns
    -------
    Motif
        The only one of this name.

    Raises
    ------
    ConfigurationError
        If there is none, or more than one.

    Examples
    --------
    >>> toys = [Motif(identifier, name, np.full((2, 4), 0.25), 9) for identifier, name in (("M1.2", "a"), ("M3", "B"))]
    >>> find_motif(toys, "M1").name, find_motif(toys, "b").identifier
    ('a', 'M3')
    """
    for keys in (
        [motif.identifier for motif in motifs],
        [motif.identifier.partition(".")[0] for motif in motifs],
        [motif.name for motif in motifs],
        [motif.name.lower() for motif in motifs],
    ):
        found = [motif for motif, key in zip(motifs, keys, strict=True) if key in (name, name.lower())]
        if len(found) == 1:
            return found[0]
        if found:
            some = ", ".join(motif.identifier for motif in found[:6])
            raise ConfigurationError(f"{len(found)} motifs are called {shown(name)}", fix=f"name one of {some}")
    some = ", ".join(f"{motif.identifier} {motif.name}".strip() for motif in motifs[:6])
    more = " …" if len(motifs) > 6 else ""
    raise ConfigurationError(f"there is no motif {shown(name)}", fix=f"the file has {some}{more}")


STEPS_PER_BIT = 100
SCANNED_AT_ONCE = 1 << 20
_NEVER = -(1 << 24)
"""Score of N: no sum with it reaches a threshold."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of a motif in steps of a hundredth of a bit, and what random sequences score.

    Attributes
    ----------
    steps : ndarray of int32, shape (W, 5)
        Score of A, C, G, T and N at each position.
    lowest : int
        Smallest sum.
    tail : ndarray of float64
        Probability that a random sequence scores ``lowest + i`` steps or more, at index i.
    """

    steps: npt.NDArray[np.int32]
    lowest: int
    tail: npt.NDArray[np.float64]

    def threshold(self, probability: float) -> int:
        """Give the smallest score, in steps, that a random sequence reaches with at most this probability.

        Raises
        ------
        ConfigurationError
            If not even the best sequence is that rare.
        """
        reached = np.flatnonzero(self.tail <= probability)
        if not 0 < probability < 1 or reached[0] == self.tail.size - 1:
            rarest = self.tail[self.tail > 0].min()
            what = f"a p-value of {probability:g}: the best site of this motif has {rarest:.3g}"
            raise ConfigurationError(what, fix="give a p-value between that and 1")
        return self.lowest + int(reached[0])

    def probability(self, score: Integers) -> npt.NDArray[np.float64]:
        """Give the p-value of scores in steps."""
        found: npt.NDArray[np.float64] = self.tail[np.clip(score - self.lowest, 0, self.tail.size - 1)]
        return found


@dataclass(frozen=True, eq=False)
class Hits:
    """Places of a motif in one sequence, ordered by place, then plus before minus.

    Attributes
    ----------
    start : ndarray of int64, shape (n,)
        First base on the plus strand, 0-based; a site has W bases.
    strand : ndarray of int8, shape (n,)
        +1 or -1.
    score : ndarray of int64, shape (n,)
        In steps of a hundredth of a bit.
    """

    start: Integers
    strand: npt.NDArray[np.int8]
    score: Integers


def score_steps(motif: Motif, background: Sequence[float] = UNIFORM) -> Scores:
    """Give a motif's scores and their distribution over sequences of independent bases.

    Parameters
    ----------
    motif : Motif
        The motif.
    background : sequence of float
        Probability of A, C, G, T.

    Returns
    -------
    Scores
        The scores.

    References
    ----------
    Staden 1989, doi:10.1093/bioinformatics/5.2.89: the distribution by convolution, one position after the other.

    Examples
    --------
    >>> toy = Motif("M", "", np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7]]), sites=1e6)
    >>> scores = score_steps(toy)
    >>> scores.probability(np.array([scores.threshold(0.1), scores.threshold(0.5)])).round(4).tolist()
    [0.0625, 0.4375]
    """
    whole = np.rint(motif.log_odds(background) * STEPS_PER_BIT).astype(np.int32)
    lowest = int(whole.min(axis=1).sum())
    distribution = np.ones(1)
    for row in whole - whole.min(axis=1, keepdims=True):
        wider = np.zeros(distribution.size + int(row.max()))
        for step, chance in zip(row.tolist(), background, strict=True):
            wider[step : step + distribution.size] += chance * distribution
        distribution = wider
    tail = np.append(np.cumsum(distribution[::-1])[::-1], 0.0)
    unknown = np.full((motif.width, 1), _NEVER, dtype=np.int32)
    return Scores(np.hstack([whole, unknown]), lowest, tail)


def scan(bases: Bases, scores: Scores, threshold: int) -> Hits:
    """Find every place where a motif scores at least a threshold, on both strands.

    Parameters
    ----------
    bases : ndarray of uint8, shape (L,)
        Base codes; no site holds N.
    scores : Scores
        The motif's scores.
    threshold : int
        Smallest score, in steps.

    Returns
    -------
    Hits
        The places.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> toy = Motif("M", "", np.array([[1.0, 0, 0, 0], [0, 0, 1.0, 0]]), sites=100)
    >>> scores = score_steps(toy)
    >>> hits = scan(encode("NAGGCT"), scores, scores.threshold(1 / 16))
    >>> hits.start.tolist(), hits.strand.tolist()
    ([1, 4], [1, -1])
    """
    width = len(scores.steps)
    # The score of the other strand, read along this one: positions backwards, bases complemented.
    turned = scores.steps[::-1, [3, 2, 1, 0, N]]
    found: list[tuple[Integers, npt.NDArray[np.int8], Integers]] = []
    for first in range(0, max(0, bases.size - width + 1), SCANNED_AT_ONCE):
        part = bases[first : first + SCANNED_AT_ONCE + width - 1] & BASE_BITS
        for strand, steps in ((1, scores.steps), (-1, turned)):
            sums = np.zeros(part.size - width + 1, dtype=np.int32)
            for place, row in enumerate(steps):
                sums += row[part[place : place + sums.size]]
            here = np.flatnonzero(sums >= threshold)
            found.append((here + first, np.full(here.size, strand, dtype=np.int8), sums[here].astype(np.int64)))
    if not found:
        return Hits(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int8), np.empty(0, dtype=np.int64))
    start, strands, score = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((-strands, start))
    return Hits(start[order], strands[order], score[order])
