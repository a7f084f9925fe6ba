"""The ecosystem's ``tokenizer.json``: what all tokenizers whose tokens are whole words write into it."""

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
    added = [
        {"id": vocabulary[word], "content": word, "special": True, "normalized": False}
        | {"single_word": False, "lstrip": False, "rstrip": False}
        for word in special
    ]
    replacements = [
        {"type": "Replace", "pattern": {"String": given}, "content": letter} for given, letter in replaced.items()
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": {"type": "Sequence", "normalizers": replacements},
        "pre_tokenizer": dict(pieces),
        "post_processor": None,
        "decoder": None if pieces == AT_SPACES else {"type": "Fuse"},
        "model": {"type": "WordLevel", "vocab": dict(vocabulary), "unk_token": unknown},
    }
