"""The linear peer of a model of tracks: ridge regression on the words around a place, everything chosen on validation.

Legend: n places, W words, R resamples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from rows import Row, row

from genolect.data.genome import PreparedGenome
from genolect.evaluation.statistics import draw_blocks, estimate, resampled_values
from genolect.sequence.alphabet import BASE_BITS, Bases, N
from genolect.sequence.interval import Interval

Floats = npt.NDArray[np.float64]

PENALTIES = 10.0 ** np.arange(0, 9)
BLOCKS = 50
SEED = 1


class TrackRidge:
    """Ridge regression of a value on the counts of words in a span around its place.

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
    """

    def __init__(self, genome: PreparedGenome, *, spans: Sequence[int], words: Sequence[int], stranded: bool) -> None:
        self.genome = genome
        self.shapes = [(span, word) for span in spans for word in words]
        self.stranded = stranded
        self.name = "ridge"

    def fit(self, places: Mapping[str, Sequence[Interval]], truth: Mapping[str, Floats]) -> None:
        """Fit on the role training; choose span, word and penalty by Pearson's correlation on validation."""
        best = -np.inf
        for span, word in self.shapes:
            inputs = self._counts(places["training"], span, word)
            mean, deviation = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
            inputs -= mean
            inputs /= deviation
            level = truth["training"].mean()
            strengths, vectors = np.linalg.eigh((inputs.T @ inputs).astype(np.float64))
            projected = vectors.T @ (inputs.T @ (truth["training"] - level).astype(np.float32)).astype(np.float64)
            held_out = (self._counts(places["validation"], span, word) - mean) / deviation
            for penalty in PENALTIES:
                weights = vectors @ (projected / (strengths.clip(min=0) + penalty))
                reached = float(correlation(held_out @ weights, truth["validation"])[0])
                if reached > best:
                    best = reached
                    self._chosen = (span, word, mean, deviation, weights, level)
                    self.name = f"ridge, {word}-mers of {span:,} bases, penalty {penalty:g}"
            print(f"ridge, {word}-mers of {span:,} bases: best so far {best:.4f} on validation", flush=True)

    def predict(self, places: Sequence[Interval]) -> Floats:
        """Give the predicted value of each place."""
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


def correlation(one: Floats, other: Floats, weights: Floats | None = None) -> Floats:
    """Pearson's correlation, once per set of weights; shapes (n,) and (n, R) to (R,)."""
    weights = np.ones((one.size, 1)) if weights is None else weights
    share = weights / weights.sum(axis=0)
    one_mean, other_mean = one @ share, other @ share
    covariance = (one * other) @ share - one_mean * other_mean
    spread = ((one * one) @ share - one_mean**2) * ((other * other) @ share - other_mean**2)
    result: Floats = covariance / np.sqrt(spread)
    return result


def estimated_rows(what: str, truth: Floats, ours: Floats, peers: Floats, peer_name: str) -> list[Row]:
    """Give both correlations and their difference, with a 95 % interval over 50 contiguous blocks of the places."""
    blocks = np.arange(truth.size) * BLOCKS // truth.size

    def metric(weights: Floats) -> dict[str, Floats]:
        own, other = correlation(ours, truth, weights), correlation(peers, truth, weights)
        return {"ours": own, "peer": other, "difference": own - other}

    values = {name: float(value[0]) for name, value in metric(np.ones((truth.size, 1))).items()}
    resampled = resampled_values(metric, draw_blocks(blocks, seed=SEED))
    unit = {}
    for name, value in values.items():
        found = estimate(value, resampled[name])
        unit[name] = f"({found.low:.3f} to {found.high:.3f})"
    interval = f"Pearson {unit['ours']}"
    return [
        row(f"{what}: held-out {truth.size:,}", values["ours"], interval, peer=values["peer"], peer_name=peer_name),
        row(f"{what}: interval of the peer", values["peer"], f"Pearson {unit['peer']}"),
        row(f"{what}: difference", values["difference"], f"Pearson {unit['difference']}"),
    ]
