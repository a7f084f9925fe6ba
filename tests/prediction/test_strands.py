"""Averages over strands do not know which strand was given; single answers do."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genolect.models.inference import embed, token_scores
from genolect.prediction.strands import describe_both_strands, logits_of_both_strands
from genolect.sequence.alphabet import reverse_complement
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.reading import target_partners, token_partners
from tests.encoders.equivariant import awake
from tests.toys import CPU, toy_model

MASK = NucleotideTokenizer.mask_id
LETTERS = {
    "partners": torch.from_numpy(token_partners(NucleotideTokenizer())),
    "target_partners": torch.from_numpy(target_partners(NucleotideTokenizer())),
}


def drawn(length: int, rows: int = 5) -> np.ndarray:
    return np.random.default_rng(6).integers(5, size=(rows, length), dtype=np.uint8)


def model():
    return awake(toy_model(context_lengths=()))


@pytest.mark.parametrize("length", [16, 17])
def test_descriptions_are_those_of_either_strand(length):
    network, windows = model(), drawn(length)

    def describe(bases):
        return embed(network, NucleotideTokenizer().encode(bases), CPU, counted=False)

    both = describe_both_strands(describe, windows)
    assert np.array_equal(describe_both_strands(describe, reverse_complement(windows)), both)
    assert np.abs(describe(reverse_complement(windows)) - describe(windows)).max() > 0.05
    np.testing.assert_allclose(both, (describe(windows) + describe(reverse_complement(windows))) / 2, rtol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("length", [16, 17])
def test_predictions_are_those_of_either_strand(length):
    """Rows with different numbers of hidden tokens, one with none."""
    network = model()
    ids = torch.from_numpy(drawn(length).astype(np.int64))
    hidden = torch.rand(ids.shape, generator=torch.Generator().manual_seed(2)) < 0.4
    hidden[3] = False
    ids[hidden] = MASK
    turned = LETTERS["partners"][ids.flip(1)]
    here = logits_of_both_strands(network, ids, hidden, **LETTERS)
    there = logits_of_both_strands(network, turned, hidden.flip(1), **LETTERS)
    whole, whole_turned = torch.zeros(*ids.shape, 4), torch.zeros(*ids.shape, 4)
    whole[hidden], whole_turned[hidden.flip(1)] = here, there
    torch.testing.assert_close(whole_turned, whole.flip(1, 2), atol=1e-6, rtol=0.0)
    one_strand = torch.zeros(*ids.shape, 4)
    one_strand[hidden] = network(ids, hidden)
    assert (one_strand - whole).abs().max() > 0.05


@torch.no_grad()
def test_every_token_is_averaged_with_itself():
    """Token by token, by hand."""
    network, length = model(), 9
    ids = torch.from_numpy(drawn(length, rows=2).astype(np.int64))
    everything = torch.ones_like(ids, dtype=torch.bool)
    both = logits_of_both_strands(network, ids, everything, **LETTERS).view(2, length, 4)
    forward = network(ids, everything).view(2, length, 4)
    backward = network(LETTERS["partners"][ids.flip(1)], everything).view(2, length, 4)
    for row in range(2):
        for token in range(length):
            for base in range(4):
                mean = (forward[row, token, base] + backward[row, length - 1 - token, 3 - base]) / 2
                assert both[row, token, base] == pytest.approx(float(mean), abs=1e-6)


def test_a_model_on_its_machine_can_be_asked():
    network, ids = model(), torch.from_numpy(drawn(12).astype(np.int64))

    def predict(ids, selected):
        return torch.from_numpy(token_scores(network, ids, selected, lambda logits, part: logits, CPU))

    answers = logits_of_both_strands(predict, ids, ids == 2, **LETTERS)
    with torch.no_grad():
        expected = logits_of_both_strands(network, ids, ids == 2, **LETTERS)
    torch.testing.assert_close(answers.float(), expected, atol=1e-6, rtol=0.0)


def test_words_are_mapped_to_their_reverse_complements():
    """A predictor that knows each word it reads: its answers on both strands agree, so the mean is the answer."""
    tokenizer = KmerTokenizer(3, 1)
    ids = torch.from_numpy(tokenizer.encode(drawn(15) % 4).astype(np.int64))
    selected = torch.rand(ids.shape, generator=torch.Generator().manual_seed(3)) < 0.5
    partners = torch.from_numpy(token_partners(tokenizer))
    places = torch.from_numpy(target_partners(tokenizer))

    def predict(ids, selected):
        return torch.eye(64)[ids[selected]]

    both = logits_of_both_strands(predict, ids, selected, partners=partners, target_partners=places)
    assert torch.equal(both, predict(ids, selected))
    wrong = logits_of_both_strands(predict, ids, selected, partners=partners, target_partners=torch.arange(64))
    assert not torch.equal(wrong, both)
