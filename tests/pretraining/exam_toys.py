"""A genome, models of any tokenizer, and a model that is told the answers: for the tests of exams only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from genolect.encoders.encoder import HeadConfig
from genolect.encoders.transformer import TransformerConfig
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.models.inference import Machine
from genolect.models.model import SequenceModel, new_model, random_twin
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.tokenizer import Tokenizer
from tests.objectives.tokenized import tokenizers

CPU = Machine(torch.device("cpu"), reduced=False)
LENGTH = 7_013
TOKENIZERS = tokenizers()
OF_ONE_LENGTH = [name for name in TOKENIZERS if name not in ("byte-pair", "Nucleotide Transformer")]
HEADS = {
    "views": HeadConfig(kind="projection", outputs=5),
    "windows": HeadConfig(kind="window", outputs=3),
    "tokens": HeadConfig(kind="token", outputs=3),
}


def toy_genome(folder: Path) -> PreparedGenome:
    """Random bases with some N in the first record, nothing but N in the second."""
    letters = np.random.Generator(np.random.Philox(2)).choice(list("acgtACGT"), LENGTH)
    letters[300:420] = "N"
    letters[[650, 1_377, 3_003]] = "N"
    (folder / "genome.fa").write_text(f">one\n{''.join(letters)}\n>two\n{'N' * 900}\n")
    return prepare_genome([folder / "genome.fa"], folder / "prepared")


def untrained(tokenizer: Tokenizer | None = None, *, causal: bool = False) -> SequenceModel:
    """Give a model whose token head knows nothing."""
    tokenizer = tokenizer or NucleotideTokenizer()
    config = TransformerConfig(
        vocabulary=len(tokenizer.vocabulary),
        width=8,
        heads=2,
        layers=1,
        feed_forward=12,
        stem_reach=3,
        context_lengths=(),
        causal=causal,
    )
    return new_model(config, tokenizer, seed=3, heads=HEADS)


def opinionated(tokenizer: Tokenizer | None = None, *, causal: bool = False) -> SequenceModel:
    """Give a model that has learned nothing, and is sure of many things."""
    return random_twin(untrained(tokenizer, causal=causal), seed=6, keep_counts=False)


class Told(nn.Module):
    """Answers what it was told to, one row after the other."""

    def __init__(self, answers: Tensor, tokenizer: Tokenizer | None = None) -> None:
        super().__init__()
        self.tokenizer = tokenizer or NucleotideTokenizer()
        self.head_configs = HEADS
        self.weight = nn.Parameter(torch.zeros(1))
        self.answers = answers
        self.done = 0

    def forward(self, ids: Tensor, selected: Tensor | None, *, head: str | None = None) -> Tensor:
        asked = len(ids) if selected is None else int(selected.sum())
        self.done += asked
        return self.answers[self.done - asked : self.done]
