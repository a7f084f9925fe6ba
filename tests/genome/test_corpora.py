"""Corpora as a user means them: a table in, one folder out, and the shares that were drawn."""

from __future__ import annotations

import pytest
from scipy.stats import chisquare

from genolect.errors import ConfigurationError, InputError
from genolect.genome.genome import prepare_genome
from genolect.genome.preparation import (
    SpeciesWeight,
    choose_shares,
    circular_records,
    describe_shares,
    has_species,
    largest_shares,
    prepare_many,
)
from genolect.sequence.interval import Interval

SIZES = {"a": 900, "b": 100, "c": 40}


@pytest.fixture(params=["", "weight"], ids=["no weights", "weights"])
def corpus(request, tmp_path):
    weights = {"a": "1", "b": "3", "c": "4"}
    lines = [f"name\tpath\t{request.param}"]
    for name, size in SIZES.items():
        (tmp_path / f"{name}.fa").write_text(f">r\n{'ACGTTGCAAC' * (size // 10)}\n")
        lines.append(f"{name}\t{name}.fa\t{weights[name] if request.param else ''}")
    (tmp_path / "corpus.tsv").write_text("\n".join(lines) + "\n")
    return prepare_many(tmp_path / "corpus.tsv", tmp_path / "corpus"), bool(request.param)


def test_weights_come_first_unless_a_temperature_is_given(corpus):
    genome, weighted = corpus
    whole = [Interval(f"{name}:r", 0, size) for name, size in SIZES.items()]
    by_size = {"a": 900 / 1040, "b": 100 / 1040, "c": 40 / 1040}
    assert choose_shares(genome, whole) == ({"a": 0.125, "b": 0.375, "c": 0.5} if weighted else None)
    assert choose_shares(genome, whole, temperature=1) == pytest.approx(by_size)
    with pytest.raises(ConfigurationError, match="a temperature of 0 would favour"):
        choose_shares(genome, whole, temperature=0)


def test_only_the_stretches_that_are_drawn_from_count(corpus):
    genome, weighted = corpus
    some = [Interval("a:r", 300, 360), Interval("b:r", 0, 20)]
    assert choose_shares(genome, some, temperature=1) == pytest.approx({"a": 0.75, "b": 0.25})
    assert choose_shares(genome, some) == ({"a": 0.25, "b": 0.75} if weighted else None)


def test_a_temperature_needs_species(tmp_path):
    (tmp_path / "a.fa").write_text(">r\nACGTACGT\n")
    genome = prepare_genome([tmp_path / "a.fa"], tmp_path / "prepared")
    assert not has_species(genome)
    assert choose_shares(genome, [Interval("r", 0, 8)]) is None
    with pytest.raises(ConfigurationError, match=f"^{tmp_path / 'prepared'}: a temperature balances species, and"):
        choose_shares(genome, [Interval("r", 0, 8)], temperature=3)


@pytest.mark.parametrize("temperature", [None, 3])
def test_what_is_drawn_by_size_and_by_weights_is_as_expected(corpus, temperature):
    rows = describe_shares(corpus[0], window=30, temperature=temperature, windows=30_011)
    assert sum(row.expected for row in rows) == pytest.approx(1)
    assert chisquare([row.drawn for row in rows], [row.expected * 30_011 for row in rows]).pvalue > 1e-3


def test_the_sum_of_the_others_loses_nothing():
    shares = [SpeciesWeight(f"s{number}", 10 + number, number / 36, 3 * number) for number in range(9)]
    for most in range(1, 12):
        rows = largest_shares(shares, most)
        assert len(rows) == min(most, 9)
        assert sum(row.bases for row in rows) == sum(range(10, 19))
        assert sum(row.expected for row in rows) == pytest.approx(1)
        assert sum(row.drawn for row in rows) == 108
    assert [row.species for row in largest_shares(shares, 3)] == ["s8", "s7", "7 others"]


@pytest.mark.parametrize("name", ["genes.gff3", "GENES.GFF", "genes.gff3.gz", "genes.gff.bgz"])
def test_a_gff_is_known_by_its_ending(name):
    with pytest.raises(InputError, match=name):
        circular_records(name)
    assert circular_records(f"{name}_1, b") == {f"{name}_1", "b"}


def test_drawn_shares_match_the_expected_ones(corpus):
    genome, _ = corpus
    rows = describe_shares(genome, window=30, temperature=2, windows=40_001, seed=3)
    assert [(row.species, row.bases) for row in rows] == list(SIZES.items())
    assert [row.expected for row in rows] == pytest.approx([30 / 46.3245553, 10 / 46.3245553, 6.3245553 / 46.3245553])
    assert sum(row.drawn for row in rows) == 40_001
    assert chisquare([row.drawn for row in rows], [row.expected * 40_001 for row in rows]).pvalue > 1e-3


def test_a_species_that_is_too_short_has_no_share(corpus):
    rows = describe_shares(corpus[0], window=50, temperature=1, windows=999)
    assert [(row.species, row.expected, row.drawn) for row in rows][2] == ("c", 0.0, 0)
    assert sum(row.expected for row in rows) == pytest.approx(1)


def test_impossible_questions_are_refused(corpus):
    with pytest.raises(ConfigurationError, match="0 windows are nothing to count"):
        describe_shares(corpus[0], window=30, windows=0)
    with pytest.raises(InputError, match="the longest shares stretch has 900 bases, fewer than a window's 901"):
        describe_shares(corpus[0], window=901)


def test_a_bad_table_is_refused(tmp_path):
    (tmp_path / "corpus.tsv").write_text("name\tpath\na\ta.fa\n")
    with pytest.raises(InputError, match=r"corpus\.tsv:2: 1 of 1 files do not exist"):
        prepare_many(tmp_path / "corpus.tsv", tmp_path / "corpus")
    assert not (tmp_path / "corpus").exists()
