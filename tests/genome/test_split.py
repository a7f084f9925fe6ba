"""What is held out: relations for any genome, hand-sized genomes, two real ones."""

from __future__ import annotations

import gzip
import time
from itertools import pairwise

import pytest
from Bio import SeqIO
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import ConfigurationError, InputError
from genolect.genome.holdout import ARC_MARGIN, HELD_OUT_SHARE, SHORTEST_FOR_ARCS, GenomeSplit, choose_split
from genolect.sequence.interval import Interval

GENOMES = st.lists(st.integers(1, 3_000), min_size=1, max_size=30).map(
    lambda sizes: {f"s{number}": size for number, size in enumerate(sizes)} | {"long": SHORTEST_FOR_ARCS + max(sizes)}
)


def names(intervals: tuple[Interval, ...]) -> list[str]:
    return [interval.name for interval in intervals]


def bases(intervals: tuple[Interval, ...]) -> int:
    return sum(interval.length for interval in intervals)


def check(split: GenomeSplit, lengths: dict[str, int]) -> None:
    """No base has two roles, no role is empty, whole records have no gap, and margins are kept between arcs."""
    roles = split.regions()
    assert all(roles.values())
    placed = sorted(
        ((region.name, region.start, region.end, role) for role, regions in roles.items() for region in regions)
    )
    assert {name for name, *_ in placed} == set(lengths)
    for name, length in lengths.items():
        own = [(start, end, role) for record, start, end, role in placed if record == name]
        assert own[0][0] == 0
        assert own[-1][1] == length
        margin = min(ARC_MARGIN, length // 50)
        for (_, end, role), (start, _, other) in pairwise(own):
            assert role != other
            assert start - end == margin
    arcs = len(placed) > len(lengths)
    assert split.rule.startswith("Too few records" if arcs else "Whole records")


@given(GENOMES)
def test_roles_never_share_a_base_and_cover_the_genome(lengths):
    split = choose_split(lengths)
    check(split, lengths)
    assert choose_split(dict(lengths)) == split
    total = sum(lengths.values())
    assert bases(split.train) >= 0.55 * total
    assert bases(split.validation) + bases(split.test) <= 0.4 * total


@given(lengths=GENOMES, data=st.data())
def test_named_records_are_held_out(lengths, data):
    test = data.draw(st.lists(st.sampled_from([*lengths]), min_size=1, max_size=3))
    left = [name for name in lengths if name not in test]
    validation = data.draw(st.lists(st.sampled_from(left), max_size=3)) if left else []
    try:
        split = choose_split(lengths, validation=validation, test=test)
    except ConfigurationError as error:
        assert "leaves a role without a record" in str(error)  # noqa: PT017
        return
    check(split, lengths)
    assert names(split.test) == list(dict.fromkeys(test))
    if validation:
        assert names(split.validation) == list(dict.fromkeys(validation))
    assert "named by the user" in split.rule


def test_the_records_nearest_to_a_tenth_are_held_out():
    lengths = {"a": 500, "b": 95, "c": 40, "d": 104, "e": 261}
    split = choose_split(lengths)
    assert (names(split.test), names(split.validation), names(split.train)) == (["d"], ["b"], ["a", "c", "e"])
    assert split.test == (Interval("d", 0, 104),)


def test_one_record_is_cut_into_arcs():
    split = choose_split({"only": 1000})
    assert split.validation == (Interval("only", 250, 350),)
    assert split.test == (Interval("only", 650, 750),)
    assert split.train == (Interval("only", 0, 230), Interval("only", 370, 630), Interval("only", 770, 1000))
    assert "one contiguous arc of only each, 10% of it, with a margin of 20 bases" in split.rule


def test_the_margin_is_ten_thousand_bases_where_there_is_room():
    split = choose_split({"only": 4_000_000})
    assert [(region.start, region.end) for region in split.train] == [
        (0, 990_000),
        (1_410_000, 2_590_000),
        (3_010_000, 4_000_000),
    ]


def test_three_equal_records_are_too_few_to_hold_out_whole_ones():
    split = choose_split({"a": 700, "b": 700, "c": 700})
    check(split, {"a": 700, "b": 700, "c": 700})
    assert names(split.validation) == names(split.test) == ["a"]
    assert set(names(split.train)) == {"a", "b", "c"}


def test_plasmids_beside_one_chromosome_train():
    split = choose_split({"chromosome": 9_000, "p1": 90, "p2": 70})
    assert names(split.test) == ["chromosome"]
    assert {"p1", "p2"} < set(names(split.train))


def test_many_small_scaffolds_are_gathered_quickly():
    lengths = {f"scaffold{number}": 1_000 + number % 17 for number in range(30_000)}
    started = time.process_time()
    split = choose_split(lengths)
    assert time.process_time() - started < 2
    total = sum(lengths.values())
    for role in (split.validation, split.test):
        assert 0.09 < bases(role) / total <= HELD_OUT_SHARE
    assert bases(split.train) + bases(split.validation) + bases(split.test) == total
    assert not set(names(split.test)) & set(names(split.validation))


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"test": ["chr7"]}, r"no record 'chr7'. Fix: choose among: a, b, c"),
        ({"validation": ["chr7"]}, r"no record 'chr7'"),
        ({"validation": ["b", "a"], "test": ["a"]}, "a is named for validation and for test"),
        ({"validation": ["a", "b"], "test": ["c"]}, "holding out c, a, b leaves a role without a record"),
        ({"test": ["b", "c"]}, "holding out b, c leaves a role without a record"),
    ],
)
def test_impossible_wishes_are_refused(chosen, message):
    with pytest.raises(ConfigurationError, match=message):
        choose_split({"a": 900, "b": 300, "c": 200}, **chosen)


@pytest.mark.parametrize("length", [1, 19, SHORTEST_FOR_ARCS - 1])
def test_a_genome_too_short_to_hold_anything_out_is_refused(length):
    with pytest.raises(InputError, match=f"the longest record, 'x', has {length} bases, too few"):
        choose_split({"x": length})
    check(choose_split({"x": SHORTEST_FOR_ARCS}), {"x": SHORTEST_FOR_ARCS})


def real_lengths(path) -> dict[str, int]:
    with gzip.open(path, "rt") as file:
        return {record.id: len(record) for record in SeqIO.parse(file, "fasta")}


def test_yeast_holds_out_chromosomes_fifteen_and_seven(data_folder):
    lengths = real_lengths(data_folder / "genomes" / "yeast.fa.gz")
    split = choose_split(lengths)
    check(split, lengths)
    assert (names(split.test), names(split.validation)) == (["XV"], ["VII"])
    assert len(split.train) == len(lengths) - 2


def test_escherichia_coli_is_cut_into_arcs(data_folder):
    lengths = real_lengths(data_folder / "genomes" / "ecoli.fa.gz")
    split = choose_split(lengths)
    check(split, lengths)
    assert len(lengths) == 1
    assert len(split.train) == 3
