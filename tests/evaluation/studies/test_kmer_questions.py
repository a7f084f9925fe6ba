"""Questions about the next bases: nothing that comes is shown, for any tokenizer; nothing is padded or changed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genolect.encoders.transformer import TransformerConfig
from genolect.errors import InputError
from genolect.evaluation.studies.kmer_questions import (
    counted_windows,
    cut_prefixes,
    held_out_questions,
    kmer_numbers,
    prefix_states,
    split_windows,
    training_questions,
)
from genolect.models.model import new_model, random_twin
from genolect.sequence.alphabet import decode, reverse_complement
from genolect.sequence.interval import Interval
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.pretraining.exam_toys import CPU, LENGTH, TOKENIZERS, opinionated, toy_genome

PREFIX, FOLLOWING = 23, 4


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    return toy_genome(tmp_path_factory.mktemp("genome"))


@pytest.fixture(scope="module")
def questions(genome):
    return held_out_questions(genome, [Interval("one", 0, LENGTH)], prefix=PREFIX, following=FOLLOWING, most=40)


def test_prefix_and_what_follows_are_the_genome(genome, questions):
    start = PREFIX + FOLLOWING
    whole = decode(genome.bases("one")).upper()
    for window in questions.windows():
        assert decode(window) in whole
    assert decode(questions.windows()[0]) == whole[:start]
    assert questions.following.shape == (len(questions), FOLLOWING)
    assert questions.truth(2)[0] == "ACGT".index(whole[PREFIX]) * 4 + "ACGT".index(whole[PREFIX + 1])


def test_windows_with_an_n_are_left_out_and_counted(genome):
    every = held_out_questions(genome, [Interval("one", 0, LENGTH)], prefix=PREFIX, following=FOLLOWING, most=9_999)
    assert every.with_n > 0
    assert len(every) + every.with_n == LENGTH // (PREFIX + FOLLOWING)
    assert (every.windows() < 4).all()
    with pytest.raises(InputError, match="windows of 27 bases hold an N"):
        held_out_questions(genome, [Interval("two", 0, 900)], prefix=PREFIX, following=FOLLOWING, most=9)


def test_training_questions_come_from_both_strands_of_their_stretch(genome):
    region = [Interval("one", 1_000, 1_300)]
    drawn = training_questions(genome, region, prefix=PREFIX, following=FOLLOWING, count=130, seed=3)
    forward = decode(genome.bases("one", 1_000, 1_300)).upper()
    other = decode(reverse_complement(genome.bases("one", 1_000, 1_300))).upper()
    strands = [(decode(window) in forward, decode(window) in other) for window in drawn.windows()]
    assert all(any(strand) for strand in strands)
    assert {(True, False), (False, True)} <= set(strands)
    again = training_questions(genome, region, prefix=PREFIX, following=FOLLOWING, count=130, seed=4)
    assert (again.windows() != drawn.windows()).any()


@pytest.mark.parametrize("name", TOKENIZERS)
def test_the_last_token_ends_where_the_prefix_ends(name, questions):
    tokenizer = TOKENIZERS[name]
    for ids, spans in zip(*vars(cut_prefixes(tokenizer, questions.prefixes)).values(), strict=True):
        assert spans[-1, 1] == PREFIX
        assert len(ids) == len(spans)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_what_comes_changes_nothing_and_what_was_does(name, questions):
    tokenizer = TOKENIZERS[name]
    model = opinionated(tokenizer)
    windows = questions.windows()
    other = windows.copy()
    other[:, PREFIX:] = 3 - other[:, PREFIX:]
    nearer = windows.copy()
    nearer[:, PREFIX - 1] = 3 - nearer[:, PREFIX - 1]

    def states(read):
        asked = split_windows(read, questions.blocks, FOLLOWING)
        return prefix_states(model, cut_prefixes(tokenizer, asked.prefixes), CPU, counted=None)

    given = states(windows)
    for pooling, rows in states(other).items():
        np.testing.assert_array_equal(rows, given[pooling])
    assert all((rows != given[pooling]).any(axis=1).all() for pooling, rows in states(nearer).items())


def test_a_token_across_the_end_would_have_shown_what_comes():
    """The leak that cutting the prefix alone prevents: with its next base the last token is another one."""
    tokenizer = BytePairTokenizer([("A", "C"), ("AC", "G")])
    prefix = np.array([[3, 3, 0, 1]], dtype=np.uint8)
    alone = cut_prefixes(tokenizer, prefix).ids[0].tolist()
    leaking = tokenizer.encode(np.append(prefix[0], 2).astype(np.uint8)).tolist()
    assert alone != leaking[: len(alone)]


def test_states_are_the_same_alone_and_among_others(questions):
    tokenizer = TOKENIZERS["byte-pair"]
    model = opinionated(tokenizer)
    together = prefix_states(model, cut_prefixes(tokenizer, questions.prefixes), CPU, counted=None)
    for place in (0, 7):
        alone = prefix_states(model, cut_prefixes(tokenizer, questions.prefixes[[place]]), CPU, counted=None)
        for pooling, rows in alone.items():
            np.testing.assert_allclose(rows[0], together[pooling][place], atol=1e-6)
            assert not np.allclose(rows[0], together[pooling][place + 1], atol=1e-3)


def counts_of(window: np.ndarray, lengths: tuple[int, ...]) -> dict[int, torch.Tensor]:
    """Count one window alone, on both strands."""
    counts = {k: torch.zeros(4**k, 4, dtype=torch.int32) for k in lengths}
    for strand in (window, reverse_complement(window)):
        for k in lengths:
            words = np.lib.stride_tricks.sliding_window_view(strand, k + 1)
            np.add.at(counts[k].view(-1).numpy(), kmer_numbers(words), 1)
    return counts


@pytest.mark.parametrize("causal", [False, True])
def test_a_counted_window_looks_as_if_it_had_never_been_counted(questions, causal):
    """Left out with what follows it: of words across the end the prefix alone would leave the echo."""
    shape = {"width": 8, "heads": 2, "layers": 1, "feed_forward": 12, "stem_reach": 3, "context_lengths": (2, 4)}
    config = TransformerConfig(vocabulary=7, causal=causal, **shape)
    model = random_twin(new_model(config, NucleotideTokenizer(), seed=3), seed=4, keep_counts=False)
    place = [5]
    tokens, whole = cut_prefixes(NucleotideTokenizer(), questions.prefixes[place]), counted_windows(model, questions)
    never = prefix_states(model, tokens, CPU, counted=None)["last"]
    model.context.set_counts(counts_of(questions.windows()[5], (2, 4)))
    echo, left_out, prefix_alone = (
        prefix_states(model, tokens, CPU, counted=counted)["last"]
        for counted in (None, whole[place], whole[place, :PREFIX])
    )
    np.testing.assert_array_equal(left_out, never)
    assert (echo != never).any()
    assert (prefix_alone != never).any()


def test_models_without_counts_have_nothing_to_leave_out(questions):
    assert counted_windows(opinionated(), questions) is None


def test_frequencies_of_tokens_are_shares(questions):
    tokens = cut_prefixes(KmerTokenizer(3, 3), questions.prefixes)
    shares = tokens.frequencies(len(KmerTokenizer(3, 3).vocabulary))
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert shares[2][tokens.ids[2][0]] >= 1 / 7


def test_a_prefix_that_holds_no_token_is_refused():
    with pytest.raises(InputError, match="do not reach its end"):
        cut_prefixes(KmerTokenizer(6, 1), np.zeros((1, 4), dtype=np.uint8))
