"""Codon tokens: the 3-mers in frame, with a meaning, and no other strand."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import ConfigurationError
from genolect.sequence.alphabet import encode
from genolect.sequence.coding import read_coding
from genolect.sequence.genetic_code import CODES, translate
from genolect.tokenizers.codon import CodonTokenizer
from genolect.tokenizers.kmer import KmerTokenizer

CODONS = ["".join(letters) for letters in product("ACGT", repeat=3)]
TOKENIZERS = {code: CodonTokenizer(code) for code in CODES}
DNA = st.text("ACGTacgtN", max_size=40)


@settings(deadline=None)
@given(letters=DNA)
def test_codons_are_cut_from_the_first_base_on(letters):
    tokenizer = TOKENIZERS[1]
    bases = encode(letters)
    expected = [letters[at : at + 3].upper() for at in range(0, len(letters) - 2, 3)]
    expected = ["NNN" if "N" in codon else codon for codon in expected]
    ids = tokenizer.encode(bases)
    assert [tokenizer.words[token] for token in ids] == expected
    assert tokenizer.decode(ids) == "".join(expected)
    assert tokenizer.spans(bases).tolist() == [[3 * number, 3 * number + 3] for number in range(len(letters) // 3)]
    assert json.loads(json.dumps(tokenizer.to_ecosystem())) == KmerTokenizer(3, 3).to_ecosystem()


@settings(deadline=None)
@given(codons=st.lists(st.sampled_from(CODONS)), code=st.sampled_from(CODES))
def test_tokens_mean_what_their_bases_do(codons, code):
    bases = encode("".join(codons))
    tokenizer = TOKENIZERS[code]
    np.testing.assert_array_equal(tokenizer.amino_acids(tokenizer.encode(bases)), translate(bases, code))


@pytest.mark.parametrize(("code", "stops"), [(1, "TAA TAG TGA"), (2, "AGA AGG TAA TAG"), (6, "TGA"), (28, "")])
def test_stops_are_known(code, stops):
    assert " ".join(TOKENIZERS[code].words[token] for token in TOKENIZERS[code].stop_ids) == stops


def test_all_codons_can_be_predicted_and_nothing_else():
    tokenizer = TOKENIZERS[1]
    assert [tokenizer.words[token] for token in tokenizer.targets] == CODONS
    assert [*tokenizer.vocabulary][64:] == ["NNN", "[MASK]", "[PAD]"]
    assert tokenizer.amino_acids(np.array([tokenizer.unknown_id])).tobytes() == b"X"
    with pytest.raises(IndexError):
        tokenizer.amino_acids(np.array([tokenizer.mask_id]))


def test_the_code_and_the_kind_are_in_the_hash():
    hashes = {tokenizer.content_hash for tokenizer in TOKENIZERS.values()} | {KmerTokenizer(3, 3).content_hash}
    assert len(hashes) == len(CODES) + 1


def test_there_is_no_other_strand():
    with pytest.raises(ConfigurationError, match=r"codons have no other strand.*Fix: use one strand only"):
        TOKENIZERS[1].reverse_complement(np.array([3], dtype=np.uint8))


def test_an_unknown_code_is_refused():
    with pytest.raises(ConfigurationError, match="no genetic code 7"):
        CodonTokenizer(7)


def test_real_genes_read_alike(data_folder):
    tokenizer = TOKENIZERS[2]
    oracle = tokenizers.Tokenizer.from_str(json.dumps(tokenizer.to_ecosystem()))
    genes = read_coding(data_folder / "mitogenomes" / "apes6_alignment.fa.gz", 2).sequences
    for gene in genes:
        letters = "".join("ACGTN"[base] for base in gene.bases & 7)
        assert oracle.encode(letters).ids == tokenizer.encode(gene.bases).tolist()
    assert len(genes) == 6
