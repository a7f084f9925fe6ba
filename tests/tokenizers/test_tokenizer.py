"""What every tokenizer promises, over all of them: spans, letters, hashes, the other strand, the saved file."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.sequence.alphabet import decode, encode, reverse_complement
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.published import NucleotideTransformerTokenizer
from genolect.tokenizers.reading import description_of, tokenizer_from
from genolect.tokenizers.tokenizer import hash_of

PAIRS = [("A", "A"), ("T", "T"), ("AA", "T"), ("G", "C"), ("C", "AA"), ("TT", "TT")]
SIDE_BY_SIDE = [NucleotideTokenizer(), KmerTokenizer(3, 3), KmerTokenizer(5, 5), BytePairTokenizer(PAIRS)]
OVERLAPPING = [KmerTokenizer(4, 1), KmerTokenizer(6, 2), KmerTokenizer(8, 1)]
TRANSFORMER = NucleotideTransformerTokenizer(
    [*NucleotideTransformerTokenizer.special, *map("".join, product("ATCG", repeat=6)), *"ATCGN"]
)
EVERY = [*SIDE_BY_SIDE, *OVERLAPPING]
LETTERS = st.text("ACGTNacgtn", max_size=61)


def name(tokenizer):
    return " ".join(map(str, description_of(tokenizer).values()))


def words_of(tokenizer):
    return list(tokenizer.vocabulary)


@pytest.mark.parametrize("tokenizer", EVERY, ids=name)
@given(letters=LETTERS)
def test_spans_hold_the_letters_of_their_tokens(tokenizer, letters):
    bases = encode(letters)
    ids, spans = tokenizer.encode(bases), tokenizer.spans(bases)
    assert len(ids) == len(spans)
    for token, (start, end) in zip(ids, spans, strict=True):
        covered = letters[start:end].upper()
        assert words_of(tokenizer)[token] == (covered if "N" not in covered else "N" * (end - start))


@pytest.mark.parametrize("tokenizer", SIDE_BY_SIDE, ids=name)
@given(letters=LETTERS)
def test_tokens_side_by_side_cover_every_base_once_but_for_a_rest(tokenizer, letters):
    spans = tokenizer.spans(encode(letters))
    flat = [base for start, end in spans for base in range(start, end)]
    assert flat == list(range(len(flat)))
    assert len(letters) - len(flat) < max(len(word) for word in words_of(tokenizer))
    if isinstance(tokenizer, (NucleotideTokenizer, BytePairTokenizer)):
        assert len(flat) == len(letters)


@pytest.mark.parametrize("tokenizer", EVERY, ids=name)
@given(letters=st.text("ACGT", max_size=53), whole=st.integers(0, 6))
def test_the_other_strand_is_the_tokens_of_its_letters_and_twice_is_nothing(tokenizer, letters, whole):
    parameters = tokenizer.parameters
    if parameters:  # A whole number of words, so that both strands are cut at the same places.
        k, stride = parameters["k"], parameters["stride"]
        letters = (letters + "ACGTTGCA" * 8)[: k + stride * whole]
    bases = encode(letters)
    ids = tokenizer.encode(bases)
    other = tokenizer.reverse_complement(ids)
    assert other.tolist() == tokenizer.encode(reverse_complement(bases)).tolist()
    assert tokenizer.reverse_complement(other).tolist() == ids.tolist()


@pytest.mark.parametrize("tokenizer", EVERY, ids=name)
@given(letters=st.text("ACGT", max_size=47))
def test_decoding_gives_the_covered_letters(tokenizer, letters):
    spans = tokenizer.spans(encode(letters))
    assert tokenizer.decode(tokenizer.encode(encode(letters))) == letters[: spans[-1, 1] if len(spans) else 0]


@pytest.mark.parametrize("tokenizer", EVERY, ids=name)
def test_the_soft_mask_changes_nothing(tokenizer):
    assert (tokenizer.encode(encode("acGTtgcaNNacgtagct")) == tokenizer.encode(encode("ACGTTGCANNACGTAGCT"))).all()


@pytest.mark.parametrize("tokenizer", EVERY, ids=name)
def test_targets_are_words_of_bases_and_the_rest_is_not(tokenizer):
    words = words_of(tokenizer)
    for number, word in enumerate(words):
        assert (number in tokenizer.targets) == (set(word) <= set("ACGT"))
    assert {tokenizer.mask_id, tokenizer.padding_id}.isdisjoint(tokenizer.targets)


@pytest.mark.parametrize("tokenizer", EVERY, ids=name)
def test_saved_and_read_it_gives_the_same_ids(tokenizer):
    read = tokenizer_from(json.loads(json.dumps(tokenizer.to_ecosystem())), description_of(tokenizer))
    letters = decode(np.random.Generator(np.random.Philox(5)).integers(0, 5, 977).astype(np.uint8))
    assert read.encode(encode(letters)).tolist() == tokenizer.encode(encode(letters)).tolist()
    assert read.content_hash == tokenizer.content_hash


@pytest.mark.parametrize("tokenizer", [BytePairTokenizer(PAIRS), TRANSFORMER], ids=name)
@pytest.mark.parametrize("shape", [(7, 2), (2, 13), (2000, 3)])
def test_tokens_of_many_lengths_do_not_make_a_table(tokenizer, shape):
    with pytest.raises(ValueError, match=rf"shape \({shape[0]}, {shape[1]}\) is not one sequence"):
        tokenizer.encode(np.zeros(shape, dtype=np.uint8))


def test_no_two_tokenizers_share_a_hash():
    others = [BytePairTokenizer(PAIRS[:4]), BytePairTokenizer(), KmerTokenizer(1, 1)]
    words = [KmerTokenizer(k, stride) for k, stride in product((2, 3, 4), (1, 2)) if (k, stride) != (4, 1)]
    every = [*EVERY, *others, *words]
    assert len({tokenizer.content_hash for tokenizer in every}) == len(every)


@pytest.mark.parametrize(
    ("kind", "content"), [("toy", {"A": 1}), ("toy", {"C": 0}), ("other", {"A": 0}), ("toy", ["A", 0])]
)
def test_a_hash_tells_kind_and_content_apart(kind, content):
    assert hash_of(kind, content) != hash_of("toy", {"A": 0})
    assert hash_of(kind, content) == hash_of(kind, content)
