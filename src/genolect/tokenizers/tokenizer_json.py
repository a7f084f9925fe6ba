"""The ecosystem's ``tokenizer.json``: reading one that cannot be trusted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genolect.errors import InputError, shown
from genolect.sequence.alphabet import LETTERS

LARGEST_FILE = 64 << 20
"""Bytes; a vocabulary of 32,768 tokens takes one or two million."""
REMEDY = "download or save the file again"


def read_tokenizer_json(path: Path) -> dict[str, Any]:
    """Read a ``tokenizer.json`` as it stands; what it says is not checked here.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        Its content.

    Raises
    ------
    InputError
        If it cannot be read, is larger than 64 MiB, is no JSON object, or names the same thing twice.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "tokenizer.json")
    ...     _ = path.write_bytes(b'{"model": {"type": "BPE"}}')
    ...     read_tokenizer_json(path)
    {'model': {'type': 'BPE'}}
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise InputError(f"{size:,} bytes are too many for a tokenizer", fix="check the path", path=path)
        content = json.loads(path.read_text("utf-8"), object_pairs_hook=_without_repeats)
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}", fix="check the path", path=path) from error
    except UnicodeDecodeError as error:
        raise InputError("the file is no text in UTF-8", fix=REMEDY, path=path) from error
    except json.JSONDecodeError as error:
        raise InputError(
            f"the file is cut or malformed: {error.msg}", fix=REMEDY, path=path, line=error.lineno
        ) from error
    except RecursionError as error:
        raise InputError("the file is cut or malformed: JSON nested without end", fix=REMEDY, path=path) from error
    except _RepeatedKeyError as error:
        raise InputError(f"{shown(error)} stands twice", fix=REMEDY, path=path) from error
    if not isinstance(content, dict):
        raise InputError(f"the file holds {type(content).__name__}, not an object", fix=REMEDY, path=path)
    return content


class _RepeatedKeyError(Exception):
    """A JSON object that says two things about one key."""


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key, value in pairs:
        if key in content:
            raise _RepeatedKeyError(key)
        content[key] = value
    return content


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
