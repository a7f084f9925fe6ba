"""Figures of a tokenizer, counted by hand and by other means."""

from __future__ import annotations

import json
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.sequence.alphabet import encode
from genolect.tokenizers import inspection
from genolect.tokenizers.amino_acid import AminoAcidTokenizer
from genolect.tokenizers.inspection import frequency_balance, inspect_tokenizers
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.tokenizers.toy_words import ToyWords, kmers

WORDS = ["A", "C", "G", "T", "TA", "CG", "TATA", "GGGGG"]
GENOME = ["TATATACGNTTA", "GGGGGGCA", ""]


def inspect(tokenizer, *letters):
    return inspect_tokenizers({"it": tokenizer}, [encode(text) for text in letters])["tokenizers"][0]


def test_a_hand_sized_genome():
    row = inspect(ToyWords(WORDS), *GENOME)
    # TATA TA CG N T TA | GGGGG G C A
    assert (row["tokens"], row["other_tokens"], row["targets"], row["vocabulary"]) == (9, 1, 8, 11)
    assert row["bases_per_token"] == pytest.approx(19 / 9)
    assert row["mean_length"] == pytest.approx(19 / 9)
    assert row["longest"] == 5
    assert [one["tokens"] for one in row["lengths"]] == [4, 2, 0, 1, 1]
    assert [one["occurrences"] for one in row["lengths"]] == [4, 3, 0, 1, 1]
    assert row["gc"] == pytest.approx(9 / 19)
    assert row["never_seen"] == 0
    assert row["most_frequent"][0] == {"token": "TA", "count": 2, "share": pytest.approx(2 / 9)}
    assert (row["tokens_with_cg"], row["tokens_from_at"]) == (1, 4)


def test_tokens_that_are_never_seen_are_named():
    row = inspect(ToyWords(WORDS), "TTTT")
    assert (row["never_seen"], row["never_seen_words"]) == (7, ["A", "C", "G", "TA", "CG", "TATA", "GGGGG"])
    assert (row["entropy_bits"], row["top_decile_share"]) == (0, 1)


def test_overlapping_words_are_longer_than_their_bases_per_token():
    row = inspect(ToyWords(kmers(3), overlapping=True), "ATGCTAG")
    assert (row["tokens"], row["mean_length"]) == (5, 3)
    assert row["bases_per_token"] == pytest.approx(7 / 5)


@given(st.lists(st.text("ACGTNacgt", max_size=60), max_size=5))
def test_totals_fit_together(genome):
    row = inspect(ToyWords(WORDS), *genome)
    text = "".join(genome).upper()
    assert sum(one["occurrences"] for one in row["lengths"]) == row["tokens"]
    assert sum(one["tokens"] for one in row["gc_histogram"]) == row["targets"]
    assert row["other_tokens"] == text.count("N")
    if row["tokens"]:
        assert row["bases_per_token"] * row["tokens"] == pytest.approx(len(text) - text.count("N"))
        assert row["gc"] * (len(text) - text.count("N")) == pytest.approx(text.count("G") + text.count("C"))
        assert sum(one["occurrence_share"] for one in row["gc_histogram"]) == pytest.approx(1)


def test_single_bases_are_counted_as_letters(monkeypatch):
    monkeypatch.setattr(inspection, "BLOCK", 3)
    row = inspect(NucleotideTokenizer(), "AACGNTT", "gGG")
    counted = Counter("AACGTTGGG")
    assert {one["token"]: one["count"] for one in row["most_frequent"]} == counted
    entropy = -sum(n / 9 * math.log2(n / 9) for n in counted.values())
    assert row["entropy_bits"] == pytest.approx(entropy)
    assert row["evenness"] == pytest.approx(entropy / 2)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=30).filter(sum))
def test_balance_by_other_means(counts):
    found = frequency_balance(np.array(counts))
    differences = sum(abs(one - other) for one in counts for other in counts)
    assert found["gini"] == pytest.approx(differences / (2 * len(counts) * sum(counts)), abs=1e-9)
    tenth = sorted(counts)[-math.ceil(len(counts) / 10) :]
    assert found["top_decile_share"] == pytest.approx(sum(tenth) / sum(counts))
    assert 0 <= found["evenness"] <= 1 + 1e-9


def test_where_there_is_nothing_nothing_is_said():
    assert set(frequency_balance(np.zeros(4, dtype=np.int64)).values()) == {None}
    assert frequency_balance(np.array([7]))["evenness"] is None
    row = inspect(ToyWords(WORDS))
    assert (row["tokens"], row["gc"], row["bases_per_token"], row["rank_frequency"]) == (0, None, None, [])


def test_other_words_have_no_gc():
    row = inspect(ToyWords(["A", "C", "Q"]), "ACCA")
    assert (row["gc"], row["gc_histogram"], row["tokens_with_cg"]) == (None, None, None)
    assert row["mean_length"] == 1


def test_words_with_n_among_the_targets_are_left_out_of_gc():
    row = inspect(ToyWords(["A", "C", "NN", "T"]), "CCTA")
    assert row["gc"] == pytest.approx(0.5)


def test_ranks_descend_to_the_last_token():
    row = inspect(ToyWords(kmers(4), overlapping=True), "ACGGTCATTTGACCGATAGGCTAACGT" * 9)
    ranks = [one["rank"] for one in row["rank_frequency"]]
    shares = [one["share"] for one in row["rank_frequency"]]
    assert ranks[0] == 1
    assert ranks[-1] == row["targets"] - row["never_seen"]
    assert shares == sorted(shares, reverse=True)


def test_tokenizers_are_compared_on_the_same_stretches():
    content = inspect_tokenizers({"one": NucleotideTokenizer(), "two": ToyWords(WORDS)}, map(encode, GENOME))
    assert (content["stretches"], content["bases"], content["unknown_bases"]) == (3, 20, 1)
    assert [row["name"] for row in content["tokenizers"]] == ["one", "two"]
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_residues_of_proteins_are_counted_as_letters():
    letters = [np.frombuffer(text, dtype=np.uint8) for text in (b"MKVLLSAQRND*", b"mkUXXLPW")]
    content = inspect_tokenizers({"amino acids": AminoAcidTokenizer()}, letters, protein=True)
    assert (content["bases"], content["unknown_bases"]) == (20, 3)
    assert content["tokenizers"][0]["bases_per_token"] == 1
    assert content["tokenizers"][0]["other_tokens"] == 3
