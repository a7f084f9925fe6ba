"""The ecosystem's ``tokenizer.json``: what all tokenizers write into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genolect.sequence.alphabet import LETTERS

UPPER_CASE = {letter.lower(): letter for letter in LETTERS} | {"U": "T", "u": "T"}
"""Letters of a nucleotide sequence that are read as others; IUPAC codes are left to the unknown word."""


def every(count: int) -> dict[str, Any]:
    """Cut text into pieces of so many letters; a shorter rest, at the end or before a special token, is dropped.

    Parameters
    ----------
    count : int
        Letters per piece.

    Returns
    -------
    dict
        A pre-tokenizer.

    Examples
    --------
    >>> every(3)["pattern"]
    {'Regex': '.{3}'}
    """
    return {"type": "Split", "pattern": {"Regex": f".{{{count}}}"}, "behavior": "Removed", "invert": True}


AT_SPACES: dict[str, Any] = {"type": "WhitespaceSplit"}


def normalizer(replaced: Mapping[str, str] = UPPER_CASE) -> dict[str, Any]:
    """Give the normalizer that reads letters as genolect does: soft-masked ones too, and U as T.

    Parameters
    ----------
    replaced : mapping of str to str
        Letters that are read as others.

    Returns
    -------
    dict
        Content for the key ``normalizer``.

    Examples
    --------
    >>> normalizer()["normalizers"][0]
    {'type': 'Replace', 'pattern': {'String': 'a'}, 'content': 'A'}
    """
    steps = [{"type": "Replace", "pattern": {"String": given}, "content": kept} for given, kept in replaced.items()]
    return {"type": "Sequence", "normalizers": steps}


def special_tokens(vocabulary: Mapping[str, int]) -> list[dict[str, Any]]:
    """Describe special tokens.

    Parameters
    ----------
    vocabulary : mapping of str to int
        The special tokens and their ids.

    Returns
    -------
    list of dict
        Content for the key ``added_tokens``, by id.

    Examples
    --------
    >>> special_tokens({"[PAD]": 6})[0]["id"]
    6
    """
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    by_id = sorted(vocabulary.items(), key=lambda item: item[1])
    return [{"id": number, "content": word, **plain} for word, number in by_id]


def word_file(
    vocabulary: Mapping[str, int],
    pieces: Mapping[str, Any],
    *,
    unknown: str,
    special: tuple[str, ...],
    replaced: Mapping[str, str] = UPPER_CASE,
) -> dict[str, Any]:
    """Give the content of a ``tokenizer.json`` that looks pieces of text up in a vocabulary.

    Parameters
    ----------
    vocabulary : mapping of str to int
        Every token and its id.
    pieces : mapping
        The pre-tokenizer: `every` so many letters, or `AT_SPACES`.
    unknown : str
        The token of a piece that is not in the vocabulary.
    special : tuple of str
        Tokens that are recognised anywhere in the text before it is cut.
    replaced : mapping of str to str
        Letters that are read as others.

    Returns
    -------
    dict
        JSON types.

    Examples
    --------
    >>> word_file({"A": 0, "N": 1}, every(1), unknown="N", special=())["model"]["unk_token"]
    'N'
    """
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special_tokens({word: vocabulary[word] for word in special}),
        "normalizer": normalizer(replaced),
        "pre_tokenizer": dict(pieces),
        "post_processor": None,
        "decoder": None if pieces == AT_SPACES else {"type": "Fuse"},
        "model": {"type": "WordLevel", "vocab": dict(vocabulary), "unk_token": unknown},
    }
