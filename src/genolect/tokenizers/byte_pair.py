"""Byte-pair tokens: words of different lengths, learned from the genome itself.

Legend: L bases of a sequence, N tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genolect.errors import InputError, shown
from genolect.sequence import alphabet
from genolect.sequence.alphabet import LETTERS, Bases, N
from genolect.tokenizers.byte_pair_merging import BytePairEncoding
from genolect.tokenizers.tokenizer import MASK, PADDING, Spans, TokenIds, hash_of
from genolect.tokenizers.tokenizer_json import normalizer, special_tokens

Merge = tuple[str, str]

MOST_TOKENS = 1 << 15
MOST_LETTERS = 4_000_000
"""Of all tokens together."""
MASKS = (MASK, "<mask>")
PADDINGS = (PADDING, "<pad>")
HARMLESS = {"Whitespace", "WhitespaceSplit", "NFC", "NFD", "NFKC", "NFKD", "Strip", "StripAccents"}
"""Steps before the merges that leave upper-case letters without spaces as they are."""
OFF = {
    "dropout": (None, 0, 0.0),
    "continuing_subword_prefix": (None, ""),
    "end_of_word_suffix": (None, ""),
    "byte_fallback": (None, False),
    "ignore_merges": (None, False),
}
"""Options of the model, and the values under which they do nothing."""


@dataclass(frozen=True)
class BytePairLayout:
    """Words, ids and merges.

    Attributes
    ----------
    vocabulary : mapping of str to int
        Every token and its id, 0 … V-1 in order.
    merges : tuple of tuple of str
        The two tokens of each merge, earliest first.
    mask, padding : str
        Special tokens.
    unknown : str
        The token that stands for N: ``N`` itself, or for example ``[UNK]``.
    fused : bool
        Whether a run of N is one such token instead of one per base.
    """

    vocabulary: Mapping[str, int]
    merges: tuple[Merge, ...]
    mask: str = MASK
    padding: str = PADDING
    unknown: str = LETTERS[N]
    fused: bool = False


def own_layout(merges: Iterable[Merge]) -> BytePairLayout:
    """Lay out learned merges: A C G T, the merged tokens in order of learning, N, and the special tokens.

    Parameters
    ----------
    merges : iterable of tuple of str
        The two tokens of each merge, earliest first.

    Returns
    -------
    BytePairLayout
        The layout.

    Raises
    ------
    InputError
        If the merges name tokens that there are not, or make one twice.

    Examples
    --------
    >>> list(own_layout([("T", "A"), ("TA", "TA")]).vocabulary)
    ['A', 'C', 'G', 'T', 'TA', 'TATA', 'N', '[MASK]', '[PAD]']
    """
    merges = tuple(merges)
    words = [*LETTERS[:N], *map("".join, merges), LETTERS[N], MASK, PADDING]
    layout = BytePairLayout(dict(zip(words, range(len(words)), strict=True)), merges)
    _check_merges(layout, None)
    return layout


def byte_pair_layout(content: Mapping[str, Any], path: Path | None = None) -> BytePairLayout:
    """Read the layout from the content of a ``tokenizer.json``.

    Parameters
    ----------
    content : mapping
        What the file holds.
    path : Path, optional
        The file, for messages.

    Returns
    -------
    BytePairLayout
        The layout, with the file's ids.

    Raises
    ------
    InputError
        If it is no byte-pair tokenizer of DNA, or is damaged; the message names the fault.

    Examples
    --------
    >>> vocabulary = {word: number for number, word in enumerate(["[UNK]", "[PAD]", "[MASK]", *"ACGT", "TA"])}
    >>> model = {"type": "BPE", "vocab": vocabulary, "merges": ["T A"], "unk_token": "[UNK]"}
    >>> byte_pair_layout({"model": model}).unknown
    '[UNK]'
    """
    model = content.get("model")
    if not isinstance(model, dict) or model.get("type") != "BPE":
        raise _refusal("no byte-pair model (model.type BPE)", path)
    for option, values in OFF.items():
        if model.get(option) not in values:
            raise _refusal(f"model.{option} is {shown(model[option])}, which genolect does not do", path)
    _check_steps(content, path)
    vocabulary = _vocabulary_of(content, model, path)
    letter = LETTERS[N]
    unknown = letter if letter in vocabulary else str(model.get("unk_token"))
    if unknown not in vocabulary or (is_sequence(unknown) and unknown != letter):
        raise _refusal(
            f"there is no token for N: neither N nor model.unk_token {shown(unknown)} has an id of its own", path
        )
    layout = BytePairLayout(
        vocabulary,
        tuple(_merges_of(model, path)),
        mask=_first_of(MASKS, vocabulary, path),
        padding=_first_of(PADDINGS, vocabulary, path),
        unknown=unknown,
        fused=bool(model.get("fuse_unk")) and unknown != letter,
    )
    _check_merges(layout, path)
    return layout


def is_sequence(word: str) -> bool:
    """Whether a token is made of the letters A C G T N; the others are special tokens.

    Examples
    --------
    >>> is_sequence("TATA"), is_sequence("[MASK]")
    (True, False)
    """
    return bool(word) and not word.strip(LETTERS)


def _refusal(what: str, path: Path | None) -> InputError:
    return InputError(what, fix="give the tokenizer.json of a byte-pair tokenizer of DNA, whole", path=path)


def _check_steps(content: Mapping[str, Any], path: Path | None) -> None:
    """Refuse what would change or cut upper-case letters before they are merged."""
    for key, inner in (("normalizer", "normalizers"), ("pre_tokenizer", "pretokenizers")):
        waiting = [content.get(key)]
        while waiting:
            step = waiting.pop()
            if step is None:
                continue
            kind = str(step.get("type")) if isinstance(step, dict) else ""
            if kind == "Sequence" and isinstance(step.get(inner), list):
                waiting += step[inner]
            elif kind not in HARMLESS and not (kind == "Replace" and _replaces_no_base(step)):
                raise _refusal(f"{key} {shown(kind)} changes or cuts the letters, which genolect does not do", path)


def _replaces_no_base(step: dict[str, Any]) -> bool:
    pattern = step.get("pattern")
    given = pattern.get("String") if isinstance(pattern, dict) else None
    return isinstance(given, str) and bool(given) and not set(given) & set(LETTERS)


def _vocabulary_of(content: Mapping[str, Any], model: dict[str, Any], path: Path | None) -> dict[str, int]:
    """Words by id; special tokens may stand in the model's vocabulary, among the added tokens, or in both."""
    found = model.get("vocab")
    added = content.get("added_tokens") or []
    if not isinstance(found, dict) or not isinstance(added, list):
        raise _refusal("model.vocab is no object, or added_tokens is no list", path)
    vocabulary = dict(found)
    for token in added:
        word, number = (token.get("content"), token.get("id")) if isinstance(token, dict) else (None, None)
        if not isinstance(word, str) or vocabulary.setdefault(word, number) != number:
            raise _refusal(f"added token {shown(word)} has no text, or two ids", path)
        if is_sequence(word) and word != LETTERS[N]:
            raise _refusal(f"added token {shown(word)} is cut out before the merges, which genolect does not do", path)
    if len(vocabulary) > MOST_TOKENS or sum(map(len, vocabulary)) > MOST_LETTERS:
        raise _refusal(f"{len(vocabulary):,} tokens are more, or longer, than genolect can hold", path)
    wrong = [word for word, number in vocabulary.items() if type(number) is not int]
    if wrong:
        raise _refusal(f"the id of token {shown(wrong[0])} is no whole number", path)
    ordered = sorted(vocabulary.items(), key=lambda item: item[1])
    for expected, (word, number) in enumerate(ordered):
        if number != expected:
            what = f"token {shown(word)} has id {number} where {expected} is next: ids are missing or stand twice"
            raise _refusal(what, path)
    return dict(ordered)


def _merges_of(model: dict[str, Any], path: Path | None) -> Iterable[Merge]:
    merges = model.get("merges")
    if not isinstance(merges, list):
        raise _refusal("model.merges is no list", path)
    for number, merge in enumerate(merges, 1):
        halves = merge.split(" ") if isinstance(merge, str) else merge
        match halves:
            case [str(first), str(second)]:
                yield first, second
            case _:
                raise _refusal(f"merge {number:,} is {shown(merge)}, not two tokens", path)


def _first_of(words: tuple[str, ...], vocabulary: Mapping[str, int], path: Path | None) -> str:
    for word in words:
        if word in vocabulary:
            return word
    raise _refusal(f"there is no token {' or '.join(words)}", path)


def _check_merges(layout: BytePairLayout, path: Path | None) -> None:
    """Make sure that every token of letters is a base, or is made once, from tokens that were there before."""
    words = [word for word in layout.vocabulary if word not in (layout.mask, layout.padding, layout.unknown)]
    merges = {first + second for first, second in layout.merges}
    known = {letter for letter in LETTERS if letter in layout.vocabulary}
    if missing := sorted(set(LETTERS[:N]) - known):
        raise _refusal(f"base {' '.join(missing)} has no id", path)
    for number, (first, second) in enumerate(layout.merges, 1):
        for half in (first, second):
            if half not in known:
                raise _refusal(f"merge {number:,} needs {shown(half)}, which is no base and not made by then", path)
        if first + second in known:
            raise _refusal(f"merge {number:,} makes {shown(first + second)} a second time", path)
        if first + second not in layout.vocabulary:
            raise _refusal(f"merge {number:,} makes {shown(first + second)}, which has no id", path)
        known.add(first + second)
    for word in words:
        if is_sequence(word) and len(word) > 1 and word not in merges:
            raise _refusal(f"no merge makes token {shown(word)}", path)
        if not is_sequence(word) and not _is_special(word):
            raise _refusal(f"token {shown(word)} has other letters than {' '.join(LETTERS)}", path)


def _is_special(word: str) -> bool:
    """Whether a word is marked as special: ``[CLS]`` or ``<s>``."""
    return word[:1] + word[-1:] in ("[]", "<>")


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
        return cls(layout=byte_pair_layout(content, path))

    def _heads(self, tokens: npt.NDArray[np.uint16]) -> npt.NDArray[np.bool_]:
        """Whether each token has an id of its own: where runs of N are one, only the first of each has."""
        heads = np.ones(len(tokens), dtype=np.bool_)
        if self.layout.fused:
            unknown = tokens == alphabet.N
            heads[1:] = ~(unknown[1:] & unknown[:-1])
        return heads
