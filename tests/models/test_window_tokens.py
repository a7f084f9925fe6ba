"""Windows cut into tokens: the tokenizer's own ids and spans, for every tokenizer, without padding."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genolect.models.inference import WindowTokens, words_of
from genolect.tokenizers.codon import CodonTokenizer
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.objectives.tokenized import some_bases, tokenizers

TOKENIZERS = {**tokenizers(), "codons": CodonTokenizer(2), "3-mers in steps of 2": KmerTokenizer(3, 2)}
B, W = 7, 101
every = pytest.mark.parametrize("name", TOKENIZERS)


@every
@pytest.mark.parametrize("unknown", [0.0, 0.1])
def test_tokens_and_places_are_the_tokenizer_s_as_far_as_the_shortest_row_goes(name, unknown):
    tokenizer, windows = TOKENIZERS[name], some_bases(B, W, unknown=unknown)
    batch = WindowTokens(tokenizer).batch(windows)
    rows = [(tokenizer.encode(row), tokenizer.spans(row)) for row in windows.numpy()]
    fewest = min(len(ids) for ids, _ in rows)
    assert batch.ids.dtype == torch.int64
    assert batch.ids.tolist() == [ids[:fewest].tolist() for ids, _ in rows]
    assert torch.equal(batch.bases, windows)
    spans = batch.spans.expand(B, fewest, 2).numpy()
    assert all(np.array_equal(found, expected[:fewest]) for found, (_, expected) in zip(spans, rows, strict=True))


@every
def test_a_window_s_tokens_do_not_depend_on_its_neighbours_but_for_how_many(name):
    windows, tokens = some_bases(B, W), WindowTokens(TOKENIZERS[name])
    together = tokens.ids(windows)
    for row, ids in zip(windows, together, strict=True):
        assert torch.equal(tokens.ids(row[None])[0, : len(ids)], ids)


@every
def test_windows_that_are_cut_alike_share_one_tensor_of_places(name):
    tokens = WindowTokens(TOKENIZERS[name])
    one, other, shorter = (tokens.batch(some_bases(B, length, seed=length)).spans for length in (W, W, W - 11))
    if one.dim() == 2:
        assert one is other
    assert shorter.shape != one.shape or not torch.equal(shorter, one)


@every
def test_replacements_follow_the_frequencies_of_bases(name):
    tokenizer, shares = TOKENIZERS[name], (0.1, 0.2, 0.3, 0.4)
    words = words_of(tokenizer, shares)
    assert words_of(tokenizer).frequencies is None
    if words.tokenize is not None:
        assert words.frequencies == shares
        windows = some_bases(B, W)
        assert torch.equal(words.tokenize(windows), WindowTokens(tokenizer).ids(windows))
        return
    letters = list(tokenizer.vocabulary)
    for token, frequency in zip(tokenizer.targets, words.frequencies, strict=True):
        expected = np.prod([shares["ACGT".index(letter)] if letter in "ACGT" else 0 for letter in letters[token]])
        assert frequency == pytest.approx(expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@every
def test_a_gpu_cuts_the_same(name):
    windows, tokens = some_bases(B, W), WindowTokens(TOKENIZERS[name])
    here, there = tokens.batch(windows), tokens.batch(windows.cuda())
    assert there.ids.is_cuda
    assert torch.equal(here.ids, there.ids.cpu())
    assert torch.equal(here.spans, there.spans.cpu())


def test_no_special_tokens_are_added():
    assert WindowTokens(NucleotideTokenizer()).ids(torch.tensor([[0, 4, 11]], dtype=torch.uint8)).tolist() == [
        [0, 4, 3]
    ]
