"""What one training step has to do, counted from shapes alone: parameters, matrix products, bytes that pass by.

Legend: T tokens of a step, N tokens of a window, D width, H heads, F inner width of the feed-forward, V vocabulary,
S selected tokens.
"""

from __future__ import annotations

from pydantic import Field

from genolect.config import Configuration
from genolect.encoders.context import evidence_channels
from genolect.encoders.transformer import TransformerConfig

SELECTED_SHARE = 0.15
NEWTON_SCHULZ_STEPS = 5
FLOAT, HALF, LONG = 4, 2, 8
"""Bytes of a value."""


class Workload(Configuration):
    """A model and its batch.

    Attributes
    ----------
    encoder : TransformerConfig
        The shape of the encoder.
    targets : int
        Tokens that can be predicted.
    windows : int
        Windows per step.
    tokens : int
        N, tokens per window.
    selected_share : float
        Share of the tokens that are predicted.
    """

    encoder: TransformerConfig
    targets: int = Field(ge=1)
    windows: int = Field(16, ge=1)
    tokens: int = Field(256, ge=1)
    selected_share: float = Field(SELECTED_SHARE, gt=0, le=1)

    @property
    def tokens_per_step(self) -> int:
        """T."""
        return self.windows * self.tokens

    @property
    def context_channels(self) -> int:
        """Channels of evidence that the encoder reads per token."""
        return evidence_channels(self.encoder.context_lengths, causal=self.encoder.causal)


def block_matrices(encoder: TransformerConfig) -> tuple[tuple[int, int], ...]:
    """Give the shapes of the matrices of one block, (outputs, inputs): those that Muon moves."""
    D, F = encoder.width, encoder.feed_forward
    return ((3 * D, D), (D, D), (2 * F, D), (D, F))


def block_values(encoder: TransformerConfig) -> int:
    """Count the values of all block matrices together."""
    return encoder.layers * sum(outputs * inputs for outputs, inputs in block_matrices(encoder))


def one_hot_entries(encoder: TransformerConfig) -> int:
    """Count the entries of a token that the stem's convolution reads; none where it would see one token only."""
    return encoder.vocabulary if encoder.stem_reach > 1 else 0


def parameter_count(workload: Workload) -> int:
    """Count the trained values of encoder and head, exactly as the model that is built from them has."""
    encoder = workload.encoder
    D, V = encoder.width, encoder.vocabulary
    stem = V * D + (V * D * encoder.stem_reach + D if one_hot_entries(encoder) else 0)
    context = (workload.context_channels + 1) * D if workload.context_channels else 0
    norms = encoder.layers * 2 * D + 2 * D
    head = workload.targets * (D + 1)
    return stem + context + block_values(encoder) + norms + head


def counts_bytes(encoder: TransformerConfig) -> int:
    """Give the memory of the context counts, which are no parameters."""
    return sum(4 ** (k + 1) * FLOAT for k in encoder.context_lengths)


def flops(workload: Workload) -> dict[str, float]:
    """Count the floating-point operations of the matrix products of one step, forward, backward and update.

    A product of (a, b) and (b, c) counts 2abc. Backward it is done twice more, once where the input has no gradient.

    Parameters
    ----------
    workload : Workload
        Model and batch.

    Returns
    -------
    dict of str to float
        By part: ``linear`` 6 T (4 D² + 3 D F) per layer; ``attention`` 12 T N D per layer; ``stem`` 4 T V D reach;
        ``context`` 4 T D per channel; ``head`` 6 S D targets; ``update`` the five Newton-Schulz steps of Muon.
    """
    encoder, T = workload.encoder, workload.tokens_per_step
    D, layers = encoder.width, encoder.layers
    return {
        "linear": 6.0 * T * block_values(encoder),
        "attention": 12.0 * T * workload.tokens * D * layers,
        "stem": 4.0 * T * one_hot_entries(encoder) * D * encoder.stem_reach,
        "context": 4.0 * T * D * workload.context_channels,
        "head": 6.0 * round(workload.selected_share * T) * D * workload.targets,
        "update": float(layers * sum(_newton_schulz(*sorted(shape)) for shape in block_matrices(encoder))),
    }


def _newton_schulz(smaller: int, larger: int) -> int:
    return NEWTON_SCHULZ_STEPS * (4 * smaller * smaller * larger + 2 * smaller**3)
