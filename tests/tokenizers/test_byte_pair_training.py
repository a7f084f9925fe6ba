"""Learned merges: those of a plain count in every cycle, and those of the reference trainer on the same stretches."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from Bio import SeqIO
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import ConfigurationError
from genolect.sequence.alphabet import encode
from genolect.tokenizers.byte_pair_merging import MOST_CYCLES, learn_merges
from tests.tokenizers.byte_pair_oracles import learned_by_reference, learned_plainly, random_bases, repetitive

CHUNKS = st.lists(repetitive(letters="N"), min_size=1, max_size=4)
LONGEST = st.one_of(st.none(), st.integers(2, 9))


def learned(chunks: list[str], cycles: int, longest: int | None = None) -> list[tuple[str, str]]:
    return learn_merges([encode(chunk) for chunk in chunks], cycles=cycles, longest=longest)


@given(CHUNKS, st.integers(0, 25), LONGEST)
def test_merges_are_those_of_a_plain_count_in_every_cycle(chunks, cycles, longest):
    assert learned(chunks, cycles, longest) == learned_plainly(chunks, cycles, longest)


@given(CHUNKS, st.integers(0, 25), LONGEST)
def test_merges_are_those_of_the_reference_trainer_ties_too(chunks, cycles, longest):
    assert learned(chunks, cycles, longest) == learned_by_reference(chunks, cycles, longest)


def test_the_reference_makes_tokens_one_shorter_than_its_limit():
    """The one difference in options: our limit is the length of the longest token itself."""
    text = "ACGTTGCATTAGACCAGTA" * 30
    for longest in (3, 4, 7):
        assert max(len("".join(pair)) for pair in learned([text], 40, longest)) == longest
        assert max(len("".join(pair)) for pair in learned_by_reference([text], 40, longest)) == longest


@pytest.mark.parametrize("length", range(12))
def test_runs_are_merged_from_the_left(length):
    assert learned(["A" * length], 9) == learned_plainly(["A" * length], 9)


def test_no_merge_crosses_n_or_an_end():
    assert learned(["CN", "NT", "CNT", "C", "T"], 3) == []
    assert learned(["CT"], 3) == [("C", "T")]


def test_ties_go_to_the_tokens_learned_first():
    assert learned(["GT", "CA", "CT"], 3) == [("C", "A"), ("C", "T"), ("G", "T")]
    assert learned(["TGTGAA"], 2) == [("T", "G"), ("A", "A")]


def test_soft_masked_bases_count_and_the_genome_is_not_changed():
    bases = encode("acgtACGTN")
    bases.flags.writeable = False
    assert learn_merges([bases], cycles=3) == learned(["ACGTACGTN"], 3)


def test_learning_ends_where_nothing_is_left_to_merge():
    told: list[int] = []
    assert learn_merges([encode("GATTACA")], cycles=50, progress=told.append)[-1] == ("GATTAC", "A")
    assert told == [1, 2, 3, 4, 5, 6]
    assert learn_merges([], cycles=7) == []


@pytest.mark.parametrize("cycles", [-1, MOST_CYCLES + 1])
def test_a_number_of_cycles_without_sense_is_refused(cycles):
    with pytest.raises(ConfigurationError, match=f"{cycles:,} byte-pair cycles make no sense"):
        learn_merges([encode("ACGT")], cycles=cycles)


def test_a_longest_token_of_one_base_is_refused():
    with pytest.raises(ConfigurationError, match="no merged token is as short as 1 bases"):
        learn_merges([encode("ACGT")], cycles=1, longest=1)


def test_long_stretches_equal_the_reference_on_the_same_stretches():
    bases = random_bases(60_000, seed=5)
    bases[20_000:21_000] = 0  # a run
    bases[30_000:34_000] = np.tile(bases[:40], 100)  # a tandem repeat
    bases[45_000:45_100] = 4
    stretches = [bases[start : start + 3_000] for start in range(0, len(bases), 3_000)]
    texts = ["".join(np.array(list("ACGTN"))[stretch]) for stretch in stretches]
    assert learn_merges(stretches, cycles=300) == learned_by_reference(texts, 300)


def test_a_real_genome_equals_the_reference_on_the_same_stretches(data_folder):
    with gzip.open(data_folder / "genomes" / "ecoli.fa.gz", "rt") as file:
        text = str(next(SeqIO.parse(file, "fasta")).seq[:400_000]).upper()
    chunks = [text[start : start + 1_000] for start in range(0, len(text), 1_000)]
    assert learned(chunks, 600) == learned_by_reference(chunks, 600)
