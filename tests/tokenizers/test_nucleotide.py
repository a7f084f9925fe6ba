"""One token per base: relations for any sequence, and the tokenizers library as oracle of the saved form."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
import tokenizers
from Bio import SeqIO
from hypothesis import given
from hypothesis import strategies as st

from genolect.sequence import alphabet
from genolect.tokenizers.nucleotide import TARGETS, VOCABULARY, NucleotideTokenizer
from genolect.tokenizers.tokenizer import MASK, PADDING

TOKENIZER = NucleotideTokenizer()
DNA = st.text("ACGTNacgtn")


@given(DNA)
def test_decoding_gives_the_letters_back_in_upper_case(letters):
    ids = TOKENIZER.encode(alphabet.encode(letters))
    assert ids.dtype == np.uint8
    assert TOKENIZER.decode(ids) == letters.upper()


@given(DNA)
def test_the_other_strand_of_the_ids_is_the_ids_of_the_other_strand(letters):
    bases = alphabet.encode(letters)
    other = TOKENIZER.reverse_complement(TOKENIZER.encode(bases))
    np.testing.assert_array_equal(other, TOKENIZER.encode(alphabet.reverse_complement(bases)))
    np.testing.assert_array_equal(TOKENIZER.reverse_complement(other), TOKENIZER.encode(bases))


def test_special_tokens_have_no_other_strand_and_windows_turn_one_by_one():
    ids = np.array([[0, 5, 1], [6, 4, 2]], dtype=np.uint8)
    assert TOKENIZER.reverse_complement(ids).tolist() == [[2, 5, 3], [1, 4, 6]]


@given(DNA)
def test_spans_cover_every_base_once_and_in_order(letters):
    bases = alphabet.encode(letters)
    spans = TOKENIZER.spans(bases)
    assert spans.shape == (len(TOKENIZER.encode(bases)), 2)
    assert [base for start, end in spans.tolist() for base in range(start, end)] == list(range(len(letters)))


def test_a_window_of_the_genome_is_not_changed_by_encoding():
    bases = alphabet.encode("ACgtnN")
    bases.flags.writeable = False
    assert TOKENIZER.encode(bases).tolist() == [0, 1, 2, 3, 4, 4]


def test_only_the_four_bases_are_targets():
    assert [word for word, code in VOCABULARY.items() if code in TARGETS] == list("ACGT")
    assert (TOKENIZER.mask_id, TOKENIZER.padding_id) == (5, 6)


def test_an_id_outside_the_vocabulary_has_no_word():
    with pytest.raises(IndexError):
        TOKENIZER.decode([0, 7])


@pytest.mark.parametrize(
    "vocabulary",
    [
        {**VOCABULARY, "A": 1, "C": 0},
        {word: code for word, code in VOCABULARY.items() if word != PADDING},
        {**VOCABULARY, "U": 7},
        {("[mask]" if word == MASK else word): code for word, code in VOCABULARY.items()},
    ],
)
def test_another_vocabulary_has_another_hash(vocabulary):
    class Other(NucleotideTokenizer):
        pass

    assert Other().content_hash == TOKENIZER.content_hash
    Other.vocabulary = vocabulary
    assert Other().content_hash != TOKENIZER.content_hash


def test_the_hash_ignores_the_order_in_which_the_words_stand():
    class Other(NucleotideTokenizer):
        pass

    Other.vocabulary = dict(reversed(VOCABULARY.items()))
    assert Other().content_hash == TOKENIZER.content_hash


@pytest.fixture(scope="module")
def oracle() -> tokenizers.Tokenizer:
    return tokenizers.Tokenizer.from_str(json.dumps(TOKENIZER.to_ecosystem()))


@given(letters=st.text("ACGTNUacgtnuRYSWKMBDHVryswkmbdhv", min_size=1, max_size=300))
def test_the_tokenizers_library_reads_the_same_ids(oracle, letters):
    assert oracle.encode(letters).ids == TOKENIZER.encode(alphabet.encode(letters)).tolist()


def test_the_tokenizers_library_reads_special_tokens(oracle):
    encoding = oracle.encode("ttagN[MASK]C[MASK][PAD]")
    assert encoding.ids == [3, 3, 0, 2, 4, TOKENIZER.mask_id, 1, TOKENIZER.mask_id, TOKENIZER.padding_id]
    assert encoding.offsets[:6] == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 11)]
    assert oracle.decode(encoding.ids, skip_special_tokens=False) == TOKENIZER.decode(encoding.ids)
    assert oracle.get_vocab() == VOCABULARY


def test_real_sequence_reads_alike(oracle, data_folder):
    with gzip.open(data_folder / "genomes" / "yeast.fa.gz", "rt") as file:
        letters = str(next(SeqIO.parse(file, "fasta")).seq[:20_000])
    assert oracle.encode(letters).ids == TOKENIZER.encode(alphabet.encode(letters)).tolist()
