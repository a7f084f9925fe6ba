"""Next-k-mer prediction on a genome whose next bases are known, and on one where there is nothing to know."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.data.genome import prepare_genome
from genolect.data.split import Split
from genolect.errors import ConfigurationError
from genolect.model import save_model
from genolect.randomness import derived_generator
from genolect.report.results import read_results as check_results
from genolect.sequence.interval import Interval
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.workflow.next_kmer import (
    NextKmerOptions,
    baseline_answers,
    kmer_rows,
    model_answers,
    next_kmer,
    set_kmer_task,
)
from tests.toys import CPU
from tests.workflow.exam_toys import TOKENIZERS, opinionated

OPTIONS = NextKmerOptions(prefix=19, lengths=(1, 3), training=900, validation=150, test=230, tuning_steps=10, seed=3)
LENGTH = 20_000
SPLIT = Split(
    (Interval("one", 0, 12_000),), (Interval("one", 12_500, 15_900),), (Interval("one", 16_000, LENGTH),), "for a test"
)


def genome_of(folder, letters):
    (folder / "genome.fa").write_text(f">one\n{''.join(letters)}\n")
    return prepare_genome([folder / "genome.fa"], folder / "prepared")


@pytest.fixture(scope="module")
def chance(tmp_path_factory):
    """Even bases, one after the other by chance."""
    letters = derived_generator(1, "letters").choice(list("ACGT"), LENGTH)
    return genome_of(tmp_path_factory.mktemp("chance"), letters)


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """After two bases the third is nearly sure, on the forward strand as on the other."""
    generator = derived_generator(2, "letters")
    chain, sure = [0, 1], generator.random(LENGTH) < 0.9
    while len(chain) < LENGTH:
        rule = (chain[-1] + 3 * chain[-2] + 1) % 4
        chain.append(rule if sure[len(chain)] else int(generator.integers(4)))
    return genome_of(tmp_path_factory.mktemp("strict"), np.array(list("ACGT"))[chain])


def by_arm(rows, task, metric):
    return {row["arm"]: row for row in rows if (row["task"], row["metric"]) == (task, metric)}


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


def test_where_there_is_a_rule_the_markov_model_finds_its_order(strict):
    task = set_kmer_task(strict, SPLIT, OPTIONS)
    answers, orders = baseline_answers(task)
    assert orders[1] >= 3
    rows = kmer_rows(task, answers, seed=1)
    accuracy = by_arm(rows, "next 1-mer", "accuracy")
    assert accuracy["markov"]["low"] > accuracy["kmer_frequency"]["high"]
    assert accuracy["markov"]["value"] == accuracy[f"markov_{orders[1]}"]["value"]
    over = by_arm(rows, "next 1-mer", "accuracy_over_markov")
    assert "markov" not in over
    assert over["kmer_frequency"]["high"] < 0
    expected = accuracy["kmer_frequency"]["value"] - accuracy["markov"]["value"]
    assert over["kmer_frequency"]["value"] == pytest.approx(expected)


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


@pytest.mark.parametrize("lengths", [(), (3, 2), (2, 2), (0, 1), (9,)])
def test_lengths_that_make_no_sense_are_refused(lengths):
    with pytest.raises(ConfigurationError, match="give increasing numbers from 1 to 8"):
        NextKmerOptions.from_mapping({"lengths": lengths}, "the options")
