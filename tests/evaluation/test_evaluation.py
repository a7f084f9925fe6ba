"""Evaluation: which windows, which arms, whose split, and what is refused before anything is computed."""

from __future__ import annotations

import json

import pytest

from genolect.errors import InputError
from genolect.evaluation import annotation as evaluation
from genolect.evaluation.annotation import AnnotationFile, check_annotation, evaluate, open_genome
from genolect.evaluation.methods import frozen_probe
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.models.model import load_model, random_twin
from genolect.pretraining.plan import PretrainingOptions, plan_of_model
from genolect.pretraining.pretraining import PretrainingListener, pretrain
from tests.tiny import finished_run, shrink, synthetic_folder, temporary_folder

GENES = AnnotationFile(synthetic_folder() / "genes.gff3")
OPTIONS = PretrainingOptions(steps=5, seed=3)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    shrink(monkeypatch.setattr)


@pytest.fixture(scope="module")
def genome():
    finished_run()
    return PreparedGenome(finished_run() / "prepared")


@pytest.fixture
def judge(tmp_path):
    """Evaluate the finished model."""
    return lambda genome, file=GENES: evaluate(finished_run() / "model", genome, file, tmp_path / "out", command="x")


@pytest.fixture(scope="module")
def judged(genome):
    """Results of the finished model on its own genome."""
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch.setattr)
        return evaluate(finished_run() / "model", genome, GENES, temporary_folder(), command="x")


def test_an_annotation_says_what_it_was_read_as(genome):
    annotation, origin = AnnotationFile(GENES.path, rename="auto").read(genome.lengths)
    assert origin["path"] == str(GENES.path)
    assert origin["bytes"] == GENES.path.stat().st_size
    assert len(origin["sha256"]) == 64
    assert (origin["rename"], origin["allow_missing"]) == ("auto", False)
    assert annotation.features


def test_a_genome_is_a_folder_or_a_file(genome, tmp_path):
    assert open_genome(genome.folder, tmp_path / "unused").content_hash == genome.content_hash
    assert not (tmp_path / "unused").exists()
    made = open_genome(synthetic_folder() / "genome.fa", tmp_path / "made")
    assert made.content_hash == genome.content_hash
    assert made.folder == tmp_path / "made"


def test_the_check_gives_the_origin_and_computes_no_features(monkeypatch, genome):
    monkeypatch.setattr(evaluation, "probe_arms", None)
    origin = check_annotation(genome, GENES, OPTIONS)
    evaluated = json.loads((finished_run() / "evaluation" / "results.json").read_text())["inputs"][-1]
    assert origin == evaluated | {"path": str(GENES.path)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("synthetic_1\t10\t90\tpeak\n", "only 1 of 2 classes have 4 windows in train and test"),
        ("##gff-version 3\nsynthetic_1\t.\tgene\t9\t90\t.\t+\t.\tID=b\n", "neither exon nor CDS rows"),
        (
            "".join(f"synthetic_{n}\t{at}\t{at + 400}\tx\n" for n in (1, 2, 3, 4, 6) for at in range(0, 21_000, 800)),
            "the validation windows are all of one class",
        ),
    ],
)
def test_labels_that_nothing_can_be_learnt_from_are_refused_by_their_file(genome, tmp_path, text, said):
    path = tmp_path / "labels"
    path.write_text(text)
    assert [region.name for region in plan_of_model(finished_run() / "model").split().validation] == ["synthetic_5"]
    with pytest.raises(InputError, match=rf"^{path}(:\d+)?: .*{said}.* Fix: "):
        check_annotation(genome, AnnotationFile(path), OPTIONS)


def test_windows_come_from_the_stretches_of_their_role(monkeypatch, genome, judge):
    asked = []

    def spy(tracks, regions, **given):
        windows = sample_windows(tracks, regions, **given)
        asked.append((regions, windows, given))
        return windows

    sample_windows = evaluation.sample_windows
    monkeypatch.setattr(evaluation, "sample_windows", spy)
    judge(genome)
    split = plan_of_model(finished_run() / "model").split()
    assert [regions for regions, _, _ in asked] == [split.train, split.validation, split.test]
    for regions, windows, given in asked:
        assert set(windows.name.tolist()) <= {region.name for region in regions}
        assert given["length"] == 256
    assert len({given["seed"] for _, _, given in asked}) == 3
    assert [given["count"] for _, _, given in asked] == [240, 60, 70]


def test_what_was_held_out_from_training_is_held_out_here(monkeypatch, genome, tmp_path):
    asked = []

    def spy(tracks, regions, **given):
        asked.append([region.name for region in regions])
        return sample_windows(tracks, regions, **given)

    sample_windows = evaluation.sample_windows
    monkeypatch.setattr(evaluation, "sample_windows", spy)
    options = PretrainingOptions(steps=1, test=("synthetic_2",), validation=("synthetic_6",))
    pretrain(genome.folder, tmp_path / "run", options, command="x", listener=PretrainingListener())
    check_annotation(genome, GENES, options)
    evaluate(tmp_path / "run" / "model", genome, GENES, tmp_path / "out", command="x")
    training = ["synthetic_1", "synthetic_3", "synthetic_4", "synthetic_5"]
    assert asked == [training, ["synthetic_6"], ["synthetic_2"]] * 2


def test_only_counted_windows_are_embedded_without_their_own_echo(monkeypatch, genome, judge, tmp_path):
    asked = []

    def spy(model, sequences, machine, *, counted, **given):
        asked.append(counted)
        return layer_embeddings(model, sequences, machine, counted=counted, **given)

    layer_embeddings = frozen_probe.layer_embeddings
    monkeypatch.setattr(frozen_probe, "layer_embeddings", spy)
    judge(genome)
    assert asked == [True, False, False] * 7 + [False]  # three twins without counts, three with, the model; the map
    asked.clear()
    text = (synthetic_folder() / "genome.fa").read_text()
    (tmp_path / "other.fa").write_text(text.replace("\nA", "\nC", 1))
    judge(prepare_genome([tmp_path / "other.fa"], tmp_path / "other"))
    assert asked == [False] * 22


def test_the_twins_are_the_model_with_other_weights(monkeypatch, genome, judge):
    models = []

    def spy(model, sequences, machine, **given):
        models.append(model)
        return layer_embeddings(model, sequences, machine, **given)

    layer_embeddings = frozen_probe.layer_embeddings
    monkeypatch.setattr(frozen_probe, "layer_embeddings", spy)
    judge(genome)
    empty, twin, another, ours = models[0], models[9], models[12], models[18]
    trained = load_model(finished_run() / "model")
    assert all((a == b).all() for a, b in zip(ours.parameters(), trained.parameters(), strict=True))
    for one, other in ((twin, ours), (twin, another)):
        assert not any((a == b).all() for a, b in zip(one.parameters(), other.parameters(), strict=True) if a.ndim > 1)
        assert all((a == b).all() for a, b in zip(one.buffers(), other.buffers(), strict=True))
    assert not any(counts.any() for counts in empty.buffers())
    assert twin.config == random_twin(trained, seed=1, keep_counts=True).config == ours.config


def test_the_panel_is_that_of_tables(judged):
    [task] = judged["panel"]["tasks"]
    assert task["reference"] == "pretrained_probe"
    assert task["units"] == "groups"
    assert task["examples"] == {
        "train": 240,
        "validation": 60,
        "test": sum(c["test"] for c in judged["probe"]["classes"]),
    }
    tried = {arm["arm"]: (arm["tried"], arm["runs"]) for arm in task["arms"]}
    assert tried["random_probe"] == tried["counting_probe"] == (6, 3)
    assert tried["pretrained_probe"] == (6, 1)
    assert task["sentences"] == judged["probe"]["sentences"]


def test_the_same_evaluation_gives_the_same_figures(genome, judge, judged):
    again = judge(genome)
    for key in ("evaluation", "probe", "annotation", "notes"):
        assert again[key] == judged[key]


def test_notes_say_what_was_left_out_and_renamed(genome, judge, judged, tmp_path):
    text = GENES.path.read_text().replace("synthetic_", "chr")
    path = tmp_path / "genes.gff3"
    path.write_text(text + "chrMissing\t.\tgene\t1\t9\t.\t+\t.\tID=x\n")
    rename = {f"chr{number}": f"synthetic_{number}" for number in range(1, 7)}
    results = judge(genome, AnnotationFile(path, rename, allow_missing=True))
    assert "1 annotation rows lie on 1 records that the genome lacks." in results["notes"]
    assert any(
        note.startswith("Annotation names read as genome names: chr1 to synthetic_1, ") for note in results["notes"]
    )
    assert not any("lacks" in note or "read as" in note for note in judged["notes"])


def test_the_map_is_of_test_windows(judged):
    probe = judged["probe"]
    counts = [one["test"] for one in probe["classes"]]
    labels = probe["map"]["label"]
    assert [labels.count(code) for code in range(len(counts))] == counts
    assert len(probe["map"]["x"]) == len(probe["map"]["y"]) == len(labels)


def test_a_large_map_is_thinned(monkeypatch, genome, judge):
    monkeypatch.setattr(evaluation, "MAP_POINTS", 17)
    assert len(judge(genome)["probe"]["map"]["label"]) == 17
