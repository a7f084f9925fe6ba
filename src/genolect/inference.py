"""The one batched forward pass: everything that uses a model calls it.

Windows of one call share a length, so nothing is padded and a window's result is the same alone and in any batch.

Legend: B windows, L tokens, D width, S hidden tokens.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from genolect.model import SequenceModel

TOKENS_PER_BATCH = 16_384


@dataclass(frozen=True)
class Machine:
    """Where and how a model runs.

    Attributes
    ----------
    device : torch.device
        CPU or GPU.
    reduced : bool
        Whether matrix products run in bfloat16.
    """

    device: torch.device
    reduced: bool

    def autocast(self) -> contextlib.AbstractContextManager[None]:
        """Run matrix products in bfloat16 where the machine has it."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.reduced)


def this_machine() -> Machine:
    """Find the GPU, if any, and whether bfloat16 is native.

    Returns
    -------
    Machine
        A CUDA device where there is one, otherwise the CPU; bfloat16 where the hardware multiplies it.

    Examples
    --------
    >>> this_machine().device.type in {"cpu", "cuda"}
    True
    """
    if torch.cuda.is_available():
        return Machine(torch.device("cuda"), reduced=torch.cuda.is_bf16_supported())
    capabilities = torch.cpu.get_capabilities()
    return Machine(torch.device("cpu"), reduced=bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")))


@contextlib.contextmanager
def evaluating(model: SequenceModel, machine: Machine) -> Iterator[None]:
    """Put the model on the machine in evaluation mode without gradients, and back as it was.

    Examples
    --------
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.model import new_model
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> model = new_model(config, NucleotideTokenizer(), seed=3)
    >>> with evaluating(model, Machine(torch.device("cpu"), reduced=False)):
    ...     model.training
    False
    """
    training, home = model.training, next(model.parameters()).device
    model.eval().to(machine.device)
    try:
        with torch.inference_mode(), machine.autocast():
            yield
    finally:
        model.train(training).to(home)


def masked_bits(
    model: SequenceModel, shown: npt.NDArray[np.integer], truth: npt.NDArray[np.integer], machine: Machine
) -> npt.NDArray[np.float64]:
    """Score the hidden tokens of windows that the model has not counted.

    Parameters
    ----------
    model : SequenceModel
        The model.
    shown : ndarray of int, shape (B, L)
        Token ids as shown.
    truth : ndarray of int, shape (B, L)
        The true token where one is hidden; negative elsewhere.
    machine : Machine
        Where to run.

    Returns
    -------
    ndarray of float64, shape (S,)
        Negative log2-likelihood of the true token, in reading order.

    Examples
    --------
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.model import new_model
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> model = new_model(config, NucleotideTokenizer(), seed=3)
    >>> shown, truth = np.array([[0, 5, 2, 5, 1]]), np.array([[-1, 3, -1, 0, -1]])
    >>> masked_bits(model, shown, truth, this_machine()).round(2)  # untrained: two bits each
    array([2., 2.])
    """
    scores = []
    with evaluating(model, machine):
        for ids, targets in zip(_batches(shown), _batches(truth), strict=True):
            selected = targets >= 0
            logits = model(ids.to(machine.device), selected.to(machine.device)).float().cpu()
            truths = targets[selected] - model.tokenizer.targets.start
            scores.append(functional.cross_entropy(logits, truths, reduction="none") / math.log(2))
    return torch.cat(scores).double().numpy()


def embed(
    model: SequenceModel, ids: npt.NDArray[np.integer], machine: Machine, *, counted: bool
) -> npt.NDArray[np.float32]:
    """Describe windows by frozen hidden states: those that enter the first block beside those that leave the last.

    The last layer is bent towards predicting hidden bases; what it has dropped on the way is still in the first. Of
    both, the centre token's state and the mean over the window.

    Parameters
    ----------
    model : SequenceModel
        The model.
    ids : ndarray of int, shape (B, L)
        Token ids.
    machine : Machine
        Where to run.
    counted : bool
        Whether the windows come from the genome whose contexts the model counted.

    Returns
    -------
    ndarray of float32, shape (B, 4 D)
        First layer's centre and mean, then the last layer's.

    Examples
    --------
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.model import new_model
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> model = new_model(config, NucleotideTokenizer(), seed=3)
    >>> embed(model, np.array([[0, 1, 2, 3, 0], [3, 2, 1, 0, 4]]), this_machine(), counted=False).shape
    (2, 32)
    """
    rows = []
    with evaluating(model, machine):
        for batch in _batches(ids):
            batch = batch.to(machine.device)
            states = model.encoder.states(batch, batch if counted else None)
            ends = [states[0].float(), states[-1].float()]
            parts = [part for state in ends for part in (state[:, state.shape[1] // 2], state.mean(dim=1))]
            rows.append(torch.cat(parts, dim=-1).cpu())
    return torch.cat(rows).numpy()


def _batches(windows: npt.NDArray[np.integer]) -> Iterator[Tensor]:
    size = max(1, TOKENS_PER_BATCH // windows.shape[1])
    for start in range(0, len(windows), size):
        yield torch.from_numpy(windows[start : start + size].astype(np.int64))
