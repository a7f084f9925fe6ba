"""Counts of contexts equal a dictionary of words over both strands; nothing that is held out is ever counted."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from Bio.Seq import reverse_complement
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.genome import context_counts
from genolect.genome.context_counts import context_lengths, count_contexts
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.sequence.alphabet import encode
from genolect.sequence.interval import Interval
from tests.sequence.written import format_fasta


def make(folder, records: dict[str, str]) -> PreparedGenome:
    source = folder / "genome.fa"
    source.write_text("".join(format_fasta(name, encode(letters)) for name, letters in records.items()))
    return prepare_genome([source], folder / "prepared", overwrite=True)


def by_hand(stretches: list[str], k: int) -> np.ndarray:
    """Count words of k + 1 letters in a dictionary, on both strands."""
    words: Counter[str] = Counter()
    for stretch in stretches:
        for strand in (stretch.upper(), reverse_complement(stretch.upper())):
            words.update(strand[start : start + k + 1] for start in range(len(strand) - k))
    return np.array([[words["".join(context) + base] for base in "ACGT"] for context in product("ACGT", repeat=k)])


def whole(records: dict[str, str]) -> list[Interval]:
    return [Interval(name, 0, len(letters)) for name, letters in records.items()]


@settings(deadline=None, max_examples=60)
@given(
    stretches=st.lists(st.text("ACGTacgtN", min_size=1, max_size=40), min_size=1, max_size=5),
    longest=st.integers(0, 4),
    block=st.integers(1, 50),
)
def test_every_table_equals_a_dictionary_of_words(tmp_path_factory, stretches, longest, block):
    records = {f"s{number}": letters for number, letters in enumerate(stretches)}
    genome = make(tmp_path_factory.mktemp("counts"), records)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(context_counts, "BLOCK_BASES", block)
        counts = count_contexts(genome, whole(records), longest)
    assert list(counts) == list(range(longest + 1))
    for k, table in counts.items():
        assert table.dtype == np.int64
        np.testing.assert_array_equal(table, by_hand(stretches, k))


@pytest.fixture(scope="module")
def records() -> dict[str, str]:
    generator = np.random.default_rng(7)
    letters = {name: "".join(generator.choice([*"ACGTN"], size, p=[0.3, 0.2, 0.19, 0.3, 0.01])) for name, size in SIZES}
    return letters | {"repeat": "ACG" * 30 + "A" * 50}


SIZES = (("a", 3011), ("b", 1709))


@pytest.fixture(scope="module")
def genome(records, tmp_path_factory) -> PreparedGenome:
    return make(tmp_path_factory.mktemp("counts"), records)


def test_a_table_is_the_same_on_the_other_strand(genome, records):
    for k, table in count_contexts(genome, whole(records), 4).items():
        axes = table.reshape((4,) * (k + 1))
        other = axes.transpose(range(k, -1, -1))[(slice(None, None, -1),) * (k + 1)]
        np.testing.assert_array_equal(axes, other)


def test_a_shorter_context_sums_the_longer_ones_but_for_words_that_begin_a_stretch(genome, records):
    counts = count_contexts(genome, whole(records), 4)
    stretches = [part for letters in records.values() for part in letters.split("N")]
    for k in range(4):
        rest = counts[k] - counts[k + 1].reshape(4, 4**k, 4).sum(axis=0)
        assert rest.min() >= 0
        assert rest.sum() == 2 * sum(len(stretch) > k for stretch in stretches)


def test_tables_depend_neither_on_the_longest_context_nor_on_the_size_of_a_block(genome, records, monkeypatch):
    regions = [Interval("a", 5, 2500), Interval("b", 0, 1709), Interval("a", 2501, 3000)]
    long = count_contexts(genome, regions, 5)
    monkeypatch.setattr(context_counts, "BLOCK_BASES", 97)
    short = count_contexts(genome, regions[::-1], 3)
    for k, table in short.items():
        np.testing.assert_array_equal(table, long[k])


def test_a_word_never_leaves_its_stretch(genome, records):
    regions = [Interval("a", 40, 47), Interval("a", 47, 60), Interval("b", 1, 4)]
    stretches = [records[region.name][region.start : region.end] for region in regions]
    for k, table in count_contexts(genome, regions, 5).items():
        np.testing.assert_array_equal(table, by_hand(stretches, k))


def test_no_held_out_base_is_counted(tmp_path, records):
    regions = [Interval("a", 0, 1000), Interval("a", 1100, 3011), Interval("b", 0, 1709)]
    held_out = range(1000, 1100)
    before = count_contexts(make(tmp_path, records), regions, 4)
    for position in (held_out[0], held_out[50], held_out[-1]):
        letters = records["a"]
        swapped = "G" if letters[position] != "G" else "T"
        changed = records | {"a": letters[:position] + swapped + letters[position + 1 :]}
        after = count_contexts(make(tmp_path, changed), regions, 4)
        assert all(np.array_equal(before[k], after[k]) for k in before)
        seen = count_contexts(make(tmp_path, changed), whole(records), 4)
        assert not any(np.array_equal(before[k], seen[k]) for k in before)


def test_nothing_to_count_gives_zeros(genome):
    counts = count_contexts(genome, [], 2)
    assert [(table.shape, table.sum()) for table in counts.values()] == [((1, 4), 0), ((4, 4), 0), ((16, 4), 0)]
    assert count_contexts(genome, [Interval("a", 0, 2)], 2)[2].sum() == 0


@pytest.mark.parametrize(
    ("bases", "lengths"),
    [(1, (3,)), (511, (3,)), (512, (3, 5)), (8191, (3, 5)), (8192, (3, 5, 7)), (3 * 10**9, (3, 5, 7, 9, 11))],
)
def test_a_genome_gets_contexts_that_it_can_fill(bases, lengths):
    assert context_lengths(bases) == lengths
