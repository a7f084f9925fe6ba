"""What the masked objective measures: sums and counts, and the figures that follow from them.

Legend: C classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import zip_longest


@dataclass(frozen=True)
class MaskedMetrics:
    """Sums and counts over the selected tokens and over the hidden bases.

    Attributes
    ----------
    nats : float
        Summed negative log-likelihood of the selected tokens, unweighted.
    count : int
        Number of selected tokens.
    hidden_nats : float
        Summed negative log-likelihood of the hidden bases, each counted once.
    hidden_bases : int
        Their number.
    class_bases, class_selected : tuple of int, shape (C,)
        Bases of each class that are no N, and those of them that were selected; empty where there are no classes.
    """

    nats: float = 0.0
    count: int = 0
    hidden_nats: float = 0.0
    hidden_bases: int = 0
    class_bases: tuple[int, ...] = ()
    class_selected: tuple[int, ...] = ()

    def __add__(self, other: MaskedMetrics) -> MaskedMetrics:
        return MaskedMetrics(
            self.nats + other.nats,
            self.count + other.count,
            self.hidden_nats + other.hidden_nats,
            self.hidden_bases + other.hidden_bases,
            _added(self.class_bases, other.class_bases),
            _added(self.class_selected, other.class_selected),
        )

    @property
    def nats_per_token(self) -> float:
        """Mean negative log-likelihood of a selected token."""
        return self.nats / self.count if self.count else math.nan

    @property
    def perplexity(self) -> float:
        """As many equally likely tokens would be as hard to guess; comparable within one vocabulary only."""
        return math.exp(self.nats_per_token)

    def means(self) -> dict[str, float]:
        """Give bits per hidden base, nats per token and perplexity."""
        return {
            "bits_per_hidden_base": self.bits_per_hidden_base,
            "nats_per_token": self.nats_per_token,
            "perplexity": self.perplexity,
        }

    @property
    def bits_per_hidden_base(self) -> float:
        """Mean negative log2-likelihood of a hidden base: comparable across tokenizers, 2 for a uniform guess."""
        return self.hidden_nats / self.hidden_bases / math.log(2) if self.hidden_bases else math.nan

    @property
    def rates(self) -> tuple[float, ...]:
        """Measured share of the bases of each class that were selected; NaN where a class has none."""
        pairs = zip(self.class_selected, self.class_bases, strict=True)
        return tuple(selected / bases if bases else math.nan for selected, bases in pairs)


def _added(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(first + second for first, second in zip_longest(one, other, fillvalue=0))
