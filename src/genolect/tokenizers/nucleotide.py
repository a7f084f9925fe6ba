"""Single-nucleotide tokens: one token per base, ids equal to base codes.

Legend: L bases of a sequence.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from genolect.sequence.alphabet import BASE_BITS, LETTERS, Bases, N
from genolect.tokenizers.tokenizer import MASK, PADDING, Spans, TokenIds, hash_of
from genolect.tokenizers.tokenizer_json import every, word_file

VOCABULARY = {**{letter: code for code, letter in enumerate(LETTERS)}, MASK: N + 1, PADDING: N + 2}
TARGETS = range(N)
"""Ids of the four bases; N and the special tokens are never predicted."""


class NucleotideTokenizer:
    """One token per base: A C G T N [MASK] [PAD] = 0 … 6.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> tokenizer = NucleotideTokenizer()
    >>> tokenizer.encode(encode("ACgtN")).tolist()
    [0, 1, 2, 3, 4]
    >>> tokenizer.decode([0, 5, 3])
    'A[MASK]T'
    """

    kind = "nucleotide"
    vocabulary = VOCABULARY
    mask_id = VOCABULARY[MASK]
    padding_id = VOCABULARY[PADDING]
    targets = TARGETS

    @property
    def parameters(self) -> dict[str, int]:
        """See `Tokenizer`."""
        return {}

    def encode(self, bases: Bases) -> TokenIds:
        """Turn base codes into token ids; the soft-mask is dropped.

        Parameters
        ----------
        bases : ndarray of uint8, shape (..., L)
            Base codes.

        Returns
        -------
        ndarray of uint8, shape (..., L)
            Token ids.
        """
        return bases & np.uint8(BASE_BITS)

    def decode(self, ids: npt.ArrayLike) -> str:
        """Turn token ids into text."""
        words = list(self.vocabulary)
        return "".join(words[token] for token in np.asarray(ids))

    def spans(self, bases: Bases) -> Spans:
        """Give the bases that each token covers.

        Parameters
        ----------
        bases : ndarray of uint8, shape (L,)
            Base codes.

        Returns
        -------
        ndarray of int64, shape (L, 2)
            Start and end per token, 0-based half-open.
        """
        starts = np.arange(len(bases))
        return np.stack([starts, starts + 1], axis=1)

    def reverse_complement(self, ids: TokenIds) -> TokenIds:
        """Give the ids of the other strand: exact, and equal to tokenizing the other strand."""
        partner = np.array([3, 2, 1, 0, *range(N, len(self.vocabulary))], dtype=np.uint8)
        return partner[ids[..., ::-1]]

    @property
    def content_hash(self) -> str:
        """SHA-256 of the token-to-id map; two tokenizers with equal hashes are interchangeable."""
        return hash_of(self.kind, self.vocabulary)

    def to_ecosystem(self) -> dict[str, Any]:
        """Give the content of a ``tokenizer.json`` that the ``tokenizers`` library loads with the same ids."""
        return word_file(self.vocabulary, every(1), unknown=LETTERS[N], special=(MASK, PADDING))
