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
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from genolect.arrays import Integers
from genolect.errors import ConfigurationError
from genolect.sequence.alphabet import BASE_BITS, LETTERS, Bases, N, encode

Function = TypeVar("Function", bound=Callable[..., object])

NONE = 0xFFFF
"""No token."""


def _compiled(function: Function) -> Function:
    """Compile once per machine; other threads run meanwhile."""
    return cast(Function, numba.njit(cache=True, nogil=True)(function))


@_compiled
def merge_everywhere(
    tokens: npt.NDArray[np.uint16],
    places: npt.NDArray[np.unsignedinteger[Any]],
    merge: tuple[int, int, int],
    by_second: bool,
    lengths: Integers,
    beside: Integers,
) -> tuple[npt.NDArray[np.unsignedinteger[Any]], int]:
    """Merge one pair wherever it stands, from left to right.

    Parameters
    ----------
    tokens : ndarray of uint16, shape (L,)
        The genome; changed.
    places : ndarray of uint32 or uint64
        Where the first token of the pair once began, ascending; changed: where it still begins goes to the front.
    merge : tuple of int
        The two tokens and their new one.
    by_second : bool
        Whether `places` are those of the second token instead; not where the two are the same.
    lengths : ndarray of int64, shape (V,)
        Bases per token.
    beside : ndarray of int64, shape (2, V)
        Receives how often each token stood before and after the pair.

    Returns
    -------
    found : ndarray of uint32 or uint64
        Where the new token begins, ascending.
    kept : int
        How many of `places` remain.

    Examples
    --------
    >>> genome = np.array([NONE, 0, 0, 0, 2, NONE], dtype=np.uint16)
    >>> places, lengths = np.array([1, 2, 3], dtype=np.uint32), np.array([1, 1, 1, 1, 2])
    >>> merge_everywhere(genome, places, (0, 0, 4), False, lengths, np.zeros((2, 5), dtype=np.int64))
    (array([1], dtype=uint32), 1)
    """
    first, second, merged = merge
    half, whole = lengths[first], lengths[merged]
    anchor = second if by_second else first
    found = np.empty_like(places)
    count = 0
    kept = 0
    for place in places:
        here = np.int64(place)
        if tokens[here] != anchor:
            continue
        start = here - half if by_second else here
        if (tokens[here - 1] != first) if by_second else (tokens[here + half] != second):
            places[kept] = place
            kept += 1
            continue
        before, after = tokens[start - 1], tokens[start + whole]
        if before != NONE:
            beside[0, before] += 1
        if after != NONE:
            beside[1, after] += 1
        tokens[start + half] = NONE
        tokens[start] = merged
        tokens[start + whole - 1] = merged
        found[count] = place if not by_second else np.uint64(start)
        count += 1
    return found[:count].copy(), kept


@_compiled
def encode_from_left(
    bases: Bases,
    branches: npt.NDArray[np.int32],
    lengths: Integers,
    shorter: npt.NDArray[np.int32],
    apart: npt.NDArray[np.uint8],
) -> npt.NDArray[np.uint16]:
    """Find the one sequence of tokens in which no two neighbours would have been merged.

    The longest token that may stand after its left neighbour is taken first, then shorter ones; where none may, the
    left neighbour was wrong, and nothing that ends where it ended is tried again. Each place is left at most once, so
    the time is linear.

    Parameters
    ----------
    bases : ndarray of uint8, shape (L,)
        Base codes.
    branches : ndarray of int32, shape (nodes, 8)
        The tree of the tokens' letters: the node that each of the five base codes leads to, 0 where none, and last the
        node's own token, -1 where its letters are none.
    lengths : ndarray of int64, shape (V,)
        Bases per token.
    shorter : ndarray of int32, shape (V,)
        The next shorter token with which each token begins, -1 for a single base.
    apart : ndarray of uint8, shape (V, V / 8)
        One bit per pair: set where the second token never stands after the first.

    Returns
    -------
    ndarray of uint16
        Tokens; one token 65535 where a base code is none.

    Examples
    --------
    >>> tree = np.zeros((6, 8), dtype=np.int32)
    >>> tree[0, :5], tree[:, 7] = range(1, 6), range(-1, 5)
    >>> alone = np.full(5, -1, dtype=np.int32)
    >>> pairs = np.zeros((5, 1), dtype=np.uint8)
    >>> encode_from_left(np.array([2, 0, 4], dtype=np.uint8), tree, np.ones(5, dtype=np.int64), alone, pairs)
    array([2, 0, 4], dtype=uint16)
    """
    size = len(bases)
    found = np.empty(size, dtype=np.uint16)
    closed = np.zeros(size + 1, dtype=np.bool_)
    count = 0
    place = 0
    token = np.int64(-1)
    while place < size:
        if token < 0:
            node = 0
            reach = place
            while reach < size:
                code = bases[reach] & 7
                node = branches[node, code] if code < 5 else 0
                if node == 0:
                    break
                if branches[node, 7] >= 0:
                    token = branches[node, 7]
                reach += 1
            if token < 0:
                found[0] = NONE
                return found[:1].copy()
        left = np.int64(found[count - 1]) if count else -1
        while token >= 0 and (
            closed[place + lengths[token]] or (left >= 0 and apart[left, token >> 3] >> (token & 7) & 1)
        ):
            token = shorter[token]
        if token >= 0:
            found[count] = token
            count += 1
            place += lengths[token]
            token = np.int64(-1)
        else:
            closed[place] = True
            count -= 1
            token = np.int64(found[count])
            place -= lengths[token]
            token = shorter[token]
    return found[:count].copy()


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


Tokens = npt.NDArray[np.uint16]

PIECE = 1 << 20
"""Bases that one thread encodes at a time …"""
OVERLAP = 1 << 12
"""… and how far it goes on into the next piece, to find a border that both have."""


class BytePairEncoding:
    """Encodes bases by an ordered list of merges; tokens are A C G T N = 0 … 4 and one per merge from 5 on.

    Parameters
    ----------
    merges : sequence of tuple of str
        The two tokens of each merge, earliest first. Each is a letter or was made by an earlier merge, and no two
        merges make the same token.

    Attributes
    ----------
    words : list of str
        Letters of each token.
    lengths : ndarray of int64
        Bases of each token.

    Raises
    ------
    KeyError
        If a merge names what is no token.
    ValueError
        If a token is made twice, or used before it is made.

    Examples
    --------
    >>> encoding = BytePairEncoding([("A", "T"), ("AT", "T"), ("T", "A")])
    >>> [encoding.words[token] for token in encoding.encode(encode("GATTATNTTA"))]
    ['G', 'ATT', 'AT', 'N', 'T', 'TA']
    """

    def __init__(self, merges: Sequence[tuple[str, str]]) -> None:
        self.words = [*LETTERS, *(first + second for first, second in merges)]
        number = {word: token for token, word in enumerate(self.words)}
        pairs = [(number[first], number[second]) for first, second in merges]
        if len(number) < len(self.words) or any(max(pair) >= len(LETTERS) + made for made, pair in enumerate(pairs)):
            raise ValueError("nobody can have learned these merges: a token is made twice, or used before it is made")
        self.lengths = np.array([len(word) for word in self.words])
        self._apart, made = _never_neighbours(pairs)
        self._branches, self._shorter = _tree(self.words, made)

    def encode(self, bases: Bases, *, threads: int = 1) -> Tokens:
        """Turn base codes into tokens.

        Parameters
        ----------
        bases : ndarray of uint8, shape (L,)
            Base codes; the soft-mask is ignored.
        threads : int
            Cores to use, for stretches beyond a million bases.

        Returns
        -------
        ndarray of uint16, shape (N,)
            Tokens; the same for any number of threads.

        Raises
        ------
        ValueError
            If a code is none of the alphabet's, or there are several sequences in an array of more dimensions.
        """
        if bases.ndim != 1:
            raise ValueError(f"an array of shape {bases.shape} is not one sequence; tokenize its rows one by one")
        if threads == 1 or len(bases) <= PIECE:
            return self._encode(bases)
        starts = range(0, len(bases), PIECE)
        with ThreadPoolExecutor(threads) as pool:
            pieces = list(pool.map(lambda start: self._encode(bases[start : start + PIECE + OVERLAP]), starts))
        joined = [pieces[0]]
        for start, piece in zip(starts[1:], pieces[1:], strict=True):
            cut = self._common_border(joined[-1], piece, min(OVERLAP, len(bases) - start))
            if cut is None:
                return self._encode(bases)
            joined[-1:] = [joined[-1][: cut[0]], piece[cut[1] :]]
        return np.concatenate(joined)

    def _encode(self, bases: Bases) -> Tokens:
        tokens = encode_from_left(bases, self._branches, self.lengths, self._shorter, self._apart)
        if len(tokens) == 1 and tokens[0] == NONE:
            raise ValueError(f"base code {int((bases & BASE_BITS).max())} is none of the alphabet's, 0 to 4")
        return tokens

    def _common_border(self, left: Tokens, right: Tokens, overlap: int) -> tuple[int, int] | None:
        """Tokens of `left`, and of `right`, before a border of both; `left` ends `overlap` bases into `right`."""
        tail, head = left[-overlap:], right[:overlap]
        borders = overlap - (self.lengths[tail][::-1].cumsum()[::-1] - self.lengths[tail])
        _, after, before = np.intersect1d(borders, self.lengths[head].cumsum(), return_indices=True)
        for i, j in zip(after.tolist(), before.tolist(), strict=True):
            if j + 1 == len(right):
                return len(left) - len(tail) + i + 1, j + 1
            following = int(right[j + 1])
            if not self._apart[tail[i], following >> 3] >> (following & 7) & 1:
                return len(left) - len(tail) + i + 1, j + 1
        return None


def _never_neighbours(pairs: Sequence[tuple[int, int]]) -> tuple[npt.NDArray[np.uint8], list[bool]]:
    """Tell which tokens never stand side by side, one bit per pair, and which tokens are ever made.

    Merge by merge: a new token keeps away, to its left, from what its first half keeps away from after this merge (of
    three equal tokens the first two are merged), and to its right from what its second half did before it.
    """
    letters = len(LETTERS)
    size = letters + len(pairs)
    apart = np.zeros((size, -(-size // 8)), dtype=np.uint8)
    made = [True] * letters
    for merged, (first, second) in enumerate(pairs, letters):
        possible = made[first] and made[second] and not apart[first, second >> 3] >> (second & 7) & 1
        made.append(bool(possible))
        if not possible:
            continue
        apart[merged] = apart[second]
        apart[first, second >> 3] |= 1 << (second & 7)
        column = apart[:merged, first >> 3] >> (first & 7) & 1
        apart[:merged, merged >> 3] |= column << (merged & 7)
        if apart[merged, first >> 3] >> (first & 7) & 1:
            apart[merged, merged >> 3] |= 1 << (merged & 7)
    return apart, made


def _tree(words: Sequence[str], made: Sequence[bool]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Arrange the tokens by their letters, and tell the next shorter token with which each begins."""
    branches = [[0] * 7 + [-1]]
    shorter = np.full(len(words), -1, dtype=np.int32)
    for token, word in sorted(enumerate(words), key=lambda item: len(item[1])):
        if not made[token]:
            continue
        node = 0
        for code in encode(word).tolist():
            if branches[node][7] >= 0:
                shorter[token] = branches[node][7]
            if branches[node][code] == 0:
                branches[node][code] = len(branches)
                branches.append([0] * 7 + [-1])
            node = branches[node][code]
        branches[node][7] = token
    return np.array(branches, dtype=np.int32), shorter
