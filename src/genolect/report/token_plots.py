"""The figures of the page about tokenizers: bars side by side, and frequencies by rank."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from genolect.report.svg import SQUARE, Axis, axis_over, element, picture

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
