"""Words shared with a genome against sets of words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.sequence.alphabet import decode, encode, reverse_complement
from genolect.sequence.interval import Interval
from genolect.sequence.ragged import RaggedBases
from genolect.tables import shared_kmers
from genolect.tables.shared_kmers import WORD, shared_share
from tests.tables.test_similarity_kernels import words_of


@pytest.fixture
def genome(tmp_path: Path) -> PreparedGenome:
    generator = np.random.Generator(np.random.Philox(8))
    letters = ["".join(generator.choice(list("ACGTNacgt"), size, p=[0.2375] * 4 + [0.01] * 5)) for size in (900, 700)]
    (tmp_path / "toy.fa").write_text("".join(f">{name}\n{text}\n" for name, text in zip("ab", letters, strict=True)))
    return prepare_genome([tmp_path / "toy.fa"], tmp_path / "prepared")


REGIONS = [Interval("a", 100, 500), Interval("b", 0, 333)]


def test_shares_are_those_of_sets(genome: PreparedGenome) -> None:
    there = {
        word
        for region in REGIONS
        for word in words_of(decode(genome.bases(region.name, region.start, region.end)), WORD)
    }
    sequences = [genome.bases("a", start, start + 80 + start // 9) for start in range(0, 720, 57)]
    sequences += [reverse_complement(genome.bases("b", 300, 380)), encode("ACGT"), encode("N" * 50)]
    shares = shared_share(RaggedBases.of(sequences), genome, REGIONS)
    for sequence, share in zip(sequences, shares.tolist(), strict=True):
        words = words_of(decode(sequence), WORD)
        if words:
            assert share == pytest.approx(sum(word in there for word in words) / len(words))
        else:
            assert np.isnan(share)
    assert np.nanmin(shares) < 0.1
    assert np.nanmax(shares) == 1


def test_pieces_of_a_region_lose_no_word(genome: PreparedGenome, monkeypatch: pytest.MonkeyPatch) -> None:
    sequences = RaggedBases.of([genome.bases("a", 100, 500)])
    monkeypatch.setattr(shared_kmers, "BASES_AT_ONCE", 37)
    assert shared_share(sequences, genome, [Interval("a", 100, 500)]).tolist() == [1.0]


def test_some_words_of_many_tell_nearly_the_same(genome: PreparedGenome, monkeypatch: pytest.MonkeyPatch) -> None:
    sequences = RaggedBases.of([genome.bases("a", 0, 800), genome.bases("b", 0, 650)])
    whole = shared_share(sequences, genome, REGIONS)
    monkeypatch.setattr(shared_kmers, "MOST_WORDS", 400)
    thinned = shared_share(sequences, genome, REGIONS)
    assert not np.array_equal(whole, thinned)
    assert np.abs(whole - thinned).max() < 0.15
