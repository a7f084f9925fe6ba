"""Covariates that tell the label are found, noise is not, and folds keep relatives together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, spearmanr

from genolect.tables.audit.covariates import (
    bin_numbers,
    covariate_findings,
    grouped_folds,
    held_out_guesses,
    score_guesses,
)
from genolect.tables.table import Target
from tests.tables.planted_table import planted_table


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(2, 5))
def test_folds_keep_clusters_whole_and_even(values: list[int], folds: int) -> None:
    cluster = np.unique(values, return_inverse=True)[1]
    fold = grouped_folds(cluster, folds)
    assert all(np.unique(fold[cluster == number]).size == 1 for number in range(cluster.max() + 1))
    sizes = np.bincount(fold, minlength=folds)
    assert sizes.max() - sizes.min() <= np.bincount(cluster).max()


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=60), st.integers(2, 6))
def test_bins_are_in_order_and_few(values: list[float], bins: int) -> None:
    numbers = bin_numbers(np.array(values), bins)
    assert len(set(numbers.tolist())) <= bins
    ordered = numbers[np.argsort(values, kind="stable")]
    assert (np.diff(ordered) >= 0).all()


def test_a_guess_is_the_mean_of_its_bin_in_other_folds() -> None:
    generator = np.random.Generator(np.random.Philox(1))
    bins, folds = generator.integers(0, 4, 90), generator.integers(0, 3, 90)
    labels = generator.normal(size=(90, 2))
    guesses = held_out_guesses([bins], labels, folds)
    for row in range(90):
        rest = folds != folds[row]
        prior = labels[rest].mean(axis=0)
        own = labels[rest & (bins == bins[row])] - prior
        assert guesses[row] == pytest.approx(prior + own.sum(axis=0) / (len(own) + 10))


def test_scores_are_those_of_scipy() -> None:
    generator = np.random.Generator(np.random.Philox(2))
    truth, guess = generator.integers(0, 2, 80).astype(float), generator.normal(size=80).round(1)
    score = score_guesses(
        np.stack([-guess, guess], axis=1),
        np.stack([1 - truth, truth], axis=1),
        ("a", "b"),
        np.arange(80),
        number=False,
    )
    expected = mannwhitneyu(guess[truth == 1], guess[truth == 0]).statistic / (truth.sum() * (80 - truth.sum()))
    assert score.value == pytest.approx(expected)
    number = score_guesses(
        guess[:, None], (guess + generator.normal(size=80))[:, None], ("y",), np.arange(80), number=True
    )
    assert not number.accident
    values = generator.normal(size=80)
    other = score_guesses(guess[:, None], values[:, None], ("y",), np.arange(80), number=True)
    assert other.value == pytest.approx(spearmanr(guess, values).statistic)
    assert other.accident


def test_large_clusters_hide_no_covariate_and_make_no_covariate() -> None:
    """One chain of relatives may hold most of a table: what tells labels inside it tells them, once is no proof."""
    generator = np.random.Generator(np.random.Philox(5))
    cluster = np.where(np.arange(600) < 400, 0, np.arange(600) // 20)
    label = generator.integers(0, 2, 600).astype(float)
    inside = label + generator.normal(size=600)
    columns = np.stack([1 - label, label], axis=1)
    score = score_guesses(np.stack([-inside, inside], axis=1), columns, ("a", "b"), cluster, number=False)
    assert score.value > 0.7
    assert not score.accident
    # Clusters that are of one class, and of one value each, are few facts however many examples they have.
    once = np.isin(cluster, np.unique(cluster)[::2]).astype(float)
    columns = np.stack([1 - once, once], axis=1)
    between = generator.normal(size=cluster.max() + 1)[cluster]
    score = score_guesses(np.stack([-between, between], axis=1), columns, ("a", "b"), cluster, number=False)
    assert score.accident


@pytest.mark.parametrize("fault", ["GC", "length"])
def test_what_tells_the_label_is_found(fault) -> None:
    table = planted_table(fault)
    found = audited(table)
    assert found[fault].judgement == "confounded"
    assert found["all of these together"].judgement == "confounded"
    assert found["N"].judgement == "ok"
    assert found[fault].fix


def audited(table, cluster=None):
    from genolect.tables.covariates import covariates

    cluster = np.arange(len(table)) if cluster is None else cluster
    return {finding.name: finding for finding in covariate_findings(table, covariates(table), cluster)}


def test_a_number_told_by_gc_is_found_and_another_is_not() -> None:
    table = planted_table()
    gc = np.array([((row == 1) | (row == 2)).mean() for row in table.sequences])
    noise = np.random.Generator(np.random.Philox(1)).normal(size=600)
    told = audited(replace(table, target=Target("number", ("y",), (gc - gc.mean()) ** 2 + 1e-4 * noise)))
    assert told["GC"].judgement == "confounded"  # it need not be a line
    assert audited(replace(table, target=Target("number", ("y",), noise)))["GC"].judgement == "ok"


def test_several_labels_are_scored_each() -> None:
    table = planted_table("GC")
    noise = np.random.Generator(np.random.Philox(1)).integers(0, 2, 600)
    values = np.stack([noise, table.target.values], axis=1).astype(float)
    values[::7] = np.nan
    found = audited(replace(table, target=Target("multilabel", ("noise", "told"), values)))
    assert (found["GC"].judgement, found["GC"].numbers["label"]) == ("confounded", "told")
    assert found["GC"].numbers["n"] < 600


def test_relatives_in_one_fold_do_not_tell_each_other() -> None:
    generator = np.random.Generator(np.random.Philox(7))
    table = planted_table(n=600)
    cluster = np.arange(600) // 30
    label = generator.permutation(np.arange(20) % 2)[cluster]
    gc = 0.3 + 0.4 * generator.random(20)[cluster]
    table = replace(table, target=replace(table.target, values=label))
    single, grouped = (covariate_findings(table, {"GC": gc}, by)[0] for by in (np.arange(600), cluster))
    assert single.judgement == "confounded"
    assert grouped.judgement in ("ok", "note")


def test_too_few_clusters_are_said() -> None:
    found = audited(planted_table("GC"), np.zeros(600, dtype=np.int64))
    assert found["GC"].judgement == "note"
    assert found["GC"].sentence == "Too few independent examples to score GC."
