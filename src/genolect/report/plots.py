"""The figures of the page but for the map: learning curve, dot with interval, split strip, calibration square."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from markupsafe import Markup, escape

from genolect.report.notation import bases, duration
from genolect.report.results import CalibrationBin, CurvePoint, Region
from genolect.statistics.names import ROLES

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


CURVE_POINTS = 400
TRAINING_SHARE = 0.35  # of the height may be spent on training values below all others; what is lower is cut
EDGE = 4  # percent of a narrow panel that a tick's label needs to either side
NORMAL_95 = 1.959964


def _below(text: str, place: str, *, line: float) -> Markup:
    return element("text", text, x=place, y="100%", dy=f"{line}em", text_anchor="middle")


def _line(x1: str, y1: str, x2: str, y2: str, *, kind: str) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


# --- learning curve


def learning_curve(curve: Sequence[CurvePoint], count_model_bits: float | None) -> Markup:
    """Draw held-out and training bits per hidden base against bases seen, over the count model's line.

    Parameters
    ----------
    curve : sequence of CurvePoint
        The points, in order of training.
    count_model_bits : float or None
        What the count model reaches on the sample that the held-out points use.

    Returns
    -------
    Markup
        An SVG element; the horizontal axis says bases and, where known, the time.

    Examples
    --------
    >>> learning_curve([CurvePoint(step=3, bases=70, heldout_bits=1.95)], 1.93).count('class="count"')
    1
    """
    heldout = [(point.bases, point.heldout_bits) for point in curve if point.heldout_bits is not None]
    training = [(point.bases, point.training_bits) for point in curve if point.training_bits is not None]
    marks = [bits for _, bits in heldout or training] + ([] if count_model_bits is None else [count_model_bits])
    floor = min(marks) - TRAINING_SHARE * (max(marks) - min(marks))
    vertical = axis_over([*marks, *(max(bits, floor) for _, bits in training if bits < min(marks))])
    horizontal = axis_over([0, *(point.bases for point in curve)], margin=0)
    parts = [*_level_lines(vertical), *_bases_and_time(horizontal, curve)]
    if count_model_bits is not None:
        height = vertical.upward(count_model_bits)
        parts.append(_line("0", height, "100%", height, kind="count"))
    drawn = [
        element("path", d=_path(thinned(points, CURVE_POINTS), horizontal, vertical), class_=kind)
        for points, kind in ((training, "training"), (heldout, "heldout"))
        if points
    ]
    inside = {"viewBox": f"0 0 {SQUARE} {SQUARE}", "preserveAspectRatio": "none", "width": "100%", "height": "100%"}
    parts.append(element("svg", *drawn, **inside))
    for seen, bits in thinned(heldout, CURVE_POINTS // 4):
        parts.append(element("circle", cx=horizontal.across(seen), cy=vertical.upward(bits), r=2.5, class_="heldout"))
    return picture(*parts, label="Bits per hidden base against bases seen in training", kind="curve")


def _level_lines(vertical: Axis) -> list[Markup]:
    parts = []
    for tick in vertical.ticks:
        height = vertical.upward(tick)
        parts.append(_line("0", height, "100%", height, kind="grid"))
        parts.append(element("text", vertical.label(tick), x=-8, y=height, dy="0.32em", text_anchor="end"))
    return parts


def _bases_and_time(horizontal: Axis, curve: Sequence[CurvePoint]) -> list[Markup]:
    parts = [_line("0", "100%", "100%", "100%", kind="axis")]
    title = "bases seen, time" if any(point.seconds is not None for point in curve) else "bases seen"
    parts.append(element("text", title, x="100%", y="100%", dy="4.3em", text_anchor="end"))
    for tick in horizontal.ticks:
        place = horizontal.across(tick)
        time = _seconds_at(tick, curve)
        parts.append(_below(bases(tick) if tick else "0", place, line=1.5))
        if tick and time is not None:
            parts.append(_below(duration(time), place, line=2.8))
    return parts


def _seconds_at(seen: float, curve: Sequence[CurvePoint]) -> float | None:
    timed = [(point.bases, point.seconds) for point in curve if point.seconds is not None]
    position = bisect_left(timed, seen, key=lambda pair: pair[0])
    if position == len(timed):
        return None
    right = timed[position]
    left = timed[position - 1] if position else (0, 0.0)
    share = (seen - left[0]) / (right[0] - left[0]) if right[0] > left[0] else 0.0
    return left[1] + share * (right[1] - left[1])


def _path(points: Sequence[tuple[float, float]], horizontal: Axis, vertical: Axis) -> str:
    scale = SQUARE / 100
    places = [f"{scale * horizontal.place(x):.1f},{SQUARE - scale * _unclipped(vertical, y):.1f}" for x, y in points]
    return "M" + "L".join(places)


def _unclipped(axis: Axis, value: float) -> float:
    return 100 * (value - axis.low) / (axis.high - axis.low)


# --- dot with interval


def interval_row(
    value: float | None, low: float | None, high: float | None, *, axis: Axis, reference: float | None
) -> Markup:
    """Draw a value as a dot on its interval; the number stands beside it in the page.

    Parameters
    ----------
    value, low, high : float or None
        The value and its interval.
    axis : Axis
        The axis shared by the rows of a panel.
    reference : float or None
        Where chance or no difference lies.

    Returns
    -------
    Markup
        An SVG element, hidden from screen readers.

    Examples
    --------
    >>> str(interval_row(0.75, None, None, axis=Axis(0.5, 1.0, ()), reference=None))
    '<svg class="plot row" aria-hidden="true"><circle cx="50.00%" cy="50%" r="4.5"></circle></svg>'
    """
    parts = [_line(axis.across(tick), "0", axis.across(tick), "100%", kind="grid") for tick in axis.ticks]
    if reference is not None:
        parts.append(_line(axis.across(reference), "0", axis.across(reference), "100%", kind="reference"))
    if low is not None and high is not None:
        parts.append(_line(axis.across(low), "50%", axis.across(high), "50%", kind="interval"))
    if value is not None:
        parts.append(element("circle", cx=axis.across(value), cy="50%", r=4.5))
    return element("svg", *parts, class_="plot row", aria_hidden="true")


def interval_axis(axis: Axis) -> Markup:
    """Write the ticks that stand below the rows of a panel.

    Examples
    --------
    >>> interval_axis(Axis(0.4, 1.0, (0.5, 0.9))).count("<text")
    2
    """
    inside = [tick for tick in axis.ticks if EDGE <= axis.place(tick) <= 100 - EDGE]
    texts = [
        element("text", axis.label(tick), x=axis.across(tick), y="50%", dy="0.32em", text_anchor="middle")
        for tick in inside
    ]
    return element("svg", *texts, class_="plot ticks", aria_hidden="true")


# --- split


def split_strip(name: str, length: int, longest: int, regions: Sequence[Region]) -> Markup:
    """Draw one sequence as a strip; a role is told by colour and by height.

    Parameters
    ----------
    name : str
        Name of the sequence, for those who hear the page.
    length, longest : int
        Its length and that of the longest sequence drawn, in bases.
    regions : sequence of Region
        The split's stretches on it.

    Returns
    -------
    Markup
        An SVG element as wide as the longest sequence's column.

    Examples
    --------
    >>> half = Region(role="test", name="chrI", start=50, end=100)
    >>> 'x="50.000%"' in split_strip("chrI", 100, 100, [half])
    True
    """
    scale = 100 / max(longest, 1)
    parts = [_line("0", "50%", f"{scale * length:.3f}%", "50%", kind="axis")]
    for region in regions:
        share = {"train": 40, "validation": 70, "test": 100}.get(region.role, 20)
        words = f"{region.role} {region.start:,}–{region.end:,}"
        parts.append(
            element(
                "rect",
                element("title", words),
                x=f"{scale * region.start:.3f}%",
                y=f"{50 - share / 2:g}%",
                width=f"{scale * max(region.end - region.start, 0):.3f}%",
                height=f"{share}%",
                class_=f"role-{region.role}" if region.role in ROLES else "role-other",
            )
        )
    return picture(*parts, label=f"Split of {name}", kind="strip")


# --- calibration


def calibration_square(bins: Sequence[CalibrationBin], title: str) -> Markup:
    """Draw accuracy against confidence; a bin's area grows with its count, its bar is a 95 % Wilson interval.

    Parameters
    ----------
    bins : sequence of CalibrationBin
        The bins; an empty one is not drawn.
    title : str
        Name of the arm.

    Returns
    -------
    Markup
        An SVG element.

    Examples
    --------
    >>> "Calibration of k-mer" in calibration_square([CalibrationBin(confidence=0.8, accuracy=0.7, n=30)], "k-mer")
    True
    """
    axis = Axis(0.0, 1.0, (0.0, 0.5, 1.0))
    parts = []
    for tick in axis.ticks:
        place, height = axis.across(tick), axis.upward(tick)
        parts += [_line(place, "0", place, "100%", kind="grid"), _line("0", height, "100%", height, kind="grid")]
        parts.append(element("text", f"{tick:g}", x=place, y="100%", dy="1.4em", text_anchor="middle"))
        parts.append(element("text", f"{tick:g}", x=-6, y=height, dy="0.32em", text_anchor="end"))
    parts.append(_line("0", "100%", "100%", "0", kind="reference"))
    fullest = max((one.n for one in bins), default=1) or 1
    for one in bins:
        if not one.n:
            continue
        low, high = wilson_interval(one.accuracy, one.n)
        place = axis.across(one.confidence)
        parts.append(_line(place, axis.upward(low), place, axis.upward(high), kind="interval"))
        radius = 2 + 4 * math.sqrt(one.n / fullest)
        parts.append(element("circle", cx=place, cy=axis.upward(one.accuracy), r=radius))
    return picture(*parts, label=f"Calibration of {title}: accuracy against confidence", kind="square")


def wilson_interval(share: float, n: int) -> tuple[float, float]:
    """95 % interval of a share of `n`, by Wilson's score method.

    Parameters
    ----------
    share : float
        The observed share, 0 to 1.
    n : int
        Of how many, at least 1.

    Returns
    -------
    tuple of float
        Lower and upper end, within 0 and 1.

    References
    ----------
    Wilson EB (1927), Journal of the American Statistical Association 22:209, doi:10.1080/01621459.1927.10502953.

    Examples
    --------
    >>> [round(end, 4) for end in wilson_interval(0.5, 10)]
    [0.2366, 0.7634]
    """
    square = NORMAL_95**2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = NORMAL_95 / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(centre - half, 0.0), min(centre + half, 1.0)
