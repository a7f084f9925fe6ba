"""Tracks of held-out stretches, beside ridge regression on the k-mers around each bin.

Both strands of every window are asked and their answers averaged: tracks without a strand have one value for both.

Legend: n windows, L tokens, K bins, T tracks, m known bins, R sets of weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genolect.arrays import Floats, Integers
from genolect.errors import InputError
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import GenomeSplit
from genolect.genome.tracks import BinnedSignal, TrackShape, binned_targets, read_track_windows, tile_predicted
from genolect.models.inference import Machine, WindowTokens, window_answers
from genolect.models.model import SequenceModel
from genolect.pretraining.kinds.exam import ExamResult, HeldOutTask
from genolect.sequence.alphabet import BASE_BITS, Bases, N, reverse_complement
from genolect.sequence.interval import Interval
from genolect.statistics.bootstrap import draw_blocks, estimate, resampled_values
from genolect.statistics.metrics import pearson

PENALTIES = 10.0 ** np.arange(0, 9)


class KmerRidge:
    r"""Ridge regression of a value on the counts of words in a span around its place.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    spans : sequence of int
        Lengths of the stretch around a place to choose from; cut off at the ends of the record.
    words : sequence of int
        Lengths of a word to choose from.
    stranded : bool
        Whether words are read on the strand of the place; otherwise both strands are counted.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.genome.genome import prepare_genome
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "tiny.fa").write_bytes(b">a\nAAAAACCCCCAAAAACCCCC\n")
    ...     genome = prepare_genome([Path(folder, "tiny.fa")], Path(folder, "prepared"))
    ...     places = [Interval("a", start, start + 5) for start in (0, 5, 10, 15)]
    ...     ridge = KmerRidge(genome, spans=(4,), words=(1,), stranded=False)
    ...     values = np.array([0.0, 1.0, 0.0, 1.0])
    ...     ridge.fit({"train": places, "validation": places}, {"train": values, "validation": values})
    ...     ridge.predict(places[:2]).round(3).tolist()
    [0.056, 0.944]
    """

    def __init__(self, genome: PreparedGenome, *, spans: Sequence[int], words: Sequence[int], stranded: bool) -> None:
        self.genome = genome
        self.shapes = [(span, word) for span in spans for word in words]
        self.stranded = stranded
        self.name = "ridge regression on k-mers"

    def fit(self, places: Mapping[str, Sequence[Interval]], truth: Mapping[str, Floats]) -> None:
        """Fit on the role train; choose span, word and penalty by Pearson's correlation on validation.

        Parameters
        ----------
        places : mapping of str to sequence of Interval
            Places under ``train`` and ``validation``.
        truth : mapping of str to ndarray of float, shape (n,)
            Their values.
        """
        best = -np.inf
        for span, word in self.shapes:
            inputs = self._counts(places["train"], span, word)
            mean, deviation = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
            inputs -= mean
            inputs /= deviation
            level = truth["train"].mean()
            strengths, vectors = np.linalg.eigh((inputs.T @ inputs).astype(np.float64))
            projected = vectors.T @ (inputs.T @ (truth["train"] - level).astype(np.float32)).astype(np.float64)
            held_out = (self._counts(places["validation"], span, word) - mean) / deviation
            for penalty in PENALTIES:
                weights = vectors @ (projected / (strengths.clip(min=0) + penalty))
                reached = float(pearson(truth["validation"], held_out @ weights)[0])
                if reached > best:
                    best = reached
                    self._chosen = (span, word, mean, deviation, weights, level)
                    self.name = f"ridge regression on {word}-mers of {span:,} bases"

    def predict(self, places: Sequence[Interval]) -> Floats:
        """Give the predicted value of each place, shape (n,)."""
        span, word, mean, deviation, weights, level = self._chosen
        predicted: Floats = ((self._counts(places, span, word) - mean) / deviation) @ weights + level
        return predicted

    def _counts(self, places: Sequence[Interval], span: int, word: int) -> npt.NDArray[np.float32]:
        """Count the words around each place, on its strand; shape (n, W)."""
        partner = _partners(word)
        codes = {name: _codes(self.genome.bases(name), word) for name in {place.name for place in places}}
        counts = np.empty((len(places), partner.size), dtype=np.float32)
        for number, place in enumerate(places):
            middle = (place.start + place.end) // 2
            around = codes[place.name][max(0, middle - span // 2) : middle + span // 2 - word + 1]
            forward = np.bincount(around, minlength=partner.size + 1)[:-1]
            counts[number] = forward[partner] if place.strand == "-" else forward
        if self.stranded:
            return counts
        own = np.flatnonzero(np.arange(partner.size) <= partner)
        return counts[:, own] + counts[:, partner[own]]


def _codes(bases: Bases, word: int) -> npt.NDArray[np.int64]:
    """Number the word that begins at each base; 4 ** word where it has an N."""
    letters = (bases & BASE_BITS).astype(np.int64)
    last = letters.size - word + 1
    codes, known = np.zeros(last, dtype=np.int64), np.ones(last, dtype=bool)
    for place in range(word):
        codes = codes * 4 + (letters[place : place + last] & 3)
        known &= letters[place : place + last] != N
    return np.where(known, codes, 4**word)


def _partners(word: int) -> npt.NDArray[np.int64]:
    """Give the reverse complement of every word."""
    words = np.arange(4**word)
    partner = np.zeros_like(words)
    for place in range(word):
        partner = partner * 4 + 3 - words // 4**place % 4
    return partner


Item = TypeVar("Item")

BLOCKS = 50
"""Contiguous groups of windows that stand or fall together."""

SPANS = (5, 17)
"""Bins around a bin that the bar may read; it chooses."""

WORDS = (4, 5)
MOST_PLACES = 20_000
"""Training bins that the bar learns from."""


@dataclass(frozen=True, eq=False)
class TrackExam(HeldOutTask):
    """Windows with their tracks; `set_track_exams` makes it.

    Attributes
    ----------
    ids, other_ids : Tensor of int64, shape (n, L)
        Tokens of the windows, and of their other strands.
    head : str
        The head that predicts.
    truth, bar_values : ndarray of float64, shape (n, K, T)
        log(1 + signal), NaN where not known, and what the bar says.
    ridges : tuple of KmerRidge
        The bar, one for each track.
    """

    measure = "Pearson's correlation"
    counted = "bins"
    lower_is_better = False

    ids: Tensor
    other_ids: Tensor
    head: str
    truth: Floats
    bar_values: Floats
    ridges: tuple[KmerRidge, ...]

    @property
    def bar_name(self) -> str:
        """See `HeldOutTask`."""
        return self.ridges[0].name if len(self.ridges) == 1 else "ridge regression on k-mers"

    @property
    def unit_count(self) -> int:
        """See `HeldOutTask`: known bins, of all tracks."""
        return int((~np.isnan(self.truth)).sum())

    @property
    def bar(self) -> float:
        """See `HeldOutTask`."""
        return self._correlation(self.bar_values)

    def score(self, model: SequenceModel, machine: Machine) -> float:
        """See `HeldOutTask`; 0 where all predictions are alike."""
        return self._correlation(self.predicted(model, machine))

    def result(self, model: SequenceModel, machine: Machine, *, seed: int) -> ExamResult:
        """See `HeldOutTask`; the extra figures are the correlations of each track, where there are several."""
        own = self.predicted(model, machine)
        blocks = np.broadcast_to(self._blocks()[:, None], self.truth.shape[:2]).ravel()
        resamples = draw_blocks(blocks, seed=seed)

        def metric(weights: Floats) -> dict[str, Floats]:
            ours, theirs = (self._correlations(said, weights) for said in (own, self.bar_values))
            return {"model": ours, "bar": theirs, "difference": ours - theirs}

        every = metric(np.ones((blocks.size, 1)))
        resampled = resampled_values(metric, resamples)
        found = [estimate(float(every[name][0]), resampled[name], resamples.limits) for name in every]
        tracks = range(self.truth.shape[2]) if self.truth.shape[2] > 1 else ()
        extra = {f"track {track + 1}": _pearson(self.truth[..., track], own[..., track]) for track in tracks}
        return self.told(found, extra)

    def predicted(self, model: SequenceModel, machine: Machine) -> Floats:
        """Give what the model says of both strands, averaged: log(1 + signal), shape (n, K, T)."""
        given, other = (window_answers(model, ids, machine, head=self.head) for ids in (self.ids, self.other_ids))
        both: Floats = np.log1p((given.astype(np.float64) + other[:, ::-1]) / 2)
        return both

    def _blocks(self) -> Integers:
        n = len(self.truth)
        blocks: Integers = np.arange(n) * min(n, BLOCKS) // n
        return blocks

    def _correlation(self, said: Floats) -> float:
        value = self._correlations(said, np.ones((self.truth[..., 0].size, 1)))[0]
        return float(value) if np.isfinite(value) else 0.0

    def _correlations(self, said: Floats, weights: Floats) -> Floats:
        """Mean over tracks of the correlation over their known bins, once per set of weights; shape (R,)."""
        tracks = [_pearson_of(self.truth[..., t], said[..., t], weights) for t in range(self.truth.shape[2])]
        means: Floats = np.mean(tracks, axis=0)
        return means


def set_track_exams(
    genome: PreparedGenome,
    split: GenomeSplit,
    tokens: WindowTokens,
    tracks: Sequence[BinnedSignal],
    shape: TrackShape,
    *,
    head: str,
    most: Mapping[str, int],
) -> tuple[TrackExam, TrackExam]:
    """Ask about the bins of the held-out stretches; the bar learns from training and is chosen on validation.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    split : GenomeSplit
        The stretches.
    tokens : WindowTokens
        Cuts windows into tokens.
    tracks : sequence of BinnedSignal
        T tracks.
    shape : TrackShape
        How windows and bins lie.
    head : str
        The head that predicts.
    most : mapping of str to int
        Largest number of windows under ``validation`` and ``test``, evenly spaced.

    Returns
    -------
    TrackExam, TrackExam
        Of the validation and of the test stretches.

    Raises
    ------
    InputError
        If a role has no bin that is known.
    """
    windows: dict[str, list[Interval]] = {}
    for name, regions in split.regions().items():
        tiles = tile_predicted(regions, genome.lengths, shape)
        windows[name] = _spaced(tiles, most.get(name, len(tiles)))
    truth = {}
    for role, places in windows.items():
        if not places:
            what = f"the {role} stretches hold no window of {shape.length:,} bases"
            raise InputError(what, fix="shorten the window", path=genome.inputs[0]["path"])
        truth[role] = np.log1p(binned_targets(places, tracks, shape).astype(np.float64))
        if np.isnan(truth[role]).all(axis=(0, 1)).any():
            what = f"a track of {head} is known in no bin of the {role} stretches"
            raise InputError(what, fix="hold out other records", path=genome.inputs[0]["path"])
    bins = {role: [one for place in places for one in _bins(place, shape)] for role, places in windows.items()}
    ridges = tuple(
        _ridge(genome, bins, {role: values[..., track].ravel() for role, values in truth.items()}, shape)
        for track in range(len(tracks))
    )
    exams = []
    for role in ("validation", "test"):
        bases = read_track_windows(genome, windows[role], {}, shape).bases
        said = [ridge.predict(bins[role]).reshape(truth[role].shape[:2]) for ridge in ridges]
        given, other = (torch.from_numpy(np.ascontiguousarray(one)) for one in (bases, reverse_complement(bases)))
        values = np.stack(said, axis=-1)
        exams.append(TrackExam(tokens.ids(given), tokens.ids(other), head, truth[role], values, ridges))
    validation, test = exams
    return validation, test


def _bins(place: Interval, shape: TrackShape) -> list[Interval]:
    """The predicted bins of a window."""
    inner = shape.predicted(place)
    starts = range(inner.start, inner.end, shape.bin_length)
    return [Interval(place.name, start, start + shape.bin_length) for start in starts]


def _ridge(
    genome: PreparedGenome, bins: Mapping[str, list[Interval]], truth: Mapping[str, Floats], shape: TrackShape
) -> KmerRidge:
    """Fit the bar of one track on its known bins."""
    known = {role: np.flatnonzero(~np.isnan(truth[role])) for role in ("train", "validation")}
    known["train"] = np.array(_spaced(known["train"].tolist(), MOST_PLACES))
    spans = sorted({min(span * shape.bin_length, shape.length) for span in SPANS})
    ridge = KmerRidge(genome, spans=spans, words=WORDS, stranded=False)
    places = {role: [bins[role][number] for number in numbers.tolist()] for role, numbers in known.items()}
    ridge.fit(places, {role: truth[role][numbers] for role, numbers in known.items()})
    return ridge


def _spaced(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many, evenly spaced."""
    return [items[number * len(items) // most] for number in range(most)] if len(items) > most else [*items]


def _pearson_of(truth: Floats, said: Floats, weights: Floats) -> Floats:
    known = ~np.isnan(truth).ravel()
    return pearson(truth.ravel()[known], said.ravel()[known], weights[known])


def _pearson(truth: Floats, said: Floats) -> float:
    return float(_pearson_of(truth, said, np.ones((truth.size, 1)))[0])
