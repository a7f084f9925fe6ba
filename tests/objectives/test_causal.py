"""The causal objective: what follows what, a loss that a slow reference confirms, bits that tokenizers can share."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.encoders.transformer import TransformerConfig
from genolect.models.model import new_model
from genolect.objectives.causal import CausalMetrics, CausalObjective, CausalTargets
from genolect.objectives.objective import Batch
from genolect.sequence.alphabet import encode
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.tokenizer import Tokenizer, stride_of_overlap

WINDOW = "ACGTTGCATNNGATTACAGGCATCNTTACGGCTAAT"
TOKENIZERS = [
    NucleotideTokenizer(),
    KmerTokenizer(3, 3),
    KmerTokenizer(3, 1),
    KmerTokenizer(4, 1),
    KmerTokenizer(4, 3),
    KmerTokenizer(5, 2),
    BytePairTokenizer([("A", "T"), ("T", "A"), ("AT", "TA"), ("G", "G")]),
]


def named(tokenizer: Tokenizer) -> str:
    return " ".join(map(str, [tokenizer.kind, *tokenizer.parameters.values()]))


def objective_for(tokenizer: Tokenizer) -> CausalObjective:
    return CausalObjective(tokenizer.targets, stride=stride_of_overlap(tokenizer))


def batch(tokenizer: Tokenizer, *windows: str) -> Batch:
    bases = [encode(window) for window in windows]
    ids = torch.from_numpy(np.stack([tokenizer.encode(row).astype(np.int64) for row in bases]))
    spans = torch.from_numpy(np.stack([tokenizer.spans(row) for row in bases]))
    return Batch(torch.from_numpy(np.stack(bases)), ids, spans)


def random_logits(*shape: int, seed: int = 4) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 3


def by_hand(tokenizer: Tokenizer, window: str, logits: np.ndarray) -> tuple[float, int, float, int]:
    """Base nats, bases, token nats, tokens: from the letters of words, one by one."""
    words = {token: word for word, token in tokenizer.vocabulary.items()}
    ids, spans = tokenizer.encode(encode(window)).tolist(), tokenizer.spans(encode(window)).tolist()
    known = [words[token] for token in tokenizer.targets]
    rows, sums = iter(logits.tolist()), [0.0, 0, 0.0, 0]
    for (before, after), (span, next_span) in zip(pairwise(ids), pairwise(spans), strict=True):
        word = words[after]
        if word not in known:
            continue
        scores = dict(zip(known, next(rows), strict=True))
        overlap = max(0, span[1] - next_span[0]) if words[before] in known else 0
        rivals = [other for other in known if other[:overlap] == word[:overlap]] if overlap else known
        for place, candidates in ((0, rivals), (2, known)):
            sums[place] += math.log(math.fsum(math.exp(scores[other]) for other in candidates)) - scores[word]
        sums[1] += len(word) - overlap
        sums[3] += 1
    assert next(rows, None) is None
    return tuple(sums)


@pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=named)
def test_the_loss_equals_a_reference_in_double_precision(tokenizer):
    objective = objective_for(tokenizer)
    inputs, targets = objective.corrupt(batch(tokenizer, WINDOW), key=3)
    logits = random_logits(len(targets.tokens), len(tokenizer.targets))
    base_nats, bases, token_nats, tokens = by_hand(tokenizer, WINDOW, logits.numpy())
    for answer, tolerance in ((logits, 1e-12), (logits.float(), 1e-6)):
        loss, metrics = objective.loss(answer, targets)
        assert loss.item() == pytest.approx(token_nats / tokens, rel=tolerance)
        assert (metrics.count, metrics.tokens) == (bases, tokens)
        assert metrics.nats == pytest.approx(base_nats, rel=tolerance)
        assert objective.base_nats(answer, targets).sum().item() == pytest.approx(base_nats, rel=tolerance)
        assert metrics.bits_per_base == pytest.approx(base_nats / bases / math.log(2), rel=tolerance)
        assert metrics.nats_per_token == pytest.approx(token_nats / tokens, rel=tolerance)
        assert metrics.perplexity == pytest.approx(math.exp(token_nats / tokens), rel=1e-5)
    assert torch.equal(inputs.ids, batch(tokenizer, WINDOW).ids)


@pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=named)
def test_every_known_base_after_the_first_token_is_counted_once(tokenizer):
    """As far as tokens cover them: with words, an N takes its neighbours along."""
    window = WINDOW.replace("N", "")
    given = batch(tokenizer, window)
    metrics = objective_for(tokenizer).loss(
        random_logits(given.ids.shape[1] - 1, len(tokenizer.targets)),
        objective_for(tokenizer).corrupt(given, key=3)[1],
    )[1]
    assert metrics.count == given.spans[0, -1, 1] - given.spans[0, 0, 1]


@pytest.mark.parametrize("tokenizer", TOKENIZERS[:-1], ids=named)
def test_a_model_of_independent_bases_has_the_same_bits_whatever_its_words(tokenizer):
    """Its exact probabilities of words, spread over all words as a k-mer model would, give -log2 p of every base."""
    frequencies = {"A": 0.4, "C": 0.1, "G": 0.2, "T": 0.3}
    window = WINDOW.replace("N", "")
    words = [word for word, token in tokenizer.vocabulary.items() if token in tokenizer.targets]
    scores = torch.tensor([sum(math.log(frequencies[letter]) for letter in word) for word in words]).double()
    given = batch(tokenizer, window)
    targets = objective_for(tokenizer).corrupt(given, key=3)[1]
    metrics = objective_for(tokenizer).loss(scores.expand(len(targets.tokens), -1), targets)[1]
    start, end = int(given.spans[0, 0, 1]), int(given.spans[0, -1, 1])
    expected = -sum(math.log2(frequencies[letter]) for letter in window[start:end]) / (end - start)
    assert metrics.bits_per_base == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=named)
def test_an_untrained_model_loses_ln_v(tokenizer):
    config = TransformerConfig(
        vocabulary=len(tokenizer.vocabulary), width=8, heads=2, layers=1, context_lengths=(), causal=True
    )
    objective, given = objective_for(tokenizer), batch(tokenizer, WINDOW)
    inputs, targets = objective.corrupt(given, key=3)
    with torch.no_grad():
        logits = new_model(config, tokenizer, seed=3)(inputs.ids, inputs.selected, counted=given.ids)
    loss, metrics = objective.loss(logits, targets)
    assert loss.item() == pytest.approx(math.log(len(tokenizer.targets)), rel=1e-6)
    if tokenizer.kind != "byte_pair":  # whose tokens are not all words of one length
        assert metrics.bits_per_base == pytest.approx(2, rel=1e-6)


@settings(deadline=None)
@given(
    rows=st.lists(st.text("ACGTN", min_size=9, max_size=9), min_size=1, max_size=4),
    tokenizer=st.sampled_from(TOKENIZERS[:-1]),
)
def test_selected_is_what_a_target_follows(rows, tokenizer):
    given = batch(tokenizer, *rows)
    inputs, targets = objective_for(tokenizer).corrupt(given, key=1)
    follows = [
        (row, place)
        for row, place in np.ndindex(*given.ids.shape)
        if place and given.ids[row, place] in tokenizer.targets
    ]
    assert inputs.selected.nonzero().tolist() == [[row, place - 1] for row, place in follows]
    assert targets.tokens.tolist() == [int(given.ids[place]) - tokenizer.targets.start for place in follows]
    assert not inputs.selected[:, -1].any()


def test_gradients_are_those_of_finite_differences():
    objective = CausalObjective(range(16), stride=1)
    targets = CausalTargets(torch.tensor([3, 0, 15]), torch.tensor([1, 2, 1]), torch.tensor([True, False, True]))
    logits = random_logits(3, 16).requires_grad_()
    assert torch.autograd.gradcheck(lambda scores: objective.loss(scores, targets)[0], logits)


def test_targets_may_begin_after_other_tokens():
    ids, spans = torch.tensor([[5, 3, 9, 4]]), torch.arange(4)[:, None] + torch.tensor([0, 1])
    inputs, targets = CausalObjective(range(3, 7)).corrupt(Batch(ids.byte(), ids, spans), key=0)
    assert inputs.selected.tolist() == [[True, False, True, False]]
    assert targets.tokens.tolist() == [0, 1]


def test_nothing_to_predict_is_no_loss_and_no_figure():
    objective = objective_for(KmerTokenizer(3, 1))
    logits = torch.zeros(0, 64, requires_grad=True)
    loss, metrics = objective.loss(logits, objective.corrupt(batch(KmerTokenizer(3, 1), "ANNANN"), key=0)[1])
    loss.backward()
    assert (loss.item(), metrics) == (0, CausalMetrics())
    assert math.isnan(metrics.bits_per_base)
    assert math.isnan(metrics.perplexity)


def test_metrics_of_parts_add_to_those_of_the_whole():
    tokenizer, logits = KmerTokenizer(3, 1), random_logits(9, 64)
    objective = objective_for(tokenizer)
    targets = objective.corrupt(batch(tokenizer, "ACGTTGACATTC"), key=0)[1]
    whole = objective.loss(logits, targets)[1]
    halves = [
        objective.loss(logits[part], CausalTargets(targets.tokens[part], targets.bases[part], targets.continues[part]))[
            1
        ]
        for part in (slice(4), slice(4, 9))
    ]
    total = sum(halves, CausalMetrics())
    assert (total.count, total.tokens) == (whole.count, whole.tokens) == (9, 9)
    assert (total.nats, total.token_nats) == pytest.approx((whole.nats, whole.token_nats), rel=1e-12)


@pytest.mark.parametrize(
    ("stride", "tokenizer", "message"),
    [
        (None, KmerTokenizer(3, 1), "stride is None, but the tokens overlap: True"),
        (1, KmerTokenizer(3, 3), "stride is 1"),
    ],
)
def test_a_stride_that_is_not_that_of_the_tokens_is_refused(stride, tokenizer, message):
    with pytest.raises(ValueError, match=message):
        CausalObjective(tokenizer.targets, stride=stride).corrupt(batch(tokenizer, WINDOW), key=0)


@pytest.mark.parametrize("stride", [0, 4])
def test_words_that_cannot_overlap_so_are_refused(stride):
    with pytest.raises(ValueError, match=rf"64 words cannot overlap with a stride of {stride}"):
        CausalObjective(range(64), stride=stride)


def test_a_chain_is_learned_to_its_entropy_and_never_below():
    """Below it lies only the future: a shift too few would be seen here as zero bits."""
    chain = torch.tensor([[0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.7, 0.1], [0.25] * 4, [0.0, 0.5, 0.0, 0.5]])
    powers = torch.linalg.matrix_power(chain.double(), 64)[0]
    entropy = -(powers[:, None] * torch.special.xlogy(chain, chain)).sum().item() / math.log(2)
    generator = torch.Generator().manual_seed(5)

    def windows(rows: int, length: int) -> Batch:
        columns = [torch.multinomial(powers.float(), rows, replacement=True, generator=generator)]
        for _ in range(length - 1):
            columns.append(torch.multinomial(chain[columns[-1]], 1, generator=generator)[:, 0])
        ids = torch.stack(columns, dim=1)
        return Batch(ids.byte(), ids, torch.arange(length)[:, None] + torch.tensor([0, 1]))

    config = TransformerConfig(
        vocabulary=7, width=16, heads=2, layers=1, feed_forward=16, stem_reach=3, context_lengths=(), causal=True
    )
    model, objective = new_model(config, NucleotideTokenizer(), seed=3), CausalObjective(range(4))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for step in range(60):
        inputs, targets = objective.corrupt(windows(24, 40), key=step)
        loss, _ = objective.loss(model(inputs.ids, inputs.selected), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    inputs, targets = objective.corrupt(windows(500, 61), key=0)
    with torch.no_grad():
        bits = objective.loss(model(inputs.ids, inputs.selected), targets)[1].bits_per_base
    assert entropy - 0.02 < bits < entropy + 0.05
