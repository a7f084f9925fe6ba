"""Learning byte-pair merges from whole chromosomes, in time linear in their length.

From the four bases, each cycle makes the most frequent pair of neighbouring tokens one token (Sennrich, Haddow, Birch
2016, doi:10.18653/v1/P16-1162; on genomes: GROVER, doi:10.1038/s42256-024-00872-0). The rules are those of the
reference, ``BpeTrainer`` of the ``tokenizers`` library, given one word per stretch between Ns:

- every two neighbours count, so AAA holds AA twice; they are merged from left to right, so AAA becomes AA A;
- of two pairs that are equally frequent, the one whose first token was learned earlier wins, then the one whose second
  token was (A before C before G before T before every merged token): ties leave nothing open;
- nothing is merged across N, or across the end of a stretch.

One rule differs: a token may here be as long as `longest`; the reference's ``max_token_length`` is one more than the
longest token that it makes from merged tokens, and does not hold for pairs of bases.

A token of length n is never spelled in two ways: no merge crossed its ends, so what happened between them is what
happens to its letters alone. A pair's count therefore never rises after the cycle in which the pair first appeared, and
an outdated entry of the queue can only be too high.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from genolect.errors import ConfigurationError
from genolect.sequence.alphabet import BASE_BITS, LETTERS, Bases, N
from genolect.tokenizers.byte_pair_kernels import NONE, merge_everywhere

Merges = list[tuple[str, str]]
Pair = tuple[int, int]
Places = npt.NDArray[np.unsignedinteger[Any]]

MOST_CYCLES = 32_000


def learn_merges(
    stretches: Sequence[Bases],
    *,
    cycles: int,
    longest: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Merges:
    """Learn byte-pair merges.

    Parameters
    ----------
    stretches : sequence of ndarray of uint8
        Base codes of chromosomes, or of pieces of them. The soft-mask is ignored.
    cycles : int
        Merges to learn; fewer are where no two tokens stand side by side any more.
    longest : int, optional
        Bases of the longest token; by default there is no limit.
    progress : callable, optional
        Called after each cycle with the number of cycles done.

    Returns
    -------
    list of tuple of str
        The two tokens of each merge, in order of learning.

    Raises
    ------
    ConfigurationError
        If the number of cycles or the longest token makes no sense.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> learn_merges([encode("GATTACANATTAG"), encode("ATT")], cycles=2)
    [('A', 'T'), ('AT', 'T')]
    """
    if not 0 <= cycles <= MOST_CYCLES:
        what = f"{cycles:,} byte-pair cycles make no sense"
        raise ConfigurationError(what, fix=f"choose 0 to {MOST_CYCLES:,}; 600 is usual for a genome")
    if longest is not None and longest < 2:
        raise ConfigurationError(f"no merged token is as short as {longest} bases", fix="allow 2 or more")
    genome = _Genome(stretches, cycles, longest)
    for cycle in range(cycles):
        pair = genome.most_frequent_pair()
        if pair is None:
            break
        genome.merge(pair)
        if progress is not None:
            progress(cycle + 1)
    return [(genome.words[first], genome.words[second]) for first, second in genome.merges]


class _Genome:
    """A genome in the midst of learning: where each token stands, and how often each pair does."""

    def __init__(self, stretches: Sequence[Bases], cycles: int, longest: int | None) -> None:
        self.words = list(LETTERS[:N])
        self.merges: list[Pair] = []
        self.longest = longest
        self._lengths = np.ones(N + cycles, dtype=np.int64)
        self._beside = np.zeros((2, N + cycles), dtype=np.int64)
        self._tokens = _tokens_of(stretches)
        self._places = [_places_of(self._tokens, base) for base in range(N)]
        self._counts = _pairs_of(self._tokens)
        self._queue = [(-count, pair) for pair, count in self._counts.items()]
        heapq.heapify(self._queue)

    def most_frequent_pair(self) -> Pair | None:
        """Pair that stands most often; ties go to the tokens learned first."""
        while self._queue:
            count, pair = self._queue[0]
            now = self._counts.get(pair, 0)
            if now == -count:
                return pair
            if now:
                heapq.heapreplace(self._queue, (-now, pair))
            else:
                heapq.heappop(self._queue)
        return None

    def merge(self, pair: Pair) -> None:
        """Make a pair one token, everywhere."""
        first, second = pair
        merged = len(self.words)
        self.words.append(self.words[first] + self.words[second])
        self.merges.append(pair)
        self._lengths[merged] = len(self.words[merged])
        # Whichever token is rarer leads to the pair sooner.
        by_second = len(self._places[second]) < len(self._places[first])
        anchor = second if by_second else first
        found, kept = merge_everywhere(
            self._tokens, self._places[anchor], (first, second, merged), by_second, self._lengths, self._beside
        )
        self._places[anchor] = self._places[anchor][:kept]
        self._places.append(found)
        self._recount(pair, merged)

    def _recount(self, pair: Pair, merged: int) -> None:
        """Bring the counts of the pairs beside a merge up to date: each lost a neighbour, and gained the new token."""
        before, after = self._beside
        changed: dict[Pair, int] = {}
        for token in np.flatnonzero(before).tolist():
            times = int(before[token])
            changed[token, pair[0]] = changed.get((token, pair[0]), 0) - times
            changed[token, merged] = changed.get((token, merged), 0) + times
        for token in np.flatnonzero(after).tolist():
            times = int(after[token])
            changed[pair[1], token] = changed.get((pair[1], token), 0) - times
            changed[merged, token] = changed.get((merged, token), 0) + times
        self._beside[:] = 0
        for key, change in changed.items():
            if merged not in key:
                if key in self._counts:
                    self._counts[key] += change
            elif change > 0 and self._allows(key):
                self._counts[key] = change
                heapq.heappush(self._queue, (-change, key))
        del self._counts[pair]

    def _allows(self, pair: Pair) -> bool:
        return self.longest is None or self._lengths[pair[0]] + self._lengths[pair[1]] <= self.longest


def _tokens_of(stretches: Sequence[Bases]) -> npt.NDArray[np.uint16]:
    """Lay the stretches side by side, one place per base, with an empty place before, between and after them."""
    tokens = np.full(sum(map(len, stretches)) + len(stretches) + 1, NONE, dtype=np.uint16)
    start = 1
    for stretch in stretches:
        bases = stretch & np.uint8(BASE_BITS)
        np.copyto(tokens[start : start + len(bases)], bases, where=bases < N)
        start += len(bases) + 1
    return tokens


def _places_of(tokens: npt.NDArray[np.uint16], base: int) -> Places:
    places = np.flatnonzero(tokens == base)
    return places.astype(np.uint32 if len(tokens) < 1 << 32 else np.uint64)


def _pairs_of(tokens: npt.NDArray[np.uint16]) -> dict[Pair, int]:
    """Count neighbours, a block at a time so that no large copy is made."""
    counts = np.zeros(N * N, dtype=np.int64)
    block = 1 << 22
    for start in range(0, len(tokens) - 1, block):
        first, second = tokens[start : start + block], tokens[start + 1 : start + block + 1]
        first = first[: len(second)]
        inside = (first < N) & (second < N)
        counts += np.bincount(first[inside] * np.uint16(N) + second[inside], minlength=N * N)
    return {divmod(number, N): int(count) for number, count in enumerate(counts.tolist()) if count}
