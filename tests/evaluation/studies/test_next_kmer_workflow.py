"""Next-k-mer prediction on a genome whose next bases are known, and on one where there is nothing to know."""

from __future__ import annotations

import pytest

from genolect.evaluation.studies.next_kmer import baseline_answers, kmer_rows, model_answers, next_kmer, set_kmer_task
from genolect.models.model import save_model
from genolect.report.results import read_results as check_results
from genolect.tokenizers.kmer import KmerTokenizer
from tests.pretraining.exam_toys import TOKENIZERS, opinionated
from tests.pretraining.kmer_toys import OPTIONS, SPLIT, by_arm, chance_genome, strict_genome
from tests.toys import CPU


@pytest.fixture(scope="module")
def chance(tmp_path_factory):
    return chance_genome(tmp_path_factory.mktemp("chance"))


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    return strict_genome(tmp_path_factory.mktemp("strict"))


def test_where_all_is_chance_nobody_beats_it(chance):
    task = set_kmer_task(chance, SPLIT, OPTIONS)
    answers, _ = baseline_answers(task)
    found, _ = model_answers(task, opinionated(), OPTIONS, CPU, counted=False)
    rows = kmer_rows(task, answers | found, seed=1)
    for k in OPTIONS.lengths:
        accuracy, bits = (by_arm(rows, f"next {k}-mer", metric) for metric in ("accuracy", "bits_per_kmer"))
        assert accuracy["chance"]["value"] == 4.0**-k
        assert accuracy["chance"]["low"] is None
        assert bits["chance"]["value"] == 2 * k
        assert accuracy.keys() == bits.keys()
        for arm in accuracy.keys() - {"chance"}:
            assert accuracy[arm]["low"] <= 4.0**-k + 0.02, arm
            assert bits[arm]["value"] > 2 * k - 0.05, arm


def test_a_model_that_reads_the_last_bases_learns_the_rule(strict):
    options = OPTIONS.model_copy(update={"lengths": (1,), "tuning_steps": 0})
    task = set_kmer_task(strict, SPLIT, options)
    found, facts = model_answers(task, opinionated(KmerTokenizer(3, 1)), options, CPU, counted=False)
    assert facts["pooling"] in ("last", "mean")
    frequency = baseline_answers(task)[0]["kmer_frequency"][1]
    assert found["pretrained_probe"][1].bits.mean() < frequency.bits.mean() - 0.1


def test_frozen_weights_and_the_order_of_models_change_nothing(chance, tmp_path):
    folders = []
    for name in ("nucleotide", "byte-pair"):
        save_model(tmp_path / name, opinionated(TOKENIZERS[name]), {})
        folders.append(tmp_path / name)
    options = OPTIONS.model_copy(update={"tuning_steps": 0})
    results = next_kmer(folders, chance, tmp_path / "out", options, command="genolect next-kmer")
    other = next_kmer(folders[::-1], chance, tmp_path / "other", options, command="genolect next-kmer")
    check_results(results, path=tmp_path)
    rows = results["evaluation"]
    arms = {row["arm"] for row in rows}
    assert {"chance", "markov", "pretrained_probe[nucleotide]", "token_frequency[byte-pair]"} <= arms
    assert not any("tuned" in arm for arm in arms)
    assert sorted(map(str, rows)) == sorted(map(str, other["evaluation"]))
    assert "may have seen" in " ".join(results["notes"])
    assert results["next_kmer"]["questions"]["test"] == rows[0]["n"]
