"""Finding a partner among others by the direction of an embedding, beside the same search by k-mer frequencies.

Two exams have this form: a second view of each held-out window among the second views of all (as in contrastive
training), and a held-out gene's version in another species among all genes of that species. Both directions are asked.
The bar is the cosine of canonical k-mer frequencies, which already know composition and read alike on both strands; its
k is chosen on validation windows, or on the training genes.

Legend: n windows, W bases per window, G windows or genes that have partners.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from genolect.data.genome import PreparedGenome
from genolect.data.orthologs import Orthologs
from genolect.data.windows import LARGEST_N_SHARE, tile_windows
from genolect.errors import InputError, shown
from genolect.evaluation.composition import WORD_LENGTHS, kmer_frequencies
from genolect.evaluation.retrieval import Retrieval, retrieve
from genolect.inference import Machine, embed, window_answers
from genolect.model import SequenceModel
from genolect.objectives.contrastive import ContrastiveConfig
from genolect.randomness import derived_key
from genolect.sequence.alphabet import BASE_BITS, Bases, N
from genolect.sequence.interval import Interval
from genolect.window_tokens import WindowTokens
from genolect.workflow.exam import ExamResult, Floats, Integers, MeanExam, cut_windows

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


def set_view_exam(
    genome: PreparedGenome,
    regions: Sequence[Interval],
    tokens: WindowTokens,
    config: ContrastiveConfig,
    *,
    head: str,
    window: int,
    most: int,
    seed: int,
) -> RetrievalExam:
    """Make two views of each held-out window, and ask for one among all by the other.

    Parameters
    ----------
    genome : PreparedGenome
        Where the bases are.
    regions : sequence of Interval
        The held-out stretches.
    tokens : WindowTokens
        Cuts windows into tokens.
    config : ContrastiveConfig
        How the views differ.
    head : str
        The head that gives the embeddings.
    window : int
        Bases per window.
    most : int
        Largest number of windows; no more than 1,000 are taken.
    seed : int
        Of the views.

    Returns
    -------
    RetrievalExam
        The exam, with the k that is best on these very windows: a test takes over that of the validation
        (`RetrievalExam.with_word_length`). Windows with more than half N, which no training sees, are left out.

    Raises
    ------
    InputError
        If no stretch holds a window, or fewer than two windows are left.
    """
    windows, blocks = tile_windows(genome, regions, length=window, most=min(most, MOST_WINDOWS))
    kept = ((windows & BASE_BITS) >= N).mean(axis=1) <= LARGEST_N_SHARE
    if kept.sum() < 2:
        what = (
            f"{kept.sum()} of {len(windows):,} held-out windows of {window:,} bases hold enough bases to be told apart"
        )
        raise InputError(what, fix="hold out more, or shorten the window", path=genome.inputs[0]["path"])
    bases = torch.from_numpy(windows[kept])
    views = [view(bases, derived_key(seed, "view exam", number)).numpy() for number, view in enumerate(config.views())]
    n = len(bases)
    pool = Pool(np.concatenate(views), np.tile(np.arange(n), 2), np.repeat(np.arange(2), n))
    return _set(pool, tokens, head, blocks[kept])


def set_ortholog_exam(table: Orthologs, tokens: WindowTokens, *, head: str, window: int) -> RetrievalExam:
    """Ask for the versions of held-out genes in other species.

    Parameters
    ----------
    table : Orthologs
        The held-out genes.
    tokens : WindowTokens
        Cuts windows into tokens.
    head : str
        The head that gives the embeddings.
    window : int
        Bases per window, taken from the middle of each gene.

    Returns
    -------
    RetrievalExam
        The exam, with the k that is best on these very genes: a test takes over that of the training genes
        (`RetrievalExam.with_word_length`). Of more than 1,000 genes, 1,000 evenly spaced by name.

    Raises
    ------
    InputError
        If a gene is shorter than a window, or there is none to be told from another.
    """
    if len(table.genes) > MOST_WINDOWS:
        chosen = np.linspace(0, len(table.genes) - 1, MOST_WINDOWS).round().astype(int)
        table = table.only(table.genes[gene] for gene in chosen)
    short = min(range(len(table.sequences)), key=lambda row: len(table.sequences[row]))
    if len(table.sequences[short]) < window:
        name = f"{table.genes[table.gene[short]]} of {table.species[table.of_species[short]]}"
        what = f"{shown(name)} has {len(table.sequences[short])} bases, fewer than a window of {window}"
        raise InputError(what, fix="take shorter windows, or leave this gene out")
    if len(table.genes) < 2:
        what = f"there is no other gene to tell {shown(table.genes[0])} from"
        raise InputError(what, fix="hold out two genes or more")
    starts = [(len(sequence) - window) // 2 for sequence in table.sequences]
    rows = [sequence[start : start + window] for sequence, start in zip(table.sequences, starts, strict=True)]
    pool = Pool(np.stack(rows), table.gene, table.of_species)
    return _set(pool, tokens, head, np.arange(len(table.genes)))


def _set(pool: Pool, tokens: WindowTokens, head: str, blocks: Integers) -> RetrievalExam:
    """Let the bar answer with its best k; `blocks` are those of the partners from 0 on."""
    trials = {length: pool.by_words(length) for length in WORD_LENGTHS}
    best = max(trials, key=lambda length: float(trials[length].means[RECALL].mean()))
    found = trials[best]
    return RetrievalExam(pool, tokens, head, found, best, np.ones(len(found.genes)), blocks[found.genes])
