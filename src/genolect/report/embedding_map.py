"""The map of the embeddings: one mark per window, each class told by colour and by shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from genolect.report.plots import SQUARE, element, picture, thinned
from genolect.report.results import EmbeddingMap

POINTS = 3000
LAYER = 250
BORDER = 20
COLOURS = 8
CLASSES = 24  # beyond this many, classes share the last mark
SHAPES: tuple[tuple[tuple[float, float], ...], ...] = (  # corners of marks that look equally large, at size 1
    (),  # circle
    ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),  # square
    ((0, -1.3), (1.2, 0.8), (-1.2, 0.8)),  # triangle
    ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),  # diamond
    ((-0.5, -1.5), (0.5, -1.5), (0.5, 1.5), (-0.5, 1.5)),  # upright bar
    ((0, 1.3), (1.2, -0.8), (-1.2, -0.8)),  # triangle on its point
    ((-1.5, -0.5), (1.5, -0.5), (1.5, 0.5), (-1.5, 0.5)),  # level bar
)


@dataclass(frozen=True)
class EmbeddingFigure:
    """A drawn map.

    Attributes
    ----------
    together : Markup
        All classes.
    apart : tuple of Markup
        One drawing per class, the others faint.
    drawn, total : int
        How many windows the drawing shows, and of how many.
    """

    together: Markup
    apart: tuple[Markup, ...]
    drawn: int
    total: int


def embedding_figure(points: EmbeddingMap, titles: Sequence[str]) -> EmbeddingFigure:
    """Draw the map; both axes keep one scale, and classes are laid in layers so that none covers the rest.

    Parameters
    ----------
    points : EmbeddingMap
        Places and class numbers.
    titles : sequence of str
        Names of the classes.

    Returns
    -------
    EmbeddingFigure
        The drawings. The marks are written once, as the group ``embedding``; the drawings by class refer to it and
        change its colours.

    Examples
    --------
    >>> figure = embedding_figure(EmbeddingMap(x=[0, 2, 1], y=[3, 1, 0], label=[0, 1, 1]), ["coding", "intergenic"])
    >>> figure.drawn, len(figure.apart)
    (3, 2)
    """
    chosen = thinned(range(len(points.x)), POINTS)
    places, height = _fitted([points.x[k] for k in chosen], [points.y[k] for k in chosen])
    labels = [points.label[k] for k in chosen]
    size = min(max(200 / math.sqrt(len(chosen) or 1), 4.5), 13.0)
    frame = f"0 0 {SQUARE} {height}"
    marks = element("g", *_layers(places, labels, size), id="embedding")
    together = picture(marks, label="Map of the embeddings, one mark per window", kind="map", viewBox=frame)
    apart = []
    for label, title in enumerate(titles[:CLASSES]):
        again = element("use", href="#embedding", class_=f"only only-{label}")
        apart.append(picture(again, label=f"{title} on the map of the embeddings", kind="map", viewBox=frame))
    return EmbeddingFigure(together, tuple(apart), len(chosen), len(points.x))


def class_key(label: int) -> Markup:
    """Draw the mark of a class for the legend.

    Examples
    --------
    >>> "class-1" in class_key(1)
    True
    """
    mark = element("path", d=_outline(label, 8, 8, 5), class_=_colour(label))
    return element("svg", mark, class_="key", viewBox="0 0 16 16", aria_hidden="true")


def _colour(label: int) -> str:
    return f"class-{min(label, CLASSES - 1)}"


def _layers(places: Sequence[tuple[float, float]], labels: Sequence[int], size: float) -> list[Markup]:
    layers = []
    for start in range(0, len(places), LAYER):
        layer = range(start, min(start + LAYER, len(places)))
        for label in sorted({labels[k] for k in layer}):
            outline = "".join(_outline(label, *places[k], size) for k in layer if labels[k] == label)
            layers.append(element("path", d=outline, class_=_colour(label)))
    return layers


def _fitted(x: Sequence[float], y: Sequence[float]) -> tuple[list[tuple[float, float]], int]:
    """Scale the cloud to the drawing's width (or its largest height) and centre it; return places and height."""
    if not x:
        return [], SQUARE // 3
    wide, tall = max(x) - min(x), max(y) - min(y)
    scale = (SQUARE - 2 * BORDER) / (max(wide, tall) or 1.0)
    height = min(max(round(tall * scale) + 2 * BORDER, SQUARE // 3), SQUARE)
    left = (SQUARE - scale * (max(x) + min(x))) / 2
    top = (height + scale * (max(y) + min(y))) / 2
    return [(left + scale * across, top - scale * up) for across, up in zip(x, y, strict=True)], height


def _outline(label: int, x: float, y: float, size: float) -> str:
    corners = SHAPES[min(label, CLASSES - 1) % len(SHAPES)]
    if not corners:
        arc = f"a{size:.1f} {size:.1f} 0 1 0"
        return f"M{x - size:.1f} {y:.1f}{arc} {2 * size:.1f} 0{arc} {-2 * size:.1f} 0"
    first, *others = [(size * across, size * down) for across, down in corners]
    steps = [f"{end[0] - start[0]:.1f} {end[1] - start[1]:.1f}" for start, end in pairwise([first, *others])]
    return f"M{x + first[0]:.1f} {y + first[1]:.1f}l{' '.join(steps)}z"
