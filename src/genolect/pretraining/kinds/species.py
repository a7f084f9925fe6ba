"""A gene's versions in two species among other genes: trained on, and asked of held-out genes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import Field

from genolect.errors import ConfigurationError, InputError, shown
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import GenomeSplit
from genolect.genome.orthologs import (
    HELD_OUT_SHARE,
    Order,
    OrthologPairSampler,
    Orthologs,
    held_out_genes,
    read_ortholog_fasta,
    read_ortholog_table,
)
from genolect.models.inference import WindowTokens
from genolect.objectives.contrastive import ContrastiveConfig, ContrastiveObjective
from genolect.objectives.objective import Batch
from genolect.pretraining.kinds.kind import GenomeWindows, Held, Setting, register
from genolect.pretraining.kinds.retrieval import MOST_WINDOWS, ComparingKind, Pool, RetrievalExam, set_retrieval_exam
from genolect.pretraining.parts import Part
from genolect.tokenizers.tokenizer import Tokenizer

TABLES = (".tsv", ".txt", ".tab")


@dataclass(frozen=True, eq=False)
class Genes:
    """The orthologues of an objective.

    Attributes
    ----------
    training, held_out : Orthologs
        The genes that pairs are drawn from, and the others.
    too_short : tuple of str
        Genes that were left out, a sequence of theirs being shorter than a window.
    """

    training: Orthologs
    held_out: Orthologs
    too_short: tuple[str, ...]


@register
class SpeciesPart(ComparingKind):
    """Tell the same gene of two species from other genes.

    Attributes
    ----------
    kind : 'species'
        Which objective.
    file : str
        Orthologues: FASTA with names of `order`, or a table with tabs and the columns gene, species, sequence.
    order : {'gene|species', 'species|gene'}
        How the records of a FASTA file are named.
    pairs : int
        Pairs per step, each of another gene.
    bases : int
        Bases per window; shorter genes are left out, and counted.
    held_out : float
        Share of the genes that is never trained on.
    projection, contrast
        As in `ComparingKind`.
    """

    kind: Literal["species"] = "species"
    reads_genome: ClassVar[bool] = False
    learned_by: ClassVar[str] = "telling a gene's versions in two species from other genes"
    evaluated_on: ClassVar[str] = "training genes"

    file: str
    order: Order = "gene|species"
    pairs: int = Field(32, ge=2)
    bases: int = Field(256, ge=16)
    held_out: float = Field(HELD_OUT_SHARE, gt=0, lt=1)
    contrast: ContrastiveConfig = ContrastiveConfig(reverse_complement=0.0)

    @property
    def extra_bases(self) -> int:
        """See `ObjectiveKind`: those of the genes."""
        return 2 * self.pairs * self.bases

    def read(self, genome: PreparedGenome, tokenizer: Tokenizer) -> Genes:
        """See `ObjectiveKind`: read the orthologues, and hold some genes out."""
        path = Path(self.file)
        plain = path.with_suffix("") if path.suffix == ".gz" else path
        table = read_ortholog_table(path) if plain.suffix in TABLES else read_ortholog_fasta(path, self.order)
        short = {
            table.genes[gene]
            for gene, bases in zip(table.gene, table.sequences, strict=True)
            if len(bases) < self.bases
        }
        kept = [gene for gene in table.genes if gene not in short]
        if len(kept) < 2:
            what = f"{len(kept)} of {len(table.genes)} genes have {self.bases} bases in every species"
            raise InputError(what, fix="set bases to less for this objective", path=path)
        held_out = held_out_genes(kept, self.held_out)
        training = table.only(gene for gene in kept if gene not in held_out)
        if len(training.genes) < self.pairs:
            what = f"{self.pairs} pairs per step need as many genes, {len(training.genes)} are trained on"
            raise ConfigurationError(what, fix=f"set pairs to {len(training.genes)} at most", path=path)
        return Genes(training, table.only(held_out), tuple(sorted(short)))

    def part(self, setting: Setting, windows: GenomeWindows, split: GenomeSplit) -> Part:
        """See `ObjectiveKind`; genes are no part of the genome whose contexts the model counted."""
        genes: Genes = setting.inputs
        objective = ContrastiveObjective(self.contrast, setting.tokens.ids, paired=True)
        seed = windows.windows.seed
        pairs = OrthologPairSampler(genes.training, pairs=self.pairs, bases=self.bases, seed=seed)
        batches = OrthologBatches(pairs, setting.tokens)
        return Part(objective, batches, head=setting.name, counted=False, state=objective.temperature)

    def held_out_evaluations(self, setting: Setting, part: Part, held: Held) -> tuple[RetrievalExam, RetrievalExam]:
        """See `ObjectiveKind`; the curve is of training genes, the held-out ones being too few to be seen twice."""
        training, test = (
            set_ortholog_exam(table, setting.tokens, head=setting.name, window=self.bases)
            for table in (setting.inputs.training, setting.inputs.held_out)
        )
        return training, test.with_word_length(training.word_length)

    def sentence(self, classes: tuple[str, ...]) -> str:
        """See `ObjectiveKind`."""
        return f"A gene's versions in two species are told from {self.pairs - 1} other genes."


class OrthologBatches:
    """Pairs of orthologous windows, cut into tokens.

    Parameters
    ----------
    pairs : OrthologPairSampler
        Where they come from.
    tokens : WindowTokens
        Cuts them.
    """

    def __init__(self, pairs: OrthologPairSampler, tokens: WindowTokens) -> None:
        self.pairs = pairs
        self.tokens = tokens

    def draw(self, step: int, device: torch.device) -> Batch:
        """Draw the pairs of one step: first members, then their partners."""
        return self.tokens.batch(torch.from_numpy(self.pairs.batch(step).bases).to(device))


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
    return set_retrieval_exam(pool, tokens, head, np.arange(len(table.genes)))
