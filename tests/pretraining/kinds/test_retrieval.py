"""Retrieval of orthologues: against a plain reference, at its extremes, and on real genes."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.genome.orthologs import held_out_genes, read_ortholog_fasta
from genolect.pretraining.kinds.retrieval import MEASURES, retrieve
from genolect.sequence.kmers import kmer_frequencies
from genolect.statistics.bootstrap import decide

G, S, P = 17, 5, 7


def kmer_vectors(sequences, length):
    """The baseline's vectors: frequencies of canonical k-mers, of sequences of any lengths."""
    return np.concatenate([kmer_frequencies(bases[None], length) for bases in sequences])


def toy(noise: float, *, seed: int = 1, missing: float = 0.2):
    """Vectors of genes in species, some of them missing."""
    generator = np.random.Generator(np.random.Philox(seed))
    genes, species = (axis.ravel() for axis in np.meshgrid(np.arange(G) * 3, np.arange(S) + 10, indexing="ij"))
    kept = generator.random(genes.size) > missing
    vectors = generator.normal(size=(G, P))[genes // 3] + noise * generator.normal(size=(genes.size, P))
    return vectors[kept], genes[kept], species[kept]


def reference(vectors, genes, species) -> dict[int, list[tuple[float, float, float, float]]]:
    """One question after the other."""
    answers: dict[int, list[tuple[float, float, float, float]]] = {}
    for query in range(len(genes)):
        for target in set(species.tolist()) - {int(species[query])}:
            there = [row for row in range(len(genes)) if species[row] == target]
            partners = [row for row in there if genes[row] == genes[query]]
            if not partners or len(there) < 2:
                continue
            cosine = {
                row: vectors[query] @ vectors[row] / np.linalg.norm(vectors[query]) / np.linalg.norm(vectors[row])
                for row in there
            }
            rank = 1 + sum(cosine[row] > cosine[partners[0]] for row in there)
            answers.setdefault(int(genes[query]), []).append(
                (float(rank == 1), rank, 1 / rank, (len(there) - rank) / (len(there) - 1))
            )
    return answers


@pytest.mark.parametrize("noise", [0.3, 2.0])
def test_ranks_are_those_of_a_plain_reference(noise):
    found, expected = retrieve(*toy(noise)), reference(*toy(noise))
    assert found.genes.tolist() == sorted(expected)
    assert found.questions == sum(map(len, expected.values()))
    for column, name in enumerate(MEASURES):
        means = [np.mean([answer[column] for answer in expected[gene]]) for gene in sorted(expected)]
        np.testing.assert_allclose(found.means[name], means, atol=1e-12)


def test_the_same_vector_everywhere_in_a_gene_is_always_found_and_one_for_all_never():
    vectors, genes, species = toy(0.0)
    best = retrieve(vectors, genes, species)
    assert all((best.means[name] == 1).all() for name in MEASURES)
    worst = retrieve(np.ones_like(vectors), genes, species)
    assert (worst.means["recall_at_1"] == 0).all()
    np.testing.assert_allclose(worst.means["nearer_than_random"], 0.5)
    np.testing.assert_allclose(worst.means["mean_rank"], (worst.candidates + 1) / 2)


def test_the_order_of_sequences_and_the_lengths_of_vectors_change_nothing():
    vectors, genes, species = toy(1.0)
    order = np.random.Generator(np.random.Philox(2)).permutation(len(genes))
    plain, moved = retrieve(vectors, genes, species), retrieve(vectors[order] * 9, genes[order], species[order])
    for name in MEASURES:
        np.testing.assert_allclose(plain.means[name], moved.means[name], atol=1e-12)


def test_chance_lies_within_the_interval_of_random_vectors():
    vectors, genes, species = toy(0.0, missing=0.0)
    noise = np.random.Generator(np.random.Philox(3)).normal(size=(len(genes), 60))
    found = retrieve(noise, genes, species)
    estimates = found.estimates(found.resamples(1))
    assert estimates["recall_at_1"].low <= 1 / G <= estimates["recall_at_1"].high
    assert estimates["nearer_than_random"].low <= 0.5 <= estimates["nearer_than_random"].high
    sure = retrieve(vectors, genes, species)
    assert decide(sure.compared_with(found, found.resamples(1))["recall_at_1"]) == "better"
    assert decide(found.compared_with(sure, found.resamples(1))["recall_at_1"]) == "worse"
    assert decide(found.compared_with(found, found.resamples(1))["recall_at_1"]) == "equivalent"


def test_intervals_resample_genes_and_not_questions():
    vectors, genes, species = toy(1.0, missing=0.0)
    found = retrieve(vectors, genes, species)
    estimates = found.estimates(found.resamples(1))
    by_gene = found.means["recall_at_1"]
    spread = by_gene.std() / np.sqrt(len(by_gene))
    assert estimates["recall_at_1"].value == pytest.approx(by_gene.mean())
    width = estimates["recall_at_1"].high - estimates["recall_at_1"].low
    assert width == pytest.approx(2 * 1.96 * spread, rel=0.15)


def test_few_genes_have_no_interval():
    few = [part[np.isin(toy(0.5)[1], [0, 3, 6, 9])] for part in toy(0.5)]
    found = retrieve(*few)
    assert found.estimates(found.resamples(1))["recall_at_1"].low is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda vectors, genes, species: (vectors, genes[1:], species), "need the shapes"),
        (lambda vectors, genes, species: (vectors[:, 0], genes, species), "need the shapes"),
        (lambda vectors, genes, species: (np.where(np.arange(P) == 3, np.nan, vectors), genes, species), "embedding 0"),
        (lambda vectors, genes, species: (vectors, genes * 0, species), "gene 0 has"),
        (lambda vectors, genes, species: (vectors, genes, species * 0 + np.arange(len(genes))), "no gene has"),
    ],
)
def test_what_cannot_be_asked_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        retrieve(*change(*toy(1.0)))


@pytest.mark.parametrize(
    ("name", "genes", "length", "recall"), [("yeast8", 21, 6, (0.40, 0.62)), ("mammals", 34, 4, (0.74, 0.90))]
)
def test_the_baseline_finds_most_orthologues_of_real_genes(data_folder, name, genes, length, recall):
    table = read_ortholog_fasta(data_folder / "orthologs" / f"{name}.fa.gz")
    held = table.only(held_out_genes(table.genes))
    found = retrieve(kmer_vectors(held.sequences, length), held.gene, held.of_species)
    estimates = found.estimates(found.resamples(1))
    assert len(found.genes) == genes
    low, high = recall
    assert low < estimates["recall_at_1"].value < high
    assert estimates["recall_at_1"].low > 3 / found.candidates.mean()
    assert estimates["nearer_than_random"].low > 0.75
