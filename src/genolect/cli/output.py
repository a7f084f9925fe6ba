"""The folder that a verb writes into: claimed, held against other processes, and given back if the verb is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from genolect import files
from genolect.errors import ConfigurationError, MachineError
from genolect.files import require_inputs
from genolect.folders import OWN_MARKS, PLAN, RESULTS, SYNTHETIC

BEGUN = (PLAN, RESULTS)
"""A folder with one of these holds work that is worth keeping: it can be resumed, or is done."""


@contextmanager
def output_folder(
    folder: Path, *, inputs: Iterable[Path] = (), resume: bool = False, overwrite: bool = False
) -> Iterator[None]:
    """Hold a folder for one verb.

    A verb that fails before it has begun leaves nothing behind, so that the same command can be given again.

    Parameters
    ----------
    folder : Path
        The output folder named by the user.
    inputs : iterable of Path
        What the verb will read; it must exist, and `overwrite` must not delete it.
    resume : bool
        Whether the folder may hold an interrupted run.
    overwrite : bool
        Whether what it holds is deleted.

    Raises
    ------
    ConfigurationError
        If the options contradict each other or the inputs.
    InputError
        If an input does not exist.
    MachineError
        If the folder is in use, is not empty, or holds something that genolect did not write.
    """
    if resume and overwrite:
        raise ConfigurationError("--resume keeps the folder, --overwrite deletes it", fix="give one of them")
    require_inputs(inputs, folder, overwrite=overwrite)
    if resume:
        _require_run(folder)
    else:
        files.claim_output(folder, overwrite=overwrite)
    new = not folder.exists()
    with files.exclusive(folder):
        if not resume:
            files.claim_output(folder)  # another process may have been quicker
        try:
            yield
        except BaseException:
            if not (resume or any((folder / mark).exists() for mark in BEGUN)):
                _give_back(folder, remove=new)
            raise


def _require_run(folder: Path) -> None:
    """Refuse a folder that holds something, but no run; in an empty one the run simply begins."""
    if any((folder / mark).exists() for mark in (*OWN_MARKS, SYNTHETIC)):
        return
    try:
        files.claim_output(folder)
    except MachineError as error:
        raise MachineError("there is no run here that could go on", fix="name another --out", path=folder) from error


def _give_back(folder: Path, *, remove: bool) -> None:
    """Leave the folder as it was found: missing or empty."""
    if remove:
        files.remove_folder(folder)
        return
    for path in folder.iterdir():
        if path.is_dir():
            files.remove_folder(path)
    (folder / files.LOCK).unlink(missing_ok=True)
