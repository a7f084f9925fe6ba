"""Figures that papers report on tasks like ours, for a column beside our own: theirs, never ours."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from genolect.errors import ConfigurationError, shown

TITLE = "published figures, not ours, other split"
_FILE = Path(__file__).with_name("published_figures.json")


@dataclass(frozen=True)
class PublishedFigure:
    """One number of a paper.

    Attributes
    ----------
    task : str
        Task, by the name of the command that builds one like it, and the paper's own name.
    model : str
        What was scored.
    metric : str
        How.
    value : float
        The number, as printed, on the metric's own scale (MCC and AUROC up to 1).
    source : str
        Paper, or where the number was read if no paper was named there.
    note : str
        What makes it different from a table built here.
    """

    task: str
    model: str
    metric: str
    value: float
    source: str
    note: str


@cache
def _all_figures() -> tuple[PublishedFigure, ...]:
    content = json.loads(_FILE.read_text("utf-8"))
    return tuple(
        PublishedFigure(
            f"{block['kind']}: {block['task']}", row[0], block["metric"], row[1], block["source"], block["note"]
        )
        for block in content
        for row in block["figures"]
    )


def published_figures(task: str | None = None) -> list[PublishedFigure]:
    """Give what papers report.

    Parameters
    ----------
    task : str, optional
        Part of a task's name, in any case; by default all.

    Returns
    -------
    list of PublishedFigure
        In the order of the table.

    Raises
    ------
    ConfigurationError
        If nothing was published on such a task, as far as the table knows.

    Examples
    --------
    >>> [(row.model, row.value) for row in published_figures("prom300")][:2]
    [('GROVER', 0.996), ('best other (BERT, 4-mers)', 0.79)]
    """
    found = [row for row in _all_figures() if task is None or task.lower() in row.task.lower()]
    if not found:
        names = ", ".join(dict.fromkeys(row.task.partition(":")[0] for row in _all_figures()))
        raise ConfigurationError(f"no published figure on {shown(task)} is known", fix=f"there are {names}")
    return found
