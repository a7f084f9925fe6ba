"""Tuning learns what can be learned, leaves the model alone, and stops where validation says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from genolect.evaluation.studies import kmer_models
from genolect.evaluation.studies.kmer_models import KmerBatches, PrefixBatches, TuningOptions, head_of, tune
from genolect.evaluation.studies.kmer_questions import KmerQuestions, TokenizedQuestions, cut_prefixes
from genolect.random import derived_generator
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.pretraining.exam_toys import TOKENIZERS, opinionated
from tests.toys import CPU, fingerprint

LENGTHS = (1, 2)
PRIORS = {k: np.full(4**k, -k * np.log(4)) for k in LENGTHS}


def questions(n: int, seed: int, tokenizer, *, fair: bool = False) -> TokenizedQuestions:
    """What follows repeats the last two bases of the prefix; or, to be fair, nothing does."""
    prefixes = derived_generator(seed, "prefixes").integers(4, size=(n, 17), dtype=np.uint8)
    chance = derived_generator(seed, "following").integers(4, size=(n, 2), dtype=np.uint8)
    following = chance if fair else prefixes[:, -2:].copy()
    return TokenizedQuestions(KmerQuestions(prefixes, following, np.arange(n), 0), cut_prefixes(tokenizer, prefixes))


def parts(tokenizer, **changes):
    return tuple(questions(n, seed, tokenizer, **changes) for n, seed in ((600, 1), (150, 2), (200, 3)))


def options(**changes):
    given = {"steps": 120, "questions": 32, "seed": 5, "learning_rate": 1e-2}
    return TuningOptions(**(given | changes))


def test_a_tuned_model_learns_and_the_given_one_stays_as_it_was():
    model = opinionated()
    before = fingerprint(model)
    tuned = tune(model, parts(NucleotideTokenizer()), PRIORS, options(), CPU)
    assert tuned.answers[1].right.mean() > 0.6
    assert tuned.answers[2].bits.mean() < 3.5
    assert all(steps > 0 for steps in tuned.steps.values())
    assert fingerprint(model) == before


def test_where_nothing_can_be_learned_it_hardly_loses_to_the_frequencies():
    tuned = tune(opinionated(), parts(NucleotideTokenizer(), fair=True), PRIORS, options(), CPU)
    for k, answers in tuned.answers.items():
        assert answers.bits.mean() < 2 * k + 0.1


def test_steps_that_only_harm_are_taken_back():
    prior = {1: np.log([0.1, 0.2, 0.3, 0.4])}
    asked = parts(NucleotideTokenizer(), fair=True)
    tuned = tune(opinionated(), asked, prior, options(steps=5, learning_rate=30.0), CPU)
    assert tuned.steps == {1: 0}
    np.testing.assert_allclose(tuned.answers[1].bits, -prior[1][asked[2].asked.truth(1)] / np.log(2), rtol=1e-5)


def test_the_same_seed_gives_the_same_answers():
    one, other, third = (
        tune(opinionated(), parts(NucleotideTokenizer()), PRIORS, options(steps=7, seed=seed), CPU).answers[2].bits
        for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(one, other)
    assert (one != third).any()


def test_batches_of_all_lengths_share_their_tokens_and_label_the_last():
    source = questions(90, 1, TOKENIZERS["byte-pair"])
    shared = PrefixBatches(source, 11, seed=4)
    one, two = (KmerBatches(shared, k).draw(3, torch.device("cpu")) for k in LENGTHS)
    assert one.ids is two.ids
    assert (one.spans[:, -1, 1] == 17).all()
    assert (one.labels[:, :-1] < 0).all()
    following = source.asked.windows()[:, 17:]
    rows = {
        tuple(prefix): tuple(next_bases) for prefix, next_bases in zip(source.asked.prefixes, following, strict=True)
    }
    for prefix, label in zip(two.bases.numpy(), two.labels[:, -1].tolist(), strict=True):
        first, second = rows[tuple(prefix)]
        assert label == 4 * first + second
    assert one.counted is None
    whole = source.asked.windows().astype(np.int64)
    counted = KmerBatches(PrefixBatches(replace(source, counted=whole), 11, seed=4), 1).draw(3, torch.device("cpu"))
    assert torch.equal(counted.counted[:, :17], counted.bases.long())
    assert counted.counted.shape == (11, 19)
    assert not torch.equal(KmerBatches(shared, 1).draw(4, torch.device("cpu")).bases, one.bases)


def test_heads_begin_at_the_frequencies_and_the_encoder_at_its_weights():
    model = opinionated()
    copy = kmer_models._with_heads(model, PRIORS, options())
    assert torch.equal(copy.heads[head_of(2)].predict.bias, torch.from_numpy(PRIORS[2]).float())
    for name, tensor in model.encoder.state_dict().items():
        assert torch.equal(copy.encoder.state_dict()[name], tensor), name


@pytest.mark.parametrize("name", ["byte-pair", "overlapping 3-mers"])
def test_other_tokens_are_tuned_too(name):
    tokenizer = TOKENIZERS[name]
    tuned = tune(opinionated(tokenizer), parts(tokenizer), PRIORS, options(steps=10), CPU)
    assert {k: len(answers.bits) for k, answers in tuned.answers.items()} == {1: 200, 2: 200}
