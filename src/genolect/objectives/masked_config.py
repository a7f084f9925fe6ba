"""How many bases are masked, where, and what is shown in their place.

Legend: C classes.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from genolect.config import Configuration
from genolect.objectives.published_masking import GROVER_HIDDEN, GROVER_RANDOM, GROVER_RATE


def _is_grover(found: dict[str, Any]) -> bool:
    return found.get("scheme") == "grover"


class MaskedBasesConfig(Configuration):
    """Rates, blocks and classes of the masked objective.

    Attributes
    ----------
    scheme : {'bases', 'dnabert', 'grover'}
        Whether bases are hidden, or tokens as DNABERT or GROVER did, with their leaks.
    rate : float
        Probability that a base is selected (for the published schemes: about that of a token). With ``grover`` 0.022 by
        default.
    hidden_share, random_share : float
        Shares of the selected bases that are hidden, and that are replaced by random ones; the rest is shown as it is.
        With ``grover`` 0.8 and 0.2 by default.
    span : float
        Mean length in bases of the blocks that are hidden together; 1 for single bases.
    span_shape : {'geometric', 'fixed'}
        How their lengths are distributed.
    rate_multipliers : tuple of float, shape (C,)
        What the rate is multiplied by in each class; empty where classes play no part.
    loss_weights : tuple of float, shape (C,)
        Weight in the loss of the tokens of each class; empty where they are equal. A token's weight is the mean over
        its selected bases.
    """

    scheme: Literal["bases", "dnabert", "grover"] = "bases"
    rate: float = Field(default_factory=lambda found: GROVER_RATE if _is_grover(found) else 0.15, gt=0, lt=1)
    hidden_share: float = Field(default_factory=lambda found: GROVER_HIDDEN if _is_grover(found) else 0.8, ge=0, le=1)
    random_share: float = Field(default_factory=lambda found: GROVER_RANDOM if _is_grover(found) else 0.1, ge=0, le=1)
    span: float = Field(1.0, ge=1, le=1000)
    span_shape: Literal["geometric", "fixed"] = "geometric"
    rate_multipliers: tuple[float, ...] = ()
    loss_weights: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> MaskedBasesConfig:
        if self.hidden_share + self.random_share > 1:
            raise ValueError(f"hidden_share {self.hidden_share} + random_share {self.random_share} must be at most 1")
        if self.span_shape == "fixed" and self.span != round(self.span):
            raise ValueError(f"span {self.span} must be a whole number where span_shape is 'fixed'")
        if self.scheme != "bases" and (self.span > 1 or self.rate_multipliers):
            raise ValueError(f"scheme {self.scheme!r} has neither span nor rate_multipliers; use 'bases'")
        multipliers, weights = self.rate_multipliers, self.loss_weights
        if multipliers and weights and len(multipliers) != len(weights):
            raise ValueError(f"{len(multipliers)} rate_multipliers and {len(weights)} loss_weights must be as many")
        if min((*multipliers, *weights), default=0) < 0:
            raise ValueError("rate_multipliers and loss_weights must not be negative")
        if self.rate * max(multipliers, default=1) > 1:
            raise ValueError(f"rate {self.rate} times its largest multiplier {max(multipliers)} must be at most 1")
        return self

    @property
    def classes(self) -> int:
        """C, the number of classes that the configuration speaks of."""
        return max(len(self.rate_multipliers), len(self.loss_weights))

    @property
    def shares(self) -> tuple[tuple[float, float, float], ...]:
        """Of each class: the probability of being hidden, of being hidden or replaced, of being selected."""
        hidden = self.hidden_share
        # Shares that add to 1 but for rounding leave nothing as it is.
        changed = min(1.0, hidden + self.random_share)
        rates = [self.rate * factor for factor in self.rate_multipliers or (1.0,)]
        return tuple((rate * hidden, rate * changed, rate) for rate in rates)
