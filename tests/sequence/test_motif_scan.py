"""Motif scans: against a scan by brute force, against Biopython, and p-values against all sequences there are."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from Bio import motifs as reference
from Bio.Seq import Seq

from genolect.errors import ConfigurationError
from genolect.sequence import motif as motif_scan
from genolect.sequence.alphabet import decode, encode, reverse_complement
from genolect.sequence.motif import STEPS_PER_BIT, Motif, scan, score_steps

SHARES = (0.32, 0.18, 0.18, 0.32)


def toy(width: int, seed: int = 1) -> Motif:
    return Motif("M", "", np.random.default_rng(seed).dirichlet(np.full(4, 0.4), size=width), 50.0)


def text_of(length: int, seed: int = 4, letters: str = "ACGTN") -> str:
    weights = [0.24, 0.24, 0.24, 0.24, 0.04][: len(letters)]
    return "".join(np.random.default_rng(seed).choice(list(letters), length, p=np.array(weights) / sum(weights)))


def by_hand(text: str, steps: np.ndarray, threshold: int) -> list[tuple[int, int, int]]:
    found = []
    width = len(steps)
    for start in range(len(text) - width + 1):
        word = encode(text[start : start + width])
        for strand, read in ((1, word), (-1, reverse_complement(word))):
            if "N" not in decode(read).upper():
                score = sum(int(steps[place, base & 7]) for place, base in enumerate(read))
                if score >= threshold:
                    found.append((start, strand, score))
    return found


@pytest.mark.parametrize("width", [1, 5, 11])
def test_a_scan_finds_what_a_hand_finds(width, monkeypatch):
    text = text_of(701)
    scores = score_steps(toy(width), SHARES)
    threshold = scores.threshold(0.35 if width == 1 else 0.02)
    whole = scan(encode(text), scores, threshold)
    found = list(zip(whole.start.tolist(), whole.strand.tolist(), whole.score.tolist(), strict=True))
    assert found == by_hand(text, scores.steps, threshold)
    assert found
    monkeypatch.setattr(motif_scan, "SCANNED_AT_ONCE", 53)
    pieces = scan(encode(text), scores, threshold)
    assert all(np.array_equal(getattr(whole, key), getattr(pieces, key)) for key in ("start", "strand", "score"))


def test_the_other_strand_mirrors_the_hits():
    text = text_of(500)
    scores = score_steps(toy(7))
    threshold = scores.threshold(0.01)
    ours, theirs = scan(encode(text), scores, threshold), scan(reverse_complement(encode(text)), scores, threshold)
    mirrored = sorted(zip((500 - 7 - theirs.start).tolist(), (-theirs.strand).tolist(), strict=True))
    assert mirrored == sorted(zip(ours.start.tolist(), ours.strand.tolist(), strict=True))


def test_biopython_finds_the_same_sites():
    motif, text = toy(8, seed=6), text_of(900, letters="ACGT")
    counts = dict(zip("ACGT", (motif.probabilities * motif.sites).T.tolist(), strict=True))
    other = reference.Motif(alphabet="ACGT", counts=counts)
    shares = dict(zip("ACGT", SHARES, strict=True))
    matrix = other.counts.normalize({letter: 0.1 * share for letter, share in shares.items()}).log_odds(shares)
    # Far enough from any score that rounding to a hundredth of a bit decides nothing: 8 positions, half a step each.
    scores = score_steps(motif, SHARES)
    theirs = {
        (start % len(text) if start >= 0 else start + len(text), -1 if start < 0 else 1): score
        for start, score in matrix.search(Seq(text), threshold=3.0)
    }
    ours = scan(encode(text), scores, round(3.0 * STEPS_PER_BIT))
    found = {
        (start, strand): score / STEPS_PER_BIT
        for start, strand, score in zip(ours.start.tolist(), ours.strand.tolist(), ours.score.tolist(), strict=True)
    }
    for site in theirs.keys() | found.keys():
        assert abs(theirs.get(site, 3.0) - found.get(site, 3.0)) < 0.05
    assert len(theirs.keys() & found.keys()) > 3


@pytest.mark.parametrize("width", [2, 5])
def test_p_values_are_those_of_all_sequences(width):
    scores = score_steps(toy(width), SHARES)
    total = {}
    for word in product(range(4), repeat=width):
        score = sum(int(scores.steps[place, base]) for place, base in enumerate(word))
        total[score] = total.get(score, 0.0) + float(np.prod([SHARES[base] for base in word]))
    for score in total:
        expected = sum(chance for other, chance in total.items() if other >= score)
        assert scores.probability(np.array([score]))[0] == pytest.approx(expected)
    for p in (0.3, 0.05, 0.01):
        if p >= scores.tail[scores.tail > 0].min():
            threshold = scores.threshold(p)
            assert sum(chance for other, chance in total.items() if other >= threshold) <= p * (1 + 1e-9)
            assert sum(chance for other, chance in total.items() if other >= threshold - 1) > p * (1 - 1e-9)


def test_random_sequences_score_as_often_as_said():
    scores = score_steps(toy(9))
    text = text_of(200_000, letters="ACGT")
    found = scan(encode(text), scores, scores.threshold(1e-3))
    assert found.start.size / (2 * len(text)) == pytest.approx(1e-3, rel=0.2)


def test_a_p_value_that_nothing_reaches_is_refused():
    with pytest.raises(ConfigurationError, match="a p-value of 1e-09: the best site of this motif has"):
        score_steps(toy(4)).threshold(1e-9)


def test_a_sequence_shorter_than_the_motif_has_no_site():
    scores = score_steps(toy(6))
    assert scan(encode("ACGT"), scores, scores.lowest).start.size == 0
