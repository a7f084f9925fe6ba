"""``genolect evaluate``: a finished model on its own genome, and on one that it has never seen."""

from __future__ import annotations

import json

import pytest

from genolect.genome.synthetic import SyntheticConfig, write_synthetic
from genolect.models.model import load_model, save_model
from tests.tiny import GENOME, command, everything_in, finished_run, synthetic_folder


@pytest.fixture
def evaluate(monkeypatch, capsys):
    """Give ``genolect evaluate`` in this process."""
    return lambda *words: command(monkeypatch, capsys, "evaluate", *words)


def files(folder):
    return ["--genome", folder / "genome.fa", "--annotation", folder / "genes.gff3"]


def test_on_its_own_genome_it_gives_what_learn_gave(evaluate, tmp_path):
    expected = json.loads((finished_run() / "results.json").read_text())
    genomes = (synthetic_folder() / "genome.fa", finished_run() / "prepared")
    for genome, out in zip(genomes, (tmp_path / "a", tmp_path / "b"), strict=True):
        annotation = synthetic_folder() / "genes.gff3"
        outcome = evaluate(finished_run() / "model", "--genome", genome, "--annotation", annotation, "--out", out)
        assert outcome.code == 0
        results = json.loads((out / "results.json").read_text())
        assert results["evaluation"] == expected["evaluation"]
        assert outcome.stdout.splitlines() == [*expected["probe"]["sentences"], f"results: {out / 'results.json'}"]
        assert not any("pretrained on" in note for note in results["notes"])
        assert (out / "prepared").exists() == genome.is_file()


def test_on_another_genome_it_says_so(evaluate, tmp_path):
    config = SyntheticConfig(seed=8, chromosomes=GENOME.chromosomes, bases_per_chromosome=GENOME.bases_per_chromosome)
    write_synthetic(config, tmp_path / "other")
    out = tmp_path / "out"
    assert evaluate(finished_run() / "model", *files(tmp_path / "other"), "--out", out).code == 0
    notes = json.loads((out / "results.json").read_text())["notes"]
    assert any(note.startswith("This is not the genome that the model was pretrained on") for note in notes)


def test_a_folder_that_holds_something_is_refused_unless_it_is_ours_and_to_be_replaced(evaluate, tmp_path):
    out = tmp_path / "out"
    begin = [finished_run() / "model", *files(synthetic_folder()), "--out", out]
    out.mkdir()
    (out / "thesis.txt").write_text("irreplaceable")
    for more in ([], ["--overwrite"]):
        assert evaluate(*begin, *more).code == 4
        assert everything_in(out).keys() == {"thesis.txt"}
    (out / "thesis.txt").unlink()
    assert evaluate(*begin).code == 0
    assert evaluate(*begin).code == 4
    assert evaluate(*begin, "--overwrite").code == 0


def test_the_model_is_never_overwritten(evaluate, tmp_path):
    run = finished_run()
    before = everything_in(run)
    outcome = evaluate(run / "model", *files(synthetic_folder()), "--out", run, "--overwrite")
    assert outcome.code == 2
    assert f"--overwrite would delete {run / 'model'}" in outcome.stderr
    assert everything_in(run) == before


def test_a_model_that_no_plan_made_is_probed_and_the_page_says_so(evaluate, tmp_path):
    save_model(tmp_path / "model", load_model(finished_run() / "model"), {})
    outcome = evaluate(tmp_path / "model", *files(synthetic_folder()), "--out", tmp_path / "out")
    assert outcome.code == 0
    notes = json.loads((tmp_path / "out" / "results.json").read_text())["notes"]
    assert any("does not say what it was pretrained on" in note for note in notes)
