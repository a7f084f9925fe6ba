"""Byte-pair encoding in linear time, with exactly the tokens that merging in the order of learning gives.

The reference encoder applies the merge learned earliest, leftmost first, until none applies. The result can be told
without doing so: a sequence of tokens is it if and only if each two neighbours are, taken alone. (Two neighbours are
not when some merge, earlier than the ones that built them around their common border, would have crossed it.) Which
pairs may not be neighbours is a table of one bit per pair, made once; encoding is a walk from left to right that takes
the longest token that may follow, and turns back where it went wrong.

The same rule cuts long stretches into pieces for several cores: two encodings of overlapping pieces are joined at a
place where both have a border and the tokens to its sides may be neighbours.

N is a letter like the others, in no merge unless the merges say so: every N is a token of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from genolect.sequence.alphabet import BASE_BITS, LETTERS, Bases, encode
from genolect.tokenizers.byte_pair_kernels import NONE, encode_from_left

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
