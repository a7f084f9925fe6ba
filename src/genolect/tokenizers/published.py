"""Vocabularies of words that other models were trained with, read with their ids: DNABERT, Nucleotide Transformer.

Sources: DNABERT, Ji et al. 2021, doi:10.1093/bioinformatics/btab083; Nucleotide Transformer, Dalla-Torre et al. 2024,
doi:10.1038/s41592-024-02523-z.

Legend: L bases of a sequence, T tokens, k bases per word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genolect.errors import InputError, shown
from genolect.sequence.alphabet import BASE_BITS, IUPAC, LETTERS, Bases, N, encode, reverse_complement
from genolect.sequence.source import Source, opened, text_lines
from genolect.tokenizers.kmer import LONGEST, KmerTokenizer, join_words
from genolect.tokenizers.tokenizer import Spans, TokenIds, hash_of
from genolect.tokenizers.tokenizer_json import AT_SPACES, UPPER_CASE, word_file

_RESTORE = "take the file from the model's own folder, whole and unchanged"


class DnabertTokenizer:
    """DNABERT's overlapping k-mers, one token per base but the last k - 1, with its ids.

    A window that holds an N is [UNK], as in DNABERT. [CLS] and [SEP] are in the vocabulary; `encode` does not add them.

    Parameters
    ----------
    words : sequence of str
        Every token in the order of the ids: the five special tokens and all 4^k words, these side by side.

    Raises
    ------
    InputError
        If a token is missing, twice there or unknown; `line` is its 1-based place.

    Examples
    --------
    >>> from itertools import product
    >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map("".join, product("ATCG", repeat=3))]
    >>> tokenizer = DnabertTokenizer(words)
    >>> [words[token] for token in tokenizer.encode(encode("ATGCTNG"))]
    ['ATG', 'TGC', 'GCT', '[UNK]', '[UNK]']
    """

    kind = "dnabert"
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.vocabulary = _checked(self.words, self.special, "")
        self.k = max(len(word) for word in self.vocabulary.keys() - set(self.special))
        self.padding_id, self.unknown_id, _, _, self.mask_id = (self.vocabulary[word] for word in self.special)
        self._ours = KmerTokenizer(self.k, 1)
        numbered = self._ours.words[: 4**self.k]
        self.targets = _side_by_side(self.vocabulary, numbered)
        theirs = [self.vocabulary[word] for word in numbered] + [self.unknown_id]
        self._theirs: TokenIds = np.array(theirs, dtype=np.min_scalar_type(len(self.words) - 1))

    @property
    def parameters(self) -> dict[str, int]:
        """See `Tokenizer`."""
        return {}

    @cached_property
    def content_hash(self) -> str:
        """See `Tokenizer`."""
        return hash_of(self.kind, self.vocabulary)

    def encode(self, bases: Bases) -> TokenIds:
        """Turn base codes, shape (..., L), into token ids, shape (..., T); the soft-mask is ignored."""
        return self._theirs[self._ours.encode(bases)]

    def spans(self, bases: Bases) -> Spans:
        """Give the bases that each token covers: shape (T, 2), 0-based half-open."""
        return self._ours.spans(bases)

    def decode(self, ids: npt.ArrayLike) -> str:
        """Turn token ids into letters as `KmerTokenizer.decode`; [UNK] stands for a window with N."""
        unknown = self.words[self.unknown_id]
        words = ["N" * self.k if (word := self.words[token]) == unknown else word for token in np.asarray(ids)]
        return join_words(words, k=self.k, stride=1, special=self.special)

    def reverse_complement(self, ids: TokenIds) -> TokenIds:
        """Give the ids of the other strand: exact, and equal to tokenizing the other strand."""
        partners = np.arange(len(self.words), dtype=self._theirs.dtype)
        ours = np.arange(4**self.k, dtype=np.min_scalar_type(4**self.k))[:, None]
        partners[self._theirs[ours]] = self._theirs[self._ours.reverse_complement(ours)]
        return partners[ids[..., ::-1]]

    def to_ecosystem(self) -> dict[str, Any]:
        """Give the content of a ``tokenizer.json``; it takes k-mer text, as DNABERT's own files do."""
        return word_file(self.vocabulary, AT_SPACES, unknown=self.words[self.unknown_id], special=self.special)


class NucleotideTransformerTokenizer:
    """Nucleotide Transformer's 6-mers side by side, with its ids.

    Words are cut from the left; an N is a token of its own and words begin anew after it; what is left before an N or
    the end, fewer than 6 bases, becomes single letters. So every base is in exactly one token. ``<cls>`` is in the
    vocabulary; `encode` does not add it.

    Parameters
    ----------
    words : sequence of str
        Every token in the order of the ids: the special tokens, all 6-mers and the letters A C G T side by side, N.
        The first version of the models has four special tokens, the second also ``<eos>`` and ``<bos>``.

    Raises
    ------
    InputError
        If a token is missing, twice there or unknown; `line` is its 1-based place.

    Examples
    --------
    >>> from itertools import product
    >>> special = ["<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>"]
    >>> tokenizer = NucleotideTransformerTokenizer([*special, *map("".join, product("ATCG", repeat=6)), *"ATCGN"])
    >>> [tokenizer.words[token] for token in tokenizer.encode(encode("ATTCCGACNTT"))]
    ['ATTCCG', 'A', 'C', 'N', 'T', 'T']
    """

    kind = "nucleotide_transformer"
    special: tuple[str, ...] = ("<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>")
    second_version = ("<eos>", "<bos>")
    k = 6

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        if not set(self.words) & set(self.second_version):
            self.special = self.special[:4]
        self.vocabulary = _checked(self.words, self.special, LETTERS, k=self.k)
        self.unknown_id, self.padding_id, self.mask_id = (self.vocabulary[word] for word in self.special[:3])
        self._ours = KmerTokenizer(self.k, 1)
        numbered = self._ours.words[: 4**self.k]
        self.targets = _side_by_side(self.vocabulary, [*numbered, *LETTERS[:N]])
        kind = np.min_scalar_type(len(self.words) - 1)
        self._words: TokenIds = np.array([self.vocabulary[word] for word in numbered], dtype=kind)
        self._letters: TokenIds = np.array([self.vocabulary[letter] for letter in LETTERS], dtype=kind)

    @property
    def parameters(self) -> dict[str, int]:
        """See `Tokenizer`."""
        return {}

    @cached_property
    def content_hash(self) -> str:
        """See `Tokenizer`."""
        return hash_of(self.kind, self.vocabulary)

    def encode(self, bases: Bases) -> TokenIds:
        """Turn base codes, shape (L,), into token ids, shape (T,); the soft-mask is ignored."""
        starts, is_word = self._cut(bases)
        ids: TokenIds = self._letters[bases[starts] & BASE_BITS]
        if is_word.any():
            ids[is_word] = self._words[self._ours.encode(bases)[starts[is_word]]]
        return ids

    def spans(self, bases: Bases) -> Spans:
        """Give the bases that each token covers: shape (T, 2), 0-based half-open."""
        starts, is_word = self._cut(bases)
        return np.stack([starts, starts + np.where(is_word, self.k, 1)], axis=1)

    def decode(self, ids: npt.ArrayLike) -> str:
        """Turn token ids into letters."""
        return "".join(self.words[token] for token in np.asarray(ids))

    def reverse_complement(self, ids: TokenIds) -> TokenIds:
        """Give the ids of the other strand, shape (T,): its letters are tokenized anew between special tokens."""
        parts = []
        for apart, run in groupby(ids[::-1].tolist(), key=lambda token: self.words[token] in self.special):
            tokens = list(run)
            if not apart:
                tokens = self.encode(reverse_complement(encode(self.decode(tokens[::-1])))).tolist()
            parts += tokens
        return np.array(parts, dtype=self._words.dtype)

    def to_ecosystem(self) -> dict[str, Any]:
        """Give the content of a ``tokenizer.json`` that the ``tokenizers`` library loads with the same ids."""
        words = {"Regex": f"[{LETTERS[:N]}]{{{self.k}}}|."}
        pieces = {"type": "Split", "pattern": words, "behavior": "Removed", "invert": True}
        to_n = dict.fromkeys(IUPAC + IUPAC.lower(), LETTERS[N])
        unknown = self.words[self.unknown_id]
        return word_file(self.vocabulary, pieces, unknown=unknown, special=self.special, replaced=UPPER_CASE | to_n)

    def _cut(self, bases: Bases) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        """Give each token's first base, and whether the token is a word or a single letter."""
        if bases.ndim != 1:
            raise ValueError(f"an array of shape {bases.shape} is not one sequence; tokenize its rows one by one")
        known = (bases & BASE_BITS) != N
        edges = np.flatnonzero(np.diff(known, prepend=False, append=False))
        starts, lengths = edges[::2], edges[1::2] - edges[::2]
        words = lengths // self.k
        number_in_run = np.arange(words.sum()) - np.repeat(np.cumsum(words) - words, words)
        word_starts = np.repeat(starts, words) + self.k * number_in_run
        single = np.ones(len(bases), dtype=bool)
        single[(word_starts[:, None] + np.arange(self.k)).ravel()] = False
        is_word = np.zeros(len(bases), dtype=bool)
        is_word[word_starts] = True
        tokens = np.flatnonzero(single | is_word)
        return tokens, is_word[tokens]


def read_words(source: Source | Path | str) -> DnabertTokenizer | NucleotideTransformerTokenizer:
    r"""Read the ``vocab.txt`` of DNABERT (k = 3 to 6) or Nucleotide Transformer; which of them, its first line tells.

    Parameters
    ----------
    source : Source, Path or str
        The file: one token per line, in the order of the ids.

    Returns
    -------
    DnabertTokenizer or NucleotideTransformerTokenizer
        The tokenizer, with the file's ids.

    Raises
    ------
    InputError
        If it is neither, or a token is missing, twice there or unknown, with its line.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"ATCG"]).encode()), file.flush()
    ...     read_words(file.name).targets
    range(5, 9)
    """
    source = opened(source)
    words = [word for _, word in text_lines(source)]
    makers = (DnabertTokenizer, NucleotideTransformerTokenizer)
    maker = next((maker for maker in makers if words and words[0] in maker.special), None)
    if maker is None:
        what = f"the first token {shown(words[0] if words else '')} is neither DNABERT's nor Nucleotide Transformer's"
        raise InputError(what, fix="give the vocab.txt of one of them", path=source.name, line=1)
    try:
        return maker(words)
    except InputError as error:
        raise InputError(error.what, fix=error.fix, path=source.name, line=error.line) from error


def _checked(words: Sequence[str], special: Sequence[str], letters: str, *, k: int = 0) -> dict[str, int]:
    """Give the vocabulary, complete and with nothing in it twice; k is that of the first word where it is not given."""
    vocabulary: dict[str, int] = {}
    for line, word in enumerate(words, 1):
        if word in vocabulary:
            what = f"the token {shown(word)} appears again; it is already on line {vocabulary[word] + 1}"
            raise InputError(what, fix=_RESTORE, line=line)
        vocabulary[word] = line - 1
        if word in special or (k and word in [*letters]):
            continue
        k = k or min(len(word), LONGEST)
        if not word or len(word) != k or not set(word) <= set(LETTERS[:N]):
            what = f"the token {shown(word)} is neither a word of {k} bases nor one of {' '.join([*special, *letters])}"
            raise InputError(what, fix=_RESTORE, line=line)
    every = [*special, *(KmerTokenizer(k, 1).words[: 4**k] if k else ()), *letters]
    if missing := [word for word in every if word not in vocabulary]:
        share = f"{len(missing):,} of {len(every):,}"
        what = f"the vocabulary is incomplete: {share} tokens are missing, {shown(missing[0])} first"
        raise InputError(what, fix=_RESTORE, line=len(words))
    if not k:
        raise InputError("the vocabulary has no words", fix=_RESTORE, line=len(words))
    return vocabulary


def _side_by_side(vocabulary: Mapping[str, int], predictable: Sequence[str]) -> range:
    """Give the ids of the tokens that can be predicted; they must follow one another."""
    ids = [vocabulary[word] for word in predictable]
    targets = range(min(ids), max(ids) + 1)
    if len(targets) != len(ids):
        stranger = next(word for word, token in vocabulary.items() if token in targets and token not in set(ids))
        what = f"the token {shown(stranger)} stands between the words"
        raise InputError(what, fix=_RESTORE, line=vocabulary[stranger] + 1)
    return targets
