"""What several models may be asked about."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from genolect.errors import ConfigurationError
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.models.model import load_model, save_model, training_record
from genolect.pretraining.held_out import held_out_for, model_names
from genolect.pretraining.plan import plan_of_model
from tests.pretraining.exam_toys import toy_genome
from tests.tiny import finished_run


@pytest.fixture(scope="module")
def genome():
    return PreparedGenome(finished_run() / "prepared")


def test_a_model_of_this_genome_is_asked_about_what_it_held_out(genome):
    folder = finished_run() / "model"
    held = held_out_for({"run": folder}, genome, window=256)
    assert held.split == plan_of_model(folder).split()
    assert held.own == {"run": True}
    assert held.notes == ()


def test_strangers_are_named(genome, tmp_path):
    run = finished_run() / "model"
    save_model(tmp_path / "stranger", load_model(run), {})
    held = held_out_for({"run": run, "other": tmp_path / "stranger"}, genome, window=256)
    assert held.own == {"run": True, "other": False}
    assert held.split == plan_of_model(run).split()
    assert "other" in held.notes[0]
    assert "may have seen" in held.notes[0]
    elsewhere = held_out_for({"run": run}, toy_genome(tmp_path), window=64)
    assert elsewhere.own == {"run": False}


def test_models_with_different_splits_are_not_compared(genome, tmp_path):
    run = finished_run() / "model"
    record = training_record(run)
    regions = record["plan"]["regions"]
    swapped = {**regions, "test": regions["validation"], "validation": regions["test"]}
    record = {**record, "plan": {**record["plan"], "regions": swapped}}
    save_model(tmp_path / "other", load_model(run), record)
    with pytest.raises(ConfigurationError, match="run and other were trained with other stretches held out"):
        held_out_for({"run": run, "other": tmp_path / "other"}, genome, window=256)


def test_names_are_short_where_they_can_be():
    assert list(model_names([Path("a/model"), Path("b/model")])) == ["a", "b"]
    assert list(model_names([Path("a/model"), Path("a")])) == ["a/model", "a"]
    with pytest.raises(ConfigurationError, match="named twice"):
        model_names([Path("a/model"), Path("a/../a/model")])


def test_the_same_content_under_another_path_is_the_same_genome(tmp_path):
    source = finished_run() / "synthetic" / "genome.fa"
    if not source.is_file():
        source = next(finished_run().rglob("genome.fa"))
    shutil.copy(source, tmp_path / "copy.fa")
    again = prepare_genome([tmp_path / "copy.fa"], tmp_path / "prepared")
    assert held_out_for({"run": finished_run() / "model"}, again, window=256).own == {"run": True}
