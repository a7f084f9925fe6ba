"""Pretraining: what is trained on, what is never looked at, and what is said of the outcome."""

from __future__ import annotations

import json
import shutil
from collections import Counter

import pytest

from genolect.errors import InputError, Interrupted
from genolect.folders import PLAN
from genolect.genome.genome import prepare_genome
from genolect.genome.preparation import prepare_many
from genolect.genome.windows import WindowSampler
from genolect.models.model import load_model, training_record
from genolect.pretraining import pretraining
from genolect.pretraining.loop import Training
from genolect.pretraining.plan import PretrainingOptions
from genolect.pretraining.pretraining import PretrainingListener, pretrain
from genolect.report.page import write_report
from tests.tiny import everything_in, finished_run, shrink, synthetic_folder, temporary_folder, weights

OPTIONS = PretrainingOptions(steps=30, seed=6, window=40)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    shrink(monkeypatch.setattr)


@pytest.fixture(scope="module")
def prepared():
    folder = temporary_folder() / "prepared"
    prepare_genome([synthetic_folder() / "genome.fa"], folder)
    return folder


def train(prepared, run, options=OPTIONS, **heard):
    return pretrain(prepared, run, options, command="genolect pretrain", listener=PretrainingListener(**heard))


@pytest.fixture(scope="module")
def trained(prepared):
    """Train once; give the folder, the results and what was said."""
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch.setattr)
        run, said = temporary_folder() / "run", []
        results = train(prepared, run, say=said.append)
    return run, results, said


def test_results_are_the_record_of_the_model(trained):
    run, results, _ = trained
    record = training_record(run / "model")
    assert json.loads((run / "results.json").read_text()) == results
    assert results["pretraining"].items() <= record.items()
    assert record["plan"] == json.loads((run / PLAN).read_text())
    assert results["model"]["parameters"] == load_model(run / "model").parameter_count
    assert results["pretraining"]["split"] == "test"


def test_it_says_what_it_does(trained):
    assert trained[2] == [
        "planning",
        "counting contexts of the training stretches",
        "comparing with the count model on the test stretches",
    ]


def test_minutes_are_measured_first(monkeypatch, prepared, tmp_path):
    said = []
    monkeypatch.setattr("genolect.pretraining.pretraining.measure_step", lambda *_: 1.0)
    results = train(prepared, tmp_path / "run", PretrainingOptions(minutes=0.05, window=40), say=said.append)
    assert said[0] == "measuring this machine"
    assert results["pretraining"]["steps"] == 3


def test_the_curve_has_its_points_and_no_more(trained):
    curve = trained[1]["pretraining"]["curve"]
    assert [point["step"] for point in curve] == [3, 6, 9, 12, 15, 18, 21, 24, 27, 30]
    assert [point["bases"] for point in curve] == [step * 3 * 40 for step in range(3, 31, 3)]
    assert all(1.5 < point["heldout_bits"] < 2.5 and point["seconds"] > 0 for point in curve)


def test_held_out_bases_are_neither_counted_nor_trained_on(trained, tmp_path):
    """Other letters in the test stretches change the exam, and no weight."""
    run, results, _ = trained
    regions = {row["name"]: row["role"] for row in results["split"]["regions"]}
    text = (synthetic_folder() / "genome.fa").read_text()
    records = text.split(">")[1:]
    changed = [record if regions[record.split()[0]] != "test" else _complemented(record) for record in records]
    (tmp_path / "genome.fa").write_text("".join(f">{record}" for record in changed))
    prepare_genome([tmp_path / "genome.fa"], tmp_path / "prepared")
    other = train(tmp_path / "prepared", tmp_path / "run")
    assert "test" in regions.values()
    assert weights(tmp_path / "run") == weights(run)
    keys = ("heldout_bits", "training_bits")
    ours, theirs = ([[point[key] for key in keys] for point in one["pretraining"]["curve"]] for one in (results, other))
    assert ours == theirs
    assert other["pretraining"]["bits_per_hidden_base"] != results["pretraining"]["bits_per_hidden_base"]


def _complemented(record: str) -> str:
    head, _, body = record.partition("\n")
    return f"{head}\n{body.translate(str.maketrans('ACGTacgt', 'CATGcatg'))}"


def test_an_interrupted_run_is_kept_and_a_finished_one_is_not_made_again(prepared, trained, tmp_path):
    run = tmp_path / "run"

    def stop(_plan, progress, _bits):
        if progress.step == 4:
            raise Interrupted("stop", fix="resume")

    with pytest.raises(Interrupted):
        train(prepared, run, report=stop)
    assert not (run / "model").exists()
    train(prepared, run)
    assert weights(run) == weights(trained[0])
    before = everything_in(run)
    train(prepared, run)
    assert everything_in(run) == before


def test_lost_results_are_written_again_from_the_model(prepared, trained, tmp_path):
    run = shutil.copytree(trained[0], tmp_path / "run")
    (run / "results.json").unlink()
    again = train(prepared, run)
    assert again["pretraining"] == trained[1]["pretraining"]


def test_leftovers_of_a_killed_process_are_cleared(prepared, tmp_path):
    run = tmp_path / "run"
    (run / ".genolect-model-12345678").mkdir(parents=True)
    train(prepared, run, PretrainingOptions(steps=1, window=40))
    assert {path.name for path in run.iterdir()} == {"model", "plan.json", "results.json"}


def test_an_exam_without_questions_is_noticed_before_training(monkeypatch, prepared, tmp_path):
    def refused(*_given):
        raise InputError("no base to hide", fix="do")

    monkeypatch.setattr(pretraining, "held_out_evaluations", refused)
    monkeypatch.setattr(Training, "run", None)
    with pytest.raises(InputError, match="no base to hide"):
        train(prepared, tmp_path / "run", PretrainingOptions(steps=1, test=("synthetic_2",)))


def test_the_split_is_described(trained):
    results = trained[1]
    roles = {row["name"]: row["role"] for row in results["genome"]}
    assert set(roles.values()) == {"train", "validation", "test"}
    assert {row["name"]: row["role"] for row in results["split"]["regions"]} == roles
    assert results["split"]["rule"].startswith("Whole records held out")


def test_a_record_that_has_two_roles_says_so(tmp_path):
    (tmp_path / "genome.fa").write_text(">circle\n" + (synthetic_folder() / "genome.fa").read_text()[80:30_000])
    prepare_genome([tmp_path / "genome.fa"], tmp_path / "prepared")
    results = train(tmp_path / "prepared", tmp_path / "run", PretrainingOptions(steps=1))
    assert [row["role"] for row in results["genome"]] == ["train+validation+test"]
    assert len(results["split"]["regions"]) == 5


@pytest.fixture(scope="module")
def corpus():
    """Cut the genome into eight species of different sizes."""
    folder = temporary_folder()
    letters = "".join((synthetic_folder() / "genome.fa").read_text().split(">synthetic_1")[1].split("\n")[1:200])
    for number in range(8):
        (folder / f"{number}.fa").write_text(f">chr\n{letters[number * 1_000 :][: 900 + 50 * number]}\n")
    rows = "".join(f"g{number}\t{number}.fa\tS. {number}\n" for number in range(1, 8))
    (folder / "corpus.tsv").write_text(f"name\tpath\tspecies\n{rows}")
    return prepare_many(folder / "corpus.tsv", folder / "prepared")


@pytest.mark.parametrize("temperature", [None, 5.0])
def test_the_species_of_a_corpus_are_counted_as_they_were_drawn(corpus, tmp_path, monkeypatch, temperature):
    drawn = Counter()
    drawing = WindowSampler.draw

    def draw(self, step, count):
        drawn.update(self.species_drawn(step, count))
        return drawing(self, step, count)

    monkeypatch.setattr(WindowSampler, "draw", draw)
    options = PretrainingOptions(steps=40, window=40, temperature=temperature)
    results = train(corpus.folder, tmp_path / "run", options)
    rows = {row["species"]: row for row in results["species"]}
    assert {name: row["drawn"] for name, row in rows.items() if row["drawn"]} == drawn
    assert drawn.total() == 40 * 3
    trained = {row["name"] for row in results["split"]["regions"] if row["role"] == "train"}
    assert {name: row["bases"] for name, row in rows.items()} == {
        record.species: record.length for record in corpus.records.values() if record.name in trained
    }
    sizes = {name: row["bases"] ** (1 / (temperature or 1)) for name, row in rows.items()}
    expected = {name: size / sum(sizes.values()) for name, size in sizes.items()}
    # Without a temperature every position is drawn equally often; a record has one for each window, not for each base.
    assert {name: row["expected"] for name, row in rows.items()} == pytest.approx(expected, rel=0.1)
    assert results["title"] == "genolect: a corpus of 7 genomes"
    assert "the 120 training windows each should" in write_report(tmp_path / "run").read_text()


def test_a_plain_genome_has_no_species(trained):
    assert "species" not in trained[1]


@pytest.mark.parametrize(
    ("description", "synthetic"),
    [
        (" synthetic construct, phage", False),
        (" SYNTHETIC sequence of no organism, made by genolect from seed 1", True),
    ],
)
def test_only_our_own_genome_is_called_synthetic(tmp_path, description, synthetic):
    text = (synthetic_folder() / "genome.fa").read_text().split("\n", 1)[1][:20_000]
    (tmp_path / "genome.fa").write_text(f">one{description}\n{text}")
    prepare_genome([tmp_path / "genome.fa"], tmp_path / "prepared")
    results = train(tmp_path / "prepared", tmp_path / "run", PretrainingOptions(steps=1, window=40))
    assert results["synthetic"] is synthetic


def test_the_embedded_genome_is_called_synthetic():
    assert json.loads((finished_run() / "results.json").read_text())["synthetic"] is True
