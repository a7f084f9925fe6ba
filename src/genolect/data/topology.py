"""Which sequences are circles: from a FASTA header, a GFF3, or the user.

On a circle the last base is followed by the first, so that windows wrap round the origin.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Literal

from genolect.errors import ConfigurationError, InputError, shown
from genolect.sequence.annotation_row import GFF_COLUMNS, is_circular
from genolect.sequence.source import Source, opened, text_lines

_DECLARATION = re.compile(r"\[\s*topology\s*=\s*circular\s*\]", re.IGNORECASE)
_EXAMPLES = 5


def declares_circular(description: str) -> bool:
    """Tell whether a FASTA header says that its sequence is circular, as NCBI writes it.

    Parameters
    ----------
    description : str
        The header without the name.

    Returns
    -------
    bool
        Only ``[topology=circular]`` counts; the word alone ("circular RNA-binding protein") does not.

    Examples
    --------
    >>> declares_circular("Yeast [location=mitochondrion] [topology=circular]"), declares_circular("circular, complete")
    (True, False)
    """
    return _DECLARATION.search(description) is not None


def circular_sequences(source: Source | Path | str) -> frozenset[str]:
    r"""Read which sequences a GFF3 declares circular, and nothing else of it.

    Parameters
    ----------
    source : Source, Path or str
        A GFF3 file (plain, gzip or BGZF).

    Returns
    -------
    frozenset of str
        The sequences with a row that says ``Is_circular=true``.

    Raises
    ------
    InputError
        If no row says so.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b"MT\t.\tregion\t1\t90\t.\t.\t.\tIs_circular=true\n"), file.flush()
    ...     circular_sequences(file.name)
    frozenset({'MT'})
    """
    source = opened(source)
    names = set()
    for _, text in text_lines(source):
        if text.startswith((">", "##FASTA")):
            break
        columns = text.split("\t")
        if len(columns) == GFF_COLUMNS and not text.startswith("#") and is_circular(columns[-1]):
            names.add(columns[0])
    if not names:
        what, fix = "no row says Is_circular=true", "give a GFF3 whose region rows say so, or name the circular records"
        raise InputError(what, fix=fix, path=source.name)
    return frozenset(names)


def refuse_unknown_circular(circular: Collection[str] | Literal["all"], names: Collection[str], path: str) -> None:
    """Refuse to call a sequence circular that is not there.

    Parameters
    ----------
    circular : collection of str, or 'all'
        What was called circular.
    names : collection of str
        The sequences that there are.
    path : str
        Where they are, for the message.

    Raises
    ------
    ConfigurationError
        If there is no sequence of such a name.

    Examples
    --------
    >>> refuse_unknown_circular(["MT"], ["chrM"], "a.fa")
    Traceback (most recent call last):
    ...
    genolect.errors.ConfigurationError: a.fa: there is no record 'MT' that could be circular. Fix: choose among: chrM.
    """
    if isinstance(circular, str):
        return
    known = set(names)
    for name in circular:
        if name not in known:
            some = ", ".join([*names][:_EXAMPLES]) + (" …" if len(names) > _EXAMPLES else "")
            what = f"there is no record {shown(name)} that could be circular"
            raise ConfigurationError(what, fix=f"choose among: {some}", path=path)
