"""Ridge regression of a value on the k-mers around its place: the baseline of tracks.

Legend: n places, W words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from genolect.arrays import Floats
from genolect.genome.genome import PreparedGenome
from genolect.sequence.alphabet import BASE_BITS, Bases, N
from genolect.sequence.interval import Interval
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
        """Fit on the role training; choose span, word and penalty by Pearson's correlation on validation.

        Parameters
        ----------
        places : mapping of str to sequence of Interval
            Places under ``training`` and ``validation``.
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
