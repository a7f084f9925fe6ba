"""What an audit looks at, and what it says of it.

A finding is one file of this folder: a function that looks at a table, marked with `look`. No other file names it.

Axes: n examples.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, Literal, NamedTuple, TypeVar, get_args

from genolect.genome.genome import PreparedGenome
from genolect.sequence.interval import Interval
from genolect.tables import audit as folder
from genolect.tables.relatives import Kinship, TableParts
from genolect.tables.table import LabelledTable

Judgement = Literal["ok", "note", "fault", "confounded", "leak"]
JUDGEMENTS: tuple[Judgement, ...] = get_args(Judgement)
"""From harmless to worst: worth knowing; the table contradicts itself or the genome; the label can be had without
reading the sequence; what is tested was shown before."""

LEAK_SHARE = 0.01
"""Share of the examples of a part from which on a leak is one; below it stands as a note."""


@dataclass(frozen=True)
class Finding:
    """What an audit says of one thing.

    Attributes
    ----------
    name : str
        What was looked at.
    judgement : {'ok', 'note', 'fault', 'confounded', 'leak'}
        How bad it is.
    sentence : str
        What was found, with its numbers.
    fix : str
        What to do; empty where nothing is to be done.
    numbers : dict
        The numbers for programs.
    """

    name: str
    judgement: Judgement
    sentence: str
    fix: str = ""
    numbers: dict[str, Any] = field(default_factory=dict)

    def to_mapping(self) -> dict[str, Any]:
        """Give plain values, ready for JSON."""
        return asdict(self)


def by_share(share: float, many: Judgement) -> Judgement:
    """Judge a share: none is fine, below one in a hundred is a note.

    Examples
    --------
    >>> by_share(0.0, "leak"), by_share(0.002, "leak"), by_share(0.2, "leak")
    ('ok', 'note', 'leak')
    """
    if share == 0:
        return "ok"
    return many if share >= LEAK_SHARE else "note"


def worst(judgements: Iterable[Judgement]) -> Judgement:
    """Give the worst of some judgements, 'ok' of none.

    Examples
    --------
    >>> worst(["note", "leak", "ok"]), worst([])
    ('leak', 'ok')
    """
    return max(judgements, key=JUDGEMENTS.index, default="ok")


def percent(share: float) -> str:
    """Write a share so that little is not nothing and most is not all.

    Examples
    --------
    >>> percent(0.2512), percent(0.0), percent(0.0004), percent(0.9996), percent(1.0)
    ('25.1 %', '0 %', '0.04 %', '99.96 %', '100 %')
    """
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    digits = 2 if min(share, 1 - share) < 0.0095 else 1
    return f"{100 * share:.{digits}f} %"


@dataclass(frozen=True)
class Pretraining:
    """What a model reads.

    Attributes
    ----------
    genome : PreparedGenome
        Its genome.
    regions : sequence of Interval
        The stretches that it is trained on.
    chosen : str
        Where they are written.
    """

    genome: PreparedGenome
    regions: Sequence[Interval]
    chosen: str


@dataclass(frozen=True, eq=False)
class Examined:
    """What findings look at.

    Attributes
    ----------
    table, kinship, parts
        The table, the relations among its examples, and its parts.
    genome : PreparedGenome or None
        The genome of the table's places.
    pretraining : Pretraining or None
        What a model reads.
    """

    table: LabelledTable
    kinship: Kinship
    parts: TableParts
    genome: PreparedGenome | None = None
    pretraining: Pretraining | None = None


class Look(NamedTuple):
    """One function that looks at a table: its place among all, what it says before, whether parts alone concern it."""

    order: int
    says: str
    needs: str
    across: bool
    find: Callable[[Examined], list[Finding]]


Find = TypeVar("Find", bound=Callable[[Examined], list[Finding]])
LOOKS: dict[str, Look] = {}


def look(order: int, *, says: str = "", needs: str = "", across: bool = False) -> Callable[[Find], Find]:
    """Make a function one of those that an audit asks; it gives no finding where it has nothing to look at.

    Parameters
    ----------
    order : int
        Its place among the others.
    says : str
        What a person is told before it begins.
    needs : str
        Attribute of `Examined` without which there is nothing to look at, and nothing is told.
    across : bool
        Whether it asks only what one part of a split gives away of another; a division asks these again.
    """

    def add(find: Find) -> Find:
        LOOKS[f"{find.__module__}.{find.__name__}"] = Look(order, says, needs, across, find)
        return find

    return add


@cache
def _read_files() -> None:
    """Import every file of this folder: each adds what it looks at."""
    for file in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
        importlib.import_module(file.name)


def looks() -> list[Look]:
    """Give everything that is looked at, in order."""
    _read_files()
    return sorted(LOOKS.values(), key=lambda look: look.order)
