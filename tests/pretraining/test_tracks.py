"""Tracks in recipes: bins that fit, files that fit, heads that start at the level, and runs that resume exactly."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genolect.encoders.encoder import HeadConfig
from genolect.errors import ConfigurationError, InputError
from genolect.genome.holdout import choose_split
from genolect.objectives.tracks import TrackObjective
from genolect.pretraining.assembly import gather, new_training
from genolect.pretraining.kinds.masked import MaskedPart
from genolect.pretraining.kinds.tracks import TrackPart, bin_layout
from genolect.pretraining.loop import Observers, Training, TrainingConfig
from genolect.pretraining.plan import PretrainingOptions, named_files
from genolect.pretraining.pretraining import make_plan
from genolect.pretraining.recipe import EncoderChoice, Recipe
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.pretraining.track_toys import BIN, ENFORMER, LENGTHS, SMALL, WINDOW, recipe_of, toy_track
from tests.toys import CPU


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    return toy_track(tmp_path_factory.mktemp("tracks"))


def training_of(toys, recipe: Recipe, *, steps: int = 4, window: int = WINDOW) -> Training:
    genome, _ = toys
    ingredients = gather(genome, recipe)
    plan = make_plan(genome, PretrainingOptions(steps=1, window=window), CPU, ingredients)
    config = TrainingConfig(steps=steps, windows=5, window=window, checkpoint_every=2, learning_rate=0.01)
    return new_training(ingredients, genome, choose_split(LENGTHS), plan.encoder, config, CPU)


@pytest.mark.parametrize(
    ("kind", "layout", "head"),
    [
        ("enformer", (8, 2, True), {"tokens_per_bin": 1, "crop": 0}),
        ("transformer", (8, 1, False), {"tokens_per_bin": 8, "crop": 1}),
        ("sparse", (8, 1, False), {"tokens_per_bin": 8, "crop": 1}),
    ],
)
def test_bins_are_the_encoder_s_or_made_by_the_head(kind, layout, head):
    shape = {key: value for key, value in SMALL.items() if kind == "transformer" or key != "context_lengths"}
    recipe = recipe_of("a.bw", kind) if kind == "enformer" else Recipe(encoder=EncoderChoice(kind=kind, shape=shape))
    part = TrackPart(files=("a.bw", "b.bw"), **({} if kind == "enformer" else {"bin": BIN, "crop": 1}))
    assert bin_layout(recipe.encoder.config(), part) == layout
    assert bin_layout(recipe.encoder.config(), part).head(2) == HeadConfig(kind="track", outputs=2, **head)
    assert bin_layout(recipe.encoder.config(), part).shape(WINDOW).length == WINDOW


@pytest.mark.parametrize(
    ("part", "encoder", "message"),
    [
        ({"bin": 16}, {}, r"a bin of 16, and the encoder of the kind enformer has 8"),
        ({"crop": 1}, {}, r"a crop of 1, and the encoder of the kind enformer has 2"),
        ({}, {"input_tracks": 1}, r"encoder\.input_tracks is 1"),
    ],
)
def test_bins_that_the_encoder_does_not_have_are_refused(part, encoder, message):
    recipe = Recipe(encoder=EncoderChoice(kind="enformer", shape={**ENFORMER, **encoder}))
    with pytest.raises(ConfigurationError, match=message):
        bin_layout(recipe.encoder.config(), TrackPart(files=("a.bw",), **part))
    assert bin_layout(recipe_of("a.bw").encoder.config(), TrackPart(files=("a.bw",), bin=8, crop=2)).inside


def test_windows_of_no_whole_bins_are_refused(toys):
    with pytest.raises(ConfigurationError, match="a window of 100 bases with 2 bins of 8 cropped"):
        training_of(toys, recipe_of(toys[1]), window=100)


def test_files_that_do_not_fit_are_refused(toys, tmp_path):
    genome, path = toys
    part = TrackPart(files=(path,), unknown=("four",), highest=3.0, summary="sum")
    (track,) = part.read(genome, NucleotideTokenizer())
    assert (track.highest, track.summary, "four" in track.track.lengths) == (3.0, "sum", False)
    with pytest.raises(ConfigurationError, match="from single bases, not from kmer tokens"):
        part.read(genome, KmerTokenizer(3, 3))
    with pytest.raises(ConfigurationError, match="unknown names the record 'five'"):
        TrackPart(files=(path,), unknown=("five",)).read(genome, NucleotideTokenizer())
    with pytest.raises(InputError, match="there is no such file"):
        TrackPart(files=(str(tmp_path / "no.bw"),)).read(genome, NucleotideTokenizer())


@pytest.mark.parametrize("kind", ["enformer", "transformer"])
def test_every_head_starts_at_the_level_of_its_track(toys, kind):
    recipe = recipe_of(toys[1], kind, files=2, summary="sum")
    training = training_of(toys, recipe)
    part = training.parts["gc"]
    counts = np.concatenate([part.batches.counts(step) for step in range(25)])
    with torch.no_grad():
        batch = part.batches.draw(0, CPU.device)
        said = training.model(batch.ids, None, head="gc")
    assert said.shape == batch.counts.shape == (5, 12 - 2 * (2 if kind == "enformer" else 1), 2)
    np.testing.assert_allclose(said.numpy(), counts.mean(), rtol=1e-4)
    assert 15 < counts.mean() < 25


def test_a_track_that_is_nowhere_known_or_below_nothing_is_refused(toys, tmp_path):
    import pybigtools

    with pytest.raises(InputError, match="no bin of gc is known in training"):
        training_of(toys, recipe_of(toys[1], unknown=tuple(LENGTHS)))
    pybigtools.open(str(tmp_path / "minus.bw"), "w").write(LENGTHS, [(name, 0, 600, -2.0) for name in LENGTHS])
    with pytest.raises(InputError, match="a value of gc is below 0"):
        training_of(toys, recipe_of(str(tmp_path / "minus.bw")))


def test_several_tracks_and_hidden_bases_are_learnt_together(toys):
    recipe = recipe_of(toys[1], "transformer")
    both = {**recipe.objectives, "sum": TrackPart(files=(toys[1],), bin=16, summary="sum", loss="multinomial")}
    training = training_of(toys, recipe.model_copy(update={"objectives": {**both, "hidden": MaskedPart()}}))
    assert isinstance(training.parts["sum"].objective, TrackObjective)
    ids = [training.parts[name].batches.draw(3, CPU.device).ids for name in ("gc", "sum", "hidden")]
    assert ids[0] is ids[1] is ids[2]  # One pass of the encoder serves both tracks.
    training.step()
    assert training.progress.total.keys() == {"gc", "sum", "hidden"}


def test_what_needs_tokens_is_refused_where_there_are_bins(toys):
    recipe = recipe_of(toys[1])
    with pytest.raises(ConfigurationError, match="hidden needs tokens, an encoder of the kind enformer gives bins"):
        training_of(toys, recipe.model_copy(update={"objectives": {**recipe.objectives, "hidden": MaskedPart()}}))


def test_a_track_is_learnt(toys):
    training = training_of(toys, recipe_of(toys[1]), steps=60)
    for _ in range(60):
        training.step()
        if training.progress.step == 10:
            first, training.progress.recent = training.progress.recent["gc"].means()["loss_per_bin"], {}
    assert training.progress.recent["gc"].means()["loss_per_bin"] < 0.8 * first


def test_a_resumed_run_has_the_same_weights_and_the_same_norms(toys, tmp_path):
    straight = training_of(toys, recipe_of(toys[1]))
    straight.run(tmp_path / "straight", Observers(validate=lambda model: {}))
    stopped = training_of(toys, recipe_of(toys[1]))
    for _ in range(2):
        stopped.step()
    stopped.save(tmp_path / "stopped")
    resumed = training_of(toys, recipe_of(toys[1]))
    resumed.run(tmp_path / "stopped", Observers(validate=lambda model: {}))
    one, other = (training.model.state_dict() for training in (straight, resumed))
    assert any("running_mean" in name for name in one)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_files_of_tracks_belong_to_the_plan(toys):
    assert named_files(recipe_of(toys[1])) == [toys[1]]
