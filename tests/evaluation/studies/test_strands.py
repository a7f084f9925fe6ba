"""The strand report: exact for a strand-symmetric model, a difference for any other, words that cannot be paired."""

from __future__ import annotations

import pytest

from genolect.encoders.build import encoder_config
from genolect.errors import InputError
from genolect.evaluation.studies.strand import strand_record, strand_reports
from genolect.genome.genome import prepare_genome
from genolect.models.model import new_model, random_twin, save_model
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.tiny import synthetic_folder, temporary_folder

SHAPE = {"width": 12, "layers": 1, "heads": 2, "feed_forward": 10}


@pytest.fixture(scope="module")
def genome():
    return prepare_genome([synthetic_folder() / "genome.fa"], temporary_folder() / "prepared")


def reports(genome, folder, kind, tokenizer):
    lengths = {"context_lengths": []} if kind in ("transformer", "equivariant") else {}
    config = encoder_config(kind, {"vocabulary": len(tokenizer.vocabulary), **SHAPE, **lengths}, "here")
    awake = random_twin(new_model(config, tokenizer, seed=3), seed=4, keep_counts=False)
    save_model(folder / kind, awake, {})
    return strand_reports(folder / kind, genome, windows=30, window=61, seed=1)


def test_a_symmetric_model_is_exact_and_a_plain_one_is_not(genome, tmp_path):
    exact = reports(genome, tmp_path, "equivariant", NucleotideTokenizer())
    plain = reports(genome, tmp_path, "transformer", NucleotideTokenizer())
    assert exact.keys() == plain.keys() == {"descriptor", "predictions"}
    assert all(report.exact for report in exact.values())
    assert not any(report.exact for report in plain.values())
    record = strand_record(plain)
    assert record["predictions"]["mean"]["low"] > 1e-3
    assert "does not treat both strands alike" in record["predictions"]["sentence"]


def test_words_are_paired_where_they_can_be(genome, tmp_path):
    assert "predictions" in reports(genome, tmp_path, "bert", KmerTokenizer(3, 1))
    assert reports(genome, tmp_path, "mosaic_bert", BytePairTokenizer([("A", "C")])).keys() == {"descriptor"}


def test_what_is_no_model_is_refused(genome, tmp_path):
    with pytest.raises(InputError):
        strand_reports(tmp_path, genome, windows=30, window=61, seed=1)
