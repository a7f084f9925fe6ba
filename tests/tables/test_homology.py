"""What is linked stays together: scipy's single linkage is the reference."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from genolect.arrays import Integers
from genolect.sequence.alphabet import encode
from genolect.sequence.ragged import RaggedBases
from genolect.tables.relatives import in_order, linked, same_name
from genolect.tables.similarity import NearPairs, exact_copies, near_pairs
from tests.tables.test_similarity import brute_force


def clusters(sequences: RaggedBases, threshold: float, pairs: NearPairs | None = None) -> Integers:
    pairs = near_pairs(sequences, threshold) if pairs is None else pairs
    strong = pairs.containment >= threshold
    copies = same_name(exact_copies(sequences).group)
    return linked(len(sequences), copies, (pairs.first[strong], pairs.second[strong]))


def test_clusters_are_those_of_single_linkage() -> None:
    generator = np.random.Generator(np.random.Philox(2))
    rows = ["".join(generator.choice(list("ACGT"), 90)) for _ in range(17)]
    rows += [rows[number][20 * (number % 4) :] + rows[number + 1][:45] for number in range(0, 16, 3)]
    rows.append(rows[5])
    distance = np.ones((len(rows), len(rows)))
    for (one, two), containment in brute_force(rows, 0.25).items():
        distance[one, two] = distance[two, one] = 1 - containment
    distance[5, -1] = distance[-1, 5] = 0
    np.fill_diagonal(distance, 0)
    expected = fcluster(linkage(squareform(distance), "single"), 0.75 + 1e-9, "distance")
    ours = clusters(RaggedBases.of(map(encode, rows)), 0.25)
    assert np.array_equal(ours[:, None] == ours, expected[:, None] == expected)
    assert ours.max() + 1 < len(rows) - 3


def test_a_higher_threshold_cuts_pairs_of_a_lower_one() -> None:
    generator = np.random.Generator(np.random.Philox(2))
    one, two = (generator.integers(0, 4, 100, dtype=np.uint8) for _ in range(2))
    sequences = RaggedBases.of([one, np.concatenate([one[50:], two[:50]])])
    pairs = near_pairs(sequences)
    assert [clusters(sequences, at, pairs=pairs).max() for at in (0.2, 0.9)] == [0, 1]


@given(st.lists(st.sampled_from(["", "a", "b", "c"]), max_size=9))
def test_the_same_name_links_and_no_name_does_not(names: list[str]) -> None:
    group = linked(len(names), same_name(np.array(names, dtype=np.str_)))
    for one, name in enumerate(names):
        for two, other in enumerate(names):
            assert (group[one] == group[two]) == (one == two or (name == other != ""))


@given(st.lists(st.integers(-3, 5), max_size=9))
def test_groups_are_numbered_by_first_member(values: list[int]) -> None:
    order = list(dict.fromkeys(values))
    assert in_order(np.array(values, dtype=np.int64)).tolist() == [order.index(value) for value in values]
