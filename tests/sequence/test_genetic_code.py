"""Genetic codes: every codon of every code as Biopython has it."""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np
import pytest
from Bio import BiopythonWarning
from Bio.Data import CodonTable
from Bio.Seq import Seq
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import ConfigurationError
from genolect.sequence.alphabet import encode
from genolect.sequence.genetic_code import CODES, codon_numbers, genetic_code, translate

CODONS = ["".join(letters) for letters in product("ACGTN", repeat=3)]


def oracle(letters: str, code: int) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BiopythonWarning)  # it tells of codons with two meanings
        return str(Seq(letters).translate(table=code))


def text(letters) -> str:
    return letters.tobytes().decode()


def test_every_code_is_there():
    assert set(CODES) == set(CodonTable.unambiguous_dna_by_id)


@pytest.mark.parametrize("code", CODES)
def test_every_codon_means_what_biopython_says(code):
    assert text(translate(encode("".join(CODONS)), code)) == "".join(oracle(codon, code) for codon in CODONS)


@pytest.mark.parametrize("code", CODES)
def test_starts_and_stops_are_those_of_biopython(code):
    table, ours = CodonTable.unambiguous_dna_by_id[code], genetic_code(code)
    for flags, codons in ((ours.starts, table.start_codons), (ours.stops, table.stop_codons)):
        assert {CODONS[number] for number in np.flatnonzero(flags) if "N" not in CODONS[number]} == set(codons)


@given(codons=st.lists(st.sampled_from(CODONS), max_size=30), code=st.sampled_from(CODES))
def test_sequences_translate_codon_by_codon(codons, code):
    letters = "".join(codons)
    assert text(translate(encode(letters), code)) == oracle(letters, code)
    assert text(translate(encode(letters.lower()), code)) == oracle(letters, code)
    assert [CODONS[number] for number in codon_numbers(encode(letters))] == codons


@pytest.mark.parametrize(
    ("letters", "code", "begins", "protein"),
    [
        ("TTGTTG", 11, True, "ML"),
        ("TTGTTG", 11, False, "LL"),
        ("TTGTTG", 2, True, "LL"),  # no start codon of this code
        ("ATNATG", 2, True, "MM"),  # whatever N is, a start codon
        ("", 1, True, ""),
    ],
)
def test_a_start_codon_is_methionine_only_at_the_beginning(letters, code, begins, protein):
    assert text(translate(encode(letters), code, begins=begins)) == protein


def test_a_codon_with_two_meanings_is_read_as_the_amino_acid_and_still_a_stop():
    (number,) = codon_numbers(encode("TGA"))
    assert text(translate(encode("TGA"), 27)) == "W"
    assert genetic_code(27).stops[number]
    assert not genetic_code(4).stops[number]


def test_windows_are_translated_one_by_one():
    letters = translate(np.array([encode("ATGTAA"), encode("GTGNNN")]), 11, begins=True)
    assert [text(row) for row in letters] == ["M*", "MX"]


def test_an_incomplete_codon_is_refused():
    with pytest.raises(ValueError, match="7 bases are no whole number of codons"):
        translate(encode("ACGTACG"))


@pytest.mark.parametrize("code", [0, 7, 8, 17, 34])
def test_an_unknown_code_is_refused(code):
    with pytest.raises(ConfigurationError, match=rf"no genetic code {code}\. Fix: choose one of the NCBI's: 1 2 3"):
        genetic_code(code)
