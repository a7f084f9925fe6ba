"""Attention within documents in one kernel: torch's flex_attention, for GPUs.

A kernel that skips what lies between documents reads the whole row at once, whatever the lengths. It is compiled at its
first use. `packing.Documents` is the reference, and what runs unless this is asked for.

Legend: T tokens of the row, N blocks of the row, H heads, K width per head.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, flex_attention

from genolect.encoders.layers.attention import Documents

BLOCK = 128
"""Tokens that the kernel takes or skips together."""


class FlexDocuments(Documents):
    """Documents whose attention is one kernel; gradients need a GPU, and so does any speed.

    Examples
    --------
    >>> FlexDocuments((2, 3)) == FlexDocuments((2, 3)), FlexDocuments((2, 3)).runs
    (True, [(1, 2), (1, 3)])
    """

    def attend(
        self,
        queries: Tensor,
        keys: Tensor,
        values: Tensor,
        added: Tensor | None = None,
        *,
        dropout: float = 0.0,
        causal: bool = False,
    ) -> Tensor:
        """Mix as `Documents.attend`; with dropout, which the kernel does not have, in its way too."""
        if dropout:
            return super().attend(queries, keys, values, added, dropout=dropout, causal=causal)
        device = queries.device
        places = self.along(torch.arange(self.longest, device=device))

        def fall(score: Tensor, batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
            return score if added is None else score + added[head, places[query], places[key]]

        kernel: Any = _compiled() if device.type == "cuda" else flex_attention
        mask = block_mask(self, device, causal=causal)
        mixed: Tensor = kernel(queries, keys, values, score_mod=None if added is None else fall, block_mask=mask)
        return mixed


@lru_cache(maxsize=2)  # every layer asks for the same
def block_mask(documents: Documents, device: torch.device, *, causal: bool) -> BlockMask:
    """Say which blocks of a row see each other, without a table of all pairs of tokens.

    Parameters
    ----------
    documents : Documents
        Of the row.
    device : torch.device
        Where the row lives.
    causal : bool
        Whether a token sees itself and those before it only.

    Returns
    -------
    BlockMask
        For flex_attention: blocks of 128 tokens, and the rule for the tokens in them.

    Examples
    --------
    >>> block_mask(Documents((100, 300)), torch.device("cpu"), causal=False).to_dense()[0, 0].int().tolist()
    [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]
    >>> block_mask(Documents((128, 200)), torch.device("cpu"), causal=True).to_dense()[0, 0].int().tolist()
    [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    """
    lengths = torch.tensor(documents.lengths)
    number = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
    ends = lengths.cumsum(0)
    first = torch.arange(0, documents.tokens, BLOCK)  # the first token of each block, and the last
    last = (first + BLOCK - 1).clamp(max=documents.tokens - 1)
    lowest = (ends - lengths)[number[first]] // BLOCK
    highest = torch.arange(len(first)) if causal else (ends[number[last]] - 1) // BLOCK
    seen = lowest[:, None] + torch.arange(len(first))
    counts = highest - lowest + 1
    # Blocks beyond the count are not read; every row of the table has to name each block once.
    indices = seen % len(first)
    numbers = number.to(device)

    def together(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        alike = numbers[query] == numbers[key]
        return alike & (query >= key) if causal else alike

    return BlockMask.from_kv_blocks(
        counts[None, None].to(device, torch.int32),
        indices[None, None].to(device, torch.int32),
        BLOCK_SIZE=BLOCK,
        mask_mod=together,
        seq_lengths=(documents.tokens, documents.tokens),
    )


@cache
def _compiled() -> Callable[..., Any]:
    return torch.compile(flex_attention)
