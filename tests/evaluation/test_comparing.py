"""Two evaluations compared: the same is equivalent, better is better, and other examples are refused."""

from __future__ import annotations

import pytest

from genolect.errors import InputError
from genolect.evaluation.compare import compare_results
from genolect.evaluation.tables import Contestants, EvaluationOptions, evaluate_tables
from genolect.tables.task_file import TableTask
from tests.pretraining.panel_tasks import table_of, write_table

QUICK = EvaluationOptions(baselines=("majority", "composition", "kmer_logistic"), resamples=60)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """Give folders of evaluations of two tasks, and of one with other examples."""
    where = tmp_path_factory.mktemp("compared")
    for seed, names in ((1, ("GC", "length")), (2, ("GC",))):
        for name in names:
            write_table(where / f"{name}{seed}.tsv", table_of(name, seed=seed))
        tasks = {name: TableTask(table=str(where / f"{name}{seed}.tsv")) for name in names}
        evaluate_tables(Contestants(), tasks, where / f"out{seed}", options=QUICK)
    return where


def test_an_evaluation_equals_itself(evaluated):
    found = compare_results(evaluated / "out1", evaluated / "out1")
    assert [row["verdict"] for row in found["tasks"]] == ["equivalent", "equivalent"]
    assert found["win_rate"]["rate"] == 0.5
    assert [row["n"] for row in found["tasks"]] == [60, 60]


def test_the_better_arm_wins_on_the_same_examples(evaluated):
    arms = ("composition", "majority")
    found = compare_results(evaluated / "out1", evaluated / "out1", arms=arms)
    assert [row["verdict_after_holm"] for row in found["tasks"]] == ["better", "better"]
    assert found["win_rate"]["rate"] == 1.0
    assert all("beats" in sentence for sentence in found["sentences"])
    turned = compare_results(evaluated / "out1", evaluated / "out1", arms=arms[::-1])
    for row, other in zip(found["tasks"], turned["tasks"], strict=True):
        assert other["difference"]["value"] == pytest.approx(-row["difference"]["value"])


def test_what_cannot_be_compared_is_refused(evaluated, tmp_path):
    with pytest.raises(InputError, match="the test examples of GC are not the same in both"):
        compare_results(evaluated / "out1", evaluated / "out2")
    with pytest.raises(InputError, match="GC has no predictions of 'svm'"):
        compare_results(evaluated / "out1", evaluated / "out1", arms=("svm", None))
    with pytest.raises(InputError, match="there is no panel here"):
        compare_results(evaluated / "out1", tmp_path)
