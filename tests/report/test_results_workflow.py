"""``results.json``: what every result carries, and how a run and its evaluation become one."""

from __future__ import annotations

import json
import re

import pytest

from genolect import __version__
from genolect.errors import InputError
from genolect.folders import EVALUATION
from genolect.report.folder import RESULTS, gather_results, new_results, read_results, versions
from genolect.report.results import read_results as read_for_report


@pytest.fixture
def run(tmp_path):
    """Write results below a run folder."""

    def write(place: str, **sections: object) -> None:
        folder = tmp_path / place
        folder.mkdir(exist_ok=True)
        (folder / RESULTS).write_text(json.dumps(new_results("genolect x", sections)))

    write.folder = tmp_path
    return write


def test_every_result_says_where_it_comes_from():
    results = new_results("genolect learn", {"seed": 5})
    assert list(results) == ["format", "command", "created", "versions", "seed"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", results["created"])
    assert read_for_report(results).seed == 5


def test_versions_name_every_number_maker():
    named = versions()
    assert named["genolect"] == __version__
    assert {"torch", "numpy", "scikit-learn", "python", "system", "machine"} <= set(named)
    assert re.search(r"\d+ threads, \d+ cores$", named["machine"])


def test_a_folder_without_results_has_none(tmp_path):
    assert read_results(tmp_path) is None
    with pytest.raises(InputError, match=rf"{tmp_path}: no results.json here. Fix: name a folder that genolect"):
        gather_results(tmp_path)


def test_the_run_and_its_evaluation_become_one_file(run):
    genome, annotation = {"path": "g", "sha256": "1"}, {"path": "a", "sha256": "2"}
    rows = [{"task": "t", "arm": "majority", "metric": "auroc", "value": 0.5}]
    run(".", title="run", inputs=[genome], notes=["both", "run"], pretraining={"steps": 3}, evaluation=[])
    run(EVALUATION, title="evaluation", inputs=[genome, annotation], notes=["both", "probe"], evaluation=rows, probe={})
    joined = gather_results(run.folder)
    assert joined["title"] == "run"
    assert joined["pretraining"] == {"steps": 3}
    assert joined["evaluation"] == rows
    assert joined["probe"] == {}
    assert joined["inputs"] == [genome, annotation]
    assert joined["notes"] == ["both", "run", "probe"]
    assert read_results(run.folder) == joined


def test_gathering_twice_changes_nothing(run):
    run(".", inputs=[], notes=["run"])
    run(EVALUATION, inputs=[{"path": "a"}], notes=["probe"], evaluation=[])
    first = gather_results(run.folder)
    text = (run.folder / RESULTS).read_text()
    assert gather_results(run.folder) == first
    assert (run.folder / RESULTS).read_text() == text


def test_a_run_alone_and_an_evaluation_alone_are_gathered_too(run):
    run(EVALUATION, title="alone", evaluation=[])
    assert gather_results(run.folder)["title"] == "alone"
    assert gather_results(run.folder / EVALUATION)["title"] == "alone"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not readable as JSON"),
        ("\xff", "not readable as JSON"),
        ("[]", "not a JSON object"),
        ('{"format": 1, "seed": "x"}', "'seed' is 'x'"),
        ('{"format": 1, "inputs": [{"sha256": "1"}]}', "'inputs.0.path'"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path, text, said):
    (tmp_path / RESULTS).write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=rf"{tmp_path / RESULTS}: .*{said}"):
        read_results(tmp_path)
