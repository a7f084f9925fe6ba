"""The masked objective over every tokenizer: nothing hidden is shown, rates hold, each loss equals a slow reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, chisquare

from genolect.errors import ConfigurationError
from genolect.objectives.masked import MaskedBases, MaskedBasesConfig, MaskedMetrics, Vocabulary
from genolect.objectives.masking import select_tokens
from genolect.objectives.objective import Batch
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.objectives.tokenized import batch_of, some_bases, tokenizers, words_of

TOKENIZERS = tokenizers()
B, W = 11, 203
every = pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS.keys())
NUCLEOTIDE = TOKENIZERS["nucleotide"]


def objective(tokenizer=NUCLEOTIDE, words=None, **settings) -> MaskedBases:
    return MaskedBases(MaskedBasesConfig(**settings), words_of(tokenizer, **(words or {})))


def likely(count: int, of: int, rate: float) -> None:
    assert binomtest(count, of, rate).pvalue > 1e-4


def some_logits(targets, V: int, seed: int = 5) -> torch.Tensor:
    return torch.randn(len(targets.truth), V, generator=torch.Generator().manual_seed(seed), dtype=torch.float32) * 2


def letters_of(tokenizer) -> list[str]:
    return list(tokenizer.vocabulary)


@every
def test_no_token_shows_a_hidden_base(tokenizer):
    bases = some_bases(B, W, unknown=0.03)
    batch = batch_of(tokenizer, bases)
    inputs, targets = objective(tokenizer, hidden_share=1.0, random_share=0.0, rate=0.2, span=3.0).corrupt(batch, 4)
    words, spans = letters_of(tokenizer), batch.spans.expand(B, -1, 2)
    hidden_at_all = 0
    for row, ids in enumerate(inputs.ids.tolist()):
        for token, (start, end) in enumerate(spans[row].tolist()):
            touches = bool(targets.bases[row, start:end].any())
            predictable = set(words[batch.ids[row, token]]) <= set("ACGT")
            assert bool(inputs.selected[row, token]) == (touches and predictable)
            assert ids[token] == (tokenizer.mask_id if touches and predictable else batch.ids[row, token])
            hidden_at_all += touches
    assert hidden_at_all
    assert not targets.bases[(bases & 7) == 4].any()


@every
def test_special_tokens_and_n_are_never_selected(tokenizer):
    batch = batch_of(tokenizer, some_bases(B, W, unknown=0.1))
    for settings in ({"rate": 0.9}, {"scheme": "grover", "rate": 0.9}):
        inputs, targets = objective(tokenizer, **settings).corrupt(batch, 4)
        words = letters_of(tokenizer)
        assert all(set(words[token]) <= set("ACGT") for token in batch.ids[inputs.selected].tolist())
        assert torch.equal(inputs.ids[~inputs.selected], batch.ids[~inputs.selected])
        assert torch.equal(targets.truth + tokenizer.targets.start, batch.ids[inputs.selected])
        shown = inputs.ids[inputs.selected].tolist()
        assert all(token == tokenizer.mask_id or token in tokenizer.targets for token in shown)


@every
def test_a_key_gives_the_same_again_and_another_key_something_else(tokenizer):
    batch, state = batch_of(tokenizer, some_bases(B, W)), torch.get_rng_state()
    one, again, other = (objective(tokenizer).corrupt(batch, key)[0] for key in (2**62 + 1, 2**62 + 1, 2**62 + 2))
    assert torch.equal(one.ids, again.ids)
    assert torch.equal(one.selected, again.selected)
    assert not torch.equal(one.selected, other.selected)
    assert torch.equal(torch.get_rng_state(), state)


def test_one_pass_over_nucleotides_masks_as_the_general_way_does():
    bases = some_bases(1009, 1021, unknown=0.02)
    batch = batch_of(NUCLEOTIDE, bases)
    shown, truth = select_tokens(batch.ids, 7, (0.12, 0.135, 0.15), range(4), mask_id=NUCLEOTIDE.mask_id, unselected=-9)
    plain = objective().corrupt(batch, 7)
    by_bases = objective(rate_multipliers=(1.0,)).corrupt(Batch(bases, batch.ids, batch.spans, bases & 0), 7)
    for inputs, targets in (plain, by_bases):
        assert torch.equal(inputs.ids, shown)
        assert torch.equal(inputs.selected, truth >= 0)
        assert torch.equal(targets.truth, truth[truth >= 0])
        assert torch.equal(targets.counted, torch.ones_like(targets.truth))


@pytest.mark.parametrize("name", ["nucleotide", "5-mers side by side", "byte-pair", "Nucleotide Transformer"])
def test_a_million_bases_are_hidden_at_the_rate_whatever_the_words(name):
    tokenizer = TOKENIZERS[name]
    shape = (1009, 1000) if name == "nucleotide" else (2003, 505)
    batch = batch_of(tokenizer, some_bases(*shape))
    inputs, _ = objective(tokenizer).corrupt(batch, 8)
    predictable = (batch.ids >= tokenizer.targets.start) & (batch.ids < tokenizer.targets.stop)
    likely(int(inputs.selected.sum()), int(predictable.sum()), 0.15)
    likely(int((inputs.ids == tokenizer.mask_id).sum()), int(inputs.selected.sum()), 0.8)
    changed = inputs.selected & (inputs.ids != tokenizer.mask_id) & (inputs.ids != batch.ids)
    assert 0.05 < changed.sum() / inputs.selected.sum() < 0.11


def test_random_tokens_follow_their_frequencies():
    tokenizer = TOKENIZERS["byte-pair"]
    frequencies = np.random.default_rng(4).random(len(tokenizer.targets))
    batch = batch_of(tokenizer, some_bases(503, 1009))
    random = objective(tokenizer, {"frequencies": tuple(frequencies)}, rate=0.4, hidden_share=0.0, random_share=1.0)
    inputs, targets = random.corrupt(batch, 8)
    drawn = np.bincount(inputs.ids[inputs.selected].numpy(), minlength=len(tokenizer.targets))
    assert chisquare(drawn, frequencies / frequencies.sum() * drawn.sum()).pvalue > 1e-4
    halves = targets.truth % 2, inputs.ids[inputs.selected] % 2
    table = torch.bincount(halves[0] * 2 + halves[1], minlength=4).double().view(2, 2)
    expected = table.sum(1, keepdim=True) * table.sum(0) / table.sum()
    assert chisquare(table.flatten(), expected.flatten(), ddof=2).pvalue > 1e-4


def test_overlapping_words_agree_on_replaced_bases():
    tokenizer = TOKENIZERS["overlapping 3-mers"]
    bases = some_bases(B, W, unknown=0.02)
    batch = batch_of(tokenizer, bases)
    changed = objective(tokenizer, hidden_share=0.4, random_share=0.4, rate=0.3).corrupt(batch, 3)[0]
    said: dict[tuple[int, int], set[str]] = {}
    for row, ids in enumerate(changed.ids.tolist()):
        for place, token in enumerate(ids):
            if token in tokenizer.targets:
                for step, letter in enumerate(tokenizer.words[token]):
                    said.setdefault((row, place + step), set()).add(letter)
    assert all(len(letters) == 1 for letters in said.values())
    wrong = [letters != {"ACGTN"[bases[place] & 7]} for place, letters in said.items()]
    assert 0 < np.mean(wrong) < 0.3


# ---------------------------------------------------------------- losses


@every
@pytest.mark.parametrize("settings", [{}, {"span": 4.0, "rate": 0.3}, {"scheme": "grover", "rate": 0.3}])
def test_losses_equal_a_reference_in_double_precision(tokenizer, settings):
    batch = batch_of(tokenizer, some_bases(5, 67, unknown=0.02))
    masked = objective(tokenizer, **settings)
    inputs, targets = masked.corrupt(batch, 6)
    logits = some_logits(targets, len(tokenizer.targets))
    loss, metrics = masked.loss(logits, targets)
    nats, hidden_nats, hidden_bases = slow_loss(tokenizer, batch, inputs, logits)
    assert loss.item() == pytest.approx(np.mean(nats), rel=1e-6)
    assert metrics.nats == pytest.approx(math.fsum(nats), rel=1e-6)
    assert metrics.count == len(nats)
    assert metrics.hidden_nats == pytest.approx(hidden_nats, rel=1e-6)
    assert metrics.hidden_bases == hidden_bases
    assert metrics.perplexity == pytest.approx(math.exp(np.mean(nats)), rel=1e-5)


def slow_loss(tokenizer, batch, inputs, logits):
    """Walk over the tokens of each window, and remember which bases were shown or counted."""
    words = [letters_of(tokenizer)[token] for token in tokenizer.targets]
    scores = iter(logits.double().numpy())
    nats, hidden_nats, hidden_bases = [], 0.0, 0
    for row, ids in enumerate(batch.ids.tolist()):
        spans = batch.spans.expand(len(batch.ids), -1, 2)[row].tolist()
        chosen = inputs.selected[row].tolist()
        predictable = [token in tokenizer.targets for token in ids]
        seen = {
            base
            for token, span in enumerate(spans)
            for base in range(*span)
            if predictable[token] and not chosen[token]
        }
        reach = 0  # end of the last tile
        for token, (start, end) in enumerate(spans):
            following = spans[token + 1][0] if token + 1 < len(spans) and spans[token + 1][1] else None
            is_tile = following is None or following > reach
            if chosen[token]:
                row_scores = next(scores)
                chances = np.exp(row_scores - row_scores.max())
                truth = ids[token] - tokenizer.targets.start
                nats.append(-math.log(chances[truth] / chances.sum()))
                if is_tile:
                    known = [base - start for base in range(start, end) if base in seen or base < reach]
                    agreeing = [all(word[place] == words[truth][place] for place in known) for word in words]
                    fresh = end - start - len(known)
                    hidden_bases += fresh
                    hidden_nats -= math.log(chances[truth] / chances[agreeing if known else slice(None)].sum())
            if is_tile:
                reach = max(reach, end)
    return nats, hidden_nats, hidden_bases


def test_gradients_are_those_of_finite_differences():
    tokenizer = NUCLEOTIDE
    bases = some_bases(3, 41)
    batch = batch_of(tokenizer, bases, classes=(bases % 2).contiguous())
    masked = objective(rate=0.3, loss_weights=(1.0, 0.25))
    targets = masked.corrupt(batch, 6)[1]
    logits = some_logits(targets, 4).double().requires_grad_()
    masked.loss(logits, targets)[0].backward()
    step = 1e-4
    for place in ((0, 0), (1, 3), (7, 2), (len(logits) - 1, 1)):
        change = torch.zeros_like(logits)
        change[place] = step
        with torch.no_grad():
            up, down = (masked.loss(logits + sign * change, targets)[0].item() for sign in (1, -1))
        assert logits.grad[place].item() == pytest.approx((up - down) / (2 * step), abs=1e-8)


@every
def test_an_untrained_model_costs_the_logarithm_of_the_vocabulary(tokenizer):
    targets = (masked := objective(tokenizer)).corrupt(batch_of(tokenizer, some_bases(B, W)), 4)[1]
    loss, metrics = masked.loss(torch.zeros(len(targets.truth), len(tokenizer.targets)), targets)
    assert loss.item() == pytest.approx(math.log(len(tokenizer.targets)), rel=1e-6)
    assert metrics.nats_per_token == pytest.approx(math.log(len(tokenizer.targets)), rel=1e-6)
    if len({len(letters_of(tokenizer)[token]) for token in tokenizer.targets}) == 1:
        assert metrics.bits_per_hidden_base == pytest.approx(2, rel=1e-6)


def test_the_expected_loss_grows_with_the_rate():
    """Summed over a window, E[loss] = r Σ loss(place), for a prediction that does not see the corruption."""
    batch = batch_of(NUCLEOTIDE, some_bases(701, 503))
    fixed = torch.randn(701, 503, 4, generator=torch.Generator().manual_seed(2))
    each = torch.nn.functional.cross_entropy(fixed.view(-1, 4), batch.ids.view(-1), reduction="none").double()
    for rate in (0.022, 0.15, 0.4):
        masked = objective(rate=rate, span=2.0)
        sums = []
        for key in range(9):
            inputs, targets = masked.corrupt(batch, key)
            sums.append(masked.loss(fixed[inputs.selected], targets)[1].nats)
        deviation = math.sqrt(rate * (1 - rate) * 3 * (each**2).sum().item() / len(sums))
        assert abs(np.mean(sums) - rate * each.sum().item()) < 4 * deviation


def test_reduced_precision_is_undone_before_the_loss():
    targets = (masked := objective()).corrupt(batch_of(NUCLEOTIDE, some_bases(B, W)), 4)[1]
    logits = some_logits(targets, 4).bfloat16()
    assert torch.equal(masked.loss(logits, targets)[0], masked.loss(logits.float(), targets)[0])


def test_nothing_selected_costs_nothing():
    batch = batch_of(NUCLEOTIDE, torch.full((2, 9), 4, dtype=torch.uint8))
    masked = objective()
    targets = masked.corrupt(batch, 3)[1]
    logits = torch.zeros(0, 4, requires_grad=True)
    loss, metrics = masked.loss(logits, targets)
    loss.backward()
    assert (loss.item(), metrics) == (0, MaskedMetrics())


# ---------------------------------------------------------------- classes


def test_measured_rates_are_those_of_the_classes():
    bases = some_bases(1009, 1021, unknown=0.02)
    classes = (torch.arange(1021) // 100 % 3).to(torch.uint8).expand(1009, 1021)
    masked = objective(rate_multipliers=(1.0, 0.2, 2.0))
    targets = masked.corrupt(batch_of(NUCLEOTIDE, bases, classes), 3)[1]
    metrics = masked.loss(some_logits(targets, 4), targets)[1]
    known = [int(((classes == code) & ((bases & 7) < 4)).sum()) for code in range(3)]
    assert metrics.class_bases == tuple(known)
    for count, of, rate in zip(metrics.class_selected, known, (0.15, 0.03, 0.3), strict=True):
        likely(count, of, rate)
    assert metrics.rates[1] == metrics.class_selected[1] / known[1]


@every
def test_weights_are_means_over_the_selected_bases(tokenizer):
    bases = some_bases(5, 67)
    batch = batch_of(tokenizer, bases, classes=(torch.arange(67) // 5 % 2).to(torch.uint8).repeat(5, 1))
    masked = objective(tokenizer, loss_weights=(1.0, 0.1), rate=0.3)
    inputs, targets = masked.corrupt(batch, 3)
    spans, expected = batch.spans.expand(5, -1, 2), []
    for row, token in inputs.selected.nonzero().tolist():
        start, end = spans[row, token].tolist()
        chosen = batch.classes[row, start:end][targets.bases[row, start:end]]
        expected.append(torch.tensor([1.0, 0.1], dtype=torch.float64)[chosen.long()].mean().item())
    assert targets.weights.tolist() == pytest.approx(expected)
    logits = some_logits(targets, len(tokenizer.targets))
    each = torch.nn.functional.cross_entropy(logits.double(), targets.truth, reduction="none")
    weighted = (each * targets.weights).sum() / targets.weights.sum()
    loss, metrics = masked.loss(logits, targets)
    assert loss.item() == pytest.approx(weighted.item(), rel=1e-6)
    assert metrics.nats == pytest.approx(each.sum().item(), rel=1e-6)


def test_weights_of_nothing_cost_nothing():
    bases = some_bases(3, 41)
    masked = objective(loss_weights=(0.0,))
    targets = masked.corrupt(batch_of(NUCLEOTIDE, bases, bases & 0), 3)[1]
    assert masked.loss(some_logits(targets, 4), targets)[0].item() == 0


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("classes", [None, torch.full((B, W), 2, dtype=torch.uint8)])
def test_windows_without_their_classes_are_refused(classes):
    with pytest.raises(ConfigurationError, match=r"the windows have (no classes|class 2), .* speaks of 2"):
        objective(rate_multipliers=(1.0, 0.5)).corrupt(batch_of(NUCLEOTIDE, some_bases(B, W), classes), 3)


def test_pairs_that_make_no_sense_are_refused():
    overlapping = KmerTokenizer(3, 1)
    batch = batch_of(overlapping, some_bases(B, W))
    with pytest.raises(ConfigurationError, match="the words overlap, and their bases are not known"):
        objective(overlapping, {"codes": None}).corrupt(batch, 3)
    with pytest.raises(ConfigurationError, match="random tokens among overlapping ones would stand out"):
        objective(overlapping, {"tokenize": None}).corrupt(batch, 3)
    for tokenizer in (NUCLEOTIDE, KmerTokenizer(3, 3), KmerTokenizer(3, 2), KmerTokenizer(7, 1)):
        with pytest.raises(ConfigurationError, match="scheme 'dnabert' masks words of 3 to 6 bases"):
            objective(tokenizer, scheme="dnabert").corrupt(batch_of(tokenizer, some_bases(B, W)), 3)
    with pytest.raises(ConfigurationError, match="3 frequencies for 4 replacements"):
        objective(words={"frequencies": (1, 1, 1)})
    with pytest.raises(ConfigurationError, match="scheme 'grover' draws random tokens evenly"):
        objective(scheme="grover", words={"frequencies": (1, 1, 1, 2)})


def test_words_need_no_more_than_they_use():
    words = Vocabulary(mask_id=5, targets=range(4))
    batch = batch_of(NucleotideTokenizer(), some_bases(B, W))
    one, other = (
        MaskedBases(MaskedBasesConfig(), given).corrupt(batch, 3)[0] for given in (words, words_of(NUCLEOTIDE))
    )
    assert torch.equal(one.ids, other.ids)
