"""The one batched forward pass: everything that uses a model calls it.

Windows of one call share a length, so nothing is padded and a window's result is the same alone and in any batch.

Legend: B windows, L tokens, D width, S selected tokens, P entries of a vector.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genolect.model import SequenceModel

Floats = npt.NDArray[np.float64]

TOKENS_PER_BATCH = 16_384
ANSWERS_PER_BATCH = 1 << 25
"""Logits at once: 128 MB, whatever the vocabulary."""


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


def token_scores(
    model: SequenceModel,
    ids: Tensor,
    selected: Tensor,
    judge: Callable[[Tensor, slice], Tensor],
    machine: Machine,
    *,
    head: str | None = None,
) -> Floats:
    """Judge what a head says about tokens of windows that the model has not counted.

    Parameters
    ----------
    model : SequenceModel
        The model.
    ids : Tensor of int64, shape (B, L)
        Token ids as shown.
    selected : Tensor of bool, shape (B, L)
        The tokens to ask about.
    judge : callable
        Takes the logits of some of the selected tokens and their places among them, in reading order; gives one score
        for each.
    machine : Machine
        Where to run.
    head : str, optional
        The head; by default the one that predicts tokens.

    Returns
    -------
    ndarray of float64, shape (S,)
        The scores.

    Examples
    --------
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.model import new_model
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> model = new_model(config, NucleotideTokenizer(), seed=3)
    >>> ids = torch.tensor([[0, 5, 2, 5, 1]])
    >>> token_scores(model, ids, ids == 5, lambda logits, part: logits.softmax(1)[:, 2], this_machine())
    array([0.25, 0.25])
    """
    outputs = len(model.tokenizer.targets) if head is None else model.head_configs[head].outputs
    answers = outputs * int(selected.sum(dim=1).max())
    size = max(1, min(TOKENS_PER_BATCH // ids.shape[1], ANSWERS_PER_BATCH // max(1, answers)))
    scores, done = [], 0
    with evaluating(model, machine):
        for rows in _slices(len(ids), size):
            logits = model(ids[rows].to(machine.device), selected[rows].to(machine.device), head=head).float()
            scores.append(judge(logits, slice(done, done + len(logits))).double().cpu())
            done += len(logits)
    return torch.cat(scores).numpy()


def window_answers(model: SequenceModel, ids: Tensor, machine: Machine, *, head: str) -> npt.NDArray[np.float32]:
    """Ask a head about whole windows that the model has not counted.

    Parameters
    ----------
    model : SequenceModel
        The model.
    ids : Tensor of int64, shape (B, L)
        Token ids.
    machine : Machine
        Where to run.
    head : str
        A head for windows.

    Returns
    -------
    ndarray of float32, shape (B, P)
        Its answers.

    Examples
    --------
    >>> from genolect.encoders.heads import HeadConfig
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.model import new_model
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> heads = {"views": HeadConfig(kind="projection", outputs=3)}
    >>> model = new_model(config, NucleotideTokenizer(), seed=3, heads=heads)
    >>> window_answers(model, torch.tensor([[0, 1, 2], [3, 3, 1]]), this_machine(), head="views").shape
    (2, 3)
    """
    size = max(1, TOKENS_PER_BATCH // ids.shape[1])
    with evaluating(model, machine):
        answers = [
            model(ids[rows].to(machine.device), None, head=head).float().cpu() for rows in _slices(len(ids), size)
        ]
    return torch.cat(answers).numpy()


def embed(
    model: SequenceModel,
    ids: npt.NDArray[np.integer],
    machine: Machine,
    *,
    counted: bool | npt.NDArray[np.integer],
    centres: npt.NDArray[np.integer] | None = None,
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
    counted : bool or ndarray of int, shape (B, M)
        Whether the windows come from the genome whose contexts the model counted; or the true tokens of the longer
        windows that were counted and that these are the first L tokens of.
    centres : ndarray of int, shape (B,), optional
        The centre token of each window; by default that in the middle of the row.

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
    middle = np.full(len(ids), ids.shape[1] // 2) if centres is None else centres
    rows = []
    with evaluating(model, machine):
        for part in _slices(len(ids), max(1, TOKENS_PER_BATCH // ids.shape[1])):
            batch = torch.from_numpy(ids[part].astype(np.int64)).to(machine.device)
            centre = torch.from_numpy(middle[part].astype(np.int64)).to(machine.device)
            whole = ids if counted is True else counted
            true = None if whole is False else torch.from_numpy(whole[part].astype(np.int64)).to(machine.device)
            states = model.encoder.states(batch, true)
            ends = [states[0].float(), states[-1].float()]
            parts = [
                summary
                for state in ends
                for summary in (state[torch.arange(len(batch), device=batch.device), centre], state.mean(dim=1))
            ]
            rows.append(torch.cat(parts, dim=-1).cpu())
    return torch.cat(rows).numpy()


def _slices(count: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, count, size))
