"""What every tokenizer can do; one file per tokenizer, and a choice between them in `tokenizers.reading`.

Legend: L bases of a sequence, N tokens.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from genolect.sequence.alphabet import Bases

MASK = "[MASK]"
PADDING = "[PAD]"

TokenIds = npt.NDArray[np.unsignedinteger[Any]]
Spans = npt.NDArray[np.int64]


class Tokenizer(Protocol):
    """Letters to integers and back, with the map between bases and tokens.

    Attributes
    ----------
    kind : str
        Which tokenizer: ``nucleotide``, ``kmer``, ``byte_pair``, ``codon`` …
    vocabulary : mapping of str to int
        Every token and its id, ids 0 … V-1 in order.
    targets : range
        Ids that can be predicted; tokens with N and special tokens never are.
    mask_id, padding_id : int
        Special tokens.
    """

    kind: str

    @property
    def vocabulary(self) -> Mapping[str, int]:
        """Every token and its id."""
        ...

    @property
    def parameters(self) -> Mapping[str, int]:
        """What makes it, beside its kind and vocabulary: k, stride, genetic code; empty for most."""
        ...

    @property
    def targets(self) -> range:
        """Ids that can be predicted."""
        ...

    @property
    def mask_id(self) -> int:
        """Stand for a token that is hidden."""
        ...

    @property
    def padding_id(self) -> int:
        """Fill a row behind its last token."""
        ...

    @property
    def content_hash(self) -> str:
        """SHA-256 of everything that decides the ids: two tokenizers with equal hashes are interchangeable."""
        ...

    def encode(self, bases: Bases, /) -> TokenIds:
        """Turn base codes, shape (L,), into token ids, shape (N,); the soft-mask is ignored."""
        ...

    def spans(self, bases: Bases, /) -> Spans:
        """Give the bases that each token of ``encode(bases)`` covers: shape (N, 2), 0-based half-open."""
        ...

    def decode(self, ids: npt.ArrayLike, /) -> str:
        """Turn token ids into letters."""
        ...

    def reverse_complement(self, ids: TokenIds, /) -> TokenIds:
        """Give the ids of the other strand: exact where token by token is, otherwise by tokenizing its letters."""
        ...

    def to_ecosystem(self) -> dict[str, Any]:
        """Give the content of a ``tokenizer.json`` that the ``tokenizers`` library loads with the same ids."""
        ...


def hash_of(kind: str, content: Any) -> str:
    """Hash what decides the ids of a tokenizer.

    Parameters
    ----------
    kind : str
        Which tokenizer.
    content : JSON types
        Vocabulary, merges, stride and the like.

    Returns
    -------
    str
        SHA-256 in hexadecimal digits.

    Examples
    --------
    >>> hash_of("toy", {"A": 0}) == hash_of("toy", {"A": 1})
    False
    """
    return hashlib.sha256(json.dumps([kind, content], sort_keys=True).encode()).hexdigest()


class Frame(NamedTuple):
    """Token ids around a sequence.

    Attributes
    ----------
    before : tuple of int
        What stands before its first token; its hidden state may stand for the whole sequence.
    after : tuple of int
        What stands behind its last.
    """

    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()


def frame_of(vocabulary: Mapping[str, int]) -> Frame:
    """Find the frame in a vocabulary.

    Parameters
    ----------
    vocabulary : mapping of str to int
        Every token and its id.

    Returns
    -------
    Frame
        [CLS] and [SEP] where it has both, otherwise <cls> alone where it has that, otherwise nothing.

    Examples
    --------
    >>> frame_of({"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "A": 3})
    Frame(before=(1,), after=(2,))
    >>> frame_of({"A": 0, "C": 1})
    Frame(before=(), after=())
    """
    if {"[CLS]", "[SEP]"} <= vocabulary.keys():
        return Frame((vocabulary["[CLS]"],), (vocabulary["[SEP]"],))
    return Frame((vocabulary["<cls>"],)) if "<cls>" in vocabulary else Frame()


_PROBE_BASES = 64


def stride_of_overlap(tokenizer: Tokenizer) -> int | None:
    """Give the bases from one overlapping word to the next.

    Parameters
    ----------
    tokenizer : Tokenizer
        Any.

    Returns
    -------
    int or None
        New bases of each word; None where words stand side by side.

    Examples
    --------
    >>> from genolect.tokenizers.kmer import KmerTokenizer
    >>> [stride_of_overlap(KmerTokenizer(3, stride)) for stride in (1, 2, 3)]
    [1, 2, None]
    """
    first, second = tokenizer.spans(np.zeros(_PROBE_BASES, dtype=np.uint8))[:2]
    return int(second[0] - first[0]) if second[0] < first[1] else None
