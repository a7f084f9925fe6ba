"""Labelled tables as files, and a tiny model, for the tests of evaluations."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from genolect.encoders.transformer import TransformerConfig
from genolect.models.model import SequenceModel, new_model, save_model
from genolect.tables.table import LabelledTable
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.tables.planted_signal import Signal, planted_signal

CONFIG = TransformerConfig(vocabulary=7, width=16, heads=2, layers=2, context_lengths=())


def tiny_model(seed: int = 3) -> SequenceModel:
    """Give a model that was never trained."""
    return new_model(CONFIG, NucleotideTokenizer(), seed=seed)


def model_folder(folder: Path, seed: int = 3) -> Path:
    """Save such a model."""
    save_model(folder, tiny_model(seed), {})
    return folder


def table_of(signal: Signal, n: int = 300, length: int = 48, seed: int = 1) -> LabelledTable:
    """Give a planted table with groups of three."""
    table = planted_signal(signal, n=n, length=length, seed=seed).table
    return LabelledTable(**{**vars(table), "group": np.array([f"g{row // 3}" for row in range(n)])})


def write_table(path: Path, table: LabelledTable, **columns: list[str]) -> Path:
    """Write a table, with more columns."""
    labels = [table.target.names[code] for code in table.target.values]
    given = {
        "id": table.identifier.tolist(),
        "sequence": [table.sequences.letters(row) for row in range(len(table))],
        "label": labels,
        "split": table.split.tolist(),
        "group": table.group.tolist(),
        **columns,
    }
    rows = ["\t".join(given), *("\t".join(row) for row in zip(*given.values(), strict=True))]
    path.write_text("\n".join(rows) + "\n")
    return path
