"""What all exams share: means over what is counted, intervals that know of blocks, sentences, windows cut in parts."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from genolect.models.inference import WindowTokens
from genolect.pretraining.kinds import exam
from genolect.pretraining.kinds.exam import ExamResult, cut_windows, mean_estimates
from genolect.statistics.bootstrap import Estimate
from tests.objectives.tokenized import some_bases
from tests.pretraining.exam_toys import TOKENIZERS


def result(difference: Estimate, *, lower_is_better: bool = True) -> ExamResult:
    own, bar = Estimate(1.9, 1.8, 2.0), Estimate(1.95, 1.9, 2.0)
    return ExamResult(
        "bits per base", 12_345, "bases", lower_is_better, own, bar, "Markov model", difference, {"a": 1.5}
    )


@pytest.mark.parametrize(
    ("low", "high", "lower_is_better", "said"),
    [
        (-0.08, -0.02, True, r"^The model beats the Markov model: 1\.9000 bits per base, the Markov model 1\.9500 "),
        (0.02, 0.08, True, r"^The model LOSES to the Markov model: .*12,345 bases\)\. Train it longer\.$"),
        (0.02, 0.08, False, r"^The model beats the Markov model: "),
        (-0.08, -0.02, False, r"^The model LOSES to the Markov model: "),
        (-0.02, 0.08, True, r"^The model and the Markov model are level: .*interval -0\.0200 to \+0\.0800; "),
        (-0.02, 0.08, False, r"^The model and the Markov model are level: "),
        (None, None, True, r"^The model reaches 1\.9000 bits per base, .*; too few blocks for an interval\.$"),
    ],
)
def test_a_sentence_says_who_wins(low, high, lower_is_better, said):
    found = result(Estimate(-0.05, low, high), lower_is_better=lower_is_better)
    assert re.search(said, found.verdict())
    mapping = json.loads(json.dumps(found.to_mapping()))
    assert mapping["verdict"] == found.verdict()
    assert mapping["difference"] == {"value": -0.05, "low": low, "high": high}
    assert (mapping["unit_count"], mapping["extra"]) == (12_345, {"a": 1.5})


def test_the_mean_counts_bases_not_windows_or_blocks():
    counts, blocks = np.array([3.0, 1, 5, 2, 2, 7]), np.array([0, 0, 1, 2, 3, 4])
    sums = np.random.Generator(np.random.Philox(3)).normal(size=6) * counts
    [mean] = mean_estimates([sums], counts, blocks, seed=1)
    assert mean.value == pytest.approx(sums.sum() / 20)
    assert mean.low < mean.value < mean.high


def test_the_interval_follows_the_blocks():
    """What differs between blocks widens it; what differs inside a block does not."""
    counts, blocks = np.full(60, 4.0), np.arange(60) // 3
    between, inside = np.repeat(np.arange(20) % 2, 3) * 4.0, np.full(60, 2.0)
    wide, narrow = mean_estimates([between, inside], counts, blocks, seed=1)
    assert wide.value == narrow.value == 0.5
    assert wide.high - wide.low == pytest.approx(4 * np.sqrt(0.25 / 20), rel=0.25)
    assert narrow.high - narrow.low < 1e-9


def test_a_difference_is_paired():
    """Two contestants who differ by the same everywhere differ by it surely, however much windows differ."""
    counts, blocks = np.full(40, 3.0), np.arange(40) // 2
    bar = np.random.Generator(np.random.Philox(3)).normal(size=40) * 9
    own = bar - 0.3
    model, _, difference = mean_estimates([own, bar, own - bar], counts, blocks, seed=1)
    assert model.high - model.low > 0.5
    assert (difference.low, difference.high) == pytest.approx((-0.1, -0.1))


def test_a_window_that_asks_nothing_and_its_block_play_no_part():
    sums, counts = np.array([1.0, 4, 2, 3, 8, 5]), np.array([1.0, 2, 1, 3, 2, 1])
    blocks = np.array([0, 9, 20, 31, 44, 44])
    [without] = mean_estimates([sums], counts, blocks, seed=1)
    [beside] = mean_estimates([np.append(sums, 0)], np.append(counts, 0), np.append(blocks, 70), seed=1)
    assert without == beside
    [few] = mean_estimates([sums[1:]], counts[1:], blocks[1:], seed=1)
    assert few == Estimate(pytest.approx(22 / 9), None, None)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_parts_hold_every_window_once(name, monkeypatch):
    monkeypatch.setattr(exam, "WINDOWS_AT_ONCE", 3)
    monkeypatch.setattr(exam, "BASES_AT_ONCE", 4 * 53 + 5)
    windows = some_bases(11, 53, unknown=0.02).numpy()
    tokens = WindowTokens(TOKENIZERS[name])
    parts = list(cut_windows(tokens, windows))
    size = 3 if name in ("byte-pair", "Nucleotide Transformer") else 4
    assert [len(batch.ids) for _, batch in parts] == [len(windows[part]) for part, _ in parts]
    assert [part.start for part, _ in parts] == list(range(0, 11, size))
    for part, batch in parts:
        assert (batch.bases.numpy() == windows[part]).all()
        assert (batch.ids == tokens.ids(batch.bases)).all()
