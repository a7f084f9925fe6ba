"""The map: one mark per window, both axes on one scale, every class told twice."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from genolect.report.embedding_map import CLASSES, COLOURS, POINTS, SHAPES, class_key, embedding_figure
from genolect.report.results import EmbeddingMap


def cloud(count, classes, scale=1.0):
    generator = np.random.Generator(np.random.Philox(11))
    x, y = generator.normal(0, 3, count), generator.normal(0, 1, count)
    return EmbeddingMap(x=(scale * x).tolist(), y=(scale * y).tolist(), label=[k % classes for k in range(count)])


def marks(figure):
    """Class and starting place of every mark."""
    paths = ElementTree.fromstring(str(figure.together)).iter("path")
    found = [(one.get("class"), re.findall(r"M(\S+) (\S+?)[al]", one.get("d"))) for one in paths]
    return [(name, float(x), float(y)) for name, places in found for x, y in places]


def test_every_window_has_its_mark_in_its_class():
    figure = embedding_figure(cloud(617, 5), list("abcde"))
    assert (figure.drawn, figure.total, len(marks(figure))) == (617, 617, 617)
    counts = {f"class-{k}": len(range(k, 617, 5)) for k in range(5)}
    assert {name: sum(one[0] == name for one in marks(figure)) for name in counts} == counts


def test_both_axes_keep_one_scale_and_up_is_up():
    points = EmbeddingMap(x=[0, 4, 0], y=[0, 0, 3], label=[1, 1, 1])
    (_, x0, y0), (_, x1, y1), (_, x2, y2) = marks(embedding_figure(points, ["a", "b"]))
    assert x2 == x0
    assert y1 == y0
    assert (y0 - y2) / (x1 - x0) == pytest.approx(3 / 4, abs=1e-3)


def test_the_unit_of_the_embedding_does_not_matter():
    shapes = [marks(embedding_figure(cloud(70, 3, scale), list("abc"))) for scale in (1.0, 2.0**-30, 2.0**30)]
    assert shapes[0] == shapes[1] == shapes[2]


def test_a_large_map_is_thinned_and_says_so():
    figure = embedding_figure(cloud(POINTS + 501, 4), list("abcd"))
    assert (figure.drawn, figure.total) == (POINTS, POINTS + 501)
    assert len(marks(figure)) == POINTS


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_window_is_no_problem(count):
    assert len(marks(embedding_figure(cloud(count, 1), ["a"]))) == count


def test_classes_drawn_apart_refer_to_the_same_marks():
    figure = embedding_figure(cloud(90, 3), list("abc"))
    assert [re.findall(r"only-\d+", str(one)) for one in figure.apart] == [["only-0"], ["only-1"], ["only-2"]]
    assert all('href="#embedding"' in one and "<path" not in one for one in figure.apart)
    assert figure.together.count('id="embedding"') == 1


def test_colour_and_shape_together_tell_all_classes_apart():
    pairs = {(label % COLOURS, label % len(SHAPES)) for label in range(CLASSES)}
    assert len(pairs) == CLASSES
    assert len({str(class_key(label)) for label in range(CLASSES)}) == CLASSES
    outlines = [re.search(r' d="([^"]+)"', str(class_key(label))).group(1) for label in range(len(SHAPES))]
    assert len(set(outlines)) == len(SHAPES)


def test_classes_beyond_the_marks_share_the_last():
    assert class_key(CLASSES) == class_key(CLASSES + 900) == class_key(CLASSES - 1)
