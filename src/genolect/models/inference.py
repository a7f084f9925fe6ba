"""The one batched forward pass: everything that uses a model calls it.

Windows of one call share a length, so nothing is padded and a window's result is the same alone and in any batch.

Legend: B windows, L tokens, D width, S selected tokens, P entries of a vector.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genolect.arrays import Floats
from genolect.models.model import SequenceModel
from genolect.objectives.masked import Vocabulary
from genolect.objectives.masking import word_codes
from genolect.objectives.objective import Batch
from genolect.objectives.token_layout import kmer_ids, nucleotide_ids
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.published import DnabertTokenizer
from genolect.tokenizers.tokenizer import Tokenizer

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
    >>> from genolect.models.model import new_model
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
    >>> from genolect.models.model import new_model
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
    >>> from genolect.encoders.encoder import HeadConfig
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.models.model import new_model
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
    >>> from genolect.models.model import new_model
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


class WindowTokens:
    """Cuts windows of equal length into tokens.

    Parameters
    ----------
    tokenizer : Tokenizer
        The tokenizer.

    Examples
    --------
    >>> batch = WindowTokens(KmerTokenizer(2, 2)).batch(torch.tensor([[0, 0, 3, 2, 1]], dtype=torch.uint8))
    >>> batch.ids.tolist(), batch.spans.tolist()  # AA TG
    ([[0, 14]], [[0, 2], [2, 4]])
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._spans: Tensor | None = None

    def ids(self, bases: Tensor) -> Tensor:
        """Give the tokens of windows; parameters as for `batch`.

        Returns
        -------
        Tensor of int64, shape (B, L)
            Token ids, on the device of the bases.
        """
        tokenizer = self.tokenizer
        if isinstance(tokenizer, NucleotideTokenizer):
            return nucleotide_ids(bases)
        if isinstance(tokenizer, KmerTokenizer):
            return kmer_ids(bases, tokenizer.k, tokenizer.stride)
        rows = [tokenizer.encode(row) for row in bases.cpu().numpy()]
        fewest = min(map(len, rows))
        return torch.from_numpy(np.stack([row[:fewest] for row in rows]).astype(np.int64)).to(bases.device)

    def batch(self, bases: Tensor) -> Batch:
        """Give windows as an objective sees them.

        Parameters
        ----------
        bases : Tensor of uint8, shape (B, W)
            Base codes.

        Returns
        -------
        Batch
            On the device of the bases. Where all windows are cut at the same places, `spans` has shape (L, 2) and is
            the same tensor in every batch.
        """
        ids = self.ids(bases)
        return Batch(bases, ids, self._placed(bases, ids.shape[1]))

    def _placed(self, bases: Tensor, tokens: int) -> Tensor:
        """Give the bases that each token covers, (L, 2) or (B, L, 2)."""
        tokenizer, known = self.tokenizer, self._spans
        if isinstance(tokenizer, NucleotideTokenizer | KmerTokenizer):
            if known is None or len(known) != tokens or known.device != bases.device:
                known = torch.from_numpy(tokenizer.spans(bases[0].cpu().numpy())).to(bases.device)
        else:
            rows = np.stack([tokenizer.spans(row)[:tokens] for row in bases.cpu().numpy()])
            if (rows != rows[0]).any():
                return torch.from_numpy(rows).to(bases.device)
            if known is None or not np.array_equal(known.cpu().numpy(), rows[0]):
                known = torch.from_numpy(rows[0]).to(bases.device)
        self._spans = known
        return known


def words_of(tokenizer: Tokenizer, base_frequencies: Sequence[float] | None = None) -> Vocabulary:
    """Say what the masked objective has to know of a tokenizer.

    Parameters
    ----------
    tokenizer : Tokenizer
        The tokenizer.
    base_frequencies : sequence of float, shape (4,), optional
        Of A C G T, up to a common factor: what random replacements are drawn from, evenly where not given. A word that
        is drawn whole (byte-pair) has the product of its bases' frequencies.

    Returns
    -------
    Vocabulary
        What `objectives.masked.MaskedBases` needs.

    Examples
    --------
    >>> words_of(NucleotideTokenizer()).targets
    range(0, 4)
    """
    targets, vocabulary = tokenizer.targets, list(tokenizer.vocabulary)
    if isinstance(tokenizer, NucleotideTokenizer | KmerTokenizer | DnabertTokenizer):
        codes = word_codes(vocabulary[token] for token in targets)
        tokenize = WindowTokens(tokenizer).ids
        return Vocabulary(tokenizer.mask_id, targets, tokenize, codes, base_frequencies)
    frequencies = None
    if base_frequencies is not None:
        by_letter = dict(zip("ACGT", base_frequencies, strict=True))
        frequencies = [_product(vocabulary[token], by_letter) for token in targets]
    return Vocabulary(tokenizer.mask_id, targets, frequencies=frequencies)


def _product(word: str, by_letter: dict[str, float]) -> float:
    """Multiply the frequencies of a word's letters; 0 for what is no word of A C G T."""
    return float(np.prod([by_letter.get(letter, 0.0) for letter in word]))
