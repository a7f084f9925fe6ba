"""Every way genolect can refuse, as one small tree.

::

    GenolectError
    ├── ConfigurationError   exit 2   an option or a configuration makes no sense
    ├── InputError           exit 3   a file that the user gave is not what it should be
    ├── MachineError         exit 4   disk, memory, permissions, another process
    ├── DivergenceError      exit 5   training produced a number that is not finite
    ├── LeakError            exit 6   what is tested is given away by what is trained on
    └── Interrupted          exit 130 / 143, after a clean save

A message says where, what was given, what is allowed, and what to do, in one line:
``path:line: what. Fix: how.``
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

SHOWN_CHARACTERS = 60


def shown(text: object) -> str:
    r"""Quote text from a file so that it is safe and short enough to print.

    Control characters are escaped (a file must not drive the reader's terminal).

    Parameters
    ----------
    text : object
        Anything whose ``str`` is to be shown.

    Returns
    -------
    str
        The quoted text, cut at 60 characters.

    Examples
    --------
    >>> print(shown("chr1\x1b[31m"))
    'chr1\x1b[31m'
    """
    plain = str(text)
    cut = plain if len(plain) <= SHOWN_CHARACTERS else plain[: SHOWN_CHARACTERS - 1] + "…"
    return repr(cut)


class GenolectError(Exception):
    """Root of the tree: a refusal with a place, a reason and a remedy.

    Parameters
    ----------
    what : str
        What was found, with the value that was given.
    fix : str
        What the user can do about it.
    path : Path or str, optional
        The file or folder concerned.
    line : int, optional
        1-based line in the (decompressed) file.
    """

    exit_code = 1

    def __init__(self, what: str, *, fix: str, path: Path | str | None = None, line: int | None = None) -> None:
        self.what = what
        self.fix = fix
        self.path = None if path is None else str(path)
        self.line = line
        place = "" if self.path is None else f"{self.path}: " if line is None else f"{self.path}:{line}: "
        super().__init__(_one_line(f"{place}{what.rstrip('.')}. Fix: {fix.rstrip('.')}."))

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes; as it stands, pickle would call the constructor with the message alone."""
        return _as_it_was, (type(self), str(self)), vars(self)


def _as_it_was(kind: type[GenolectError], message: str) -> GenolectError:
    return kind.__new__(kind, message)


def _one_line(message: str) -> str:
    """Escape what a file's name or content could do to the reader's terminal."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in message)


class ConfigurationError(GenolectError):
    """An option or a configuration value is unknown, malformed or contradictory."""

    exit_code = 2


class InputError(GenolectError):
    """A file that the user gave cannot be used as it is."""

    exit_code = 3


class MachineError(GenolectError):
    """The machine said no: disk, memory, permissions, or a folder that is in use."""

    exit_code = 4


class DivergenceError(GenolectError):
    """Training produced a loss or a gradient that is not finite; nothing good was overwritten."""

    exit_code = 5


class LeakError(GenolectError):
    """A split would show in training what it asks in the test."""

    exit_code = 6


class Interrupted(GenolectError):
    """The user or the scheduler asked to stop; the work so far is saved.

    Parameters
    ----------
    what, fix, path
        As in `GenolectError`.
    signal_number : int
        The signal received; the exit code is 128 plus it.
    """

    def __init__(self, what: str, *, fix: str, path: Path | str | None = None, signal_number: int = 2) -> None:
        super().__init__(what, fix=fix, path=path)
        self.exit_code = 128 + signal_number
