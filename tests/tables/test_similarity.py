"""Copies and near copies against all pairs of sets of words; what is planted is found, what is not is not."""

from __future__ import annotations

import numpy as np
import pytest
from Bio.Seq import Seq
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import ConfigurationError
from genolect.sequence.alphabet import encode, reverse_complement
from genolect.sequence.copies import exact_copies
from genolect.sequence.ragged import RaggedBases
from genolect.tables import similarity
from genolect.tables.similarity import FEWEST_SHARED, FEWEST_WORDS, THRESHOLD, near_pairs, word_length
from tests.tables.test_similarity_kernels import words_of


def brute_force(rows: list[str], threshold: float) -> dict[tuple[int, int], float]:
    """Containment of every pair of different sequences, the first of exact copies standing for all."""
    first: dict[str, int] = {}
    for number, letters in enumerate(rows):
        first.setdefault(min(letters.upper(), str(Seq(letters.upper()).reverse_complement())), number)
    sets = {number: set(words_of(rows[number], 10)) for number in first.values()}
    found = {}
    for one in sorted(sets):
        for two in sorted(sets):
            fewer = min(len(sets[one]), len(sets[two]))
            shared = len(sets[one] & sets[two])
            if one < two and fewer >= FEWEST_WORDS and shared >= FEWEST_SHARED and shared >= threshold * fewer:
                found[one, two] = shared / fewer
    return found


@st.composite
def relatives(draw: st.DrawFn) -> list[str]:
    """Random sequences, and mutated, cut, joined and turned copies of them."""
    generator = np.random.Generator(np.random.Philox(draw(st.integers(0, 2**32))))
    rows = []
    for _ in range(draw(st.integers(2, 9))):
        letters = "".join(generator.choice(list("ACGT"), int(generator.integers(25, 120))))
        if rows and draw(st.booleans()):
            other = rows[int(generator.integers(len(rows)))]
            cut = int(generator.integers(len(other) + 1))
            letters = other[cut:] + letters[: int(generator.integers(40))]
            changed = [generator.choice(list("ACGTN")) if generator.random() < 0.06 else letter for letter in letters]
            letters = "".join(changed) or "A"
            letters = str(Seq(letters).reverse_complement()) if draw(st.booleans()) else letters
        rows.append(letters)
    return [*rows, *rows[: draw(st.integers(0, 2))]]


@settings(max_examples=60, deadline=None)
@given(relatives(), st.sampled_from([0.2, 0.37, 0.5, 0.9, 1.0]))
def test_near_pairs_are_those_of_all_pairs(rows: list[str], threshold: float) -> None:
    pairs = near_pairs(RaggedBases.of(map(encode, rows)), threshold)
    found = dict(zip(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True), pairs.containment, strict=True))
    assert found == pytest.approx(brute_force(rows, threshold))


@settings(max_examples=30, deadline=None)
@given(relatives())
def test_strand_case_and_order_change_nothing(rows: list[str]) -> None:
    ragged = RaggedBases.of(map(encode, rows))
    turned = RaggedBases.of([reverse_complement(encode(letters.lower())) for letters in rows[::-1]])
    ours, theirs = (near_pairs(sequences).containment for sequences in (ragged, turned))
    assert np.array_equal(np.sort(ours), np.sort(theirs))
    one, two = exact_copies(ragged), exact_copies(turned)
    same = one.group[:, None] == one.group
    assert np.array_equal(same, (two.group[:, None] == two.group)[::-1, ::-1])


@given(st.lists(st.text("ACGTN", min_size=1, max_size=4), max_size=12))
def test_exact_copies_are_those_of_python(rows: list[str]) -> None:
    copies = exact_copies(RaggedBases.of(map(encode, rows)))
    other = [str(Seq(letters).reverse_complement()) for letters in rows]
    for one in range(len(rows)):
        for two in range(len(rows)):
            equal, turned = rows[one] == rows[two], rows[one] == other[two]
            assert (copies.group[one] == copies.group[two]) == (equal or turned)
            if equal != turned:
                assert (copies.flipped[one] == copies.flipped[two]) == equal


def planted(count: int, length: int, share: float) -> RaggedBases:
    """Random sequences, then copies of them with a share of bases substituted, every other one turned."""
    generator = np.random.Generator(np.random.Philox(3))
    rows = generator.integers(0, 4, (count, length), dtype=np.uint8)
    copies = rows.copy()
    for number, copy in enumerate(copies):
        places = generator.choice(length, round(share * length), replace=False)
        copy[places] = (copy[places] + generator.integers(1, 4, places.size)) % 4
        if number % 2:
            copies[number] = reverse_complement(copy)
    return RaggedBases.of([*rows, *copies])


@pytest.mark.parametrize(
    ("length", "share", "seed", "least"),
    [(200, 0.05, None, 1.0), (200, 0.1, None, 0.98), (81, 0.1, None, 0.85), (200, 0.1, 15, 0.95), (200, 0.25, None, 0)],
)
def test_mutated_copies_are_found_and_nothing_else(length: int, share: float, seed: int | None, least: float) -> None:
    count = 300
    pairs = near_pairs(planted(count, length, share), seed=seed)
    assert (pairs.second == pairs.first + count).all()
    assert pairs.first.size >= least * count
    if share == 0.25:  # Such a copy keeps 6 % of its words.
        assert pairs.first.size < 0.1 * count


def test_longer_seeds_find_a_part_of_what_words_find() -> None:
    sequences = planted(200, 150, 0.15)
    exact, fewer = (near_pairs(sequences, 0.1, seed=seed) for seed in (None, 16))
    whole, part = (set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) for pairs in (exact, fewer))
    assert part < whole
    assert (exact.seed, fewer.seed) == (10, 16)


def test_simple_and_short_sequences_are_only_compared_exactly() -> None:
    rows = [encode("AC" * 30), encode("AC" * 35), encode("ACGTTGCA"), encode("TGCAACGT"), encode("GATTACA" * 7)]
    pairs = near_pairs(RaggedBases.of(rows))
    assert pairs.first.size == 0
    assert pairs.incomparable.tolist() == [True] * 5


def test_crowded_seeds_are_passed_over_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.Generator(np.random.Philox(6))
    shared = generator.integers(0, 4, 40, dtype=np.uint8)
    rows = [np.concatenate([shared, generator.integers(0, 4, 50, dtype=np.uint8)]) for _ in range(30)]
    sequences = RaggedBases.of(rows)
    assert near_pairs(sequences).first.size == 30 * 29 / 2
    assert near_pairs(sequences).seeds_passed == 0
    monkeypatch.setattr(similarity, "MOST_VISITS", 3_000.0)
    assert near_pairs(sequences).seeds_passed > 0


def test_long_sequences_get_longer_words() -> None:
    assert [word_length(longest) for longest in (50, 5_000, 100_000, 10**9)] == [10, 10, 12, 13]


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.01])
def test_a_threshold_that_is_none_is_refused(threshold: float) -> None:
    with pytest.raises(ConfigurationError, match="no share of words"):
        near_pairs(RaggedBases.of([encode("ACGT")]), threshold)


def test_nothing_has_no_pairs() -> None:
    pairs = near_pairs(RaggedBases.of([]), THRESHOLD)
    assert (pairs.first.size, pairs.incomparable.size) == (0, 0)
