"""One thing that an audit looked at: what was found, what it means, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

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
