"""Evaluations of tables: models, embeddings and baselines side by side, and everything that results must carry."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from genolect.errors import ConfigurationError, InputError
from genolect.evaluation.predictions import file_of, read_predictions
from genolect.evaluation.tables import Contestants, EvaluationOptions, evaluate_tables, named_models
from genolect.report.page import write_report
from genolect.tables.task_file import TableTask
from tests.pretraining.panel_tasks import model_folder, table_of, write_table

QUICK = EvaluationOptions(baselines=("majority", "composition", "kmer_logistic"), seeds=2, resamples=100)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    where = tmp_path_factory.mktemp("tables")
    for signal in ("GC", "noise"):
        write_table(where / f"{signal}.tsv", table_of(signal))
    model_folder(where / "yeast", 3)
    model_folder(where / "coli", 4)
    return where


@pytest.fixture(scope="module")
def results(folder):
    models = named_models([folder / "yeast", folder / "coli"])
    tasks = {name: TableTask(table=str(folder / f"{name}.tsv")) for name in ("GC", "noise")}
    return evaluate_tables(Contestants(models), tasks, folder / "out", options=QUICK, command="genolect evaluate x")


def test_results_hold_every_arm_of_every_task(results):
    arms = ["majority", "composition", "kmer_logistic", "permuted_labels"]
    arms += [f"{arm} of {model}" for model in ("yeast", "coli") for arm in ("random_probe", "pretrained_probe")]
    assert [task["task"] for task in results["panel"]["tasks"]] == ["GC", "noise"]
    for task in results["panel"]["tasks"]:
        assert [arm["arm"] for arm in task["arms"]] == arms
        assert task["reference"] == "pretrained_probe of yeast"
        assert {one["arm"] for one in task["comparisons"]} == set(arms) - {task["reference"]}
        assert all(arm["cpu_seconds"] >= 0 and arm["tried"] >= 1 for arm in task["arms"])
        assert task["examples"] == {"train": 210, "validation": 30, "test": 60}
        assert (task["units"], task["groups"]) == ("groups", 20)
        assert task["strands"] == "both"
    assert {tuple(row) for row in results["evaluation"]} == {
        ("task", "arm", "metric", "value", "low", "high", "n", "split")
    }
    assert json.loads(json.dumps(results, allow_nan=False)) == results


def test_results_say_what_was_read_and_what_it_means_together(results, folder):
    assert [Path(item["path"]).name for item in results["inputs"]] == ["GC.tsv", "noise.tsv"]
    assert all(len(item["sha256"]) == 64 for item in results["inputs"])
    assert results["command"] == "genolect evaluate x"
    assert {one["arm"] for one in results["panel"]["suite"]} >= {"composition", "kmer_logistic"}
    assert all("of 2 tasks" in sentence for sentence in results["panel"]["sentences"])
    assert json.loads((folder / "out" / "results.json").read_text()) == results


def test_answers_are_kept_for_later(results, folder):
    for task in ("GC", "noise"):
        found = read_predictions(file_of(folder / "out", task))
        assert len(found.identifier) == 60
        assert len(found.arms["random_probe of coli"]) == 2


def test_the_page_shows_the_panel(results, folder):
    page = write_report(folder / "out").read_text()
    assert "What each arm did: <bdi>GC</bdi>" in page
    assert "Pretrained probe of yeast" in page
    assert "210 train · 30 validation · 60 test" in page


def test_embeddings_alone_are_the_reference(folder, tmp_path):
    table = TableTask(table=str(folder / "noise.tsv")).read().table
    path = tmp_path / "mine.npz"
    np.savez(path, id=table.identifier, vectors=table.target.values[:, None].astype(np.float32))
    tasks = {"noise": TableTask(table=str(folder / "noise.tsv"))}
    found = evaluate_tables(Contestants(embeddings=path), tasks, tmp_path / "out", options=QUICK)
    [task] = found["panel"]["tasks"]
    assert task["reference"] == "embeddings"
    assert {one["arm"]: one["verdict"] for one in task["comparisons"]}["kmer_logistic"] == "better"


@pytest.mark.parametrize(("arrays", "said"), [({"id": np.arange(2)}, "no .npz file with"), (None, "no such file")])
def test_embeddings_that_cannot_be_read_are_refused(folder, tmp_path, arrays, said):
    path = tmp_path / "mine.npz"
    if arrays is not None:
        np.savez(path, **arrays)
    tasks = {"noise": TableTask(table=str(folder / "noise.tsv"))}
    with pytest.raises(InputError, match=said):
        evaluate_tables(Contestants(embeddings=path), tasks, tmp_path / "out", options=QUICK)


def test_models_are_named_by_their_runs():
    assert list(named_models([Path("a/model"), Path("b/model"), Path("published")])) == ["a", "b", "published"]
    with pytest.raises(ConfigurationError, match="two models are called 'a'"):
        named_models([Path("a/model"), Path("b/a")])


def test_one_model_keeps_the_plain_names():
    assert Contestants({"yeast": Path("yeast")}).reference(finetune=False) == "pretrained_probe"
    assert Contestants({"yeast": Path("yeast")}).reference(finetune=True) == "finetuned"
    assert Contestants().reference(finetune=False) is None


def test_published_figures_stand_beside_and_an_unknown_task_is_refused_first(folder, tmp_path):
    task = TableTask(table=str(folder / "GC.tsv"), published="prom300", by=("group",))
    found = evaluate_tables(Contestants(), {"": task}, tmp_path / "out", options=QUICK)
    [section] = found["panel"]["tasks"]
    assert section["published"][0]["model"] == "GROVER"
    assert "Published, not ours, other split" in write_report(tmp_path / "out").read_text()
    unknown = TableTask(table=str(folder / "absent.tsv"), published="no such task")
    with pytest.raises(ConfigurationError, match="no published figure on 'no such task'"):
        evaluate_tables(Contestants(), {"": unknown}, tmp_path / "none", options=QUICK)
