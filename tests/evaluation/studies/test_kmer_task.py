"""What counts answer: the order that fits, frequencies, exact chance, and options that make no sense."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.errors import ConfigurationError
from genolect.evaluation.studies.next_kmer import NextKmerOptions, baseline_answers, kmer_rows, set_kmer_task
from genolect.genome.context_counts import count_contexts
from tests.pretraining.kmer_toys import OPTIONS, SPLIT, by_arm, strict_genome


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    return strict_genome(tmp_path_factory.mktemp("strict"))


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


def test_frequencies_are_those_of_the_training_stretches_alone(strict):
    task = set_kmer_task(strict, SPLIT, OPTIONS)
    counts = count_contexts(strict, SPLIT.train, 2)[2].reshape(-1) + 1
    np.testing.assert_allclose(np.exp(task.log_priors[3]), counts / counts.sum())
    assert all(len(part) > 0 for part in (task.training, task.validation, task.test))


@pytest.mark.parametrize("lengths", [(), (3, 2), (2, 2), (0, 1), (9,)])
def test_lengths_that_make_no_sense_are_refused(lengths):
    with pytest.raises(ConfigurationError, match="give increasing numbers from 1 to 8"):
        NextKmerOptions.from_mapping({"lengths": lengths}, "the options")
