"""How weights move: Muon for the matrices inside blocks, AdamW for the rest, one schedule for both.

Muon orthogonalises the momentum of a matrix (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon). It learns
more than AdamW from the same processor time; `docs/recipe.md` has the trials.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

MATRIX_MOMENTUM = 0.95
ADAM_BETAS = (0.9, 0.98)
GRADIENT_CLIP = 1.0


class TwoOptimizers:
    """Muon and AdamW stepping together.

    Parameters
    ----------
    model : nn.Module
        Its matrices inside ``blocks`` or ``layers`` go to Muon, every other parameter to AdamW.
    matrix_learning_rate, learning_rate : float
        Peak rates of Muon and of AdamW.
    """

    def __init__(self, model: nn.Module, *, matrix_learning_rate: float, learning_rate: float) -> None:
        named = list(model.named_parameters())
        self.matrices = [parameter for name, parameter in named if _is_block_matrix(name, parameter)]
        self.others = [parameter for name, parameter in named if not _is_block_matrix(name, parameter)]
        self._peaks = (matrix_learning_rate, learning_rate)
        self._optimizers: dict[int, torch.optim.Optimizer] = {}
        if self.matrices:  # an encoder without blocks has none
            self._optimizers[0] = torch.optim.Muon(
                self.matrices, lr=matrix_learning_rate, momentum=MATRIX_MOMENTUM, weight_decay=0.0
            )
        self._optimizers[1] = torch.optim.AdamW(
            self.others, lr=learning_rate, betas=ADAM_BETAS, weight_decay=0.0, fused=True
        )

    def gradient_norm(self) -> float:
        """Give the norm of all gradients together; it is not finite where one of them is not."""
        gradients = [weight.grad for weight in (*self.matrices, *self.others) if weight.grad is not None]
        return float(torch.nn.utils.get_total_norm(gradients))

    def step(self, share_of_peak: float) -> None:
        """Move the weights along their gradients and clear these; rates are the given share of their peak."""
        torch.nn.utils.clip_grad_norm_(self.others, GRADIENT_CLIP)
        for which, optimizer in self._optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = self._peaks[which] * share_of_peak
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def tensors(self) -> dict[str, Tensor]:
        """Give the state as named tensors, for a checkpoint; they go on changing with the next step."""
        return {
            f"{which}.{place}.{key}": torch.as_tensor(value)
            for which, optimizer in self._optimizers.items()
            for place, state in optimizer.state_dict()["state"].items()
            for key, value in state.items()
        }

    def load_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Take the state back from `tensors`."""
        for which, optimizer in self._optimizers.items():
            content = optimizer.state_dict()
            content["state"] = {}
            for name, tensor in tensors.items():
                owner, place, key = name.split(".")
                if int(owner) == which:
                    content["state"].setdefault(int(place), {})[key] = tensor
            optimizer.load_state_dict(content)


def share_of_peak(step: int, steps: int, warmup_share: float) -> float:
    """Learning rate of a step as a share of its peak: linear warm-up, then linear to zero.

    Parameters
    ----------
    step : int
        0-based step.
    steps : int
        Steps in all.
    warmup_share : float
        Share of the steps that warm up.

    Returns
    -------
    float
        Between 0 and 1.

    Examples
    --------
    >>> [round(share_of_peak(step, 10, 0.2), 3) for step in (0, 1, 2, 9)]
    [0.5, 1.0, 0.889, 0.111]
    """
    warmup = max(1.0, warmup_share * steps)
    if step + 1 <= warmup:
        return (step + 1) / warmup
    return (steps - step) / (steps - warmup + 1)


def _is_block_matrix(name: str, parameter: Tensor) -> bool:
    inside = any(part in f".{name}" for part in (".blocks.", ".layers."))
    return inside and parameter.ndim == 2
