"""Tracks of held-out stretches: who knows the answers wins, unknown bins are not asked, strands are averaged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from genolect.encoders.build import encoder_config
from genolect.encoders.encoder import HeadConfig
from genolect.errors import InputError
from genolect.genome.holdout import choose_split
from genolect.genome.tracks import TrackShape, binned_targets, tile_predicted
from genolect.models.inference import WindowTokens
from genolect.models.model import new_model, random_twin
from genolect.pretraining.kinds import tracks as track_exam
from genolect.pretraining.kinds.tracks import TrackExam, TrackPart, set_track_exams
from genolect.sequence.interval import Interval
from genolect.statistics.metrics import pearson
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.pretraining.track_toys import BIN, LENGTHS, WINDOW, toy_track
from tests.toys import CPU

SHAPE = TrackShape(WINDOW, BIN, 2)
TOKENS = WindowTokens(NucleotideTokenizer())
SPLIT = choose_split(LENGTHS)


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    return toy_track(tmp_path_factory.mktemp("exam"))


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(track_exam, "WORDS", (1, 2))


def exams(toys, *, files: int = 1, split=SPLIT, most: int = 30, **part) -> tuple[TrackExam, TrackExam]:
    genome, path = toys
    tracks = TrackPart(files=(path,) * files, summary="sum", **part).read(genome, TOKENS.tokenizer)
    number = {"validation": 11, "test": most}
    return set_track_exams(genome, split, TOKENS, tracks, SHAPE, head="gc", most=number)


def model(tracks: int = 1):
    shape = {"vocabulary": 7, "stages": 3, "crop": 2, "width": 16, "layers": 1, "heads": 2}
    heads = {"gc": HeadConfig(kind="track", outputs=tracks)}
    made = new_model(encoder_config("enformer", shape, "here"), NucleotideTokenizer(), seed=3, heads=heads)
    return random_twin(made, seed=4, keep_counts=False)


class Knowing(torch.nn.Module):
    """Counts G and C of every bin, with some share of noise of its own, as a model of tracks would."""

    def __init__(self, noise: float = 0.0) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.noise = noise

    def forward(self, ids, selected, counted=None, *, head):
        bins = ((ids == 1) | (ids == 2)).float().view(len(ids), -1, BIN).sum(-1)[:, 2:-2, None]
        strange = torch.rand(bins.shape, generator=torch.Generator().manual_seed(1))
        return 5 * bins + 40 * self.noise * strange


def test_the_truth_is_that_of_the_held_out_bins(toys):
    _, test = exams(toys, most=10)
    genome, path = toys
    tracks = TrackPart(files=(path,), summary="sum").read(genome, TOKENS.tokenizer)
    places = tile_predicted(SPLIT.test, LENGTHS, SHAPE)
    assert {place.name for place in places} <= {region.name for region in SPLIT.test}
    kept = [places[number * len(places) // 10] for number in range(10)]
    np.testing.assert_allclose(test.truth, np.log1p(binned_targets(kept, tracks, SHAPE)), rtol=1e-6)
    assert test.ids.shape == test.other_ids.shape == (10, WINDOW)
    assert torch.equal(test.other_ids, 3 - test.ids.flip(1))
    assert test.unit_count == 10 * 8


def test_who_knows_the_answers_reaches_one_and_beats_the_bar(toys):
    _, test = exams(toys)
    assert test.score(Knowing(), CPU) == pytest.approx(1.0)
    result = test.result(Knowing(), CPU, seed=2)
    assert result.verdict().startswith("The model beats the ridge regression on ")
    assert result.bar.value == pytest.approx(test.bar)
    assert 0.3 < test.bar < 0.999
    assert result.difference.value == pytest.approx(1 - test.bar)
    assert result.model.low <= result.model.value <= result.model.high
    assert (result.measure, result.counted, result.extra) == ("Pearson's correlation", "bins", {})


def test_who_guesses_loses(toys):
    _, test = exams(toys)
    result = test.result(Knowing(noise=10.0), CPU, seed=2)
    assert "LOSES" in result.verdict()
    assert result.model.value == pytest.approx(test.score(Knowing(noise=10.0), CPU))


def test_both_strands_are_asked_and_averaged(toys):
    _, test = exams(toys)
    made = model()
    swapped = replace(test, ids=test.other_ids, other_ids=test.ids)
    found = test.predicted(made, CPU)
    np.testing.assert_allclose(swapped.predicted(made, CPU), found[:, ::-1], rtol=1e-6)
    with torch.no_grad():
        given, other = (made(ids, None, head="gc").numpy() for ids in (test.ids, test.other_ids))
    np.testing.assert_allclose(found, np.log1p((given + other[:, ::-1]) / 2), rtol=1e-5)
    assert np.abs(given - other[:, ::-1]).max() > 1e-3
    assert test.score(made, CPU) == pytest.approx(pearson(test.truth.ravel(), found.ravel())[0])


def test_a_prediction_that_is_the_same_everywhere_has_no_correlation(toys):
    _, test = exams(toys)
    made = model()
    with torch.no_grad():
        made.heads["gc"].predict.weight.zero_()
    assert test.score(made, CPU) == 0


def test_several_tracks_are_averaged_and_told_one_by_one(toys):
    validation, _ = exams(toys, files=2)
    made = model(tracks=2)
    result = validation.result(made, CPU, seed=2)
    assert list(result.extra) == ["track 1", "track 2"]
    assert result.model.value == pytest.approx(np.mean([*result.extra.values()]))
    assert result.extra["track 1"] != result.extra["track 2"]
    assert result.bar_name == "ridge regression on k-mers"
    assert validation.unit_count == 11 * 8 * 2


def test_bins_that_are_not_known_are_not_asked(toys):
    (region,) = SPLIT.test
    longer = replace(SPLIT, test=(region, Interval("four", 0, 700)))
    _, test = exams(toys, split=longer, most=400, unknown=("four",))
    _, plain = exams(toys, most=400)
    assert test.unit_count == plain.unit_count < test.truth.size
    assert test.score(Knowing(), CPU) == pytest.approx(1.0)
    assert test.result(Knowing(), CPU, seed=2).model.value == pytest.approx(1.0)
    with pytest.raises(InputError, match="known in no bin of the test stretches"):
        exams(toys, split=replace(SPLIT, test=(Interval("four", 0, 700),)), unknown=("four",))


def test_stretches_without_a_window_are_refused(toys):
    with pytest.raises(InputError, match="the test stretches hold no window of 96 bases"):
        exams(toys, split=replace(SPLIT, test=(Interval("four", 0, 20),)))


def test_the_bar_reads_nothing_of_the_test_stretches(toys):
    """Its words and penalties are those of training and validation: another test stretch leaves them alone."""
    _, one = exams(toys)
    _, other = exams(toys, split=replace(SPLIT, test=(Interval("four", 0, 700),)))
    bins = [Interval("one", 400, 408), Interval("two", 900, 908)]
    assert one.ridges[0].predict(bins).tolist() == other.ridges[0].predict(bins).tolist()
