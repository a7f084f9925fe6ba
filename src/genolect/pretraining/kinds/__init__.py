"""Objective kinds, one file each: `register` makes one from elsewhere known."""

from genolect.pretraining.kinds.kind import ObjectiveKind, register

__all__ = ["ObjectiveKind", "register"]
