"""Retrieval of orthologues: how near a gene's version in another species is, among all genes of that species.

For each sequence and each other species that has its gene, the genes of that species are ranked by their cosine with
the sequence. Genes are the independent unit: means are taken within genes first, then over genes, and genes are
resampled. The candidates stay the same in all resamples.

Axes: n sequences, P entries of a vector, G genes, R resamples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genolect.evaluation.composition import kmer_frequencies
from genolect.evaluation.statistics import Estimate, Resamples, draw_blocks, estimate, resampled_values
from genolect.sequence.alphabet import Bases

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MEASURES = ("recall_at_1", "mean_rank", "reciprocal_rank", "nearer_than_random")


@dataclass(frozen=True, eq=False)
class Retrieval:
    """How well orthologues were found, gene by gene.

    Attributes
    ----------
    genes : ndarray of int64, shape (G,)
        The genes that were looked for, ascending.
    means : dict of str to ndarray of float64, shape (G,)
        Means over a gene's questions: ``recall_at_1``, share in which the orthologue is nearer than every other gene;
        ``mean_rank``, its rank from 1, ties in the middle; ``reciprocal_rank``; ``nearer_than_random``, share of the
        other genes that are further away than it.
    candidates : ndarray of float64, shape (G,)
        Mean number of candidates; chance is a recall of 1 / candidates.
    questions : int
        Number of (sequence, other species) that were asked.
    """

    genes: Integers
    means: dict[str, Floats]
    candidates: Floats
    questions: int

    def resamples(self, seed: int) -> Resamples:
        """Draw genes with replacement; share one draw among embeddings that are to be compared."""
        return draw_blocks(self.genes, seed=seed)

    def estimates(self, resamples: Resamples) -> dict[str, Estimate]:
        """Give each measure's mean over genes with its 95 % interval."""
        return {name: _estimate(values, resamples) for name, values in self.means.items()}

    def compared_with(self, other: Retrieval, resamples: Resamples) -> dict[str, Estimate]:
        """Give each measure's mean difference from another embedding of the same sequences, paired by gene."""
        if not np.array_equal(self.genes, other.genes) or self.questions != other.questions:
            raise ValueError(f"{self.questions:,} and {other.questions:,} questions are not about the same sequences")
        return {name: _estimate(values - other.means[name], resamples) for name, values in self.means.items()}


def retrieve(embeddings: npt.ArrayLike, genes: npt.ArrayLike, species: npt.ArrayLike) -> Retrieval:
    """Look for every sequence's orthologue in every other species.

    Parameters
    ----------
    embeddings : array of float, shape (n, P)
        One vector per sequence.
    genes, species : array of int, shape (n,)
        What each sequence is.

    Returns
    -------
    Retrieval
        Ranks, gene by gene. A species with a single gene among the candidates asks nothing.

    Raises
    ------
    ValueError
        If the shapes do not match, a number is not finite, a gene has two sequences in one species, or there is nothing
        to look for.

    Examples
    --------
    >>> found = retrieve([[1, 0], [0, 1], [1, 0.1], [0.2, 1]], genes=[4, 7, 4, 7], species=[0, 0, 1, 1])
    >>> found.questions, found.means["recall_at_1"].tolist()
    (4, [1.0, 1.0])
    """
    vectors, genes, species = np.asarray(embeddings, dtype=np.float64), np.asarray(genes), np.asarray(species)
    _check(vectors, genes, species)
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    asked: list[Integers] = []
    answers: list[Floats] = []
    for target in np.unique(species):
        there = np.flatnonzero(species == target)
        queries = np.flatnonzero((species != target) & np.isin(genes, genes[there]))
        if len(there) < 2 or not len(queries):
            continue
        order = there[np.argsort(genes[there])]
        partner = np.searchsorted(genes[order], genes[queries])
        cosines = np.round(units[queries] @ units[order].T, 12)  # Equal vectors must tie, whatever the summation order.
        own = cosines[np.arange(len(queries)), partner][:, None]
        nearer, tied = (cosines > own).sum(axis=1), (cosines == own).sum(axis=1) - 1
        rank, others = 1 + nearer + tied / 2, len(there) - 1
        asked.append(queries)
        answers.append(np.stack([rank == 1, rank, 1 / rank, 1 - (rank - 1) / others, np.full(len(rank), others + 1)]))
    if not asked:
        raise ValueError("no gene has an orthologue in a species with other genes to tell it from")
    names, number = np.unique(genes[np.concatenate(asked)], return_inverse=True)
    counts = np.bincount(number)
    means = [np.bincount(number, weights=values) / counts for values in np.concatenate(answers, axis=1)]
    return Retrieval(names, dict(zip(MEASURES, means, strict=False)), means[-1], int(counts.sum()))


def kmer_vectors(sequences: Sequence[Bases], length: int) -> Floats:
    """Give the baseline's vectors: frequencies of canonical words, of sequences of any lengths.

    Parameters
    ----------
    sequences : sequence of ndarray of uint8
        Base codes.
    length : int
        Letters per word.

    Returns
    -------
    ndarray of float64, shape (n, number of canonical words)
        The frequencies.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> kmer_vectors([encode("ATCNA"), encode("GG")], 1).tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    """
    return np.concatenate([kmer_frequencies(sequence[None], length) for sequence in sequences])


def _estimate(values: Floats, resamples: Resamples) -> Estimate:
    def mean(weights: Floats) -> Mapping[str, Floats]:
        return {"mean": (weights * values[:, None]).sum(axis=0) / weights.sum(axis=0)}

    return estimate(float(values.mean()), resampled_values(mean, resamples)["mean"], resamples.limits)


def _check(vectors: Floats, genes: Integers, species: Integers) -> None:
    if vectors.ndim != 2 or genes.shape != (len(vectors),) or species.shape != (len(vectors),):
        shapes = f"{[*vectors.shape]}, {[*genes.shape]} and {[*species.shape]}"
        raise ValueError(f"embeddings, genes and species need the shapes (n, P), (n,) and (n,), not {shapes}")
    if not np.isfinite(vectors).all():
        raise ValueError(f"the embedding {int(np.argmin(np.isfinite(vectors).all(axis=1)))} is not finite")
    pairs, counts = np.unique(np.stack([genes, species]), axis=1, return_counts=True)
    if (counts > 1).any():
        gene, kind = pairs[:, np.argmax(counts)].tolist()
        raise ValueError(f"gene {gene} has {counts.max()} sequences in species {kind}")
