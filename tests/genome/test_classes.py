"""Classes of bases: painted in order, cut like the windows, flipped with them, round circles too."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.errors import ConfigurationError, InputError
from genolect.genome.classes import classify_bases, intervals_of
from genolect.genome.genome import prepare_genome
from genolect.genome.windows import WindowSampler
from genolect.sequence.alphabet import SOFT_MASK
from genolect.sequence.annotation import read_annotation
from genolect.sequence.interval import Interval

LETTERS = "ACGTacgtNN" * 30


@pytest.fixture
def genome(tmp_path):
    (tmp_path / "two.fa").write_text(f">line\n{LETTERS}\n>ring [topology=circular]\n{LETTERS[3:100]}\n")
    return prepare_genome([tmp_path / "two.fa"], tmp_path / "prepared")


def test_later_classes_lie_on_earlier_ones_and_the_soft_mask_below(genome):
    regions = {"exon": [Interval("line", 10, 30, "-"), Interval("ring", 2, 5)], "promoter": [Interval("line", 25, 40)]}
    classes = classify_bases(genome, regions, soft_masked="repeat")
    assert classes.names == ("background", "repeat", "exon", "promoter")
    expected = (genome.bases("line") & SOFT_MASK > 0).astype(int)
    expected[10:30], expected[25:40] = 2, 3
    np.testing.assert_array_equal(classes.window(Interval("line", 0, 300)), expected)
    assert classes.count_bases()["promoter"] == 15
    assert sum(classes.count_bases().values()) == len(genome.all_bases)
    plain = classify_bases(genome, regions)
    assert plain.names == ("background", "exon", "promoter")
    assert plain.window(Interval("line", 38, 42)).tolist() == [2, 2, 0, 0]


def test_windows_have_the_classes_of_their_bases_on_both_strands(genome):
    """A window's soft-mask says which class its bases have, so it tells whether the classes were cut as the bases."""
    classes = classify_bases(genome, {}, soft_masked="repeat")
    sampler = WindowSampler(
        genome,
        [Interval("line", 0, 300), Interval("ring", 0, 97)],
        length=31,
        seed=3,
        purpose="training",
    )
    windows, places = sampler.draw(5, 200), sampler.places(5, 200)
    np.testing.assert_array_equal(classes.windows(places), (windows & SOFT_MASK) > 0)
    assert {place.strand for place in places} == {"+", "-"}
    assert any(place.end > 97 for place in places if place.name == "ring")


def test_regions_may_cross_the_origin_of_a_circle(genome):
    classes = classify_bases(genome, {"gene": [Interval("ring", 90, 100)]})
    assert classes.window(Interval("ring", 88, 102)).tolist() == [0, 0, *[1] * 10, 0, 0]
    assert classes.window(Interval("ring", 88, 102, "-")).tolist() == [0, 0, *[1] * 10, 0, 0]
    assert classes.count_bases() == {"background": 387, "gene": 10}


@pytest.mark.parametrize("place", [Interval("line", 290, 301), Interval("ring", 96, 195), Interval("ring", 97, 99)])
def test_windows_that_leave_the_record_are_refused(genome, place):
    with pytest.raises(ValueError, match="leaves the record"):
        classify_bases(genome, {}).window(place)


@pytest.mark.parametrize("place", [Interval("line", 290, 301), Interval("other", 1, 2), Interval("ring", 96, 194)])
def test_regions_outside_the_genome_are_refused(genome, place):
    with pytest.raises(InputError, match=f"'{place.name}' {place.start}-{place.end} lies outside the genome"):
        classify_bases(genome, {"exon": [place]})


@pytest.mark.parametrize("names", [["background"], ["repeat"], [f"class {number}" for number in range(255)]])
def test_names_that_cannot_be_told_apart_are_refused(genome, names):
    with pytest.raises(ConfigurationError, match="too many or not different"):
        classify_bases(genome, dict.fromkeys(names, ()), soft_masked="repeat")


def test_exons_of_yeast_are_those_of_its_annotation(data_folder, tmp_path):
    genome = prepare_genome([data_folder / "genomes" / "yeast.fa.gz"], tmp_path / "yeast")
    annotation = read_annotation(data_folder / "genomes" / "yeast.gtf.gz", genome.lengths)
    exons = intervals_of(annotation.features, "EXON")
    classes = classify_bases(genome, {"exon": exons})
    inside = {name: np.zeros(length, dtype=bool) for name, length in genome.lengths.items()}
    for exon in exons:
        inside[exon.name][exon.start : exon.end] = True
    for name, expected in inside.items():
        np.testing.assert_array_equal(classes.window(Interval(name, 0, len(expected))), expected)
    with pytest.raises(InputError, match=r"the annotation has no 'enhancer'.*CDS"):
        intervals_of(annotation.features, "enhancer")
