"""A forecast: the same machine, several tokenizers."""

from __future__ import annotations

import json
import math

import pytest

from genolect.errors import ConfigurationError, InputError
from genolect.files import json_text
from genolect.genome.genome import prepare_genome
from genolect.pretraining.cost import costing
from genolect.pretraining.cost.calibration import Calibration
from genolect.pretraining.cost.costing import (
    TOKENIZERS,
    CostingOptions,
    best_forecast,
    costing_record,
    forecast,
    genome_length,
    peak_memory,
    workload_of,
)
from genolect.tokenizers.cost import read_scheme
from tests.pretraining.cost.test_calibration import RATES
from tests.toys import CPU

MACHINE = Calibration(CPU, RATES, baseline=3e8, worst_fit=0.1)
SMALL = {"width": 16, "layers": 2, "heads": 2, "window": 48, "windows": 3}


def options(*tokenizers, **changes):
    return CostingOptions.from_mapping({"tokenizers": tokenizers, **SMALL, **changes}, "options")


def test_every_tokenizer_gets_its_tokens_and_vocabulary():
    rows = forecast(options("nucleotide", "kmer:3", "kmer:4:4", "byte_pair:60:2.5"), MACHINE)
    assert [row.tokens for row in rows] == [48, 46, 12, math.ceil(48 / 2.5)]
    assert [row.vocabulary for row in rows] == [7, 67, 259, 67]
    assert rows[1].parameters == rows[3].parameters
    assert rows[2].embedding_bytes == 259 * 16 * 4


def test_the_usual_tokenizers_can_be_forecast():
    assert [row.tokenizer for row in forecast(options(), MACHINE)] == list(TOKENIZERS)


def test_only_single_nucleotides_read_context_counts():
    single, words = (workload_of(read_scheme(name), options()).encoder for name in ("nucleotide", "kmer:2"))
    assert single.context_lengths
    assert not words.context_lengths
    shorter = workload_of(read_scheme("nucleotide"), options(genome_bases=3000)).encoder
    assert len(shorter.context_lengths) < len(single.context_lengths)


def test_pretraining_keeps_its_counts_beside_those_of_the_encoder():
    scheme = read_scheme("nucleotide")
    (row,) = forecast(options("nucleotide"), MACHINE)
    encoder = workload_of(scheme, options()).encoder
    kept = row.peak_bytes - peak_memory(workload_of(scheme, options()), MACHINE)
    assert kept == pytest.approx(sum(8 * 4 ** (k + 1) for k in encoder.context_lengths), rel=1e-6)


def test_a_default_width_gets_its_feed_forward():
    assert workload_of(read_scheme("nucleotide"), CostingOptions()).encoder.feed_forward == 320
    assert workload_of(read_scheme("nucleotide"), CostingOptions(width=192)).encoder.feed_forward == 512
    assert workload_of(read_scheme("nucleotide"), options(feed_forward=37)).encoder.feed_forward == 37


def test_time_follows_the_bases():
    (row,) = forecast(options("kmer:2", bases=7200), MACHINE)
    assert row.bases_per_second == pytest.approx(3 * 48 / row.step_seconds)
    assert row.seconds == pytest.approx(50 * row.step_seconds)
    assert forecast(options("kmer:2"), MACHINE)[0].seconds is None


def test_the_budget_decides_and_the_fastest_that_fits_is_best():
    free = forecast(options("nucleotide", "kmer:4:4"), MACHINE)
    assert best_forecast(free) == max(free, key=lambda row: row.bases_per_second)
    between = sum(row.peak_bytes for row in free) / 2e9
    rows = forecast(options("nucleotide", "kmer:4:4", memory=between), MACHINE)
    assert sorted(str(row.fits) for row in rows) == ["False", "True"]
    assert best_forecast(rows).fits
    assert best_forecast(forecast(options("nucleotide", memory=0.1), MACHINE)) is None


def test_the_record_is_json():
    given = options("nucleotide", bases=100, memory=5.0)
    record = costing_record(given, forecast(given, MACHINE), MACHINE)
    assert json.loads(json_text(record)) == record
    assert record["best"] == "nucleotide"
    assert record["machine"]["baseline_bytes"] == 3e8


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"width": 17}, "width 17 must be a multiple"),
        ({"layers": 0}, "layers: .*given '0'"),
        ({"memory": 0.0}, "memory: .*given '0.0'"),
        ({"tokenizers": ("kmer:9",)}, "words of 9 bases"),
    ],
)
def test_what_is_impossible_is_refused(given, said):
    with pytest.raises(ConfigurationError, match=said):
        forecast(options(**({"tokenizers": ("nucleotide",)} | given)), MACHINE)


def test_a_window_without_a_token_is_refused(monkeypatch):
    monkeypatch.setattr(costing.Scheme, "tokens", lambda self, bases: 0)
    with pytest.raises(ConfigurationError, match="a window of 48 bases holds no token of kmer:8"):
        forecast(options("kmer:8"), MACHINE)


def test_a_genome_is_as_long_as_it_is(tmp_path):
    (tmp_path / "genome.fa").write_text(">a\nACGTN\n>b\nACG\n")
    assert genome_length(tmp_path / "genome.fa") == 8
    prepare_genome([tmp_path / "genome.fa"], tmp_path / "prepared")
    assert genome_length(tmp_path / "prepared") == 8
    with pytest.raises(InputError, match=r"none\.fa"):
        genome_length(tmp_path / "none.fa")
