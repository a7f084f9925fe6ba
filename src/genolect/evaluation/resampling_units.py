"""What a test set is resampled by: what its examples share, as far as the table says.

Legend: n examples.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genolect.data.labelled_table import LabelledTable, Places
from genolect.errors import ConfigurationError

LENGTHS_PER_BLOCK = 20
MOST_BLOCKS = 100
"""Places are cut into blocks of twenty lengths, or a hundredth of what the examples span, whichever is more."""


class Units(NamedTuple):
    """Groups of test examples that stand or fall together.

    Attributes
    ----------
    group : ndarray, shape (n,)
        Group of each example.
    words : str
        What the groups are: ``groups``, ``chromosomes``, ``blocks of neighbouring places`` or ``examples``.
    note : str
        What weakens intervals made from them; '' where nothing does.
    """

    group: npt.NDArray[Any]
    words: str
    note: str = ""


def units_of(test: LabelledTable, by: str = "auto") -> Units:
    """Say what belongs together.

    Parameters
    ----------
    test : LabelledTable
        The test examples.
    by : {'auto', 'group', 'chromosome', 'place', 'example'}
        ``auto``: the column group where it says something, else blocks of places where they are known, else single
        examples, with a note.

    Returns
    -------
    Units
        Groups of the examples; one that has no group, or no place, is its own.

    Raises
    ------
    ConfigurationError
        If the table does not hold what is asked for.

    Examples
    --------
    >>> from genolect.data.labelled_table import Target
    >>> from genolect.data.ragged import RaggedBases
    >>> names = np.array(["x", "y", "z"])
    >>> table = LabelledTable("toy", names, RaggedBases.of([np.zeros(3, dtype=np.uint8)] * 3),
    ...     Target("number", ("y",), np.arange(3.0)), names, np.array(["a", "a", ""]), Places.unknown(3))
    >>> units_of(table).group.tolist()
    ['group a', 'group a', 'example z']
    """
    grouped, placed = bool((test.group != "").any()), bool(test.places.known.any())
    if by == "auto":
        by = "group" if grouped else "place" if placed else "example"
    alone = np.char.add("example ", test.identifier)
    if by == "group" and grouped:
        named = np.char.add("group ", test.group)
        return Units(np.where(test.group != "", named, alone), "groups")
    if by == "chromosome" and placed:
        return Units(np.where(test.places.known, np.char.add("chromosome ", test.places.name), alone), "chromosomes")
    if by == "place" and placed:
        return Units(np.where(test.places.known, _blocks(test.places), alone), "blocks of neighbouring places")
    if by == "example":
        note = (
            "Nothing says which examples belong together, so they are resampled one by one: intervals are too narrow."
        )
        return Units(alone, "examples", note)
    fix = "give the column group, or chrom, start and end; or resample by example"
    raise ConfigurationError(f"{test.name} cannot be resampled by {by}: its test part does not say it", fix=fix)


def _blocks(places: Places) -> npt.NDArray[np.str_]:
    known = places.known
    typical = float(np.median((places.end - places.start)[known]))
    spans = [
        int(places.end[known & (places.name == name)].max() - places.start[known & (places.name == name)].min())
        for name in np.unique(places.name[known])
    ]
    size = int(max(LENGTHS_PER_BLOCK * typical, sum(spans) / MOST_BLOCKS, 1))
    return np.char.add(np.char.add(places.name, " "), (places.start // size).astype(np.str_))
