"""A whole model trained to say which k bases come next, by the loop that pretrains, with a head for every k.

Legend: B questions per step, L tokens, C = 4^k words.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genolect.encoders.heads import HeadConfig
from genolect.evaluation.next_kmer import judge
from genolect.inference import Machine, token_scores, window_answers
from genolect.model import SequenceModel, new_model
from genolect.objectives.objective import Batch
from genolect.objectives.supervised import NO_CLASS, LabelledBatch, SupervisedObjective
from genolect.randomness import derived_generator
from genolect.training.loop import Training, TrainingConfig
from genolect.training.parts import Part
from genolect.workflow.kmer_questions import PrefixTokens, TokenizedQuestions

Pooling = Literal["last", "mean"]
LOOKS = 5
"""How often tuning is judged on validation questions."""

HEADS: dict[Pooling, Literal["token", "window"]] = {"last": "token", "mean": "window"}


@dataclass(frozen=True)
class TuningOptions:
    """How to tune.

    Attributes
    ----------
    steps, questions : int
        Updates, and questions per update.
    pooling : {'last', 'mean'}
        Whether the heads read the last token or the mean of all.
    counted : bool
        Whether the prefixes come from the genome whose contexts the model counted.
    seed : int
        Of the questions' order and the heads.
    learning_rate, matrix_learning_rate : float
        Peak rates (see `training.optimizer`).
    """

    steps: int
    questions: int
    pooling: Pooling
    counted: bool
    seed: int
    learning_rate: float = 3e-4
    matrix_learning_rate: float = 2e-3


class PrefixBatches:
    """Prefixes of training questions; where they have different numbers of tokens, the first are cut off.

    Parameters
    ----------
    source : TokenizedQuestions
        Where they come from.
    count, seed : int
        B, and the seed of the draw.
    """

    def __init__(self, source: TokenizedQuestions, count: int, *, seed: int) -> None:
        self.questions = source.asked
        self.tokens = source.tokens
        self.count = count
        self.seed = seed
        self._last: tuple[int, torch.device, npt.NDArray[np.int64], Batch] | None = None

    def drawn(self, step: int, device: torch.device) -> tuple[npt.NDArray[np.int64], Batch]:
        """Draw the questions of one step; asked again for the same step, give the very same batch."""
        if self._last is None or self._last[:2] != (step, device):
            generator = derived_generator(self.seed, "tuning questions", step)
            chosen = generator.integers(len(self.questions), size=self.count)
            fewest = min(len(self.tokens.ids[place]) for place in chosen)
            ids, spans = (
                torch.from_numpy(np.stack([rows[place][-fewest:] for place in chosen])).to(device)
                for rows in (self.tokens.ids, self.tokens.spans)
            )
            bases = torch.from_numpy(self.questions.prefixes[chosen]).to(device)
            self._last = step, device, chosen, Batch(bases, ids, spans)
        return self._last[2:]


class KmerBatches:
    """Prefixes with the number of the next k bases as their label.

    Parameters
    ----------
    prefixes : PrefixBatches
        Shared by all k, so that they share a pass of the encoder.
    k : int
        How many bases.
    pooling : {'last', 'mean'}
        Whether the last token has the label, or the prefix as a whole.
    """

    def __init__(self, prefixes: PrefixBatches, k: int, pooling: Pooling) -> None:
        self.prefixes = prefixes
        self.truth = prefixes.questions.truth(k)
        self.pooling = pooling

    def draw(self, step: int, device: torch.device) -> LabelledBatch:
        """Draw the questions of one step with their answers."""
        chosen, batch = self.prefixes.drawn(step, device)
        labels = torch.from_numpy(self.truth[chosen]).to(device)
        if self.pooling == "last":
            of_tokens = torch.full_like(batch.ids, NO_CLASS)
            of_tokens[:, -1] = labels
            labels = of_tokens
        return LabelledBatch(batch.bases, batch.ids, batch.spans, labels=labels)


def head_of(k: int) -> str:
    """Name the head that foretells k bases.

    Examples
    --------
    >>> head_of(6)
    'next_6mer'
    """
    return f"next_{k}mer"


@dataclass(frozen=True, eq=False)
class Tuned:
    """What tuning gave.

    Attributes
    ----------
    model : SequenceModel
        With a head for each k, as it was when validation was best.
    steps : int
        Updates until then; 0 for none, which leaves the model as it was given, and the heads at the frequencies.
    validation_bits : dict of int to float
        By steps, mean bits per word on the validation questions, added up over all k.
    """

    model: SequenceModel
    steps: int
    validation_bits: dict[int, float]


def tune(
    model: SequenceModel,
    training: TokenizedQuestions,
    validation: TokenizedQuestions,
    log_priors: Mapping[int, npt.NDArray[np.float64]],
    options: TuningOptions,
    machine: Machine,
) -> Tuned:
    """Train a copy of a model, encoder and new heads together.

    Parameters
    ----------
    model : SequenceModel
        Not changed.
    training, validation : TokenizedQuestions
        To learn from, and to choose by how far.
    log_priors : mapping of int to ndarray of float64, shape (4**k,)
        By k, the logarithms of how frequent the words are: what the head says before the first step.
    options : TuningOptions
        How.
    machine : Machine
        Where.

    Returns
    -------
    Tuned
        The copy.

    Raises
    ------
    DivergenceError
        If loss or gradient is not finite.
    """
    tuned = _with_heads(model, log_priors, options)
    prefixes = PrefixBatches(training, options.questions, seed=options.seed)
    reads: Literal["tokens", "pooled"] = "tokens" if options.pooling == "last" else "pooled"
    parts = {
        head_of(k): Part(
            SupervisedObjective("classes", reads=reads),
            KmerBatches(prefixes, k, options.pooling),
            head=head_of(k),
            counted=options.counted,
        )
        for k in log_priors
    }
    config = TrainingConfig(
        steps=options.steps,
        windows=options.questions,
        window=training.asked.prefixes.shape[1],
        learning_rate=options.learning_rate,
        matrix_learning_rate=options.matrix_learning_rate,
        seed=options.seed,
    )
    run = Training(tuned, parts, config, machine)
    looks = {options.steps * look // LOOKS for look in range(1, LOOKS + 1)}
    bits = {0: _bits(tuned, validation, log_priors, options.pooling, machine)}
    best = copy.deepcopy(tuned.state_dict())
    for step in range(1, options.steps + 1):
        run.step()
        if step in looks:
            bits[step] = _bits(tuned, validation, log_priors, options.pooling, machine)
            if bits[step] == min(bits.values()):
                best = copy.deepcopy(tuned.state_dict())
    tuned.load_state_dict(best)
    return Tuned(tuned.eval(), min(bits, key=lambda step: bits[step]), bits)


def _with_heads(
    model: SequenceModel, log_priors: Mapping[int, npt.NDArray[np.float64]], options: TuningOptions
) -> SequenceModel:
    """Copy a model and give it heads that begin at the frequencies of the words."""
    heads = {head_of(k): HeadConfig(kind=HEADS[options.pooling], outputs=len(log_priors[k])) for k in log_priors}
    tuned = new_model(model.config, model.tokenizer, seed=options.seed, heads=heads)
    old = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("heads.")}
    new = {
        f"heads.{head_of(k)}.predict.bias": torch.from_numpy(logarithms).float() for k, logarithms in log_priors.items()
    }
    tuned.load_state_dict({**tuned.state_dict(), **old, **new})
    return tuned


def _bits(
    model: SequenceModel,
    questions: TokenizedQuestions,
    lengths: Iterable[int],
    pooling: Pooling,
    machine: Machine,
) -> float:
    told = tuned_log_probabilities(model, questions.tokens, list(lengths), pooling, machine)
    return sum(float(judge(told[k], questions.asked.truth(k)).bits.mean()) for k in told)


def tuned_log_probabilities(
    model: SequenceModel, tokens: PrefixTokens, lengths: Sequence[int], pooling: Pooling, machine: Machine
) -> dict[int, npt.NDArray[np.float32]]:
    """Ask a tuned model.

    Parameters
    ----------
    model : SequenceModel
        From `tune`.
    tokens : PrefixTokens
        The prefixes, whole.
    lengths : sequence of int
        Each k.
    pooling : {'last', 'mean'}
        As it was tuned.
    machine : Machine
        Where.

    Returns
    -------
    dict of int to ndarray of float32, shape (n, 4**k)
        By k, natural logarithms of probabilities.
    """
    found = {k: np.empty((len(tokens.ids), 4**k), dtype=np.float32) for k in lengths}
    for places, rows in tokens.of_one_length():
        ids = torch.from_numpy(rows)
        ends = torch.zeros_like(ids, dtype=torch.bool)
        ends[:, -1] = True
        for k in lengths:
            if pooling == "last":
                answers = token_scores(model, ids, ends, _log_softmax, machine, head=head_of(k))
            else:
                logits = torch.from_numpy(window_answers(model, ids, machine, head=head_of(k)))
                answers = _log_softmax(logits, slice(None)).numpy()
            found[k][places] = answers
    return found


def _log_softmax(logits: Tensor, part: slice) -> Tensor:
    return logits.log_softmax(dim=1)
