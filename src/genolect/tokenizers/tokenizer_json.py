"""The ecosystem's ``tokenizer.json``: reading one that cannot be trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from genolect.errors import InputError, shown

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
