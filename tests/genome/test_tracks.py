"""Windows with binned targets: bases and values belong together, on either strand, and come again for the same step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pybigtools
import pytest

from genolect.errors import ConfigurationError, InputError
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.holdout import choose_split
from genolect.genome.tracks import (
    MeasuredTrack,
    SiteValues,
    TrackSampler,
    TrackShape,
    binned_targets,
    read_track_windows,
    tile_predicted,
)
from genolect.sequence.alphabet import decode
from genolect.sequence.interval import Interval
from genolect.sequence.track import Track

LENGTHS = {"I": 400, "II": 130, "III": 110, "IV": 90}
SHAPE = TrackShape(length=40, bin_length=5, crop=1)


@pytest.fixture(scope="module")
def genome(tmp_path_factory) -> PreparedGenome:
    folder = tmp_path_factory.mktemp("tracks")
    letters = np.random.Generator(np.random.Philox(3))
    text = "".join(f">{name}\n{''.join(letters.choice(list('ACGTacgt'), n))}\n" for name, n in LENGTHS.items())
    Path(folder, "tiny.fa").write_text(text)
    return prepare_genome([Path(folder, "tiny.fa")], folder / "prepared")


@pytest.fixture(scope="module")
def track(genome, tmp_path_factory) -> Track:
    """Says of every base how often G stands there: the sequence itself, as a signal."""
    path = tmp_path_factory.mktemp("signal") / "g.bw"
    rows = [
        (name, int(place), int(place) + 1, 1.0)
        for name in LENGTHS
        for place in np.flatnonzero((genome.bases(name) & 7) == 2)
    ]
    pybigtools.open(str(path), "w").write(LENGTHS, rows)
    return Track(path, LENGTHS)


def sampler(genome: PreparedGenome, track: Track, **changes) -> TrackSampler:
    given = {"seed": 4, "purpose": "training", "regions": choose_split(LENGTHS).train, **changes}
    return TrackSampler(genome, signals={"chromatin": [track, track]}, shape=SHAPE, **given)


def test_targets_belong_to_the_bases_that_are_read(genome, track):
    """The track counts G, so its bins can be counted in the window; on the other strand these are C."""
    windows = sampler(genome, track).draw(step=2, count=30)
    assert {place.strand for place in windows.places} == {"+", "-"}
    assert windows.targets["chromatin"].shape == (30, 6, 2)
    for place, bases, target in zip(windows.places, windows.bases, windows.targets["chromatin"], strict=True):
        letter = "G" if place.strand == "+" else "C"
        bins = np.array(list(decode(bases)))[5:-5].reshape(6, 5)
        np.testing.assert_allclose(target[:, 0], (bins == letter).mean(axis=1))


def test_a_step_always_gives_the_same_windows_and_others_do_not(genome, track):
    one, other = sampler(genome, track).draw(7, 9), sampler(genome, track).draw(7, 9)
    assert one.places == other.places
    assert np.array_equal(one.bases, other.bases)
    assert np.array_equal(one.targets["chromatin"], other.targets["chromatin"])
    for changed in (
        sampler(genome, track).draw(8, 9),
        sampler(genome, track).draw(7, 9, rank=1),
        sampler(genome, track, seed=5).draw(7, 9),
        sampler(genome, track, purpose="validation").draw(7, 9),
    ):
        assert changed.places != one.places


def test_windows_stay_in_the_stretches_of_their_role(genome, track):
    split = choose_split(LENGTHS)
    for regions in split.regions().values():
        drawn = sampler(genome, track, regions=regions).draw(0, 40)
        assert {place.name for place in drawn.places} <= {region.name for region in regions}


def test_stretches_shorter_than_a_window_are_refused(genome, track):
    with pytest.raises(InputError, match="the longest training stretch has 30 bases, fewer than a window's 40"):
        sampler(genome, track, regions=[Interval("I", 5, 35)])


def test_a_circle_is_refused(genome, track, tmp_path):
    circle = prepare_genome([genome.inputs[0]["path"]], tmp_path / "circle", circular=["I"])
    with pytest.raises(ConfigurationError, match="I is circular, a track is not"):
        sampler(circle, track)


def test_values_at_sites_are_found_in_their_bin_on_their_strand():
    sites = SiteValues(
        [(Interval("I", 12, 13, "+"), 3.0), (Interval("I", 14, 15, "+"), 0.5), (Interval("I", 29, 30, "-"), 7.0)]
    )
    nan = float("nan")
    for place, expected in (
        (Interval("I", 10, 30, "+"), [3.5, nan, nan, nan]),
        (Interval("I", 10, 30, "-"), [7.0, nan, nan, nan]),
        (Interval("I", 13, 33, "+"), [0.5, nan, nan, nan]),
        (Interval("I", 13, 33, "-"), [7.0, nan, nan, nan]),
        (Interval("I", 9, 29, "-"), [nan] * 4),
        (Interval("II", 10, 30, "+"), [nan] * 4),
    ):
        np.testing.assert_array_equal(sites.bins(place, 5), expected)


def test_a_value_of_zero_is_known():
    assert SiteValues([(Interval("I", 2, 3, "+"), 0.0)]).bins(Interval("I", 0, 4, "+"), 4).tolist() == [0.0]


def test_several_heads_have_their_own_tracks(genome, track):
    site = SiteValues([(Interval("II", 20, 21, "-"), 6.0)])
    signals = {"rna": [site], "chromatin": [track, track, site]}
    windows = read_track_windows(genome, [Interval("II", 0, 40, "-"), Interval("I", 3, 43, "+")], signals, SHAPE)
    assert {name: values.shape for name, values in windows.targets.items()} == {
        "rna": (2, 6, 1),
        "chromatin": (2, 6, 3),
    }
    assert windows.targets["rna"][0, 2, 0] == 6.0
    assert np.isfinite(windows.targets["rna"]).sum() == 1


def test_windows_of_another_length_or_outside_are_refused(genome, track):
    with pytest.raises(ValueError, match="could not broadcast"):
        read_track_windows(genome, [Interval("I", 0, 45, "+")], {}, SHAPE)
    with pytest.raises(ValueError, match="I:370-410 leaves the record"):
        read_track_windows(genome, [Interval("I", 370, 410, "+")], {}, SHAPE)


def test_predicted_parts_lie_side_by_side():
    regions = [Interval("I", 100, 200), Interval("II", 0, 130), Interval("IV", 60, 90)]
    places = tile_predicted(regions, LENGTHS, SHAPE)
    predicted = [SHAPE.predicted(place) for place in places]
    assert all(place.length == SHAPE.length and place.end <= LENGTHS[place.name] for place in places)
    assert [(part.start, part.end) for part in predicted if part.name == "I"] == [(100, 130), (130, 160), (160, 190)]
    assert [(part.start, part.end) for part in predicted if part.name == "II"][:2] == [(5, 35), (35, 65)]
    assert [part.name for part in predicted].count("IV") == 0


@pytest.mark.parametrize(("length", "crop"), [(42, 1), (40, 4), (10, 1)])
def test_shapes_without_whole_bins_behind_the_crop_are_refused(length, crop):
    with pytest.raises(ConfigurationError, match=f"a window of {length} bases with {crop} bins of 5 cropped"):
        TrackShape(length=length, bin_length=5, crop=crop)


def test_a_measured_track_is_cut_and_knows_nothing_of_other_records(track):
    part = MeasuredTrack(Track(track.path, {"I": 400, "II": 130}), summary="sum", highest=2.0)
    place = Interval("I", 35, 95, "-")
    assert part.bins(place, 5).tolist() == np.minimum(track.bins(place, 5, "sum"), 2.0).tolist()
    assert 2.0 in part.bins(place, 5)
    for unknown in (Interval("III", 0, 40), Interval("II", 100, 140)):  # Another record; past the end of a circle.
        assert np.isnan(part.bins(unknown, 5)).all()
        assert part.bins(unknown, 5).shape == (8,)


def test_targets_of_windows_are_those_of_their_predicted_parts(track):
    places = [Interval("I", 35, 75), Interval("II", 20, 60, "-")]
    found = binned_targets(places, [track, MeasuredTrack(track, highest=0.1)], SHAPE)
    assert found.shape == (2, 6, 2)
    assert found[1, :, 0].tolist() == track.bins(Interval("II", 25, 55, "-"), 5).tolist()
    assert found[..., 1].max() == np.float32(0.1)
