"""DNABERT's and GROVER's masking, against plain readings of how they were published."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import binomtest

from genolect.objectives.masked import MaskedBases, MaskedBasesConfig
from genolect.objectives.masking import DNABERT_NEIGHBOURS, dnabert_tokens
from genolect.tokenizers.kmer import KmerTokenizer
from tests.objectives.tokenized import batch_of, byte_pair, some_bases, words_of

B, W = 1009, 1021


def likely(count: int, of: int, rate: float) -> None:
    assert binomtest(count, of, rate).pvalue > 1e-4


@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_runs_are_k_words_long_around_their_centre(k):
    ids = torch.arange(60).repeat(400, 1) % 50
    targets = range(5, 50)
    _, selected = dnabert_tokens(ids, 3, 0.01 * k, (1.0, 0.0), k=k, targets=targets, mask_id=99)
    rows = [row for row in selected.int().tolist() if sum(row[16:40])]
    single = [row[10:48] for row in rows if 0 < sum(row[10:48]) <= k and not any(row[10:12] + row[46:48])]
    assert single
    for row in single:
        assert sum(row) == k
        first = row.index(1)
        assert row[first : first + k] == [1] * k
    assert len(DNABERT_NEIGHBOURS[k]) == k
    assert not selected[ids < 5].any()


@pytest.mark.parametrize("k", [3, 6])
def test_a_million_words_are_masked_as_dnabert_did(k):
    tokenizer = KmerTokenizer(k, 1)
    batch = batch_of(tokenizer, some_bases(B, W))
    inputs, _ = MaskedBases(MaskedBasesConfig(scheme="dnabert"), words_of(tokenizer)).corrupt(batch, 5)
    inside = inputs.selected[:, 10:-10]
    likely(int(inside[:, ::7].sum()), inside[:, ::7].numel(), 1 - (1 - 0.15 / k) ** k)
    selected, masked = inputs.selected, inputs.ids == tokenizer.mask_id
    count = int(selected.sum())
    assert not masked[~selected].any()
    likely(int(masked.sum()), count, 0.8)
    changed = selected & ~masked & (inputs.ids != batch.ids)
    likely(int(changed.sum()), count, 0.1 * (1 - 4.0**-k))


def test_a_million_tokens_are_masked_as_grover_did():
    tokenizer = byte_pair()
    batch = batch_of(tokenizer, some_bases(2503, 1021))
    inputs, targets = MaskedBases(MaskedBasesConfig(scheme="grover"), words_of(tokenizer)).corrupt(batch, 5)
    tokens = int((batch.ids < tokenizer.targets.stop).sum())
    assert tokens > 1e6
    count = len(targets.truth)
    likely(count, tokens, 0.022)
    masked = inputs.ids == tokenizer.mask_id
    likely(int(masked.sum()), count, 0.8)
    kept = inputs.selected & (inputs.ids == batch.ids)
    likely(int(kept.sum()), count, 0.2 / len(tokenizer.targets))  # random tokens that are the true one
