"""A linear map that starts at zero."""

from __future__ import annotations

from torch import nn


class LinearFromZero(nn.Linear):
    """A linear map that starts at zero, so that a block starts as the identity and a head as a uniform guess.

    Examples
    --------
    >>> import torch
    >>> LinearFromZero(3, 2)(torch.ones(3)).tolist()
    [0.0, 0.0]
    """

    def reset_parameters(self) -> None:
        """Set every weight to zero."""
        for parameter in self.parameters():
            nn.init.zeros_(parameter)
