"""The exam of next bases: each scored once, by both contestants, with everything to its left."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genolect.errors import InputError
from genolect.genome.context_counts import MarkovModel, count_contexts
from genolect.genome.genome import prepare_genome
from genolect.genome.windows import tile_windows
from genolect.models import inference
from genolect.models.inference import WindowTokens
from genolect.objectives.causal import CausalObjective
from genolect.pretraining.kinds import causal
from genolect.pretraining.kinds import exam as exams
from genolect.pretraining.kinds.causal import CausalExam, set_causal_exam, tune_markov_model
from genolect.sequence.interval import Interval
from genolect.tokenizers.tokenizer import stride_of_overlap
from tests.pretraining.exam_toys import CPU, LENGTH, OF_ONE_LENGTH, TOKENIZERS, Told, opinionated, toy_genome, untrained

WINDOW, K = 51, 3
REGION = Interval("one", 100, 2_650)


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    return toy_genome(tmp_path_factory.mktemp("genome"))


@pytest.fixture(scope="module")
def counting(genome):
    return MarkovModel(count_contexts(genome, [Interval("one", 3_000, LENGTH)], K))


def set_exam(genome, counting, name: str, *, region: Interval = REGION) -> CausalExam:
    tokens = WindowTokens(TOKENIZERS[name])
    return set_causal_exam(genome, [region], tokens, counting, window=WINDOW, most=999)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_the_model_is_scored_as_the_objective_scores_it(genome, counting, name, monkeypatch):
    monkeypatch.setattr(exams, "WINDOWS_AT_ONCE", 10**6)
    tokens, tokenizer = WindowTokens(TOKENIZERS[name]), TOKENIZERS[name]
    exam, model = set_exam(genome, counting, name), opinionated(tokenizer, causal=True)
    batch = tokens.batch(torch.from_numpy(tile_windows(genome, [REGION], length=WINDOW, most=999)[0]))
    objective = CausalObjective(tokenizer.targets, stride=stride_of_overlap(tokenizer))
    inputs, targets = objective.corrupt(batch, 0)
    with torch.no_grad():
        metrics = objective.loss(model(inputs.ids, inputs.selected), targets)[1]
    assert exam.unit_count == metrics.count > 0.75 * batch.bases.numel()
    assert exam.score(model, CPU) == pytest.approx(metrics.bits_per_base, rel=1e-5)
    result = exam.result(model, CPU, seed=1)
    assert result.model.value == pytest.approx(metrics.bits_per_base, rel=1e-5)
    assert result.bar.value == pytest.approx(exam.bar)
    assert (result.measure, result.counted, result.bar_name) == ("bits per base", "bases", "Markov model of order 3")


@pytest.mark.parametrize("name", OF_ONE_LENGTH)
def test_an_untrained_model_needs_two_bits_per_base(genome, counting, name):
    result = set_exam(genome, counting, name).result(untrained(TOKENIZERS[name], causal=True), CPU, seed=1)
    assert (result.model.value, result.model.low, result.model.high) == pytest.approx((2, 2, 2), abs=1e-6)


@pytest.mark.parametrize("name", OF_ONE_LENGTH)
def test_bits_are_those_of_their_window(genome, counting, name, monkeypatch):
    monkeypatch.setattr(exams, "BASES_AT_ONCE", 7 * WINDOW)
    exam = set_exam(genome, counting, name)
    assert len(exam.sheets) > 1
    np.testing.assert_allclose(exam.sums(untrained(TOKENIZERS[name], causal=True), CPU), 2 * exam.counts, rtol=1e-5)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_a_model_that_is_told_the_answers_needs_no_bits(genome, counting, name):
    exam, tokenizer = set_exam(genome, counting, name), TOKENIZERS[name]
    truth = torch.cat([sheet.targets.tokens for sheet in exam.sheets])
    sure = torch.nn.functional.one_hot(truth, len(tokenizer.targets)) * 60.0
    assert exam.score(Told(sure, tokenizer), CPU) == pytest.approx(0, abs=1e-9)
    assert exam.score(Told(-sure, tokenizer), CPU) > 10


@pytest.mark.parametrize("several_sheets", [False, True])
@pytest.mark.parametrize("name", TOKENIZERS)
def test_both_contestants_are_asked_about_the_new_bases_of_each_word(
    genome, counting, name, several_sheets, monkeypatch
):
    """A plain loop: what a word shows that no word before it has shown."""
    if several_sheets:
        monkeypatch.setattr(exams, "WINDOWS_AT_ONCE", 7)
        monkeypatch.setattr(exams, "BASES_AT_ONCE", 7 * WINDOW)
    exam, tokenizer = set_exam(genome, counting, name), TOKENIZERS[name]
    windows = tile_windows(genome, [REGION], length=WINDOW, most=999)[0] & 7
    expected = np.full(windows.shape, -1)
    rows = [row for sheet in exam.sheets for row in sheet.ids.tolist()]
    for number, (ids, bases) in enumerate(zip(rows, windows, strict=True)):
        spans = tokenizer.spans(bases)[: len(ids)].tolist()
        seen: set[int] = set(range(*spans[0])) if ids[0] in tokenizer.targets else set()
        for token, span in list(zip(ids, spans, strict=True))[1:]:
            if token in tokenizer.targets:
                new = set(range(*span)) - seen
                expected[number, list(new)] = bases[list(new)]
                seen |= new
    assert (exam.truth == expected).all()
    assert (exam.shown == windows).all()
    assert exam.counts.sum() == (expected >= 0).sum() == sum(sheet.targets.bases.sum() for sheet in exam.sheets)
    assert exam.bar == pytest.approx(counting.bits(windows, expected).mean())


def test_an_unknown_base_that_is_a_target_is_asked_of_nobody(genome, counting):
    """In some byte-pair layouts N stands among the words."""
    exam = set_exam(genome, counting, "byte-pair")
    tokens = WindowTokens(TOKENIZERS["byte-pair"])
    batch = tokens.batch(torch.from_numpy(tile_windows(genome, [REGION], length=WINDOW, most=999)[0][:9]))
    everything = CausalObjective(range(len(TOKENIZERS["byte-pair"].vocabulary)))
    codes = batch.bases.numpy() & 7
    sheet, scored = causal._set_sheet(everything, batch, codes, first=0)
    assert (everything.corrupt(batch, 0)[1].bases.sum() > scored.sum() > 100).item()
    assert (codes[scored] < 4).all()
    assert sheet.selected.sum() == len(sheet.targets.tokens) == len(sheet.window)
    assert (scored == (exam.truth[:9] >= 0))[:, 20:].mean() > 0.9


@pytest.mark.parametrize("name", ["nucleotide", "4-mers in steps of 3", "byte-pair"])
def test_each_window_alone_gives_the_same(genome, counting, name, monkeypatch):
    exam, model = set_exam(genome, counting, name), opinionated(TOKENIZERS[name], causal=True)
    sums, bar = exam.sums(model, CPU), exam.bar_sums()
    monkeypatch.setattr(inference, "TOKENS_PER_BATCH", 1)
    monkeypatch.setattr(causal, "BASES_AT_ONCE", 1)
    np.testing.assert_allclose(exam.sums(model, CPU), sums, rtol=1e-4)
    np.testing.assert_allclose(exam.bar_sums(), bar, rtol=1e-12)
    assert np.std(sums / exam.counts.clip(1)) > 0.01


class Knowing(Told):
    """Knows the source: what follows any two bases, and the window's first one."""

    def forward(self, ids, selected, *, head=None):
        before = torch.nn.functional.pad(ids, (1, 0), value=4)[:, :-1]
        return self.answers[before, ids][selected]


def test_on_a_source_of_order_two_both_reach_its_entropy(tmp_path):
    generator = np.random.default_rng(5)
    table = generator.dirichlet([0.5] * 4, size=(4, 4))
    bases = [0, 0]
    draws = generator.random(60_000)
    limits = table.cumsum(axis=2)
    for draw in draws:
        bases.append(int((draw > limits[bases[-2], bases[-1], :3]).sum()))
    (tmp_path / "genome.fa").write_text(f">one\n{''.join('ACGT'[base] for base in bases)}\n")
    genome = prepare_genome([tmp_path / "genome.fa"], tmp_path / "prepared")
    validation, test = Interval("one", 40_000, 48_000), Interval("one", 48_000, 60_000)
    counting = MarkovModel(one_strand(bases[:40_000], 3))
    tokens = WindowTokens(TOKENIZERS["nucleotide"])
    tuned = set_causal_exam(genome, [validation], tokens, counting, window=300, most=99)
    before = tuned.bar
    tune_markov_model(counting, tuned)
    assert tuned.bar < before
    exam = set_causal_exam(genome, [test], tokens, counting, window=300, most=99)
    pairs = np.bincount(np.array(bases[:-1]) * 4 + bases[1:], minlength=16).reshape(4, 4) / (len(bases) - 1)
    after_one = (pairs[..., None] * table).sum(axis=0) / pairs.sum(axis=0)[:, None]
    known = np.log(np.concatenate([table, after_one[None]]))
    result = exam.result(Knowing(torch.from_numpy(known)), CPU, seed=1)
    entropy = -(pairs[..., None] * table * np.log2(table)).sum()
    for found in (result.model, result.bar):
        assert found.value == pytest.approx(entropy, abs=0.03)
        assert found.low - 0.02 < entropy < found.high + 0.02
    assert 0 < -result.difference.value < 0.02


def one_strand(bases: list[int], longest: int) -> dict[int, np.ndarray]:
    counts = {}
    for k in range(longest + 1):
        words = np.lib.stride_tricks.sliding_window_view(np.array(bases), k + 1) @ 4 ** np.arange(k, -1, -1)
        counts[k] = np.bincount(words, minlength=4 ** (k + 1)).reshape(-1, 4)
    return counts


@pytest.mark.parametrize("name", ["nucleotide", "overlapping 3-mers", "byte-pair"])
def test_an_exam_without_questions_is_refused(genome, counting, name):
    with pytest.raises(InputError, match=r"17 held-out windows of 51 bases hold no base that could be asked for"):
        set_exam(genome, counting, name, region=Interval("two", 0, 900))
