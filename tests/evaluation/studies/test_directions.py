"""Reading the wrong way round: a symmetric model cannot tell strands, and places stay those of the genome."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.encoders.build import encoder_config
from genolect.evaluation.annotation import AnnotationFile
from genolect.evaluation.studies import direction as study
from genolect.evaluation.studies.direction import READINGS, GenomeReading, direction, likelihood_rows
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.holdout import choose_split
from genolect.models.model import new_model, random_twin
from genolect.report.results import read_results as check_results
from genolect.sequence.alphabet import reverse_complement
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.pretraining.exam_toys import TOKENIZERS, untrained
from tests.tiny import finished_run, shrink, synthetic_folder, temporary_folder
from tests.toys import CPU


@pytest.fixture(scope="module")
def genome():
    return prepare_genome([synthetic_folder() / "genome.fa"], temporary_folder() / "prepared")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    shrink(monkeypatch.setattr)
    monkeypatch.setattr(study, "EXAM_WINDOWS", 60)


def changes(rows, arm="model"):
    return {
        row["arm"].removeprefix(f"{arm} (").removesuffix(")"): row
        for row in rows
        if row["metric"] == "bits_change" and row["arm"].startswith(arm)
    }


def test_a_reading_turns_stretches_and_keeps_their_places(genome):
    name = next(iter(genome.records))
    for reading, read in READINGS.items():
        there = GenomeReading(genome, reading)
        np.testing.assert_array_equal(there.bases(name, 100, 163), read(genome.bases(name, 100, 163)))
        assert there.lengths == genome.lengths
    other = GenomeReading(genome, "reverse_complement").bases(name, 100, 163)
    np.testing.assert_array_equal(other, reverse_complement(genome.bases(name, 100, 163)))


@pytest.mark.parametrize(("name", "causal"), [("nucleotide", False), ("nucleotide", True), ("byte-pair", True)])
def test_a_model_that_knows_nothing_spends_as_much_on_every_reading(genome, name, causal):
    model = untrained(TOKENIZERS[name], causal=causal)
    rows = likelihood_rows(model, genome, choose_split(genome.lengths), CPU, window=64, seed=1)
    bits = {row["arm"]: row["value"] for row in rows if row["metric"] == "bits_per_base"}
    assert len(bits) == 2 * len(READINGS)
    if name == "nucleotide":
        assert all(bits[f"model ({reading})"] == pytest.approx(2) for reading in READINGS)
        assert all(abs(row["value"]) < 1e-6 for row in changes(rows).values())
    assert {row["task"] for row in rows} == {"next base" if causal else "hidden bases"}


def test_counts_of_both_strands_lose_on_the_reversed_genome_and_not_on_the_other_strand(genome):
    rows = likelihood_rows(untrained(causal=True), genome, choose_split(genome.lengths), CPU, window=256, seed=1)
    counts = changes(rows, "counts")
    assert counts["reversed"]["low"] > 0
    assert counts["reverse_complement"]["low"] <= counts["reversed"]["low"]
    assert abs(counts["reverse_complement"]["value"]) < counts["reversed"]["value"]


def test_a_symmetric_model_and_a_plain_one(genome):
    """Hidden places differ between readings: what a symmetric model spends on them is alike, not equal."""
    shape = {"width": 12, "layers": 1, "heads": 2, "feed_forward": 10, "context_lengths": []}
    config = encoder_config("equivariant", {"vocabulary": 7, **shape}, "here")
    model = random_twin(new_model(config, NucleotideTokenizer(), seed=3), seed=4, keep_counts=False)
    rows = likelihood_rows(model, genome, choose_split(genome.lengths), CPU, window=64, seed=1)
    change = changes(rows)["reverse_complement"]
    assert change["low"] < 0 < change["high"]


def test_the_whole_verb_with_labels_and_the_control_without_direction(tmp_path):
    run = finished_run()
    genome = PreparedGenome(run / "prepared")
    annotation = AnnotationFile(synthetic_folder() / "genes.gff3")
    results = direction(run / "model", genome, annotation, tmp_path / "out", command="genolect direction")
    check_results(results, path=tmp_path)
    aurocs = [row for row in results["evaluation"] if row["metric"] == "auroc_change"]
    assert len(aurocs) == 2 * (len(READINGS) - 1)
    control = [row for row in aurocs if row["task"] == study.CONTROL]
    assert all(abs(row["value"]) < 0.05 for row in control)
    sentences = results["direction"]["sentences"]
    assert len(sentences) == 4 * (len(READINGS) - 1)
    without = direction(run / "model", genome, None, tmp_path / "plain", command="genolect direction")
    assert without["direction"]["sentences"] == sentences[: len(sentences) // 2]
