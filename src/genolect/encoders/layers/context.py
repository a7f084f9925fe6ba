"""What counting already knows, as input: which base followed each context in the counted genome.

A network needs many steps to learn the contents of a k-mer table by gradient descent; reading the table is free. For
every token and either side this module looks up how often each base follows the k visible neighbours, for several k.

A window from the counted genome would meet its own words in the counts, and the network would learn to trust that echo.
Every word of the window, on either strand, is therefore left out: the window looks as if it had never been counted.

A causal network reads one side only, and one token further: what follows the context that ends with the token itself.
Of a counted window the words still to come are left out too; kept, they would tell what comes.

Legend: B windows, L tokens, K longest context, E evidence channels, four bases A C G T = 0 1 2 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from genolect.arrays import BASES

LONGEST_CONTEXT = 12
CHANNELS = BASES + 1
PRIOR = 4.0
"""Pseudo-count that shrinks the ratio of a rare context towards the base frequencies."""


def evidence_channels(lengths: tuple[int, ...], *, causal: bool) -> int:
    """Count the channels of evidence per token.

    Parameters
    ----------
    lengths : tuple of int
        Context lengths.
    causal : bool
        Whether one side is read, or both.

    Returns
    -------
    int
        E.

    Examples
    --------
    >>> evidence_channels((3, 5), causal=False), evidence_channels((3, 5), causal=True)
    (20, 10)
    """
    return (1 if causal else 2) * CHANNELS * len(lengths)


class ContextEvidence(nn.Module):
    """Log-ratios of each base given its left and its right context, from counts of both strands.

    Parameters
    ----------
    lengths : tuple of int
        Context lengths k, increasing.
    causal : bool
        Whether the evidence of a token is about the next base, from the token and those before it only.
    """

    def __init__(self, lengths: tuple[int, ...], *, causal: bool = False) -> None:
        super().__init__()
        self.lengths = lengths
        self.causal = causal
        self.channels = evidence_channels(lengths, causal=causal)
        for k in lengths:
            self.register_buffer(f"counts_{k}", torch.zeros(BASES**k, BASES, dtype=torch.int32))

    def set_counts(self, counts: Mapping[int, Tensor]) -> None:
        """Take over the counts of a genome.

        Parameters
        ----------
        counts : mapping of int to Tensor of int, shape (4**k, 4)
            For each k, row = context read as a base-4 number (leftmost base first), column = the base that follows.
        """
        for k in self.lengths:
            self.get_buffer(f"counts_{k}").copy_(counts[k])

    def forward(self, ids: Tensor, counted: Tensor | None = None) -> Tensor:
        """Look up the evidence.

        Parameters
        ----------
        ids : Tensor of int64, shape (B, L)
            What is shown; only 0 … 3 count as visible bases.
        counted : Tensor of int64, shape (B, L), optional
            The true bases, where the windows are part of the counted genome: their own words are left out.

        Returns
        -------
        Tensor of float32, shape (B, L, E)
            Per side (the left alone where causal) and k: log(p(base | context) / p(base)) for A C G T and
            log(1 + n) / 8; zeros where the context is not wholly visible.
        """
        words = None if counted is None else _WindowWords(counted, self.lengths[-1])
        if self.causal:
            return self._one_side(functional.pad(ids, (0, 1)), words)[:, 1:].flatten(2)
        left = self._one_side(ids, words)
        right = self._one_side(_other_strand(ids), words).flip(1)
        right = torch.cat([right[..., :BASES].flip(-1), right[..., BASES:]], dim=-1)
        return torch.stack([left, right], dim=2).flatten(2)

    def _one_side(self, ids: Tensor, words: _WindowWords | None) -> Tensor:
        """Read the evidence to the left of each token; shape (B, L, number of lengths, CHANNELS)."""
        neighbours_BLK = _neighbours(ids, self.lengths[-1])
        found, seen = [], []
        for k, visible, context in _contexts(neighbours_BLK, self.lengths):
            counts = self.get_buffer(f"counts_{k}")[context]
            if words is not None:
                counts = (counts - words.occurrences(neighbours_BLK[..., :k])).clamp(min=0)
            found.append(counts)
            seen.append(visible)
        return self._weighed(torch.stack(found, dim=-2)) * torch.stack(seen, dim=-1)[..., None]

    def _weighed(self, counts: Tensor) -> Tensor:
        frequencies = self.get_buffer(f"counts_{self.lengths[0]}").sum(0) + 1.0
        frequencies = frequencies / frequencies.sum()
        total = counts.sum(-1, keepdim=True)
        ratio = (counts + PRIOR * frequencies) / ((total + PRIOR) * frequencies)
        return torch.cat([ratio.log(), total.log1p() / 8], dim=-1)


class _WindowWords:
    """The words of each window on both strands: what the window added to the counts of its genome.

    They are sorted by context, nearest base first, so that all words which end with the same k bases of context stand
    together, whatever k.
    """

    def __init__(self, counted: Tensor, longest: int) -> None:
        self.longest = longest
        strands = torch.stack([counted, _other_strand(counted)], dim=1)
        following = functional.one_hot(strands.clamp(max=BASES), BASES + 1)[..., :BASES].flatten(1, 2)
        self.keys, order = _number(_neighbours(strands, longest), digits=BASES + 1).flatten(1).sort(dim=1)
        sums = following.take_along_dim(order[..., None], dim=1).cumsum(dim=1)
        self.sums = functional.pad(sums, (0, 0, 1, 0))

    def occurrences(self, nearest: Tensor) -> Tensor:
        """How often each base follows each context (B, L, k) in the context's own window, shape (B, L, 4)."""
        span = (BASES + 1) ** (self.longest - nearest.shape[-1])
        first = _number(nearest, digits=BASES + 1) * span
        start, end = (torch.searchsorted(self.keys, key)[..., None] for key in (first, first + span))
        return self.sums.take_along_dim(end, dim=1) - self.sums.take_along_dim(start, dim=1)


def _neighbours(ids: Tensor, reach: int) -> Tensor:
    """Give the tokens to the left of each token, nearest first, on a new last axis; 4 where no base is visible."""
    padded = functional.pad(ids.clamp(max=BASES), (reach, 0), value=BASES)
    return padded.unfold(-1, reach, 1)[..., :-1, :].flip(-1)


def _contexts(neighbours_BLK: Tensor, lengths: tuple[int, ...]) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Give for each k which contexts are wholly visible, and their numbers, 0 for the others; both (B, L).

    Each context is the one before with a base more in front, so that no base is read twice.
    """
    visible = torch.ones_like(neighbours_BLK[..., 0], dtype=torch.bool)
    number = torch.zeros_like(neighbours_BLK[..., 0])
    for before, base in enumerate(neighbours_BLK.unbind(-1)):
        visible, number = visible & (base < BASES), number + base * BASES**before
        if before + 1 in lengths:
            yield before + 1, visible, torch.where(visible, number, 0)


def _number(values: Tensor, *, digits: int) -> Tensor:
    """Read the last axis as a number in a system of so many digits, the first of them most significant."""
    places = digits ** torch.arange(values.shape[-1] - 1, -1, -1, device=values.device)
    return (values * places).sum(-1)


def _other_strand(ids: Tensor) -> Tensor:
    return torch.where(ids < BASES, BASES - 1 - ids, ids).flip(-1)
