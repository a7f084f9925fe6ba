"""Learning as a function: the order of things, and what is left alone the second time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from genolect.errors import InputError
from genolect.evaluation import learning
from genolect.evaluation.annotation import BASELINES, AnnotationFile
from genolect.evaluation.learning import learn
from genolect.pretraining.plan import PretrainingOptions
from genolect.pretraining.pretraining import PretrainingListener
from tests.tiny import finished_run, shrink, synthetic_folder

OPTIONS = PretrainingOptions(steps=5, seed=3)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    shrink(monkeypatch.setattr)


PROBES = ("random_probe", "counting_probe", "pretrained_probe")


def study(run, genomes=(), annotation=None, options=OPTIONS):
    """Learn, and give the page and what was said."""
    said = []
    page = learn(genomes, annotation, run, options, command="x", listener=PretrainingListener(say=said.append))
    return page, said


def test_without_a_genome_the_embedded_one_is_made_with_its_annotation(tmp_path):
    page, said = study(tmp_path / "run")
    assert page == tmp_path / "run" / "report.html"
    assert said == [
        "no genome given: making the embedded SYNTHETIC one",
        "preparing the genome",
        "checking the annotation",
        "planning",
        "counting contexts of the training stretches",
        "comparing with the count model on the test stretches",
        "labelling windows",
        *(f"annotation of the centre base: {arm}" for arm in (*BASELINES, *PROBES)),
    ]


def test_without_an_annotation_there_is_no_probe(tmp_path):
    _, said = study(tmp_path / "run", [synthetic_folder() / "genome.fa"])
    assert not {"checking the annotation", "labelling windows"} & set(said)
    assert not (tmp_path / "run" / "evaluation").exists()
    assert "evaluation" not in json.loads((tmp_path / "run" / "results.json").read_text())


def test_a_bad_annotation_is_refused_before_anything_is_planned(monkeypatch, tmp_path):
    path = tmp_path / "genes.gtf"
    path.write_text('chrX\t.\texon\t3\t9\t.\t+\t.\tgene_id "g";\n')
    monkeypatch.setattr(learning, "pretrain", None)
    with pytest.raises(InputError, match=rf"^{path}:1: .*'chrX'"):
        study(tmp_path / "run", [synthetic_folder() / "genome.fa"], AnnotationFile(path))


@pytest.mark.parametrize(
    ("change", "evaluated"),
    [({}, False), ({"path": "moved"}, False), ({"sha256": "0" * 64}, True), ({"rename": "auto"}, True)],
)
def test_only_another_annotation_is_evaluated_again(monkeypatch, tmp_path, change, evaluated):
    run = Path(shutil.copytree(finished_run(), tmp_path / "run"))
    path = run / "evaluation" / "results.json"
    results = json.loads(path.read_text())
    results["inputs"][-1] |= change
    path.write_text(json.dumps(results))
    calls = []
    monkeypatch.setattr(learning, "evaluate", lambda *given, **named: calls.append(given))
    study(run)
    assert bool(calls) == evaluated


def test_the_embedded_genome_is_checked_before_it_is_used_again(tmp_path):
    run = Path(shutil.copytree(finished_run(), tmp_path / "run"))
    genome = run / "synthetic" / "genome.fa"
    genome.write_text(genome.read_text()[:-9])
    with pytest.raises(InputError, match=rf"^{genome}: the content differs from its checksum"):
        study(run)
