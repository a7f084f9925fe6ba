"""Byte-pair encoding: the tokens of merging in order, and the ids of the reference encoder, on any sequence."""

from __future__ import annotations

import gzip
import time

import numpy as np
import pytest
from Bio import SeqIO
from hypothesis import given
from hypothesis import strategies as st

from genolect.sequence.alphabet import decode, encode
from genolect.tokenizers import byte_pair_merging
from genolect.tokenizers.byte_pair_merging import BytePairEncoding, learn_merges
from tests.tokenizers.byte_pair_oracles import (
    merged_in_order,
    proper_merges,
    random_bases,
    reference_encoder,
    repetitive,
)

MERGES = st.one_of(proper_merges(), st.builds(lambda text: learn_merges([encode(text)], cycles=25), repetitive()))


@given(MERGES, repetitive(letters="N", most=300))
def test_tokens_are_those_of_merging_in_order(merges, letters):
    encoding = BytePairEncoding(merges)
    tokens = encoding.encode(encode(letters))
    assert [encoding.words[token] for token in tokens] == merged_in_order(letters, merges)


@given(MERGES, repetitive(letters="N", most=300))
def test_ids_are_those_of_the_reference_encoder(merges, letters):
    assert BytePairEncoding(merges).encode(encode(letters)).tolist() == reference_encoder(merges).encode(letters).ids


@given(MERGES, repetitive(letters="Nacgtn", most=200))
def test_words_spell_the_sequence(merges, letters):
    encoding = BytePairEncoding(merges)
    tokens = encoding.encode(encode(letters))
    assert "".join(encoding.words[token] for token in tokens) == letters.upper()
    assert encoding.lengths[tokens].sum() == len(letters)


@given(MERGES, repetitive(letters="N", most=400), st.integers(2, 40), st.integers(1, 30))
def test_threads_change_nothing(merges, letters, piece, overlap):
    encoding = BytePairEncoding(merges)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(byte_pair_merging, "PIECE", piece)
        patched.setattr(byte_pair_merging, "OVERLAP", overlap)
        together = encoding.encode(encode(letters), threads=3)
    np.testing.assert_array_equal(together, encoding.encode(encode(letters)))


def test_a_merge_that_another_always_prevents_is_never_used():
    merges = [("A", "C"), ("C", "G"), ("A", "CG"), ("ACG", "T")]
    encoding = BytePairEncoding(merges)
    assert [encoding.words[token] for token in encoding.encode(encode("ACGTCG"))] == ["AC", "G", "T", "CG"]
    assert reference_encoder(merges).encode("ACGTCG").ids == encoding.encode(encode("ACGTCG")).tolist()


@pytest.mark.parametrize("code", [5, 6, 7, 255])
def test_a_code_outside_the_alphabet_is_refused(code):
    with pytest.raises(ValueError, match=f"base code {code & 7} is none of the alphabet's"):
        BytePairEncoding([("A", "A")]).encode(np.array([0, 0, code], dtype=np.uint8))


@pytest.mark.parametrize(
    "merges",
    [
        [("A", "C"), ("A", "C")],
        [("A", "C"), ("C", "G"), ("AC", "G"), ("A", "CG")],
        [("AC", "G"), ("A", "C")],
    ],
)
def test_merges_that_nobody_can_have_learned_are_refused(merges):
    with pytest.raises(ValueError, match="a token is made twice, or used before it is made"):
        BytePairEncoding(merges)


def test_nothing_has_no_tokens():
    assert BytePairEncoding([("A", "A")]).encode(encode("")).tolist() == []


def test_sequences_made_to_mislead_take_no_longer_than_others():
    """Every run of A ends in a base that shows that the tokens before it were wrong."""
    merges = [("A", "A"), *(("AA" * 2**power, "AA" * 2**power) for power in range(9)), ("A", "C")]
    encoding = BytePairEncoding(merges)
    plain, misleading = random_bases(500_000, seed=3), encode(("A" * 4_999 + "C") * 100)
    encoding.encode(plain)  # compiles
    seconds = []
    for bases in (plain, misleading):
        started = time.process_time()
        encoding.encode(bases)
        seconds.append(time.process_time() - started)
    assert seconds[1] < 50 * seconds[0] + 0.1
    assert (
        encoding.encode(misleading[:6_000]).tolist() == reference_encoder(merges).encode(decode(misleading[:6_000])).ids
    )


@pytest.mark.parametrize("cycles", [600, 4092])
def test_real_chromosomes_have_the_ids_of_the_reference(data_folder, cycles):
    with gzip.open(data_folder / "genomes" / "yeast.fa.gz", "rt") as file:
        chromosomes = [encode(str(record.seq)) for record in SeqIO.parse(file, "fasta")]
    smallest = sorted(chromosomes, key=len)[:3]
    merges = learn_merges(smallest, cycles=cycles)
    encoding, reference = BytePairEncoding(merges), reference_encoder(merges)
    for bases in smallest:
        assert encoding.encode(bases, threads=2).tolist() == reference.encode(decode(bases).upper()).ids
