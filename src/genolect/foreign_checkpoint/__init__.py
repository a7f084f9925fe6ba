"""Checkpoints of other people's models, from and to Hugging Face directories."""

from __future__ import annotations

from genolect.foreign_checkpoint.model import ForeignModel
from genolect.foreign_checkpoint.reading import read_checkpoint
from genolect.foreign_checkpoint.writing import write_checkpoint

__all__ = ["ForeignModel", "read_checkpoint", "write_checkpoint"]
