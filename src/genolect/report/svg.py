"""Drawing without a library: SVG elements whose places are percentages.

A plot is as wide as its column and its letters keep their size, so one drawing serves a telephone, a screen and
paper. Colours come from the page's style sheet by class, so one drawing serves light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from markupsafe import Markup, escape

Item = TypeVar("Item")
MOST_DECIMALS = 9
SQUARE = 1000  # side of the coordinate system in which curves and clouds are drawn


def element(tag: str, *children: Markup | str, **attributes: str | float) -> Markup:
    """Write one element; text and attribute values are escaped.

    Parameters
    ----------
    tag : str
        The element's name.
    *children : Markup or str
        What it holds; a plain str is escaped.
    **attributes : str or float
        Its attributes; ``_`` stands for ``-``, and ``class_`` is the class.

    Returns
    -------
    Markup
        The element.

    Examples
    --------
    >>> str(element("text", "a<b", class_="tick", x=1.5, text_anchor="end"))
    '<text class="tick" x="1.5" text-anchor="end">a&lt;b</text>'
    """
    names = [name.rstrip("_").replace("_", "-") for name in attributes]
    values = [escape(_plain(value)) for value in attributes.values()]
    opening = "".join(f' {name}="{value}"' for name, value in zip(names, values, strict=True))
    content = "".join(escape(child) for child in children)
    return Markup(f"<{tag}{opening}>{content}</{tag}>")  # noqa: S704 - values and children are escaped above


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


def picture(*parts: Markup, label: str, kind: str, **attributes: str | float) -> Markup:
    """Write a whole drawing with the words that stand for it where it cannot be seen.

    Parameters
    ----------
    *parts : Markup
        What is drawn.
    label : str
        The words.
    kind : str
        Style class.
    **attributes : str or float
        Further attributes of the ``svg`` element.

    Returns
    -------
    Markup
        The ``svg`` element.

    Examples
    --------
    >>> str(picture(label="Nothing", kind="map"))
    '<svg class="plot map" role="img" aria-label="Nothing"><title>Nothing</title></svg>'
    """
    named = {"class_": f"plot {kind}", "role": "img", "aria_label": label}
    return element("svg", element("title", label), *parts, **named, **attributes)


def thinned(items: Sequence[Item], limit: int) -> list[Item]:
    """Keep at most `limit` (2 or more) items, evenly spread, the first and the last among them.

    Examples
    --------
    >>> thinned(range(9), 3)
    [0, 4, 8]
    """
    if len(items) <= limit:
        return list(items)
    return [items[round(k * (len(items) - 1) / (limit - 1))] for k in range(limit)]


@dataclass(frozen=True)
class Axis:
    """A stretch of numbers laid along a side of a plot.

    Attributes
    ----------
    low, high : float
        The numbers at 0 % and 100 %.
    ticks : tuple of float
        The round numbers to be marked.
    """

    low: float
    high: float
    ticks: tuple[float, ...]

    def place(self, value: float) -> float:
        """Where a number lies, in percent, kept within the plot."""
        return min(max(100 * (value - self.low) / (self.high - self.low), 0.0), 100.0)

    def across(self, value: float) -> str:
        """Horizontal place of a number."""
        return f"{self.place(value):.2f}%"

    def upward(self, value: float) -> str:
        """Vertical place of a number; large numbers lie at the top."""
        return f"{100 - self.place(value):.2f}%"

    def label(self, tick: float) -> str:
        """Write a tick with as many decimals as its neighbours need."""
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else tick
        exact = (d for d in range(MOST_DECIMALS) if math.isclose(round(step, d), step, rel_tol=1e-6))
        decimals = next(exact, MOST_DECIMALS)
        text = f"{tick:.{decimals}f}" if abs(tick) < 1e6 else f"{tick:g}"
        return text.replace("-", "\N{MINUS SIGN}")


def axis_over(values: Iterable[float], *, wanted: int = 5, margin: float = 0.06) -> Axis:
    """Lay an axis over numbers, a little wider than they are.

    Parameters
    ----------
    values : iterable of float
        Numbers that must lie on it; where there is none, the axis runs from 0 to 1.
    wanted : int
        About how many ticks.
    margin : float
        Free share on either side.

    Returns
    -------
    Axis
        The axis with its ticks.

    Examples
    --------
    >>> axis_over([0.5, 0.91]).ticks
    (0.5, 0.6, 0.7, 0.8, 0.9)
    """
    numbers = list(values) or [0.0, 1.0]
    low, high = min(numbers), max(numbers)
    width = high - low or abs(high) * 0.1 or 1.0
    low, high = low - margin * width, high + margin * width
    step = _round_step((high - low) / wanted)
    first, last = math.ceil(low / step), math.floor(high / step)
    return Axis(low, high, tuple(round(k * step, 12) for k in range(first, last + 1)))


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next(factor for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
