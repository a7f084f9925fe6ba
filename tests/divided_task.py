"""A small divided table whose label is composition, and a model nobody trained, for verbs that read both."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genolect.encoders.transformer import TransformerConfig
from genolect.models.model import new_model, save_model
from genolect.tokenizers.nucleotide import NucleotideTokenizer


def write_divided_task(path: Path, frequent: float = 0.4) -> Path:
    """Write 300 sequences, GC-rich or AT-rich as the share of a frequent base says, in 20 groups and 3 batches."""
    rare = 0.5 - frequent
    generator = np.random.Generator(np.random.Philox(4))
    lines = ["sequence\tlabel\tsplit\tgroup\tbatch"]
    for row in range(300):
        shares = [frequent, rare, rare, frequent] if row % 2 else [rare, frequent, frequent, rare]
        letters = generator.choice(list("ACGT"), size=50, p=shares)
        part = ("train", "train", "train", "validation", "test")[row % 5]
        lines.append(f"{''.join(letters)}\t{row % 2}\t{part}\tg{row // 2 % 20}\t{row % 3}")
    path.write_text("\n".join(lines) + "\n")
    return path


def write_untrained_model(folder: Path, seed: int = 1) -> Path:
    """Write a model of 8 channels."""
    config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    save_model(folder, new_model(config, NucleotideTokenizer(), seed=seed), {})
    return folder
