"""One self-contained HTML page about tokenizers: what each of them makes of the same genome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from genolect.durable import write_file
from genolect.report import notation
from genolect.report.results import visible
from genolect.report.templates import page_template
from genolect.report.token_plots import bar_chart, rank_curves

Groups = list[tuple[str, list[float]]]
"""Bars of a chart: the label of each group, and the heights in it."""

TEMPLATE = "tokens.html.jinja"
MOST_DRAWN = 8  # as many as there are colours; the table has all
MOST_ROWS = 60
NAME_CHARACTERS = 200
LISTED = 10  # of the most frequent tokens of each
MOST_LENGTHS = 24  # bars of a chart; the last one holds all longer tokens
SHARE_LENGTHS = (4, 5)  # GROVER's vocabulary is mostly of these


@dataclass(frozen=True)
class Drawing:
    """One tokenizer's chart."""

    title: str
    note: str
    drawing: Markup


def write_token_page(content: Mapping[str, Any], path: Path) -> None:
    """Write the page.

    Parameters
    ----------
    content : mapping
        From `tokenizers.inspection.inspect_tokenizers`; a ``title``, an ``alphabet`` and ``notes`` may be added.
    path : Path
        The file, which gives way to the new one.

    Raises
    ------
    MachineError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = Path(folder) / "tokens.html"
    ...     write_token_page({"stretches": 0, "bases": 0, "unknown_bases": 0, "tokenizers": []}, page)
    ...     page.read_text("utf-8").startswith("<!DOCTYPE html>")
    True
    """
    write_file(path, render_tokens(content))


def render_tokens(content: Mapping[str, Any]) -> str:
    """Turn what was inspected into a page; the same content gives the same page.

    Parameters
    ----------
    content : mapping
        As in `write_token_page`.

    Returns
    -------
    str
        The HTML.

    Examples
    --------
    >>> "Yeast" in render_tokens({"title": "Yeast", "stretches": 0, "bases": 0, "unknown_bases": 0, "tokenizers": []})
    True
    """
    rows = [{**row, "name": visible(row["name"], NAME_CHARACTERS)} for row in content["tokenizers"]]
    drawn = [row for row in rows if row["tokens"]][:MOST_DRAWN]
    return page_template(TEMPLATE).render(
        title=visible(content.get("title", "Tokenizers"), NAME_CHARACTERS),
        content=content,
        protein=content.get("alphabet") == "protein",
        rows=rows,
        drawn=drawn,
        lengths=_length_charts([row for row in drawn if not _one_length(row)]),
        alike=[row for row in drawn if _one_length(row)],
        ranks=rank_curves(
            [[(point["rank"], point["share"]) for point in row["rank_frequency"]] for row in drawn],
            label="Share of every token against its rank",
        ),
        gc=_gc_charts(drawn),
        short_share=_short_share,
        most_rows=MOST_ROWS,
        most_drawn=MOST_DRAWN,
        listed=LISTED,
    )


def _short_share(row: Mapping[str, Any]) -> float | None:
    """Share of the occurrences that have four or five bases."""
    if not row["tokens"]:
        return None
    return float(sum(one["occurrence_share"] for one in row["lengths"] if one["length"] in SHARE_LENGTHS))


def _one_length(row: Mapping[str, Any]) -> bool:
    return [one["tokens"] > 0 for one in row["lengths"]].count(True) == 1


def _charts(
    rows: Sequence[Mapping[str, Any]], groups: Sequence[Groups], what: str, notes: Sequence[str]
) -> list[Drawing]:
    """Draw one chart per tokenizer, all to the same height."""
    highest = max((share for group in groups for _, shares in group for share in shares), default=1.0)
    return [
        Drawing(row["name"], note, bar_chart(group, highest=highest, label=f"{what} of {row['name']}"))
        for row, group, note in zip(rows, groups, notes, strict=True)
    ]


def _length_charts(rows: Sequence[Mapping[str, Any]]) -> list[Drawing]:
    notes = [f"mean {row['mean_length']:.2f}, longest {row['longest']}" for row in rows]
    return _charts(rows, [_length_groups(row) for row in rows], "Token lengths", notes)


def _length_groups(row: Mapping[str, Any]) -> Groups:
    shares = [(one["token_share"], one["occurrence_share"]) for one in row["lengths"]]
    groups = [(str(length), [listed, seen]) for length, (listed, seen) in enumerate(shares[:MOST_LENGTHS], 1)]
    if len(shares) > MOST_LENGTHS:
        rest = shares[MOST_LENGTHS - 1 :]
        groups[-1] = (f"{MOST_LENGTHS}+", [sum(one[0] for one in rest), sum(one[1] for one in rest)])
    return groups


def _gc_charts(rows: Sequence[Mapping[str, Any]]) -> list[Drawing]:
    told = [row for row in rows if row["gc_histogram"] is not None]
    notes = [f"GC {notation.percent(row['gc'])}" for row in told]
    return _charts(told, [_gc_groups(row) for row in told], "GC of the tokens", notes)


def _gc_groups(row: Mapping[str, Any]) -> Groups:
    total = max(sum(one["tokens"] for one in row["gc_histogram"]), 1)
    return [
        (f"{100 * one['low']:.0f}", [one["tokens"] / total, one["occurrence_share"]]) for one in row["gc_histogram"]
    ]
