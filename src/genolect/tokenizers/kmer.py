"""K-mer tokens: words of k bases, overlapping or not.

Legend: L bases of a sequence, T tokens, k bases per word.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import cached_property
from itertools import groupby, product
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from genolect.errors import ConfigurationError
from genolect.sequence.alphabet import LETTERS, Bases, N
from genolect.tokenizers.tokenizer import MASK, PADDING, Spans, TokenIds, hash_of
from genolect.tokenizers.tokenizer_json import AT_SPACES, every, word_file

# Windows are numbered in blocks whose intermediate results stay in the processor's first cache.
_BLOCK = 4096


@njit(cache=True)
def number_windows(bases: Bases, k: int, stride: int, numbers: npt.NDArray[np.unsignedinteger]) -> None:
    """Write each window's number in base 4, leftmost base most significant; 4^k for a window that holds an N.

    Parameters
    ----------
    bases : ndarray of uint8, shape (R, L)
        Base codes; the soft-mask is ignored.
    k, stride : int
        Bases per window, and from one window to the next.
    numbers : ndarray of an unsigned integer type, shape (R, T)
        Where to write; T is 1 + (L - k) // stride.

    Examples
    --------
    >>> numbers = np.empty((1, 3), dtype=np.uint8)
    >>> number_windows(np.array([[0, 3, 1, 4]], dtype=np.uint8), 2, 1, numbers)
    >>> numbers.tolist()
    [[3, 13, 16]]
    """
    unknown = 4**k
    seen = np.empty(_BLOCK, dtype=np.uint8)
    for row in range(numbers.shape[0]):
        for first in range(0, numbers.shape[1], _BLOCK):
            count = min(_BLOCK, numbers.shape[1] - first)
            block = numbers[row, first : first + count]
            block[:] = 0
            seen[:] = 0
            for place in range(k):
                part = bases[row, first * stride + place :]
                # The two loops differ only in the step, which the compiler must know to handle many windows at once.
                if stride == 1:
                    for window in range(count):
                        block[window] = (block[window] << 2) | (part[window] & 3)
                        seen[window] |= part[window]
                else:
                    for window in range(count):
                        block[window] = (block[window] << 2) | (part[window * stride] & 3)
                        seen[window] |= part[window * stride]
            for window in range(count):
                if seen[window] & 4:
                    block[window] = unknown


LONGEST = 8


class KmerTokenizer:
    """Words of k bases that begin every `stride` bases: all 4^k words in the order A C G T, then N…N [MASK] [PAD].

    A word's id is its number in base 4, leftmost base most significant. A window that holds an N is the token N…N.
    A rest at the end that fills no window has no token: `spans` shows what is covered, and with stride 1 and k or more
    bases that is everything.

    Parameters
    ----------
    k : int
        Bases per word, 1 to 8.
    stride : int
        Bases from the beginning of one word to the next, 1 (overlapping) to k (side by side). A longer stride
        would leave bases between words that no token ever shows, and is refused.

    Raises
    ------
    ConfigurationError
        If k or the stride is out of range.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> tokenizer = KmerTokenizer(3, 1)
    >>> [tokenizer.words[token] for token in tokenizer.encode(encode("ATGCTAG"))]
    ['ATG', 'TGC', 'GCT', 'CTA', 'TAG']
    >>> KmerTokenizer(3, 3).decode(KmerTokenizer(3, 3).encode(encode("ATGCTAG")))
    'ATGCTA'
    """

    kind = "kmer"

    def __init__(self, k: int, stride: int) -> None:
        if not 1 <= k <= LONGEST:
            raise ConfigurationError(f"k is {k}", fix=f"choose words of 1 to {LONGEST} bases")
        if not 1 <= stride <= k:
            what = f"a stride of {stride} with words of {k} bases"
            raise ConfigurationError(what, fix=f"choose a stride of 1 (overlapping) to {k} (side by side)")
        self.k = k
        self.stride = stride
        self.targets = range(4**k)
        self.unknown_id, self.mask_id, self.padding_id = (4**k + number for number in range(3))
        self._type = np.min_scalar_type(self.padding_id)

    @property
    def parameters(self) -> dict[str, int]:
        """See `Tokenizer`."""
        return {"k": self.k, "stride": self.stride}

    @cached_property
    def words(self) -> list[str]:
        """Every token, in the order of the ids."""
        return ["".join(letters) for letters in product(LETTERS[:N], repeat=self.k)] + ["N" * self.k, MASK, PADDING]

    @cached_property
    def vocabulary(self) -> dict[str, int]:
        """Every token and its id."""
        return {word: number for number, word in enumerate(self.words)}

    @cached_property
    def content_hash(self) -> str:
        """See `Tokenizer`."""
        return hash_of(self.kind, [self.parameters, self.vocabulary])

    def encode(self, bases: Bases) -> TokenIds:
        """Turn base codes, one row or many, into token ids of the smallest type that holds them.

        Parameters
        ----------
        bases : ndarray of uint8, shape (..., L)
            Base codes; the soft-mask is ignored.

        Returns
        -------
        ndarray of uint8, uint16 or uint32, shape (..., T)
            Token ids; T is 1 + (L - k) // stride, or 0 where L < k.
        """
        *outer, length = bases.shape
        ids = np.empty((*outer, self._count(length)), dtype=self._type)
        if ids.size:
            rows = np.ascontiguousarray(bases).reshape(-1, length)
            number_windows(rows, self.k, self.stride, ids.reshape(len(rows), -1))
        return ids

    def spans(self, bases: Bases) -> Spans:
        """Give the bases that each token covers: shape (T, 2), 0-based half-open."""
        starts = np.arange(self._count(len(bases))) * self.stride
        return np.stack([starts, starts + self.k], axis=1)

    def decode(self, ids: npt.ArrayLike) -> str:
        """Turn token ids into letters, overlaps joined; special tokens stand as themselves.

        A base is N where every token that covers it is N…N; so with overlapping words, known bases between two Ns
        that are fewer than k apart are not recovered. Where overlapping words disagree, the earlier one counts.
        """
        words = [self.words[token] for token in np.asarray(ids)]
        return join_words(words, k=self.k, stride=self.stride, special=(MASK, PADDING))

    def reverse_complement(self, ids: TokenIds) -> TokenIds:
        """Give the ids of the other strand of the bases that the ids cover: exact, for windows one by one too.

        This equals ``encode`` of the other strand of the whole sequence where the tokens cover all of it: always with
        stride 1 (and L ≥ k), otherwise if the stride divides L - k.
        """
        partners = np.arange(len(self.words), dtype=self._type)
        words = np.arange(4**self.k)
        complement, rest = np.zeros_like(words), words
        for _ in range(self.k):
            complement, rest = 4 * complement + 3 - rest % 4, rest // 4
        partners[words] = complement
        return partners[ids[..., ::-1]]

    def to_ecosystem(self) -> dict[str, Any]:
        """Give the content of a ``tokenizer.json`` that the ``tokenizers`` library loads with the same ids.

        Words side by side are cut from the sequence itself. The format cannot cut overlapping words: such a file takes
        k-mer text, words separated by spaces (``ATG TGC GCT``), and the stride is that of the text.
        """
        pieces = every(self.k) if self.stride == self.k else AT_SPACES
        return word_file(self.vocabulary, pieces, unknown=self.words[self.unknown_id], special=(MASK, PADDING))

    def _count(self, length: int) -> int:
        return max(0, 1 + (length - self.k) // self.stride)


def join_words(words: Sequence[str], *, k: int, stride: int, special: Container[str]) -> str:
    """Put overlapping words together; special tokens stand as themselves.

    Parameters
    ----------
    words : sequence of str
        Words of k letters, and special tokens.
    k, stride : int
        Letters per word, and from one word to the next.
    special : container of str
        Which are no words.

    Returns
    -------
    str
        The letters. One is N where it is N in every word that covers it; where words disagree, the earlier one counts.

    Examples
    --------
    >>> join_words(["ATG", "TGC", "[MASK]", "NNN", "TAG"], k=3, stride=1, special={"[MASK]"})
    'ATGC[MASK]NTAG'
    """
    runs = groupby(words, key=lambda word: word in special)
    return "".join("".join(run) if apart else _joined("".join(run), k, stride) for apart, run in runs)


def _joined(text: str, k: int, stride: int) -> str:
    """Join the words that stand side by side in a text."""
    letters = np.frombuffer(text.encode(), dtype=np.uint8).reshape(-1, k)
    starts = np.arange(len(letters)) * stride
    joined = np.full(starts[-1] + k, ord("N"), dtype=np.uint8)
    for place in range(k):  # a base stands later in its earlier words, so these are written last
        known = letters[:, place] != ord("N")
        joined[starts[known] + place] = letters[known, place]
    return joined.tobytes().decode()
