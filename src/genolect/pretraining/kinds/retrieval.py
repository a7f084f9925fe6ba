"""Finding a partner among others by the direction of an embedding, beside the same search by k-mer frequencies.

Two exams have this form: a second view of each held-out window among the second views of all (as in contrastive
training), and a held-out gene's version in another species among all genes of that species. Both directions are asked.
The bar is the cosine of canonical k-mer frequencies, which already know composition and read alike on both strands; its
k is chosen on validation windows, or on the training genes.

Legend: n windows, W bases per window, G windows or genes that have partners.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from genolect.arrays import Floats, Integers
from genolect.encoders.encoder import HeadConfig
from genolect.models.inference import Machine, WindowTokens, embed, window_answers
from genolect.models.model import SequenceModel
from genolect.objectives.contrastive import ContrastiveConfig
from genolect.pretraining.kinds.exam import MeanExam, cut_windows
from genolect.pretraining.kinds.kind import ExamResult, ObjectiveKind, Setting
from genolect.sequence.alphabet import Bases
from genolect.sequence.kmers import kmer_frequencies
from genolect.statistics.bootstrap import Estimate, Resamples, draw_blocks, estimate, resampled_values

MEASURES = ("recall_at_1", "mean_rank", "reciprocal_rank", "nearer_than_random")

WORD_LENGTHS = (3, 4, 5, 6)


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


PROJECTION = 64


class ComparingKind(ObjectiveKind):
    """An objective that compares windows by the vectors of a head of its own.

    Attributes
    ----------
    projection : int
        Entries of the vectors that are compared.
    contrast : ContrastiveConfig
        Views and temperature; in a file its keys stand beside the others.
    """

    projection: int = Field(PROJECTION, ge=1)
    contrast: ContrastiveConfig = ContrastiveConfig()

    @classmethod
    def from_table(cls, values: Mapping[str, Any], where: str) -> Self:
        """See `ObjectiveKind`; the keys of views and temperature are taken out of the table."""
        plain = dict(values)
        default: ContrastiveConfig = cls.model_fields["contrast"].default
        given = {key: plain.pop(key) for key in ContrastiveConfig.model_fields if key in plain}
        contrast = ContrastiveConfig.from_mapping(default.to_mapping() | given, where)
        return cls.from_mapping({**plain, "contrast": contrast.to_mapping()}, where)

    def head(self, setting: Setting) -> HeadConfig:
        """See `ObjectiveKind`."""
        return HeadConfig(kind="projection", outputs=self.projection)


RECALL, RANK = "recall_at_1", "mean_rank"
MOST_WINDOWS = 1_000
"""Every window is compared with every other."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Windows to be found, each by its partners.

    Attributes
    ----------
    bases : ndarray of uint8, shape (n, W)
        Base codes.
    partners : ndarray of int64, shape (n,)
        Windows with the same number belong together: two views of one window, or the orthologues of one gene.
    group : ndarray of int64, shape (n,)
        A partner is sought in each of the other groups: first and second views, or species.
    """

    bases: Bases
    partners: Integers
    group: Integers

    def retrieve(self, vectors: npt.ArrayLike) -> Retrieval:
        """Look for every window's partners by vectors, shape (n, P)."""
        return retrieve(vectors, self.partners, self.group)

    def by_words(self, length: int) -> Retrieval:
        """Look for them by canonical words of some length."""
        return self.retrieve(kmer_frequencies(self.bases, length))


@dataclass(frozen=True, eq=False)
class RetrievalExam(MeanExam):
    """Windows to be found by a model's embeddings; `set_view_exam` and `set_ortholog_exam` make it.

    Attributes
    ----------
    pool : Pool
        The windows.
    tokens : WindowTokens
        Cuts them into tokens.
    head : str
        The head that gives the embeddings.
    by_words : Retrieval
        What the bar finds.
    word_length : int
        k of the bar.
    counts, blocks : ndarray of float64 and int64, shape (G,)
        See `MeanExam`; every gene counts alike, however many species have it.
    """

    measure = "recall at 1"
    counted = "questions"
    lower_is_better = False

    pool: Pool
    tokens: WindowTokens
    head: str
    by_words: Retrieval
    word_length: int
    counts: Floats
    blocks: Integers

    @property
    def unit_count(self) -> int:
        """See `MeanExam`."""
        return self.by_words.questions

    @property
    def bar_name(self) -> str:
        """See `MeanExam`."""
        return f"k-mer cosine (k = {self.word_length})"

    def sums(self, model: SequenceModel, machine: Machine) -> Floats:
        """See `MeanExam`: recall at 1."""
        return self._found(model, machine).means[RECALL]

    def bar_sums(self) -> Floats:
        """See `MeanExam`: recall at 1."""
        return self.by_words.means[RECALL]

    def result(self, model: SequenceModel, machine: Machine, *, seed: int) -> ExamResult:
        """See `MeanExam`; besides, mean ranks, and what the encoder's states find without the head."""
        found = self._found(model, machine)
        states = self.pool.retrieve(self._states(model, machine)).means
        extra = {
            "mean_rank": float(found.means[RANK].mean()),
            "mean_rank_of_bar": float(self.by_words.means[RANK].mean()),
            "recall_of_encoder_states": float(states[RECALL].mean()),
            "mean_rank_of_encoder_states": float(states[RANK].mean()),
            "candidates": float(found.candidates.mean()),
        }
        return self._compared(found.means[RECALL], self.bar_sums(), seed=seed, extra=extra)

    def with_word_length(self, word_length: int) -> RetrievalExam:
        """Give the same exam with another k of the bar, chosen elsewhere."""
        return replace(self, by_words=self.pool.by_words(word_length), word_length=word_length)

    def _found(self, model: SequenceModel, machine: Machine) -> Retrieval:
        rows = [
            window_answers(model, batch.ids, machine, head=self.head)
            for _, batch in cut_windows(self.tokens, self.pool.bases)
        ]
        return self.pool.retrieve(np.concatenate(rows))

    def _states(self, model: SequenceModel, machine: Machine) -> npt.NDArray[np.float32]:
        """Give the means over the tokens of the first and of the last layer."""
        rows = [
            embed(model, batch.ids.numpy(), machine, counted=False)
            for _, batch in cut_windows(self.tokens, self.pool.bases)
        ]
        _, first, _, last = np.split(np.concatenate(rows), 4, axis=1)
        return np.concatenate([first, last], axis=1)


def set_retrieval_exam(pool: Pool, tokens: WindowTokens, head: str, blocks: Integers) -> RetrievalExam:
    """Let the bar answer with its best k; `blocks` are those of the partners from 0 on."""
    trials = {length: pool.by_words(length) for length in WORD_LENGTHS}
    best = max(trials, key=lambda length: float(trials[length].means[RECALL].mean()))
    found = trials[best]
    return RetrievalExam(pool, tokens, head, found, best, np.ones(len(found.genes)), blocks[found.genes])
