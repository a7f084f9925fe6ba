"""Documents laid end to end in one row, and cut out of it again."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from genolect.encoders.layers.attention import Documents


def pack(documents: Sequence[Tensor]) -> tuple[Tensor, Documents]:
    """Lay documents end to end."""
    return torch.cat([*documents])[None], Documents(tuple(len(document) for document in documents))


def unpack(row: Tensor, documents: Documents) -> list[Tensor]:
    """Cut a packed row, shape (1, T, ...), into its documents, shape (L, ...) each; views."""
    return [document for windows in documents.windows(row) for document in windows]
