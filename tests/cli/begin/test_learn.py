"""``genolect learn``: one command from a genome to a report, the same again, and exactly on from where it stopped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from genolect.evaluation import learning
from genolect.pretraining.loop import Training
from genolect.sequence.source import Source
from tests.tiny import GENOME, command, everything_in, finished_run, synthetic_folder, weights

ARMS = {"majority", "composition", "kmer_logistic", "random_probe", "counting_probe", "pretrained_probe"}
BEGIN = ["learn", "--steps", 5, "--seed", 3]


@pytest.fixture
def run(tmp_path):
    """Give a copy of the finished run that a test may change."""
    return Path(shutil.copytree(finished_run(), tmp_path / "run"))


@pytest.fixture
def give(monkeypatch, capsys):
    """Give a command in this process."""
    return lambda *words: command(monkeypatch, capsys, *words)


@pytest.fixture(scope="module")
def results():
    return json.loads((finished_run() / "results.json").read_text())


def test_a_run_holds_what_the_design_promises():
    assert {path.name for path in finished_run().iterdir()} == {
        *(".lock", "evaluation", "model", "plan.json", "prepared", "report.html", "results.json", "synthetic")
    }
    assert {path.name for path in (finished_run() / "model").iterdir()} == {
        *("model.safetensors", "config.json", "tokenizer.json", "manifest.json")
    }


def test_results_say_what_was_run_on_what(results):
    assert results["format"] == 1
    assert results["command"] == f"genolect learn --steps 5 --seed 3 --out {finished_run()}"
    assert results["seed"] == 3
    assert results["synthetic"] is True
    assert {"genolect", "python", "torch", "numpy"} <= set(results["versions"])
    genome, annotation = results["inputs"]
    for item, name in ((genome, "genome.fa"), (annotation, "genes.gff3")):
        source = Source(synthetic_folder() / name)
        assert list(source.blocks())
        assert (item["sha256"], item["bytes"]) == (source.sha256, source.bytes)
        assert item["path"] == str(finished_run() / "synthetic" / name)
    assert [row["length"] for row in results["genome"]] == list(GENOME.lengths)


def test_results_give_the_model_beside_the_count_model(results):
    said = results["pretraining"]
    assert said["bases_seen"] == 5 * 3 * 256
    assert said["bases_per_second"] == pytest.approx(said["bases_seen"] / said["seconds"])
    assert 1.5 < said["count_model_bits_per_base"] < said["bits_per_hidden_base"] < 2.1
    assert said["difference"]["value"] == pytest.approx(
        said["bits_per_hidden_base"] - said["count_model_bits_per_base"]
    )
    assert said["bits_low"] < said["bits_per_hidden_base"] < said["bits_high"]
    assert said["verdict"].startswith("The model LOSES to the count model")
    assert [point["step"] for point in said["curve"]] == [3, 5]


def test_results_give_every_arm_with_n_and_interval(results):
    rows = results["evaluation"]
    assert {row["arm"] for row in rows} == ARMS
    for row in rows:
        assert set(row) == {"task", "arm", "metric", "value", "low", "high", "n", "split"}
        assert (row["split"], row["n"]) == ("test", sum(one["test"] for one in results["probe"]["classes"]))
    (twin,) = (row for row in rows if (row["arm"], row["metric"]) == ("random_probe", "auroc_difference"))
    assert twin["low"] < twin["value"] < twin["high"]


def test_the_answer_is_the_verdict_and_the_page(give, run, results):
    said = give(*BEGIN, "--out", run, "--resume").stdout.splitlines()
    assert said == [results["pretraining"]["verdict"], *results["probe"]["sentences"], f"report: {run / 'report.html'}"]


def test_the_page_shows_the_figures_and_lacks_nothing(results):
    page = (finished_run() / "report.html").read_text()
    assert f"{results['pretraining']['bits_per_hidden_base']:.4f}" in page
    assert "Synthetic genome" in page
    assert "The results do not" not in page
    assert "This run has no" not in page


def test_the_same_seed_gives_the_same_weights_and_figures(give, tmp_path, results):
    assert give(*BEGIN, "--out", tmp_path / "again").code == 0
    again = json.loads((tmp_path / "again" / "results.json").read_text())
    assert weights(tmp_path / "again") == weights(finished_run())
    assert again["evaluation"] == results["evaluation"]
    assert again["probe"] == results["probe"]


def test_resuming_a_finished_run_computes_nothing_and_keeps_everything(monkeypatch, give, run):
    def computed(*_, **__):
        pytest.fail("something was computed again")

    before = everything_in(run)
    monkeypatch.setattr(Training, "step", computed)
    monkeypatch.setattr(learning, "evaluate", computed)
    assert give(*BEGIN, "--out", run, "--resume").code == 0
    assert everything_in(run) == before


def test_a_lost_evaluation_is_made_again_from_the_same_weights(monkeypatch, give, run):
    before = json.loads((run / "results.json").read_text())["evaluation"]
    shutil.rmtree(run / "evaluation")
    monkeypatch.setattr(Training, "step", None)
    assert give(*BEGIN, "--out", run, "--resume").code == 0
    assert json.loads((run / "evaluation" / "results.json").read_text())["evaluation"] == before


def test_another_annotation_is_evaluated_on_the_same_weights(monkeypatch, give, tmp_path):
    genome, run = synthetic_folder() / "genome.fa", tmp_path / "run"
    begin = ["learn", genome, "--steps", 2, "--out", run]
    assert give(*begin).code == 0
    results = json.loads((run / "results.json").read_text())
    assert "evaluation" not in results
    assert "This run has no annotation" in (run / "report.html").read_text()
    monkeypatch.setattr(Training, "step", None)
    for annotation, classes in (("genes.gff3", 4), ("truth.bed", 2)):
        assert give(*begin, "--annotation", synthetic_folder() / annotation, "--resume").code == 0
        results = json.loads((run / "results.json").read_text())
        assert len(results["probe"]["classes"]) >= classes
        assert {row["arm"] for row in results["evaluation"]} == ARMS
    assert {one["name"] for one in results["probe"]["classes"]} == {"background", "region"}


def test_a_run_goes_on_only_with_its_own_options_and_genome(give, run):
    before = everything_in(run)
    other = give("learn", "--steps", 6, "--seed", 3, "--out", run, "--resume")
    assert (other.code, other.stderr.splitlines()[-1]) == (
        2,
        f"genolect: {run}: the run was begun with other settings (steps: 5 then, 6 now). "
        "Fix: resume with the same ones, or begin anew in another --out.",
    )
    genome = run.parent / "other.fa"
    genome.write_text((synthetic_folder() / "genome.fa").read_text().lower())
    assert give("learn", genome, "--steps", 5, "--seed", 3, "--out", run, "--resume").code == 4
    assert everything_in(run) == before


def test_overwriting_begins_anew(give, run):
    (run / "notes.txt").write_text("mine, in a folder that genolect wrote")
    assert give("learn", "--steps", 2, "--out", run).code == 4
    refused = give("learn", "--steps", 2, "--out", run, "--overwrite")
    assert (refused.code, "'notes.txt'" in refused.stderr) == (4, True)
    (run / "notes.txt").rename(run.parent / "notes.txt")
    assert give("learn", "--steps", 2, "--out", run, "--overwrite").code == 0
    assert json.loads((run / "plan.json").read_text())["training"]["steps"] == 2


def test_a_mistyped_genome_does_not_cost_the_run_that_is_to_be_overwritten(give, run):
    before = everything_in(run)
    assert give("learn", run.parent / "genmoe.fa", "--out", run, "--overwrite").code == 3
    assert everything_in(run) == before


def test_an_annotation_alone_is_refused(give, tmp_path):
    outcome = give("learn", "--annotation", synthetic_folder() / "genes.gff3", "--out", tmp_path / "run")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr == "genolect: --annotation without a genome. Fix: name the FASTA file it belongs to.\n"


def test_the_output_is_not_wrapped_where_there_is_no_terminal(monkeypatch, give, tmp_path):
    monkeypatch.setenv("COLUMNS", "40")
    outcome = give("learn", synthetic_folder() / "genome.fa", "--steps", 2, "--out", tmp_path / "run")
    lines = outcome.stderr.splitlines()
    assert [line.split()[0] for line in lines] == [
        "preparing",
        "planning",
        "counting",
        "training",
        "masked:",
        "step",
        "comparing",
    ]
    assert max(map(len, lines)) > 2 * 40
    assert not any(ord(letter) < 32 for line in lines for letter in line)
