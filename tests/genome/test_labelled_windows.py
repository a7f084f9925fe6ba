"""Labelled windows: where they lie, what they are called, how they are read, which block they belong to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import ConfigurationError
from genolect.genome.labelled_windows import LabelledWindows, drop_rare_classes, read_windows, sample_windows
from genolect.genome.labels import CLASSES, LEFT_OUT, LabelTracks, label_bases
from genolect.sequence.alphabet import N, decode, encode
from genolect.sequence.interval import Feature, Interval

LENGTHS = {"chrI": 9_000, "chrII": 5_000}


def some_tracks() -> LabelTracks:
    generator = np.random.Generator(np.random.Philox(3))
    codes = {name: generator.integers(0, 7, size=size).astype(np.uint8) for name, size in LENGTHS.items()}
    strands = {name: generator.integers(-1, 2, size=size).astype(np.int8) for name, size in LENGTHS.items()}
    for name in codes:
        codes[name][generator.random(codes[name].size) < 0.1] = LEFT_OUT
    return LabelTracks(CLASSES, codes, strands, {})


TRACKS = some_tracks()
REGIONS = [Interval("chrI", 100, 4_000), Interval("chrI", 4_500, 9_000), Interval("chrII", 0, 700)]


@settings(deadline=None)
@given(st.integers(1, 90), st.integers(1, 400), st.integers(0, 5))
def test_windows_lie_apart_inside_their_regions(length: int, count: int, seed: int):
    windows = sample_windows(TRACKS, REGIONS, length=length, count=count, seed=seed)
    assert 0 < len(windows) <= count
    assert set((windows.end - windows.start).tolist()) == {length}
    for name in LENGTHS:
        here = np.flatnonzero(windows.name == name)
        assert (windows.start[here][1:] >= windows.end[here][:-1]).all()
    for name, start, end in zip(windows.name, windows.start, windows.end, strict=True):
        assert any(region.name == name and region.start <= start and end <= region.end for region in REGIONS)


@pytest.mark.parametrize("length", [1, 2, 7, 12])
def test_the_label_is_that_of_the_base_in_the_middle_as_read(length: int):
    windows = sample_windows(TRACKS, REGIONS, length=length, count=300, seed=1)
    for number in range(len(windows)):
        name = str(windows.name[number])
        places = np.arange(windows.start[number], windows.end[number])[:: int(windows.strand[number])]
        centre = places[length // 2]
        assert TRACKS.classes[name][centre] == windows.label[number] != LEFT_OUT
        assert TRACKS.strands[name][centre] in (0, windows.strand[number])


def test_windows_without_strand_are_read_on_either():
    windows = sample_windows(TRACKS, REGIONS, length=4, count=900, seed=1)
    centres = windows.start + np.where(windows.strand > 0, 2, 1)
    on_first = windows.name == "chrI"
    free = np.flatnonzero(on_first)[TRACKS.strands["chrI"][centres[on_first]] == 0]
    assert 0.35 < (windows.strand[free] > 0).mean() < 0.65


def test_one_seed_gives_one_draw_and_another_seed_another():
    first, again, other = (sample_windows(TRACKS, REGIONS, length=30, count=80, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.start, again.start)
    assert np.array_equal(first.strand, again.strand)
    assert not np.array_equal(first.start, other.start)


def test_a_long_gene_is_met_at_all_three_codon_positions():
    gene = Feature(Interval("chrI", 0, 9_000, "+"), "CDS", "t", 0, line=1)
    tracks = label_bases([gene], LENGTHS)
    windows = sample_windows(tracks, [Interval("chrI", 0, 9_000)], length=30, count=900, seed=4)
    shares = np.bincount(windows.label, minlength=7)[-3:] / len(windows)
    assert (np.abs(shares - 1 / 3) < 0.08).all()


def test_what_was_dropped_is_counted():
    windows = sample_windows(TRACKS, REGIONS, length=30, count=10_000, seed=1)
    assert windows.without_label > 0
    bases = {name: np.zeros(size, dtype=np.uint8) for name, size in LENGTHS.items()}
    bases["chrI"][:4_000] = N
    clean = sample_windows(TRACKS, REGIONS, length=30, count=10_000, seed=1, bases=bases.__getitem__)
    assert clean.too_many_n == len(windows) - len(clean) > 0
    assert not ((clean.name == "chrI") & (clean.start < 4_000 - 1)).any()


def test_one_n_in_twenty_is_allowed_and_two_are_not():
    tracks = label_bases([Feature(Interval("chrI", 0, 9), "region", "", None, line=1)], {"chrI": 21})
    for letters, dropped in (("A" * 10 + "N" + "A" * 10, 0), ("A" * 9 + "NNN" + "A" * 9, 1)):
        bases = encode(letters)
        given_bases = {"length": 20, "count": 1, "seed": 0, "bases": lambda _, bases=bases: bases}
        if dropped:
            with pytest.raises(ConfigurationError, match="no labelled window of 20 bases fits into the 1 regions"):
                sample_windows(tracks, [Interval("chrI", 0, 21)], **given_bases)
        else:
            assert sample_windows(tracks, [Interval("chrI", 0, 21)], **given_bases).too_many_n == 0


def test_blocks_are_contiguous_and_never_span_regions():
    windows = sample_windows(TRACKS, REGIONS, length=11, count=400, seed=1)
    total = sum(region.length for region in REGIONS)
    assert np.unique(windows.block).size >= 18
    assert (np.diff(windows.block) >= 0).all()
    for block in np.unique(windows.block):
        here = windows.select(windows.block == block)
        assert np.unique(here.name).size == 1
        assert here.end.max() - here.start.min() <= total // 20 + 11
        assert (
            sum(region.name == here.name[0] and region.start <= here.start.min() < region.end for region in REGIONS)
            == 1
        )
        assert not (here.start.min() < 4_000 and here.end.max() > 4_500)


def test_the_block_size_can_be_given():
    windows = sample_windows(TRACKS, REGIONS[:1], length=11, count=400, seed=1, block_bases=1_000)
    assert np.unique(windows.block).tolist() == [0, 1, 2, 3]
    centres = windows.start + np.where(windows.strand > 0, 5, 5)
    assert np.array_equal(windows.block, (centres - 100) // 1_000)


@pytest.mark.parametrize(
    ("regions", "length", "message"),
    [
        ([Interval("chrI", 0, 500), Interval("chrI", 499, 800)], 10, "region chrI:499-800 overlaps 0-500"),
        ([Interval("chrII", 0, 5_001)], 10, "region chrII:0-5001 is not inside the genome"),
        ([Interval("chrX", 0, 50)], 10, "region chrX:0-50 is not inside the genome"),
        ([Interval("chrI", 0, 50)], 51, "no labelled window of 51 bases fits into the 1 regions .50 bases."),
        ([Interval("chrI", 0, 50)], 0, "window length 0, count 9"),
    ],
)
def test_regions_that_make_no_sense_are_refused(regions: list[Interval], length: int, message: str):
    with pytest.raises(ConfigurationError, match=message):
        sample_windows(TRACKS, regions, length=length, count=9, seed=0)


def test_windows_are_read_in_sense():
    sequences = {"chrI": encode("ACGTTGCA" * 3), "chrII": encode("GGGATNCC")}
    windows = LabelledWindows(
        classes=("a",),
        name=np.array(["chrI", "chrII", "chrII"]),
        start=np.array([1, 2, 2]),
        end=np.array([6, 7, 7]),
        strand=np.array([1, 1, -1], dtype=np.int8),
        label=np.zeros(3, dtype=np.int64),
        block=np.zeros(3, dtype=np.int64),
    )
    assert [decode(one) for one in read_windows(windows, sequences.__getitem__)] == ["CGTTG", "GATNC", "GNATC"]


def numbered(counts: list[int], classes: tuple[str, ...] = ("a", "b", "c", "d")) -> LabelledWindows:
    codes = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(codes.size)
    ones = np.ones(codes.size, dtype=np.int8)
    return LabelledWindows(classes, np.full(codes.size, "chrI"), place, place + 1, ones, codes, place)


def test_rare_classes_are_dropped_and_named():
    train, validation, test, dropped = drop_rare_classes(
        numbered([40, 29, 33, 0]), numbered([5, 3, 2, 0]), numbered([31, 90, 30, 0])
    )
    assert dropped == {"b": (29, 90)}
    assert train.classes == validation.classes == test.classes == ("a", "c")
    assert train.count() == {"a": 40, "c": 33}
    assert validation.count() == {"a": 5, "c": 2}
    assert test.count() == {"a": 31, "c": 30}
    assert validation.start.tolist() == [0, 1, 2, 3, 4, 8, 9]


def test_too_few_classes_are_refused():
    parts = [numbered([40, 29, 0, 0]) for _ in range(3)]
    with pytest.raises(ConfigurationError, match="only 1 of 4 classes have 30 windows in train and test"):
        drop_rare_classes(*parts)


def test_selecting_keeps_the_counts_of_what_was_dropped():
    windows = replace(numbered([3, 2, 0, 0]), without_label=7)
    assert windows.select(np.array([4, 0])).label.tolist() == [1, 0]
    assert windows.select(windows.label == 1).without_label == 7
