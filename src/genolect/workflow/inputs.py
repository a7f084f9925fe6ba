"""What a verb reads must be there, and must not lie in the folder that the verb is about to replace."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from genolect.errors import ConfigurationError, InputError
from genolect.sequence.source import STANDARD_INPUT


def require_inputs(inputs: Iterable[Path], folder: Path, *, overwrite: bool) -> None:
    """Make sure that what a verb reads is there, and stays.

    Parameters
    ----------
    inputs : iterable of Path
        What the verb will read; standard input is passed over.
    folder : Path
        The output folder named by the user.
    overwrite : bool
        Whether what it holds is deleted.

    Raises
    ------
    ConfigurationError
        If `overwrite` would delete an input.
    InputError
        If an input does not exist.

    Examples
    --------
    >>> require_inputs([Path("-")], Path("run"), overwrite=True)
    """
    for path in inputs:
        if str(path) == STANDARD_INPUT:
            continue
        if not path.exists():
            raise InputError("there is no such file or folder", fix="check the path", path=path)
        if overwrite and path.resolve().is_relative_to(folder.resolve()):
            raise ConfigurationError(
                f"--overwrite would delete {path}, which is to be read", fix="name another --out", path=folder
            )
