"""Which token sees which under the sparse rules, as dense masks: the slow reference of sparse attention."""

from __future__ import annotations

import torch
from torch import Tensor

from genolect.encoders.layers.sparse_attention import MODULUS, NEAR, anchor_places


def anchored_mask(length: int, reach: int, anchors: int, device: torch.device) -> Tensor:
    """Tell which token sees which by the rule of anchors."""
    places = torch.arange(length, device=device)
    seen = (places[:, None] - places).abs() <= reach
    chosen = anchor_places(length, anchors, device)
    seen[chosen] = seen[:, chosen] = True
    return seen


def modulus_mask(length: int, device: torch.device) -> Tensor:
    """Tell which token sees which by the rule of the modulus."""
    places = torch.arange(length, device=device)
    one, other = places[:, None], places
    return ((one - other).abs() <= NEAR) | ((one + other) % MODULUS == 0)
