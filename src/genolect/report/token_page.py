"""One self-contained HTML page about tokenizers: what each of them makes of the same genome."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from genolect.files import write_file
from genolect.report import notation
from genolect.report.plots import SQUARE, Axis, axis_over, element, picture
from genolect.report.results import visible
from genolect.report.templates import page_template

BAR_SHARE = 0.8  # of a place that its bars fill; the rest keeps them apart
MOST_LABELS = 8  # of bars, so that they keep apart on a telephone


def bar_chart(groups: Sequence[tuple[str, Sequence[float]]], *, highest: float, label: str) -> Markup:
    """Draw shares as bars, one place per group, its bars side by side.

    Parameters
    ----------
    groups : sequence of (str, sequence of float)
        What stands below a place, and its shares; the first bar is of class ``bar-0``, the next ``bar-1``.
    highest : float
        The largest share on the axis, so that several charts can be compared.
    label : str
        The words for those who hear the page.

    Returns
    -------
    Markup
        An SVG element.

    Examples
    --------
    >>> bar_chart([("4", [0.2, 0.3]), ("5", [0.5, 0.1])], highest=0.5, label="Lengths").count("<rect")
    4
    """
    axis = axis_over([0, highest or 1.0], wanted=3, margin=0)
    parts = []
    for tick in axis.ticks:
        height = axis.upward(tick)
        parts.append(element("line", x1="0", x2="100%", y1=height, y2=height, class_="grid"))
        parts.append(element("text", f"{100 * tick:g}", x=-6, y=height, dy="0.32em", text_anchor="end"))
    place = 100 / max(len(groups), 1)
    every = math.ceil(len(groups) / MOST_LABELS)
    for number, (name, shares) in enumerate(groups):
        left, width = (number + (1 - BAR_SHARE) / 2) * place, BAR_SHARE * place / max(len(shares), 1)
        for which, share in enumerate(shares):
            parts.append(
                element(
                    "rect",
                    element("title", f"{name}: {100 * share:.3g} %"),
                    x=f"{left + which * width:.3f}%",
                    y=axis.upward(share),
                    width=f"{width:.3f}%",
                    height=f"{axis.place(share):.2f}%",
                    class_=f"bar-{which}",
                )
            )
        if number % every == 0:
            middle = f"{(number + 0.5) * place:.3f}%"
            parts.append(element("text", name, x=middle, y="100%", dy="1.4em", text_anchor="middle"))
    parts.append(element("line", x1="0", x2="100%", y1="100%", y2="100%", class_="axis"))
    return picture(*parts, label=label, kind="bars")


def rank_curves(curves: Sequence[Sequence[tuple[float, float]]], *, label: str) -> Markup:
    """Draw shares against ranks, both logarithmic, one line per tokenizer.

    Parameters
    ----------
    curves : sequence of sequence of (float, float)
        Rank, from 1, and share, above 0, of each line; its class is ``line-`` and its number.
    label : str
        The words for those who hear the page.

    Returns
    -------
    Markup
        An SVG element.

    Examples
    --------
    >>> rank_curves([[(1, 0.5), (10, 0.01)], [(1, 0.25)]], label="Ranks").count("<path")
    2
    """
    ranks = _powers([rank for curve in curves for rank, _ in curve])
    shares = _powers([share for curve in curves for _, share in curve])
    parts = []
    for tick in shares.ticks:
        height = shares.upward(tick)
        parts.append(element("line", x1="0", x2="100%", y1=height, y2=height, class_="grid"))
        parts.append(element("text", _percent(tick), x=-6, y=height, dy="0.32em", text_anchor="end"))
    for tick in ranks.ticks:
        place = ranks.across(tick)
        parts.append(element("line", x1=place, x2=place, y1="0", y2="100%", class_="grid"))
        parts.append(element("text", f"{10**tick:,.0f}", x=place, y="100%", dy="1.5em", text_anchor="middle"))
    parts.append(element("text", "rank", x="100%", y="100%", dy="2.9em", text_anchor="end"))
    drawn = [  # every other line is dashed, and above the others: where two coincide, both show
        element("path", d=_path(curves[number], ranks, shares), class_=f"line-{number}")
        for number in sorted(range(len(curves)), key=lambda number: number % 2)
    ]
    inside = {"viewBox": f"0 0 {SQUARE} {SQUARE}", "preserveAspectRatio": "none", "width": "100%", "height": "100%"}
    return picture(*parts, element("svg", *drawn, **inside), label=label, kind="curve")


def _powers(values: Sequence[float]) -> Axis:
    """Lay an axis of powers of ten over positive numbers."""
    logarithms = [math.log10(value) for value in values] or [0.0]
    low, high = math.floor(min(logarithms)), math.ceil(max(logarithms))
    high = max(high, low + 1)
    return Axis(low, high, tuple(range(low, high + 1)))


def _percent(power: float) -> str:
    return f"{100 * 10.0**power:.12f}".rstrip("0").rstrip(".") + " %"


def _path(curve: Sequence[tuple[float, float]], across: Axis, upward: Axis) -> str:
    unit = SQUARE / 100
    logarithms = [(math.log10(rank), math.log10(share)) for rank, share in curve]
    places = [f"{unit * across.place(x):.1f},{SQUARE - unit * upward.place(y):.1f}" for x, y in logarithms]
    return f"M{' '.join(places)}" if len(places) > 1 else f"M{places[0]} h6" if places else "M0,0"


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
