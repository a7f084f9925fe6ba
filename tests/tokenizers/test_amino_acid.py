"""Amino-acid tokens: one per residue, and the tokenizers library as oracle of the saved form."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import ConfigurationError, InputError
from genolect.sequence.genetic_code import CODES, PROTEIN_LETTERS, genetic_code
from genolect.tokenizers.amino_acid import VOCABULARY, AminoAcidTokenizer

TOKENIZER = AminoAcidTokenizer()
PROTEIN = st.text(PROTEIN_LETTERS + PROTEIN_LETTERS.lower())


def letters_of(text: str):
    return np.frombuffer(text.encode(), dtype=np.uint8)


@given(PROTEIN)
def test_decoding_gives_the_letters_back_in_upper_case(text):
    letters = letters_of(text)
    ids = TOKENIZER.encode(letters)
    assert ids.dtype == np.uint8
    assert TOKENIZER.decode(ids) == text.upper()
    assert TOKENIZER.spans(letters).tolist() == [[place, place + 1] for place in range(len(text))]


def test_known_residues_can_be_predicted_and_nothing_else():
    assert "".join([*VOCABULARY][token] for token in TOKENIZER.targets) == "ACDEFGHIKLMNPQRSTVWYUO"
    assert (TOKENIZER.mask_id, TOKENIZER.padding_id, len(VOCABULARY)) == (27, 28, 29)


@pytest.mark.parametrize("code", CODES)
def test_every_translation_has_a_token(code):
    assert TOKENIZER.encode(genetic_code(code).amino_acids).max() < TOKENIZER.mask_id


def test_rows_are_read_one_by_one():
    rows = np.stack([letters_of("MKV"), letters_of("aX*")])
    assert TOKENIZER.encode(rows).tolist() == [[10, 8, 17], [0, 25, 26]]


@pytest.mark.parametrize("letter", ["-", ".", "1", " ", "\n"])
def test_what_is_no_residue_is_refused(letter):
    with pytest.raises(InputError, match="is no amino acid"):
        TOKENIZER.encode(letters_of(f"MK{letter}L"))


def test_there_is_no_other_strand():
    with pytest.raises(ConfigurationError, match=r"a protein has no other strand\. Fix: use one strand only"):
        TOKENIZER.reverse_complement(np.array([3], dtype=np.uint8))


@given(text=PROTEIN)
def test_the_tokenizers_library_reads_the_same_ids(text):
    oracle = tokenizers.Tokenizer.from_str(json.dumps(TOKENIZER.to_ecosystem()))
    assert oracle.encode(text).ids == TOKENIZER.encode(letters_of(text)).tolist()
    assert oracle.encode("M[MASK]k[PAD]").ids == [10, 27, 8, 28]


def test_transformers_reads_the_same_ids(tmp_path):
    transformers = pytest.importorskip("transformers")
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(TOKENIZER.to_ecosystem()))
    fast = transformers.PreTrainedTokenizerFast(tokenizer_file=str(path), mask_token="[MASK]", pad_token="[PAD]")
    text = PROTEIN_LETTERS + "mkvl"
    assert fast(text)["input_ids"] == TOKENIZER.encode(letters_of(text)).tolist()


def test_the_hash_is_that_of_the_vocabulary():
    class Other(AminoAcidTokenizer):
        pass

    assert Other().content_hash == TOKENIZER.content_hash
    Other.vocabulary = {**VOCABULARY, "A": 1, "C": 0}
    assert Other().content_hash != TOKENIZER.content_hash == AminoAcidTokenizer().content_hash
