"""Reading results: what is safe to show, what may be absent, what is refused and by which name."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.report.results import BIDIRECTIONAL_CONTROLS, read_results, visible
from tests.report.example import example_results


@given(st.text(max_size=70), st.integers(1, 40))
def test_visible_text_is_one_harmless_line(text, limit):
    shown = visible(text, limit)
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in shown)
    assert not BIDIRECTIONAL_CONTROLS.intersection(shown)
    shown.encode()
    if len(text) > limit:
        assert shown.endswith(f"… ({len(text):,} characters)")
        assert len(shown) < limit + 25
    else:
        assert len(shown) == len(text)


@pytest.mark.parametrize("plain", ["chrI", "scaffold|7_a.1", "Größe", "ת", "染色体", "a b"])
def test_ordinary_names_stay_as_they_are(plain):
    assert visible(plain, 17) == plain


def test_the_example_is_read_whole():
    content = example_results()
    results = read_results(content)
    assert [one.name for one in results.genome] == ["chrI", "chrII", "chrIII", "chrIV"]
    assert len(results.evaluation) == len(content["evaluation"])
    assert results.probe.map.label == content["probe"]["map"]["label"]
    assert results.pretraining.difference.low == content["pretraining"]["difference"]["low"]


def test_null_is_absent_and_unknown_keys_are_passed_over():
    content = {"format": 1, "notes": None, "pretraining": {"curve": None, "steps": 3, "precision": "float32"}, "x": 5}
    results = read_results(content)
    assert results.notes == []
    assert results.pretraining.curve == []
    assert results.pretraining.steps == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, r"format is '2'; this version reads format 1"),
        ({"format": None}, r"format is 'None'"),
        ({"seed": "seven"}, r"'seed' is 'seven': Input should be a valid integer"),
        ({"genome": [{"name": "chrI", "length": -3}]}, r"'genome\.0\.length' is '-3'"),
        ({"genome": [{"length": 3}]}, r"'genome\.0\.name' is .* Field required"),
        ({"genome": [{"name": "chrI", "length": 3, "gc": 1.5}]}, r"'genome\.0\.gc' is '1\.5'"),
        ({"pretraining": {"curve": [{"step": 1, "bases": 5, "heldout_bits": "2"}]}}, r"curve\.0\.heldout_bits' is '2'"),
        ({"pretraining": {"bits_per_hidden_base": 1e300}}, r"bits_per_hidden_base' is '1e\+300'"),
        ({"pretraining": {"bits_per_hidden_base": float("nan")}}, r"bits_per_hidden_base' is 'nan'"),
        ({"evaluation": {"task": "x"}}, r"'evaluation' is .* Input should be a valid list"),
        ({"probe": {"map": {"x": [1.0], "y": [2.0, 3.0], "label": []}}}, r"1 x, 2 y and 0 labels"),
        (
            {"probe": {"classes": [{"name": "a"}], "map": {"x": [1], "y": [2], "label": [4]}}},
            r"4; the probe has 1 class",
        ),
        (
            {"probe": {"calibration": {"svm": [{"confidence": 0.5, "accuracy": 0.5, "n": 3}] * 101}}},
            r"at most 100 items",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(change, message):
    with pytest.raises(InputError, match=message):
        read_results({"format": 1, **change})


@pytest.mark.parametrize("content", [[], "results", 3, None])
def test_results_are_an_object(content):
    with pytest.raises(InputError, match=r"not a JSON object"):
        read_results(content)


def test_a_hostile_value_does_not_drive_the_terminal():
    with pytest.raises(InputError) as refused:
        read_results({"format": 1, "seed": "\x1b[2J" + "x" * 1_000_000})
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 400
