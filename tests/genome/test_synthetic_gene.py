"""The genes of the synthetic genome, read back from its files: is the truth true."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest
from Bio.Data.CodonTable import TranslationError
from Bio.Seq import Seq
from scipy import stats

from genolect.genome import synthetic_grammar
from genolect.genome.synthetic_grammar import AMINO_ACIDS, CODON_USAGE, PROTEIN, PlantedMotif
from tests.genome.synthetic_reading import CONFIG, Reading, example, five_prime, inside, three_prime


@pytest.fixture(scope="module")
def reading() -> Reading:
    return example()


def test_every_coding_sequence_is_one_open_reading_frame(reading: Reading) -> None:
    assert {row.strand for row in reading.of_kind["mRNA"]} == {"+", "-"}
    for row in reading.of_kind["mRNA"]:
        coding = reading.coding(row.attributes["ID"])
        assert "*" not in Seq(coding).translate(cds=True)
        with pytest.raises(TranslationError):
            Seq(coding[1:]).translate(cds=True)


def test_phases_lead_to_the_codons(reading: Reading) -> None:
    phases = Counter(row.phase for row in reading.of_kind["CDS"])
    assert set(phases) == {"0", "1", "2"}
    for row in reading.of_kind["mRNA"]:
        coding, done = reading.coding(row.attributes["ID"]), 0
        for part in reading.parts[row.attributes["ID"], "CDS"]:
            assert (done + int(part.phase)) % 3 == 0
            done += part.end - part.start + 1
        assert done == len(coding)


def test_the_parts_of_a_gene_tile_it(reading: Reading) -> None:
    numbers = Counter()
    for gene in reading.of_kind["gene"]:
        (messenger,) = reading.parts[gene.attributes["ID"], "mRNA"]
        assert (messenger.start, messenger.end) == (gene.start, gene.end)
        parts = {kind: reading.parts[messenger.attributes["ID"], kind] for kind in ("exon", "intron", "CDS")}
        utrs = [reading.parts[messenger.attributes["ID"], f"{end}_prime_UTR"] for end in ("five", "three")]
        for tiles in (parts["exon"] + parts["intron"], utrs[0] + utrs[1] + parts["CDS"] + parts["intron"]):
            ordered = sorted(tiles, key=lambda row: row.start)
            assert (ordered[0].start, ordered[-1].end) == (gene.start, gene.end)
            assert all(left.end + 1 == right.start for left, right in pairwise(ordered))
        assert five_prime(utrs[0][0]) == five_prime(gene)
        assert three_prime(utrs[1][0]) == three_prime(gene)
        numbers[len(parts["exon"])] += 1
    assert set(numbers) == {1, 2, 3, 4}


def test_introns_have_their_signals(reading: Reading) -> None:
    branches = reading.of_kind["branch_site"]
    tracts = ""
    assert len(branches) == len(reading.of_kind["intron"]) > 50
    for intron in reading.of_kind["intron"]:
        letters = reading.letters(intron)
        assert (letters[:2], letters[-2:]) == ("GT", "AG")
        (branch,) = [row for row in branches if inside(row, intron)]
        adenine = five_prime(branch) + 5
        assert reading.letters(branch)[5] == "A"
        assert 20 <= three_prime(intron) - adenine <= 40
        tracts += letters[-15:-3]
    assert sum(letter in "CT" for letter in tracts) / len(tracts) == pytest.approx(0.87, abs=0.04)


def test_motifs_read_what_the_truth_says(reading: Reading) -> None:
    consensus = {motif.name: motif for motif in vars(synthetic_grammar).values() if isinstance(motif, PlantedMotif)}
    kept: dict[str, list[list[bool]]] = defaultdict(list)
    for row in reading.rows:
        if "reads" in row.attributes:
            letters, motif = reading.letters(row), consensus[row.attributes["Name"]]
            same = [letter == expected for letter, expected in zip(letters, motif.consensus, strict=True)]
            assert letters == row.attributes["reads"]
            assert float(row.attributes["divergence"]) == pytest.approx(1 - np.mean(same), abs=1e-4)
            kept[motif.name].append(same)
    assert set(kept) == set(consensus)
    for name, copies in kept.items():
        expected = np.array(consensus[name].conservation) / 100
        margin = 4.5 * np.sqrt(expected * (1 - expected) / len(copies)) + 1e-9
        assert np.all(np.abs(np.mean(copies, axis=0) - expected) < margin), name


def test_promoter_motifs_keep_their_distances(reading: Reading) -> None:
    starts = {(row.name, row.strand, five_prime(row)) for row in reading.of_kind["gene"]}
    boxes = {(row.name, row.strand, five_prime(row)) for row in reading.of_kind["TATA_box"]}
    sites = {(row.name, row.strand, five_prime(row)) for row in reading.of_kind["TF_binding_site"]}
    assert {(name, strand, place + 28) for name, strand, place in boxes} == starts
    assert {(name, strand, place + 40) for name, strand, place in sites} < boxes
    island_share = len(reading.of_kind["CpG_island"]) / len(starts)
    for share, expected in ((len(sites) / len(boxes), CONFIG.ap1_share), (island_share, CONFIG.island_share)):
        assert abs(share - expected) < 4 * math.sqrt(expected * (1 - expected) / len(starts))


def test_kozak_context_and_polyadenylation_signal_are_in_place(reading: Reading) -> None:
    for gene in reading.of_kind["gene"]:
        start = reading.parts[gene.attributes["ID"] + ".mRNA", "CDS"][0]
        (kozak,) = [row for row in reading.of_kind["kozak_sequence"] if inside(row, gene)]
        (signal,) = [row for row in reading.of_kind["polyA_signal_sequence"] if inside(row, gene)]
        assert three_prime(kozak) + 1 == five_prime(start)
        assert 15 <= three_prime(gene) - three_prime(signal) <= 25


def test_codons_follow_the_table(reading: Reading) -> None:
    counts: Counter[str] = Counter()
    for row in reading.of_kind["mRNA"]:
        coding = reading.coding(row.attributes["ID"])
        counts.update(coding[place : place + 3] for place in range(0, len(coding), 3))
    families = defaultdict(list)
    for codon in CODON_USAGE:
        families[str(Seq(codon).translate())].append(codon)
    assert len(CODON_USAGE) == 64
    for codons in families.values():
        observed = np.array([counts[codon] for codon in codons])
        usage = np.array([CODON_USAGE[codon] for codon in codons])
        assert usage.sum() == pytest.approx(1)
        if len(codons) > 1:
            assert stats.chisquare(observed, usage * observed.sum()).pvalue > 1e-4
        if len(codons) > 1 and observed.sum() > 300:
            assert stats.chisquare(observed).pvalue < 1e-9


def test_residues_follow_their_chain(reading: Reading) -> None:
    pairs = np.zeros_like(PROTEIN.transition)
    for row in reading.of_kind["mRNA"]:
        protein = str(Seq(reading.coding(row.attributes["ID"])).translate(to_stop=True))[1:]
        for one, next_one in pairwise(protein):
            pairs[AMINO_ACIDS.index(one), AMINO_ACIDS.index(next_one)] += 1
    expected = pairs.sum(axis=1, keepdims=True) * PROTEIN.transition
    common = expected > 5
    z = (pairs - expected)[common] / np.sqrt(expected[common])
    assert np.abs(z).max() < 5
    unordered = pairs.sum(axis=1, keepdims=True) * PROTEIN.frequencies
    assert (np.abs(pairs - unordered) / np.sqrt(unordered)).max() > 10
