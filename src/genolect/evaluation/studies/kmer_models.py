"""A whole model trained to say which k bases come next, by the loop that pretrains, with a head for every k.

The heads read the last token. On yeast the mean of all tokens learned less from as many steps.

Legend: B questions per step, L tokens, C = 4^k words.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from genolect.arrays import Integers
from genolect.encoders.encoder import HeadConfig
from genolect.encoders.layers.linear import LinearFromZero
from genolect.errors import DivergenceError
from genolect.evaluation.studies.kmer_questions import KmerAnswers, PrefixTokens, TokenizedQuestions, judge
from genolect.models.inference import Machine, token_scores
from genolect.models.model import SequenceModel, new_model
from genolect.objectives.objective import Batch
from genolect.objectives.supervised import NO_CLASS, LabelledBatch, SupervisedObjective
from genolect.pretraining.loop import Training, TrainingConfig
from genolect.pretraining.parts import Part
from genolect.random import derived_generator

LOOKS = 5
"""How often tuning is judged on validation questions."""


@dataclass(frozen=True)
class TuningOptions:
    """How to tune.

    Attributes
    ----------
    steps, questions : int
        Updates, and questions per update.
    seed : int
        Of the questions' order and the heads.
    learning_rate, matrix_learning_rate : float
        Peak rates (see `pretraining.optimizer`).
    """

    steps: int
    questions: int
    seed: int
    learning_rate: float = 3e-4
    matrix_learning_rate: float = 3e-3


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
        self.counted = source.counted
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
            counted = None if self.counted is None else torch.from_numpy(self.counted[chosen]).to(device)
            self._last = step, device, chosen, Batch(bases, ids, spans, counted=counted)
        return self._last[2:]


class KmerBatches:
    """Prefixes with the number of the next k bases as the label of their last token.

    Parameters
    ----------
    prefixes : PrefixBatches
        Shared by all k, so that they share a pass of the encoder.
    k : int
        How many bases.
    """

    def __init__(self, prefixes: PrefixBatches, k: int) -> None:
        self.prefixes = prefixes
        self.truth = prefixes.questions.truth(k)

    def draw(self, step: int, device: torch.device) -> LabelledBatch:
        """Draw the questions of one step with their answers."""
        chosen, batch = self.prefixes.drawn(step, device)
        labels = torch.full_like(batch.ids, NO_CLASS)
        labels[:, -1] = torch.from_numpy(self.truth[chosen]).to(device)
        return LabelledBatch(batch.bases, batch.ids, batch.spans, counted=batch.counted, labels=labels)


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
    """What a tuned model answers.

    Attributes
    ----------
    answers : dict of int to KmerAnswers
        By k, to the test questions.
    steps : dict of int to int
        By k, the updates after which validation was best, and those answers were given; 0 for none, which leaves the
        frequencies of the words.
    """

    answers: dict[int, KmerAnswers]
    steps: dict[int, int]


def tune(
    model: SequenceModel,
    parts: tuple[TokenizedQuestions, TokenizedQuestions, TokenizedQuestions],
    log_priors: Mapping[int, npt.NDArray[np.float64]],
    options: TuningOptions,
    machine: Machine,
) -> Tuned:
    """Train a copy of a model, encoder and new heads together, and ask it where validation says it knows most.

    Parameters
    ----------
    model : SequenceModel
        Not changed.
    parts : tuple of TokenizedQuestions
        To learn from, to choose by how far, and to be judged by.
    log_priors : mapping of int to ndarray of float64, shape (4**k,)
        By k, the logarithms of how frequent the words are: what the head says before the first step.
    options : TuningOptions
        How.
    machine : Machine
        Where.

    Returns
    -------
    Tuned
        Its answers: longer words are learned by heart sooner, so every k has its own number of steps.

    Raises
    ------
    DivergenceError
        If loss or gradient is not finite.
    """
    training, validation, test = parts
    tuned = _with_heads(model, log_priors, options)
    run = _training(tuned, training, log_priors, options, machine)
    looks = {options.steps * look // LOOKS for look in range(LOOKS + 1)}
    answers: dict[int, KmerAnswers] = {}
    lowest, steps = dict.fromkeys(log_priors, math.inf), dict.fromkeys(log_priors, 0)
    for step in range(options.steps + 1):
        if step:
            run.step()
        if step not in looks:
            continue
        chosen_by = _answers(tuned, validation, list(log_priors), machine)
        better = [k for k in log_priors if float(chosen_by[k].bits.mean()) < lowest[k]]
        answers |= _answers(tuned, test, better, machine)
        for k in better:
            lowest[k], steps[k] = float(chosen_by[k].bits.mean()), step
    return Tuned(answers, steps)


def _training(
    tuned: SequenceModel,
    source: TokenizedQuestions,
    lengths: Iterable[int],
    options: TuningOptions,
    machine: Machine,
) -> Training:
    """Make a part for each k; they share windows, and a pass of the encoder."""
    prefixes = PrefixBatches(source, options.questions, seed=options.seed)
    parts = {
        head_of(k): Part(
            SupervisedObjective("classes", reads="tokens"),
            KmerBatches(prefixes, k),
            head=head_of(k),
            counted=source.counted is not None,
        )
        for k in lengths
    }
    config = TrainingConfig(
        steps=options.steps,
        windows=options.questions,
        window=source.asked.prefixes.shape[1],
        learning_rate=options.learning_rate,
        matrix_learning_rate=options.matrix_learning_rate,
        seed=options.seed,
    )
    return Training(tuned, parts, config, machine)


def _with_heads(
    model: SequenceModel, log_priors: Mapping[int, npt.NDArray[np.float64]], options: TuningOptions
) -> SequenceModel:
    """Copy a model and give it heads that begin at the frequencies of the words."""
    heads = {head_of(k): HeadConfig(kind="token", outputs=len(log_priors[k])) for k in log_priors}
    tuned = new_model(model.config, model.tokenizer, seed=options.seed, heads=heads)
    old = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("heads.")}
    new = {
        f"heads.{head_of(k)}.predict.bias": torch.from_numpy(logarithms).float() for k, logarithms in log_priors.items()
    }
    tuned.load_state_dict({**tuned.state_dict(), **old, **new})
    return tuned


def _answers(
    model: SequenceModel, questions: TokenizedQuestions, lengths: list[int], machine: Machine
) -> dict[int, KmerAnswers]:
    told = tuned_log_probabilities(model, questions.tokens, lengths, machine)
    return {k: judge(told[k], questions.asked.truth(k)) for k in lengths}


def tuned_log_probabilities(
    model: SequenceModel, tokens: PrefixTokens, lengths: Sequence[int], machine: Machine
) -> dict[int, npt.NDArray[np.float32]]:
    """Ask a tuned model.

    Parameters
    ----------
    model : SequenceModel
        With a head for each k.
    tokens : PrefixTokens
        The prefixes, whole.
    lengths : sequence of int
        Each k.
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
            found[k][places] = token_scores(model, ids, ends, _log_softmax, machine, head=head_of(k))
    return found


def _log_softmax(logits: Tensor, part: slice) -> Tensor:
    return logits.log_softmax(dim=1)


Features = npt.NDArray[np.floating]

DIRECTIONS = 64
"""Principal components that are kept: 4,096 classes have a weight for each."""

LEAST_VARIANCE = 1e-9
"""Share of the largest component below which one is rounding."""

QUESTIONS = 256
EPOCHS, FEWEST_STEPS = 20, 1_500
"""Passes over the questions, at most; more where they are few."""

PATIENCE = 2
LEARNING_RATE = 3e-4
"""At 1e-3 and 128 directions the longest words were best after no pass at all; lower rates took longer for as much."""


@dataclass(frozen=True, eq=False)
class KmerProbe:
    """A fitted probe; `fit_kmer_probe` makes it.

    Attributes
    ----------
    mean : ndarray of float32, shape (F,)
        Of the training features.
    directions : ndarray of float32, shape (F, P)
        Principal components of the standardised features, scaled to unit variance.
    linear : Linear
        From P to C.
    epochs : int
        Passes over the training questions after which validation was best; 0 for none, which leaves the frequencies.
    validation_bits : float
        Mean bits per word on the validation questions.
    """

    mean: npt.NDArray[np.float32]
    directions: npt.NDArray[np.float32]
    linear: nn.Linear
    epochs: int
    validation_bits: float

    def log_probabilities(self, features: Features) -> npt.NDArray[np.float32]:
        """Predict.

        Parameters
        ----------
        features : ndarray of float, shape (n, F)
            Features as they were for training.

        Returns
        -------
        ndarray of float32, shape (n, C)
            Natural logarithms of probabilities.
        """
        with torch.inference_mode():
            logits = self.linear(_projected(features, self.mean, self.directions))
            answers: npt.NDArray[np.float32] = logits.log_softmax(dim=1).numpy()
        return answers


def fit_kmer_probe(
    features: Features,
    labels: Integers,
    validation_features: Features,
    validation_labels: Integers,
    *,
    log_prior: npt.NDArray[np.float64],
    seed: int,
) -> KmerProbe:
    """Fit the probe, and stop where validation questions say.

    Parameters
    ----------
    features : ndarray of float, shape (n, F)
        Features of the training questions.
    labels : ndarray of int64, shape (n,)
        Their classes; not every class has to occur.
    validation_features : ndarray of float, shape (m, F)
        Features of the validation questions.
    validation_labels : ndarray of int64, shape (m,)
        Their classes.
    log_prior : ndarray of float64, shape (C,)
        Natural logarithms of how frequent the classes are.
    seed : int
        Decides the order of the questions.

    Returns
    -------
    KmerProbe
        As it was when validation was best.

    Raises
    ------
    DivergenceError
        If a feature is not a finite number.

    Examples
    --------
    >>> labels = np.arange(900) % 4
    >>> features = np.eye(4)[labels] + np.random.default_rng(3).normal(size=(900, 4)) / 9
    >>> probe = fit_kmer_probe(
    ...     features[:600], labels[:600], features[600:], labels[600:], log_prior=np.log(np.full(4, 0.25)), seed=1
    ... )
    >>> bool((probe.log_probabilities(features[600:]).argmax(axis=1) == labels[600:]).all())
    True
    """
    for name, array in (("training", features), ("validation", validation_features)):
        if not np.isfinite(array).all():
            what = f"{int((~np.isfinite(array)).sum())} of {array.size} {name} features are not finite numbers"
            raise DivergenceError(what, fix="check the model that made them")
    mean, directions = _principal(features)
    given, asked = (_projected(part, mean, directions) for part in (features, validation_features))
    truth, told = torch.from_numpy(labels), torch.from_numpy(validation_labels)
    linear = LinearFromZero(directions.shape[1], len(log_prior))
    linear.bias.data = torch.from_numpy(log_prior).float()
    optimizer = torch.optim.Adam(linear.parameters(), lr=LEARNING_RATE)
    best, epochs, lowest = copy.deepcopy(linear), 0, _bits(linear, asked, told)
    for epoch in range(1, max(EPOCHS, FEWEST_STEPS * QUESTIONS // len(truth)) + 1):
        order = derived_generator(seed, "k-mer probe", epoch).permutation(len(truth))
        for start in range(0, len(order), QUESTIONS):
            part = torch.from_numpy(order[start : start + QUESTIONS])
            optimizer.zero_grad()
            functional.cross_entropy(linear(given[part]), truth[part]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        if (bits := _bits(linear, asked, told)) < lowest:
            best, epochs, lowest = copy.deepcopy(linear), epoch, bits
        elif epoch - epochs >= PATIENCE:
            break
    return KmerProbe(mean, directions, best, epochs, lowest)


def _principal(features: Features) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Give the mean and the whitened principal components of standardised features; constant ones play no part."""
    wide = features.astype(np.float64)
    mean, scale = wide.mean(axis=0), wide.std(axis=0)
    varies = scale > 1e-12 * np.maximum(np.abs(mean), 1)
    standardised = np.where(varies, (wide - mean) / np.where(varies, scale, 1.0), 0.0)
    variances, vectors = np.linalg.eigh(standardised.T @ standardised / len(wide))
    kept = np.argsort(variances)[::-1][:DIRECTIONS]
    kept = kept[variances[kept] > LEAST_VARIANCE * max(float(variances.max()), 1e-300)]
    whitened = vectors[:, kept] / np.sqrt(variances[kept]) / np.where(varies, scale, np.inf)[:, None]
    return mean.astype(np.float32), whitened.astype(np.float32)


def _projected(features: Features, mean: npt.NDArray[np.float32], directions: npt.NDArray[np.float32]) -> Tensor:
    return torch.from_numpy((features.astype(np.float32) - mean) @ directions)


def _bits(linear: nn.Linear, features: Tensor, labels: Tensor) -> float:
    with torch.inference_mode():
        return float(functional.cross_entropy(linear(features), labels)) / float(np.log(2))
