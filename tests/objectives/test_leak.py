"""Measured leaks: none where nothing is kept, the calculated value elsewhere, DNABERT's as the studies of it found."""

from __future__ import annotations

import pytest
import torch

from genolect.objectives.leak import LeakEstimate, measure_leak
from genolect.objectives.masked import MaskedBases, MaskedBasesConfig
from genolect.objectives.objective import Batch
from genolect.tokenizers.kmer import KmerTokenizer
from tests.objectives.leak_formulas import copies_information, kept_information
from tests.objectives.tokenized import batch_of, some_bases, tokenizers, words_of

TOKENIZERS = tokenizers()
every = pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS.keys())


def leak_of(tokenizer, bases=None, words=None, **settings):
    bases = some_bases(211, 1021) if bases is None else bases
    objective = MaskedBases(MaskedBasesConfig(**settings), words_of(tokenizer, **(words or {})))
    return measure_leak(objective, [batch_of(tokenizer, part) for part in bases.split(101)], seed=3)


def holds(estimate: LeakEstimate, value: float) -> bool:
    return estimate.low <= value <= estimate.high


@every
def test_hidden_and_random_bases_tell_nothing(tokenizer):
    hidden = leak_of(tokenizer, hidden_share=1.0, random_share=0.0).told_at_place
    assert hidden == LeakEstimate(0, 0, 0)
    assert holds(leak_of(tokenizer, hidden_share=0.0, random_share=1.0, span=2.0).told_at_place, 0)
    assert holds(leak_of(tokenizer, hidden_share=0.5, random_share=0.5).told_at_place, 0)


@pytest.mark.parametrize("name", ["nucleotide", "5-mers side by side"])
@pytest.mark.parametrize("weights", [(1, 1, 1, 1), (4, 1, 2, 3)])
def test_kept_bases_tell_what_is_calculated(name, weights):
    bases = some_bases(401, 1021, weights=weights)
    found = leak_of(TOKENIZERS[name], bases, {"frequencies": (3, 2, 2, 3)})
    assert found.unit == "base"
    assert holds(found.told_at_place, kept_information(weights, [3, 2, 2, 3], (0.8, 0.1)))
    assert found.told_at_place.low > 0


def test_kept_tokens_tell_what_is_calculated():
    tokenizer = TOKENIZERS["byte-pair"]
    bases = some_bases(803, 1021)
    counts = torch.bincount(batch_of(tokenizer, bases).ids.flatten(), minlength=80)[: len(tokenizer.targets)]
    found = leak_of(tokenizer, bases, rate=0.4)
    assert found.unit == "token"
    expected = kept_information(counts.tolist(), [1] * len(counts), (0.8, 0.1))
    assert found.told_at_place.value == pytest.approx(expected, rel=0.03)


def test_overlapping_tokens_tell_less_where_all_are_hidden_with_a_neighbour():
    found = leak_of(TOKENIZERS["overlapping 3-mers"]).told_at_place
    assert 0.07 < found.value < kept_information([1] * 4, [1] * 4, (0.8, 0.1)) + 0.005


@pytest.mark.parametrize(
    ("k", "hidden", "unprinted", "readable"),
    [(3, 0.058, 0.042, 0.221), (4, 0.045, 0.030, 0.213), (5, 0.039, 0.023, 0.211), (6, 0.034, 0.018, 0.211)],
)
def test_dnabert_leaks_what_its_code_was_found_to_leak(k, hidden, unprinted, readable):
    found = leak_of(KmerTokenizer(k, 1), some_bases(23, 30_011), scheme="dnabert")
    assert found.tokens_in_loss.value == pytest.approx(1 - (1 - 0.15 / k) ** k, abs=0.002)
    assert found.bases_hidden.value == pytest.approx(hidden, abs=0.002)
    assert found.bases_unprinted.value == pytest.approx(unprinted, abs=0.002)
    assert found.readable_tokens.value == pytest.approx(readable, abs=0.005)
    assert holds(found.told_at_place, copies_information([1] * 4, (0.8, 0.1), k))
    assert found.told_by_neighbours.value > 0.8 * 2 * (k - 1)


def test_grover_tells_nothing_at_the_place():
    found = leak_of(TOKENIZERS["byte-pair"], some_bases(803, 1021), scheme="grover")
    assert found.tokens_in_loss.value == pytest.approx(0.022, abs=0.001)
    assert holds(found.told_at_place, 0)
    assert found.told_by_neighbours.value == 0


@every
def test_shares_are_counted_in_bases_and_neighbours_only_tell_where_words_overlap(tokenizer):
    found = leak_of(tokenizer, hidden_share=1.0, random_share=0.0)
    overlapping = (tokenizer.kind == "kmer" and tokenizer.stride < tokenizer.k) or tokenizer.kind == "DNABERT"
    overlapping = overlapping or "Dnabert" in type(tokenizer).__name__
    assert (found.told_by_neighbours.value > 0) == overlapping
    assert found.bases_unprinted == found.bases_hidden
    if not overlapping:
        assert holds(found.bases_hidden, 0.15)
    else:
        assert found.bases_hidden.low > 0.15


def test_inputs_without_selection_are_refused():
    class Pooled(MaskedBases):
        def corrupt(self, batch, key):
            inputs, targets = super().corrupt(batch, key)
            return type(inputs)(inputs.ids, None), targets

    tokenizer = TOKENIZERS["nucleotide"]
    batch: Batch = batch_of(tokenizer, some_bases(3, 41))
    with pytest.raises(ValueError, match="no selected tokens"):
        measure_leak(Pooled(MaskedBasesConfig(), words_of(tokenizer)), [batch])
