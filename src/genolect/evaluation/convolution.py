"""The baseline that a language model has to beat: a convolutional network on single bases that sees whole sequences.

A network whose output cannot see from one end to the other loses wherever two far places matter together, and is no
baseline then. This one has as many dilated layers as its longest sequence needs.

Legend: B sequences, L bases of the longest, P pooled places, W channels, H heads, K outputs.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

FIRST_KERNEL, KERNEL = 15, 5
HEADS = 8
MOST_PLACES = 128
FARTHEST = 64
"""Places from the centre that the pooling can tell apart."""


class Convolution(nn.Module):
    """One-hot bases to K outputs.

    A wide first layer (motifs), residual layers with dilations 1, 2, 4 … until one output sees the longest sequence,
    then two summaries: the maximum over places, and a mean whose weights know the distance from the centre.

    Parameters
    ----------
    longest : int
        L, of all sequences that it will read.
    outputs : int
        K.
    seed : int
        Seed of the weights.
    width : int
        W.

    Examples
    --------
    >>> network = Convolution(30, 2, seed=1)
    >>> network(torch.zeros(3, 30, 4), torch.tensor([30, 11, 20])).shape, network.sees
    (torch.Size([3, 2]), 43)
    """

    def __init__(self, longest: int, outputs: int, *, seed: int, width: int = 32) -> None:
        super().__init__()
        self.pool = 2 ** max(0, math.ceil(math.log2(longest / MOST_PLACES)))
        layers = 1
        while self._sees(layers) < longest:
            layers += 1
        self.sees = self._sees(layers)
        with torch.random.fork_rng(devices=[]):  # torch's own first values, soon replaced, come from a global generator
            self.motifs = nn.Conv1d(4, width, FIRST_KERNEL, padding=FIRST_KERNEL // 2)
            self.layers = nn.ModuleList(_Layer(width, 2**number) for number in range(layers))
            self.attention = nn.Conv1d(width, HEADS, 1)
            self.places = nn.Parameter(torch.zeros(HEADS, 2 * FARTHEST + 1))
            self.hidden = nn.Linear(2 * width, width)
            self.answer = nn.Linear(width, outputs)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if parameter.ndim > 1 and name != "places":
                    parameter.normal_(std=(2 / parameter[0].numel()) ** 0.5, generator=generator)
            self.answer.weight.zero_()
            self.answer.bias.zero_()

    def _sees(self, layers: int) -> int:
        """Bases that one output of so many layers depends on."""
        return int(FIRST_KERNEL + self.pool * ((KERNEL - 1) * (2**layers - 1) + 1) - 1)

    def forward(self, bases: Tensor, lengths: Tensor, kept: Tensor | None = None) -> Tensor:
        """Answer sequences; what lies behind a sequence's end changes nothing.

        Parameters
        ----------
        bases : Tensor, shape (B, L, 4)
            One-hot bases, zeros for N and behind the end.
        lengths : Tensor of int64, shape (B,)
            Bases of each sequence.
        kept : Tensor, shape (B, 2 W), optional
            Factors on the summaries: dropout, in training.

        Returns
        -------
        Tensor, shape (B, K)
            Logits, or numbers.
        """
        state = functional.relu(self.motifs(bases.transpose(1, 2)))
        state = state * _within(lengths, state.shape[2])
        state = functional.max_pool1d(state, self.pool, ceil_mode=True)
        lengths = (lengths + self.pool - 1) // self.pool
        within = _within(lengths, state.shape[2])
        for layer in self.layers:
            state = layer(state, within)
        summaries = torch.cat([state.amax(dim=2), self._mean(state, lengths, within)], dim=1)
        if kept is not None:
            summaries = summaries * kept
        answers: Tensor = self.answer(functional.relu(self.hidden(summaries)))
        return answers

    def _mean(self, state: Tensor, lengths: Tensor, within: Tensor) -> Tensor:
        """Average places with weights from what stands there and how far from the centre it is: (B, W)."""
        from_centre = torch.arange(state.shape[2], device=state.device) - (lengths // 2)[:, None]
        bias = self.places[:, from_centre.clamp(-FARTHEST, FARTHEST) + FARTHEST].transpose(0, 1)
        scores = (self.attention(state) + bias).float().masked_fill(~within, -torch.inf)
        parts = state.reshape(len(state), HEADS, -1, state.shape[2])
        mean = torch.einsum("bhwp,bhp->bhw", parts, scores.softmax(dim=2).to(state.dtype))
        return mean.flatten(1)


class _Layer(nn.Module):
    """A residual layer with a dilated kernel."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.kernel = nn.Conv1d(width, width, KERNEL, dilation=dilation, padding=dilation * (KERNEL // 2))
        self.norm = nn.BatchNorm1d(width)

    def forward(self, state: Tensor, within: Tensor) -> Tensor:
        """Add what the kernel sees, inside the sequences."""
        seen: Tensor = functional.relu(self.norm(self.kernel(state))) * within
        return state + seen


def _within(lengths: Tensor, places: int) -> Tensor:
    """Which places lie inside, shape (B, 1, places)."""
    inside: Tensor = (torch.arange(places, device=lengths.device) < lengths[:, None])[:, None]
    return inside
