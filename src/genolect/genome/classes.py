"""Classes of bases, from annotations and the soft-mask: where to mask more or less, and what to weigh in a loss.

Legend: B windows, L bases per window.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genolect.errors import ConfigurationError, InputError, shown
from genolect.genome.genome import PreparedGenome
from genolect.sequence.alphabet import SOFT_MASK
from genolect.sequence.interval import Feature, Interval

BACKGROUND = "background"
MOST_CLASSES = 256

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class BaseClasses:
    """The class of every base of a genome.

    Attributes
    ----------
    genome : PreparedGenome
        The genome.
    names : tuple of str
        The classes; a code is an index into it, and 0 is ``background``.
    codes : ndarray of uint8, shape (all bases,)
        Class of every base, in the order of `PreparedGenome.all_bases`.
    """

    genome: PreparedGenome
    names: tuple[str, ...]
    codes: Codes

    def window(self, place: Interval) -> Codes:
        """Give the classes of one window.

        Parameters
        ----------
        place : Interval
            Where; on a circular record it may end behind the record's last base. On the strand ``-`` the classes come
            in the order of the reverse complement.

        Returns
        -------
        ndarray of uint8, shape (L,)
            The codes.

        Raises
        ------
        KeyError
            If there is no such record.
        ValueError
            If the place leaves the record.
        """
        record = self.genome.records[place.name]
        most = 2 * record.length if record.circular else record.length
        if place.end > most or place.start >= record.length:
            raise ValueError(f"{place} leaves the record, which has {record.length} bases")
        inside = min(place.end, record.length)
        own = self.codes[record.offset : record.offset + record.length]
        codes = own[place.start : inside]
        if place.end > inside:
            codes = np.concatenate([codes, own[: place.end - inside]])
        return codes[::-1] if place.strand == "-" else codes

    def windows(self, places: Sequence[Interval]) -> Codes:
        """Give the classes of windows of equal length, as `WindowSampler.places` gives their places.

        Parameters
        ----------
        places : sequence of Interval
            B places, each as for `window`.

        Returns
        -------
        ndarray of uint8, shape (B, L)
            The codes.
        """
        return np.stack([self.window(place) for place in places])

    def count_bases(self) -> dict[str, int]:
        """Number of bases of each class, in the order of `names`."""
        counts = np.bincount(self.codes, minlength=len(self.names))
        return dict(zip(self.names, counts.tolist(), strict=True))


def classify_bases(
    genome: PreparedGenome, regions: Mapping[str, Iterable[Interval]], *, soft_masked: str | None = None
) -> BaseClasses:
    r"""Give every base of a genome a class.

    Parameters
    ----------
    genome : PreparedGenome
        The genome.
    regions : mapping of str to iterable of Interval
        The stretches of each class, on either strand; where classes overlap, the one named later counts.
    soft_masked : str, optional
        Name of the class of soft-masked bases, which counts least: only where no region lies.

    Returns
    -------
    BaseClasses
        ``background`` where nothing else is.

    Raises
    ------
    ConfigurationError
        If a name is given twice, or is ``background``, or there are too many.
    InputError
        If a stretch lies outside the genome.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.genome.genome import prepare_genome
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "tiny.fa").write_bytes(b">a\nACgtACGTAC\n")
    ...     genome = prepare_genome([Path(folder, "tiny.fa")], Path(folder, "prepared"))
    >>> classes = classify_bases(genome, {"exon": [Interval("a", 3, 6)]}, soft_masked="repeat")
    >>> classes.names, classes.window(Interval("a", 1, 9, "-")).tolist()
    (('background', 'repeat', 'exon'), [0, 0, 0, 2, 2, 2, 1, 0])
    """
    names = (BACKGROUND, *([] if soft_masked is None else [soft_masked]), *regions)
    if len(set(names)) < len(names) or len(names) > MOST_CLASSES:
        listed = ", ".join(map(shown, names[1:]))
        fix = f"give fewer than {MOST_CLASSES} different names, none of them {shown(BACKGROUND)}"
        raise ConfigurationError(f"the classes {listed} are too many or not different", fix=fix)
    codes = np.zeros(len(genome.all_bases), dtype=np.uint8)
    if soft_masked is not None:
        np.not_equal(genome.all_bases & np.uint8(SOFT_MASK), 0, out=codes.view(np.bool_))
    for code, places in enumerate(regions.values(), start=len(names) - len(regions)):
        for place in places:
            for stretch in _stretches(genome, place):
                codes[stretch] = code
    codes.flags.writeable = False
    return BaseClasses(genome, names, codes)


def intervals_of(features: Iterable[Feature], kind: str) -> list[Interval]:
    """Give the places of the features of one type.

    Parameters
    ----------
    features : iterable of Feature
        Rows of an annotation.
    kind : str
        The feature type, in upper or lower case: ``exon``, ``CDS`` …; all rows of a BED file are a ``region``.

    Returns
    -------
    list of Interval
        In the order of the features.

    Raises
    ------
    InputError
        If there is none.

    Examples
    --------
    >>> intervals_of([Feature(Interval("I", 3, 9, "+"), "CDS", "gene", 0, line=1)], "cds")
    [Interval(name='I', start=3, end=9, strand='+')]
    """
    features = list(features)
    found = [feature.interval for feature in features if feature.kind.lower() == kind.lower()]
    if not found:
        there = ", ".join(sorted({feature.kind for feature in features})) or "nothing"
        raise InputError(f"the annotation has no {shown(kind)}", fix=f"choose from what it has: {there}")
    return found


def _stretches(genome: PreparedGenome, place: Interval) -> list[slice]:
    """Give the bases of a place in `PreparedGenome.all_bases`: two stretches where it crosses a circle's origin."""
    record = genome.records.get(place.name)
    length = 0 if record is None else record.length
    crosses = record is not None and record.circular and place.start < length < place.end <= place.start + length
    if record is None or (place.end > length and not crosses):
        what = f"{shown(place.name)} {place.start}-{place.end} lies outside the genome"
        raise InputError(what, fix="give the annotation of exactly this assembly", path=genome.folder)
    first = slice(record.offset + place.start, record.offset + min(place.end, length))
    rest = slice(record.offset, record.offset + max(0, place.end - length))
    return [first, rest]
