"""What a genome is made of, counted in one pass: GC, CpG, repeats, unknown bases, k-mers; and what is annotated.

Counts add, so a chromosome may come in pieces of any size, and the total of a genome is the sum of its records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genolect.sequence.alphabet import BASE_BITS, SOFT_MASK, A, Bases, C, G, N, T
from genolect.sequence.annotation import Annotation
from genolect.sequence.fasta import stream_fasta
from genolect.sequence.source import Source

KMER_LENGTH = 6
TOTAL = "total"
_CODES = SOFT_MASK << 1
# A stretch this long stays in the processor's cache through all passes over it.
_STRETCH = 1 << 16
_KNOWN_KMER_LENGTHS = range(1, 9)

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SequenceDescription:
    """The composition of one sequence.

    Attributes
    ----------
    name : str
        The sequence; ``total`` for all of a genome together.
    length : int
        Number of bases, N included.
    gc : float or None
        Share of G and C among A, C, G, T; None where there is none of these.
    cpg_ratio : float or None
        CpG dinucleotides observed over expected: CpG * L / (C * G), where L counts A, C, G and T
        (Gardiner-Garden and Frommer 1987, doi:10.1016/0022-2836(87)90689-9). None without C or G.
    soft_masked : float
        Share of lower-case bases (repeats), N included.
    unknown : int
        Bases that are N, whether the file says N or another IUPAC code.
    ambiguous : int
        How many of these were IUPAC codes other than N.
    uracil : int
        Bases written U, read as T.
    kmer_entropy : float or None
        Shannon entropy in bits of the overlapping k-mers, those with N left out; k is `KMER_LENGTH`.
        Its maximum is 2 k bits, and for a short sequence the logarithm of its number of k-mers.
    """

    name: str
    length: int
    gc: float | None
    cpg_ratio: float | None
    soft_masked: float
    unknown: int
    ambiguous: int
    uracil: int
    kmer_entropy: float | None


@dataclass(frozen=True, slots=True)
class FeatureDescription:
    """How much of a genome one feature type covers.

    Attributes
    ----------
    kind : str
        The feature type.
    rows : int
        Number of rows of the file.
    bases : int
        Bases covered by any of them, on either strand; each counted once.
    """

    kind: str
    rows: int
    bases: int


class Composition:
    """Counts of one sequence, or of several, that grow piece by piece.

    Parameters
    ----------
    kmer_length : int
        Bases per k-mer, 1 to 8.

    Raises
    ------
    ValueError
        If `kmer_length` is out of range.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> composition = Composition()
    >>> composition.add(encode("ACGT")), composition.add(encode("acgN"))
    (None, None)
    >>> composition.describe("chrI").gc, composition.describe("chrI").unknown
    (0.5714285714285714, 1)
    """

    def __init__(self, kmer_length: int = KMER_LENGTH) -> None:
        if kmer_length not in _KNOWN_KMER_LENGTHS:
            raise ValueError(f"k-mer length {kmer_length} is not between 1 and {_KNOWN_KMER_LENGTHS[-1]}")
        self.kmer_length = kmer_length
        self.codes: Counts = np.zeros(_CODES, dtype=np.int64)
        self.kmers: Counts = np.zeros(4**kmer_length, dtype=np.int64)
        self.cpg = 0
        self.ambiguous = 0
        self.uracil = 0
        self._last: Bases = np.zeros(0, dtype=np.uint8)

    def add(self, bases: Bases, *, ambiguous: int = 0, uracil: int = 0) -> None:
        """Count the next piece of the sequence.

        Parameters
        ----------
        bases : ndarray of uint8, shape (L,)
            Base codes that follow those of the call before.
        ambiguous, uracil : int
            How many of them were IUPAC codes and U in the file.
        """
        self.ambiguous += ambiguous
        self.uracil += uracil
        kept = max(self.kmer_length - 1, 1)
        for start in range(0, len(bases), _STRETCH):
            stretch = bases[start : start + _STRETCH]
            # Faster than `bincount`, which first makes eight bytes of each base; few codes occur at all.
            for code in range(int(stretch.max()) + 1):
                self.codes[code] += np.count_nonzero(stretch == code)
            letters = np.concatenate([self._last, stretch & np.uint8(BASE_BITS)])
            before = len(self._last)
            pairs = letters[max(0, before - 1) :]
            self.cpg += int(np.count_nonzero((pairs[:-1] == C) & (pairs[1:] == G)))
            self.kmers += _count_kmers(letters[max(0, before - self.kmer_length + 1) :], self.kmer_length)
            self._last = letters[-kept:]

    def merge(self, other: Composition) -> None:
        """Add the counts of another sequence; no k-mer spans the two."""
        self.codes += other.codes
        self.kmers += other.kmers
        self.cpg += other.cpg
        self.ambiguous += other.ambiguous
        self.uracil += other.uracil
        self._last = self._last[:0]

    def describe(self, name: str) -> SequenceDescription:
        """Turn the counts into shares and ratios."""
        by_letter = self.codes[:SOFT_MASK] + self.codes[SOFT_MASK:]
        length = int(by_letter.sum())
        known = int(by_letter[[A, C, G, T]].sum())
        cytosine, guanine = int(by_letter[C]), int(by_letter[G])
        return SequenceDescription(
            name=name,
            length=length,
            gc=(cytosine + guanine) / known if known else None,
            cpg_ratio=self.cpg * known / (cytosine * guanine) if cytosine and guanine else None,
            soft_masked=int(self.codes[SOFT_MASK:].sum()) / length if length else 0.0,
            unknown=int(by_letter[N]),
            ambiguous=self.ambiguous,
            uracil=self.uracil,
            kmer_entropy=_entropy(self.kmers),
        )


def describe_bases(name: str, bases: Bases) -> SequenceDescription:
    """Describe a sequence that is in memory (or memory-mapped).

    Parameters
    ----------
    name : str
        Its name.
    bases : ndarray of uint8, shape (L,)
        Base codes.

    Returns
    -------
    SequenceDescription
        Its composition; `ambiguous` and `uracil` are 0, since base codes no longer show them.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> describe_bases("chrI", encode("CGCGAAtt")).cpg_ratio
    4.0
    """
    composition = Composition()
    composition.add(bases)
    return composition.describe(name)


def describe_fasta(
    source: Source | Path | str, *, progress: Callable[[int], None] | None = None
) -> list[SequenceDescription]:
    r"""Describe every record of a FASTA file, and all of them together.

    Parameters
    ----------
    source : Source, Path or str
        As in `stream_fasta`.
    progress : callable, optional
        Told the number of bases of each piece that was counted.

    Returns
    -------
    list of SequenceDescription
        One for each record in the file's order, then the total.

    Raises
    ------
    InputError
        As in `stream_fasta`.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b">a\nACGT\n>b\nNNC\n"), file.flush()
    ...     [(row.name, row.length, row.gc) for row in describe_fasta(file.name)]
    [('a', 4, 0.5), ('b', 3, 1.0), ('total', 7, 0.6)]
    """
    rows: list[SequenceDescription] = []
    total, current, name = Composition(), Composition(), ""
    for chunk in stream_fasta(source):
        if chunk.first and name:
            rows.append(current.describe(name))
            total.merge(current)
            current = Composition()
        name = chunk.name
        current.add(chunk.bases, ambiguous=chunk.ambiguous, uracil=chunk.uracil)
        if progress is not None:
            progress(len(chunk.bases))
    total.merge(current)
    return [*rows, current.describe(name), total.describe(TOTAL)]


def describe_annotation(annotation: Annotation) -> list[FeatureDescription]:
    """Count rows and covered bases of every feature type.

    Parameters
    ----------
    annotation : Annotation
        As read by `read_annotation`.

    Returns
    -------
    list of FeatureDescription
        Most frequent type first.

    Examples
    --------
    >>> from genolect.sequence.interval import Feature, Interval
    >>> exons = [Feature(Interval("I", start, start + 10), "exon", "t", None, start) for start in (0, 5, 30)]
    >>> describe_annotation(Annotation(exons, "GTF", frozenset(), {}, {}))
    [FeatureDescription(kind='exon', rows=3, bases=25)]
    """
    lines: dict[str, set[int]] = defaultdict(set)
    stretches: dict[str, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for feature in annotation.features:
        interval = feature.interval
        lines[feature.kind].add(feature.line)
        stretches[feature.kind][interval.name].append((interval.start, interval.end))
    rows = [
        FeatureDescription(kind, len(lines[kind]), sum(_covered(np.array(each)) for each in by_sequence.values()))
        for kind, by_sequence in stretches.items()
    ]
    return sorted(rows, key=lambda row: (-row.rows, row.kind))


def _count_kmers(letters: Bases, kmer_length: int) -> Counts:
    """Count the overlapping k-mers without N in a stretch of letters 0 to 4."""
    number = len(letters) - kmer_length + 1
    if number <= 0:
        return np.zeros(4**kmer_length, dtype=np.int64)
    digits = letters.astype(np.uint16)
    kmers = digits[:number].copy()
    for offset in range(1, kmer_length):
        kmers <<= 2
        kmers |= digits[offset : offset + number]
    unknown = np.flatnonzero(letters == N)
    if len(unknown):
        spoilt = np.zeros(number, dtype=np.bool_)
        for offset in range(kmer_length):
            first = unknown - offset
            spoilt[first[(first >= 0) & (first < number)]] = True
        kmers = kmers[~spoilt]
    return np.bincount(kmers, minlength=4**kmer_length)


def _entropy(counts: Counts) -> float | None:
    total = int(counts.sum())
    if total == 0:
        return None
    shares = counts[counts > 0] / total
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def _covered(stretches: Counts) -> int:
    """Count the bases in the union of stretches, shape (R, 2): start and end, 0-based half-open."""
    starts, ends = stretches[np.argsort(stretches[:, 0], kind="stable")].T
    reached = np.maximum.accumulate(ends)
    reached_before = np.concatenate([[0], reached[:-1]])
    return int(np.maximum(ends - np.maximum(starts, reached_before), 0).sum())
