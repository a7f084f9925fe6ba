"""Hugging Face directories: of other people's models, from and to, and of ours for transformers to load."""

from __future__ import annotations

from genolect.foreign_checkpoint.model import ForeignModel
from genolect.foreign_checkpoint.own_model import OwnModel, is_own, read_own_model, write_own_model
from genolect.foreign_checkpoint.reading import is_published, read_checkpoint
from genolect.foreign_checkpoint.writing import write_checkpoint

__all__ = [
    "ForeignModel",
    "OwnModel",
    "is_own",
    "is_published",
    "read_checkpoint",
    "read_own_model",
    "write_checkpoint",
    "write_own_model",
]
