"""Signals along a genome: bigWig files, tied to the sequences of one genome and read in bins."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pybigtools  # type: ignore[import-untyped]

from genolect.errors import InputError, shown
from genolect.sequence.interval import Interval

Signal = npt.NDArray[np.float32]
Summary = Literal["mean", "sum"]

_OTHER_ASSEMBLY = "give a track of exactly this assembly"


class Track:
    """A bigWig file, opened for reading; bases that it does not cover count as 0.

    Parameters
    ----------
    path : Path or str
        The file.
    lengths : mapping of str to int
        Length in bases of each sequence of the genome that will be read.

    Raises
    ------
    InputError
        If the file is not there, is no bigWig, lacks a sequence, or has it with another length.
    """

    def __init__(self, path: Path | str, lengths: Mapping[str, int]) -> None:
        self.path = Path(path)
        self.lengths = dict(lengths)
        if not self.path.is_file():  # Of the reader's own accord, a name may also be an address on the network.
            raise InputError("there is no such file", fix="name a bigWig file", path=self.path)
        try:
            self._reader = pybigtools.open(str(self.path.resolve()))
            theirs: dict[str, int] = self._reader.chroms() if self._reader.is_bigwig else {}
        except (ValueError, OSError, pybigtools.BBIReadError) as error:
            raise _no_bigwig(self.path) from error
        if not theirs:
            raise _no_bigwig(self.path)
        for name, length in self.lengths.items():
            if name not in theirs:
                some = ", ".join(map(shown, list(theirs)[:5]))
                what = f"the track has no sequence {shown(name)}; it has {some}{', …' if len(theirs) > 5 else ''}"
                raise InputError(what, fix=_OTHER_ASSEMBLY, path=self.path)
            if theirs[name] != length:
                what = f"{shown(name)} has {theirs[name]:,} bases in the track, {length:,} in the genome"
                raise InputError(what, fix=_OTHER_ASSEMBLY, path=self.path)

    def bins(self, place: Interval, bin_length: int, summary: Summary = "mean") -> Signal:
        """Read a stretch in bins.

        Parameters
        ----------
        place : Interval
            The stretch; on the ``-`` strand the bins come in the order in which that strand is read.
        bin_length : int
            Bases per bin.
        summary : {'mean', 'sum'}
            What is told of a bin's bases.

        Returns
        -------
        ndarray of float32, shape (place.length / bin_length,)
            One value per bin, added up in float64.

        Raises
        ------
        InputError
            If the file is damaged, or holds a value that is not finite.
        ValueError
            If the stretch leaves its sequence, or is no whole number of bins.
        """
        if place.end > self.lengths.get(place.name, 0):
            raise ValueError(f"{place.name}:{place.start}-{place.end} is not inside the genome")
        if place.length % bin_length:
            raise ValueError(f"{place.length} bases are no whole number of bins of {bin_length}")
        try:
            values = np.asarray(self._reader.values(place.name, place.start, place.end, fillna=None))
        except (ValueError, OSError, pybigtools.BBIReadError) as error:
            fix = "fetch or make the file again"
            raise InputError(f"damaged at {place.name}:{place.start}-{place.end}", fix=fix, path=self.path) from error
        binned = np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf).reshape(-1, bin_length).sum(axis=1)
        if not np.isfinite(binned).all():
            what = f"a value at {place.name}:{place.start}-{place.end} is not finite"
            raise InputError(what, fix="make the track without it", path=self.path)
        told: Signal = (binned / bin_length if summary == "mean" else binned).astype(np.float32)
        return told[::-1].copy() if place.strand == "-" else told


def read_bins(
    path: Path | str, lengths: Mapping[str, int], bin_length: int, *, summary: Summary = "mean"
) -> dict[str, Signal]:
    """Read whole sequences in bins; bases behind the last whole bin are left out.

    Parameters
    ----------
    path, lengths
        As in `Track`.
    bin_length : int
        Bases per bin.
    summary : {'mean', 'sum'}
        What is told of a bin's bases.

    Returns
    -------
    dict of str to ndarray of float32, shape (length // bin_length,)
        The bins of each sequence.

    Raises
    ------
    InputError
        As `Track` and `Track.bins`; also where a sequence is shorter than a bin.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = f"{folder}/tiny.bw"
    ...     pybigtools.open(path, "w").write({"I": 9}, [("I", 2, 6, 3.0)])
    ...     read_bins(path, {"I": 9}, 4, summary="sum")["I"].tolist()
    [6.0, 6.0]
    """
    track = Track(path, lengths)
    for name, length in lengths.items():
        if length < bin_length:
            what = f"{shown(name)} has {length} bases, fewer than a bin's {bin_length}"
            raise InputError(what, fix="use shorter bins, or leave the sequence out", path=path)
    ends = {name: length - length % bin_length for name, length in lengths.items()}
    return {name: track.bins(Interval(name, 0, end), bin_length, summary) for name, end in ends.items()}


def _no_bigwig(path: Path) -> InputError:
    return InputError(
        "not a bigWig file, or a damaged one", fix="give a .bw file (not bigBed, not bedGraph)", path=path
    )
