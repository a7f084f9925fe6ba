"""A small divided table whose label is composition, and a model nobody trained, for verbs that read both."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genolect.encoders.transformer import TransformerConfig
from genolect.model import new_model, save_model
from genolect.tokenizers.nucleotide import NucleotideTokenizer


def write_divided_task(path: Path) -> Path:
    """Write 300 sequences, GC-rich or AT-rich, in 20 groups and 3 batches."""
    generator = np.random.Generator(np.random.Philox(4))
    lines = ["sequence\tlabel\tsplit\tgroup\tbatch"]
    for row in range(300):
        letters = generator.choice(list("ACGT"), size=50, p=[0.4, 0.1, 0.1, 0.4] if row % 2 else [0.1, 0.4, 0.4, 0.1])
        part = ("train", "train", "train", "validation", "test")[row % 5]
        lines.append(f"{''.join(letters)}\t{row % 2}\t{part}\tg{row // 2 % 20}\t{row % 3}")
    path.write_text("\n".join(lines) + "\n")
    return path


def write_untrained_model(folder: Path) -> Path:
    """Write a model of 8 channels."""
    config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    save_model(folder, new_model(config, NucleotideTokenizer(), seed=1), {})
    return folder
