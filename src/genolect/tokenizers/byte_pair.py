"""Byte-pair tokens: words of different lengths, learned from the genome itself.

Legend: L bases of a sequence, N tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genolect.sequence import alphabet
from genolect.sequence.alphabet import LETTERS, Bases
from genolect.tokenizers.byte_pair_encoding import BytePairEncoding
from genolect.tokenizers.byte_pair_layout import BytePairLayout, Merge, is_sequence, layout_of, own_layout
from genolect.tokenizers.ecosystem import normalizer, special_tokens
from genolect.tokenizers.tokenizer import Spans, TokenIds, hash_of
from genolect.tokenizers.tokenizer_json import read_tokenizer_json


class BytePairTokenizer:
    """Words of the genome: A C G T, merged tokens in order of learning, N, [MASK] and [PAD].

    Every N is a token of its own, and no token reaches across one. Tokens near the ends of a window depend on where it
    ends; in its middle they do not.

    Parameters
    ----------
    merges : iterable of tuple of str, optional
        The two tokens of each merge, as `learn_merges` gives them.
    layout : BytePairLayout, optional
        Words, ids and merges of a tokenizer from elsewhere, instead.

    Attributes
    ----------
    layout : BytePairLayout
        Words, ids and merges.
    mask_id, padding_id : int
        Special tokens.

    Raises
    ------
    InputError
        If the merges name tokens that there are not, or make one twice.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> tokenizer = BytePairTokenizer([("T", "A"), ("TA", "TA")])
    >>> tokenizer.encode(encode("TATATAgNN")).tolist(), tokenizer.spans(encode("TATAC")).tolist()
    ([5, 4, 2, 6, 6], [[0, 4], [4, 5]])
    >>> tokenizer.decode([5, 7, 1])
    'TATA[MASK]C'
    """

    kind = "byte_pair"

    def __init__(self, merges: Iterable[Merge] = (), *, layout: BytePairLayout | None = None) -> None:
        self.layout = own_layout(merges) if layout is None else layout
        self.mask_id = self.vocabulary[self.layout.mask]
        self.padding_id = self.vocabulary[self.layout.padding]
        self._encoding = BytePairEncoding(self.layout.merges)
        unknown = self.vocabulary[self.layout.unknown]
        ids = [self.vocabulary.get(word, unknown) for word in self._encoding.words]
        self._ids = np.array(ids, dtype=np.uint16)
        self._words = list(self.vocabulary)

    @property
    def vocabulary(self) -> Mapping[str, int]:
        """Every token and its id, ids 0 … V-1 in order."""
        return self.layout.vocabulary

    @property
    def parameters(self) -> dict[str, int]:
        """See `Tokenizer`."""
        return {}

    @property
    def targets(self) -> range:
        """Ids from the first to the last token of A C G T: in a layout from elsewhere, N may stand among them."""
        ids = [number for word, number in self.vocabulary.items() if is_sequence(word) and LETTERS[-1] not in word]
        return range(min(ids), max(ids) + 1)

    @property
    def content_hash(self) -> str:
        """SHA-256 of everything that decides the ids."""
        layout = self.layout
        special = [layout.mask, layout.padding, layout.unknown, layout.fused]
        return hash_of(self.kind, [dict(layout.vocabulary), layout.merges, special])

    def encode(self, bases: Bases, *, threads: int = 1) -> npt.NDArray[np.uint16]:
        """Turn base codes into token ids; the soft-mask is ignored.

        Parameters
        ----------
        bases : ndarray of uint8, shape (L,)
            Base codes.
        threads : int
            Cores to use, for stretches beyond a million bases.

        Returns
        -------
        ndarray of uint16, shape (N,)
            Token ids, no special tokens added.
        """
        tokens = self._encoding.encode(bases, threads=threads)
        return self._ids[tokens[self._heads(tokens)] if self.layout.fused else tokens]

    def spans(self, bases: Bases, *, threads: int = 1) -> Spans:
        """Give the bases that each token covers.

        Parameters
        ----------
        bases : ndarray of uint8, shape (L,)
            Base codes.
        threads : int
            As for `encode`.

        Returns
        -------
        ndarray of int64, shape (N, 2)
            Start and end per token, 0-based half-open.
        """
        tokens = self._encoding.encode(bases, threads=threads)
        lengths = self._encoding.lengths[tokens]
        starts = (lengths.cumsum() - lengths)[self._heads(tokens)]
        return np.stack([starts, np.append(starts[1:], len(bases))[: len(starts)]], axis=1)

    def decode(self, ids: npt.ArrayLike) -> str:
        """Turn token ids into text."""
        return "".join(self._words[token] for token in np.asarray(ids).tolist())

    def reverse_complement(self, ids: TokenIds) -> npt.NDArray[np.uint16]:
        """Give the ids of the other strand, by tokenizing its letters; special tokens stay whole.

        Parameters
        ----------
        ids : ndarray, shape (N,)
            Token ids.

        Returns
        -------
        ndarray of uint16
            Token ids; their number may differ, for a word is seldom a word on the other strand.

        Examples
        --------
        >>> tokenizer = BytePairTokenizer([("G", "A")])
        >>> tokenizer.reverse_complement(np.array([4, 4]))
        array([3, 1, 3, 1], dtype=uint16)
        """
        parts: list[npt.NDArray[np.uint16]] = []
        letters = ""
        for token in [*np.asarray(ids).tolist(), None]:
            word = None if token is None else self._words[token]
            if word == self.layout.unknown:
                word = LETTERS[-1]
            if word is not None and is_sequence(word):
                letters += word
                continue
            parts.append(self.encode(alphabet.reverse_complement(alphabet.encode(letters))))
            letters = ""
            if token is not None:
                parts.append(np.array([token], dtype=np.uint16))
        return np.concatenate(parts[::-1])

    def to_ecosystem(self) -> dict[str, Any]:
        """Give the content of a ``tokenizer.json`` that the ``tokenizers`` library loads with the same ids.

        Returns
        -------
        dict
            Vocabulary and merges, and the rules for lower case, U and ambiguity codes; no special tokens are added to a
            sequence.
        """
        layout = self.layout
        special = {word: number for word, number in self.vocabulary.items() if not is_sequence(word)}
        return {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": special_tokens(special),
            "normalizer": normalizer(),
            "pre_tokenizer": None,
            "post_processor": None,
            "decoder": {"type": "Fuse"},
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": layout.unknown,
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": layout.fused,
                "byte_fallback": False,
                "ignore_merges": False,
                "vocab": dict(self.vocabulary),
                "merges": [f"{first} {second}" for first, second in layout.merges],
            },
        }

    @classmethod
    def from_ecosystem(cls, content: Mapping[str, Any], path: Path | None = None) -> BytePairTokenizer:
        """Make a tokenizer from the content of a ``tokenizer.json``, ours or someone else's.

        Parameters
        ----------
        content : mapping
            What the file holds.
        path : Path, optional
            The file, for messages.

        Returns
        -------
        BytePairTokenizer
            A tokenizer with the file's ids.

        Raises
        ------
        InputError
            If it is no byte-pair tokenizer of DNA, or is damaged; the message names the fault.

        Examples
        --------
        >>> content = BytePairTokenizer([("T", "A")]).to_ecosystem()
        >>> BytePairTokenizer.from_ecosystem(content).decode([4, 5])
        'TAN'
        """
        return cls(layout=layout_of(content, path))

    def _heads(self, tokens: npt.NDArray[np.uint16]) -> npt.NDArray[np.bool_]:
        """Whether each token has an id of its own: where runs of N are one, only the first of each has."""
        heads = np.ones(len(tokens), dtype=np.bool_)
        if self.layout.fused:
            unknown = tokens == alphabet.N
            heads[1:] = ~(unknown[1:] & unknown[:-1])
        return heads


def read_byte_pair(path: Path) -> BytePairTokenizer:
    """Read a byte-pair tokenizer from a ``tokenizer.json``.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    BytePairTokenizer
        A tokenizer with the file's ids.

    Raises
    ------
    InputError
        If it is no byte-pair tokenizer of DNA, or is damaged; the message names the fault.

    Examples
    --------
    >>> import json
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "tokenizer.json")
    ...     _ = path.write_text(json.dumps(BytePairTokenizer([("T", "A")]).to_ecosystem()))
    ...     read_byte_pair(path).decode([4])
    'TA'
    """
    return BytePairTokenizer.from_ecosystem(read_tokenizer_json(path), path)
