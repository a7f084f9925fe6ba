"""Names of chromosomes in other styles: pairs that are certain, and none where they are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.sequence.naming import suggest_names

ROMAN = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI"]
NUMBERS = [str(number) for number in range(1, 17)]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (["chr1", "chr2", "chrX", "chrM"], ["1", "2", "X", "MT"]),
        (["1", "2", "X", "MT"], ["chr1", "chr2", "chrX", "chrM"]),
        (["Chr1", "Chr10", "ChrM", "ChrC"], ["1", "10", "Mt", "Pt"]),
        (["chr01", "chr02"], ["Chr1", "Chr2"]),
        (["CHR_1", "chromosome 2"], ["chr1", "chr2"]),
        ([*NUMBERS, "MT"], [*ROMAN, "Mito"]),
        ([f"chr{numeral}" for numeral in ROMAN] + ["chrM"], [*ROMAN, "Mito"]),
        ([f"chr{numeral}" for numeral in ROMAN] + ["chrmt"], [*NUMBERS, "MtDNA"]),
        ([*ROMAN, "Mito"], [*NUMBERS, "chrM"]),
        (["NC_000913"], ["NC_000913.3"]),
        (["NC_000913.3"], ["NC_000913"]),
    ],
)
def test_styles_are_matched_in_order(theirs, ours):
    assert suggest_names(theirs, ours) == dict(zip(theirs, ours, strict=True))


def test_the_x_of_a_worm_is_no_ten():
    theirs = ["1", "2", "3", "4", "5", "X", "MtDNA"]
    ours = ["chrI", "chrII", "chrIII", "chrIV", "chrV", "chrX", "chrM"]
    assert suggest_names(theirs, ours) == dict(zip(theirs, ours, strict=True))


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        (["chr1", "1"], ["1"], {}),
        (["chr1", "Chr1"], ["1"], {}),
        (["chrM"], ["MT", "Mito"], {}),
        (["X", "10"], ["chrX", "chrY"], {"X": "chrX"}),
        (["10", "5"], ["X", "Y"], {}),
        (["NC_000913.2"], ["NC_000913.3"], {}),
        (["scaffold_7", "chr2"], ["contig_7", "2"], {"chr2": "2"}),
        (["chr1", "2"], ["1", "2"], {"chr1": "1"}),
        (["chr"], ["1"], {}),
        ([], ["1"], {}),
    ],
)
def test_nothing_is_guessed(theirs, ours, expected):
    assert suggest_names(theirs, ours) == expected


@given(st.lists(st.sampled_from([*ROMAN, *NUMBERS, "chr1", "chrX", "MT", "chrM"])), st.lists(st.text(max_size=4)))
def test_suggestions_are_one_to_one_and_new(ours, theirs):
    theirs = [*theirs, "chrI", "chr10", "Mito"]
    found = suggest_names(theirs, ours)
    assert len(set(found.values())) == len(found)
    assert set(found) <= set(theirs) - set(ours)
    assert set(found.values()) <= set(ours) - set(theirs)
