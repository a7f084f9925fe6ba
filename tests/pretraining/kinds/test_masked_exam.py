"""The exam of hidden bases: the same bases for model and count model, and nothing shown to one that the other lacks."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
import torch

from genolect.errors import InputError
from genolect.genome.context_counts import ContextModel, count_contexts
from genolect.genome.genome import prepare_genome
from genolect.genome.windows import tile_windows
from genolect.models import inference
from genolect.models.inference import WindowTokens, words_of
from genolect.objectives.masked import MaskedBases, MaskedBasesConfig
from genolect.pretraining.kinds import exam as exams
from genolect.pretraining.kinds import masked as masked_exam
from genolect.pretraining.kinds.masked import MaskedExam, set_masked_exam, tune_count_model
from genolect.random import derived_key
from genolect.sequence.interval import Interval
from tests.pretraining.exam_toys import CPU, LENGTH, OF_ONE_LENGTH, TOKENIZERS, Told, opinionated, toy_genome, untrained

WINDOW, K = 51, 3
REGION = Interval("one", 100, 2_650)


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    return toy_genome(tmp_path_factory.mktemp("genome"))


@pytest.fixture(scope="module")
def counting(genome):
    return ContextModel(count_contexts(genome, [Interval("one", 3_000, LENGTH)], K))


def set_exam(genome, counting, name: str, *, seed: int = 4, region: Interval = REGION, most: int = 999) -> MaskedExam:
    tokens = WindowTokens(TOKENIZERS[name])
    return set_masked_exam(genome, [region], tokens, counting, window=WINDOW, most=most, seed=seed)


def corrupted(genome, name: str):
    """Corrupt all windows at once, beside the exam."""
    tokens = WindowTokens(TOKENIZERS[name])
    windows, blocks = tile_windows(genome, [REGION], length=WINDOW, most=999)
    batch = tokens.batch(torch.from_numpy(windows))
    objective = MaskedBases(MaskedBasesConfig(hidden_share=1, random_share=0), words_of(tokens.tokenizer))
    return batch, objective, *objective.corrupt(batch, derived_key(4, "exam", "one")), blocks


def test_single_bases_give_the_figures_that_they_always_gave(tmp_path):
    """Figures from the exam that knew single bases only, in the interval that holds for few blocks."""
    letters = np.random.Generator(np.random.Philox(2)).choice(list("acgtACGT"), 7_013)
    letters[300:420] = "N"
    (tmp_path / "genome.fa").write_text(f">one\n{''.join(letters)}\n")
    genome = prepare_genome([tmp_path / "genome.fa"], tmp_path / "prepared")
    counting = ContextModel(count_contexts(genome, [Interval("one", 0, 100)], 3))
    tokens = WindowTokens(TOKENIZERS["nucleotide"])
    validation, test = (
        set_masked_exam(genome, [Interval("one", *place)], tokens, counting, window=50, most=999, seed=4)
        for place in ((100, 3_000), (3_000, 6_900))
    )
    tune_count_model(counting, validation)
    assert (counting.strengths, counting.temper) == ({1: 512.0, 2: 2048.0, 3: 128.0}, 0.8)
    assert (validation.unit_count, test.unit_count) == (398, 556)
    places = test.sheets[0].asked.flatten().nonzero().flatten().numpy()
    assert hashlib.sha256(places.astype("<i8").tobytes()).hexdigest().startswith("1f7eb2c87d5cde22")
    bar = test.result(untrained(), CPU, seed=3).bar
    figures = (2.0089745489956616, 2.0023743228368143, 2.01607376795692)
    assert (bar.value, bar.low, bar.high) == pytest.approx(figures, rel=1e-12)
    assert test.bar == pytest.approx(bar.value)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_the_model_is_scored_as_the_objective_scores_it(genome, counting, name, monkeypatch):
    monkeypatch.setattr(exams, "WINDOWS_AT_ONCE", 10**6)
    exam, model = set_exam(genome, counting, name), opinionated(TOKENIZERS[name])
    batch, objective, inputs, targets, blocks = corrupted(genome, name)
    with torch.no_grad():
        metrics = objective.loss(model(inputs.ids, inputs.selected), targets)[1]
    assert exam.unit_count == metrics.hidden_bases == int(targets.counted.sum()) > 0.1 * batch.bases.numel()
    assert exam.score(model, CPU) == pytest.approx(metrics.bits_per_hidden_base, rel=1e-5)
    result = exam.result(model, CPU, seed=1)
    assert result.model.value == pytest.approx(metrics.bits_per_hidden_base, rel=1e-5)
    assert result.difference.value == pytest.approx(result.model.value - exam.bar)
    assert len(exam.counts) == len(blocks)


@pytest.mark.parametrize("name", OF_ONE_LENGTH)
def test_an_untrained_model_needs_two_bits_per_base(genome, counting, name):
    result = set_exam(genome, counting, name).result(untrained(TOKENIZERS[name]), CPU, seed=1)
    assert (result.model.value, result.model.low, result.model.high) == pytest.approx((2, 2, 2), abs=1e-6)
    assert (result.measure, result.counted, result.bar_name) == ("bits per hidden base", "hidden bases", "count model")


@pytest.mark.parametrize("name", OF_ONE_LENGTH)
def test_bits_are_those_of_their_window(genome, counting, name, monkeypatch):
    monkeypatch.setattr(exams, "BASES_AT_ONCE", 7 * WINDOW)
    exam = set_exam(genome, counting, name)
    assert len(exam.sheets) > 1
    np.testing.assert_allclose(exam.sums(untrained(TOKENIZERS[name]), CPU), 2 * exam.counts, rtol=1e-5)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_a_model_that_is_told_the_answers_needs_no_bits(genome, counting, name):
    exam, tokenizer = set_exam(genome, counting, name), TOKENIZERS[name]
    truth = torch.cat([sheet.truth for sheet in exam.sheets])
    sure = torch.nn.functional.one_hot(truth, len(tokenizer.targets)) * 60.0
    assert exam.score(Told(sure, tokenizer), CPU) == pytest.approx(0, abs=1e-9)
    assert exam.score(Told(-sure, tokenizer), CPU) > 10
    assert exam.result(Told(sure.repeat(2, 1), tokenizer), CPU, seed=1).verdict().startswith("The model beats")


def shared_out(spans: list[list[int]]) -> dict[int, int]:
    """Walk over the window from word to word; of each word on the way, the first base that none before it holds."""
    firsts, word, end = {}, 0, 0
    while word < len(spans):
        firsts[word], end = end, spans[word][1]
        word = max(
            [number for number, (start, _) in enumerate(spans) if start <= end and number > word], default=len(spans)
        )
    return firsts


@pytest.mark.parametrize("several_sheets", [False, True])
@pytest.mark.parametrize("name", TOKENIZERS)
def test_the_bar_sees_what_the_model_sees_and_what_stands_before_in_the_word(
    genome, counting, name, several_sheets, monkeypatch
):
    """A plain loop over windows, words and bases."""
    if several_sheets:
        monkeypatch.setattr(exams, "WINDOWS_AT_ONCE", 7)
        monkeypatch.setattr(exams, "BASES_AT_ONCE", 7 * WINDOW)
        monkeypatch.setattr(masked_exam, "QUESTIONS_AT_ONCE", 5)
    exam, tokenizer = set_exam(genome, counting, name), TOKENIZERS[name]
    windows = tile_windows(genome, [REGION], length=WINDOW, most=999)[0] & 7
    expected, first = [], 0
    for sheet in exam.sheets:
        for row, ids in enumerate(sheet.ids.tolist()):
            bases = windows[first + row]
            spans = tokenizer.spans(bases)[: len(ids)]
            known = {
                p for token, (a, b) in zip(ids, spans, strict=True) if token in tokenizer.targets for p in range(a, b)
            }
            counted, unshared = set(), shared_out(spans.tolist())
            for column in np.flatnonzero(sheet.asked[row]):
                assert ids[column] == tokenizer.mask_id
                start, end = spans[column].tolist()
                for place in (p for p in range(max(start, unshared[column]), end) if p not in known):
                    seen = known | set(range(start, place))
                    around = range(place - K, place + K + 1)
                    shown = [int(bases[p]) if p in seen else 4 for p in around]
                    expected.append((first + row, int(bases[place]), shown))
                    assert place not in counted
                    counted.add(place)
            masked = [span for token, span in zip(ids, spans, strict=True) if token == tokenizer.mask_id]
            uncounted = {p for a, b in masked for p in range(a, b)} - known - counted
            # Each hidden base once; only where overlapping words hold an N may the one that would count it be unknown.
            assert all(4 in bases[max(0, p - 3) : p + 4] for p in uncounted)
            assert not uncounted or name in ("overlapping 3-mers", "4-mers in steps of 3", "DNABERT")
        first += len(sheet.ids)
    hidden = exam.hidden
    found = zip(hidden.window.tolist(), hidden.bases.tolist(), hidden.shown.tolist(), strict=True)
    assert list(found) == expected
    assert (hidden.truth == np.where(np.arange(2 * K + 1) == K, hidden.bases[:, None].astype(int), -1)).all()
    assert len(exam.sheets) == (1 if not several_sheets else -(-len(windows) // 7))


@pytest.mark.parametrize("name", ["nucleotide", "4-mers in steps of 3", "byte-pair"])
def test_each_window_alone_gives_the_same(genome, counting, name, monkeypatch):
    exam, model = set_exam(genome, counting, name), opinionated(TOKENIZERS[name])
    sums, bar = exam.sums(model, CPU), exam.bar_sums()
    monkeypatch.setattr(inference, "TOKENS_PER_BATCH", 1)
    monkeypatch.setattr(masked_exam, "QUESTIONS_AT_ONCE", 11)
    np.testing.assert_allclose(exam.sums(model, CPU), sums, rtol=1e-4)
    np.testing.assert_allclose(exam.bar_sums(), bar, rtol=1e-12)
    assert np.std(sums / exam.counts.clip(1)) > 0.01


def test_the_chain_rule_makes_a_whole_of_the_bits_of_a_word(genome, counting):
    """The probabilities that the count model gives all 4^5 words in the same place add up to 1."""
    exam = set_exam(genome, counting, "5-mers side by side")
    shown = exam.hidden.shown[:5]
    total = 0.0
    for word in range(4**5):
        bases = [word // 4**place % 4 for place in range(5)]
        rows = shown.copy()
        for number in range(5):
            for before in range(max(0, number - K), number):
                rows[number, K - number + before] = bases[before]
        truth = np.full(rows.shape, -1)
        truth[:, K] = bases
        total += 2.0 ** -counting.bits(rows, truth).sum()
    assert total == pytest.approx(1)


def test_the_exam_depends_on_the_seed_and_nothing_else(genome, counting):
    one, again, other = (set_exam(genome, counting, "5-mers side by side", seed=seed).sheets[0] for seed in (4, 4, 5))
    assert torch.equal(one.ids, again.ids)
    assert not torch.equal(one.ids, other.ids)


@pytest.mark.parametrize("name", ["nucleotide", "5-mers side by side"])
def test_about_15_percent_of_the_known_bases_are_hidden(genome, counting, name):
    exam = set_exam(genome, counting, name, region=Interval("one", 1_400, 3_000))
    known = 31 * (WINDOW if name == "nucleotide" else 50)
    assert abs(exam.unit_count - 0.15 * known) < 4 * math.sqrt(5 * 0.15 * 0.85 * known)


def test_fewer_windows_are_spread_over_the_stretch(genome, counting):
    exam = set_exam(genome, counting, "nucleotide", region=Interval("one", 0, LENGTH), most=30)
    assert 20 <= len(exam.counts) <= 30
    assert len(np.unique(exam.blocks)) == len(exam.counts)


@pytest.mark.parametrize(
    ("region", "said"),
    [
        (Interval("two", 0, 900), r"17 held-out windows of 51 bases hold no base that could be hidden\. Fix: "),
        (Interval("one", 0, 49), r"no held-out stretch has 51 bases"),
    ],
)
@pytest.mark.parametrize("name", ["nucleotide", "overlapping 3-mers", "byte-pair"])
def test_an_exam_without_questions_is_refused(genome, counting, region, said, name):
    with pytest.raises(InputError, match=said):
        set_exam(genome, counting, name, region=region)


def test_tuning_reads_the_validation_exam_alone(genome):
    counts = count_contexts(genome, [Interval("one", 3_000, LENGTH)], K)
    models = [ContextModel(counts) for _ in range(2)]
    validation = [set_exam(genome, model, "5-mers side by side") for model in models]
    before = validation[0].bar
    for model, exam in zip(models, validation, strict=True):
        tune_count_model(model, exam)
    assert models[0].strengths == models[1].strengths != ContextModel(counts).strengths
    assert validation[0].bar < before
