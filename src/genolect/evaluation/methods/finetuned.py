"""Arms made of a model that is trained in full: from its own weights, and from those of random twins.

Both get the same settings, steps and choice by the validation examples. A twin that were trained less, or only in part,
would make pretraining look better than it is.

Legend: n sequences, B of a batch, L tokens, K outputs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import softmax
from torch import Tensor

from genolect.arrays import Floats
from genolect.encoders.encoder import HeadConfig
from genolect.errors import DivergenceError
from genolect.evaluation.methods.method import Answers, Arm, LossPoint, Strands, loss_of
from genolect.models.inference import Machine, this_machine, window_answers
from genolect.models.model import SequenceModel, new_model, random_twin
from genolect.objectives.supervised import LabelledBatch, SupervisedObjective
from genolect.pretraining.loop import Training, TrainingConfig
from genolect.pretraining.parts import Part
from genolect.random import derived_generator, derived_key
from genolect.sequence.ragged import RaggedBases, over_strands
from genolect.tables.table import LabelledTable, Parts, Target

HEAD = "task"
RATES = [(vectors, matrices) for vectors in (3e-4, 1e-3, 3e-3) for matrices in (2e-3, 1e-2)]
"""Peak rates of AdamW and of Muon."""

BATCH = 32
EPOCHS = 10
FEWEST_STEPS, MOST_STEPS = 64, 2_000
"""Ten times through the examples, but neither fewer steps nor more than this."""

TRIAL_SHARE = 0.15
"""Of a full training; but a trial has as many steps as the fewest, too.

A rate that is best for thirty steps is too high for two hundred: with few examples they overfit before anybody asks.
"""

POINTS, TRIAL_POINTS = 8, 4
"""How often the validation examples are asked; in a short trial asking them takes longer than training."""

MOST_JUDGED = 2_000


def finetuned_arms(
    model: SequenceModel, *, strands: Strands = "both", machine: Machine | None = None
) -> dict[str, Arm]:
    """Give the fully trained arms of a model.

    Parameters
    ----------
    model : SequenceModel
        The model; not changed.
    strands : {'one', 'both'}
        Whether both strands are trained on and averaged.
    machine : Machine, optional
        Where; by default what there is.

    Returns
    -------
    dict of str to Arm
        ``finetuned_twin`` and ``finetuned``.

    Examples
    --------
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> list(finetuned_arms(new_model(config, NucleotideTokenizer(), seed=3)))
    ['finetuned_twin', 'finetuned']
    """
    machine = machine or this_machine()

    def twin(seed: int) -> SequenceModel:
        return random_twin(model, seed=seed, keep_counts=False)

    return {
        "finetuned_twin": lambda parts, seeds: _FineTuning(parts, strands, machine, twin).runs(seeds),
        "finetuned": lambda parts, seeds: _FineTuning(parts, strands, machine, lambda seed: model).runs(seeds),
    }


class TableBatches:
    """Labelled sequences of a training part; those of one step share a number of tokens, so that nothing is padded.

    Parameters
    ----------
    ids : sequence of ndarray
        Token ids of each sequence, once for each strand that is read.
    labels : ndarray
        Labels of each sequence, as the objective takes them.
    seed : int
        Of the draws.
    """

    def __init__(self, ids: Sequence[npt.NDArray[np.integer]], labels: npt.NDArray[np.generic], seed: int) -> None:
        self.ids = ids
        self.labels = labels
        self.seed = seed
        lengths = np.array([row.size for row in ids])
        self.alike = [np.flatnonzero(lengths == length) for length in np.unique(lengths).tolist()]

    def draw(self, step: int, device: torch.device) -> LabelledBatch:
        """Draw the sequences of one step: first a length, by how many have it, then sequences."""
        generator = derived_generator(self.seed, "table batches", step)
        sizes = np.array([rows.size for rows in self.alike])
        rows = self.alike[generator.choice(sizes.size, p=sizes / sizes.sum())]
        chosen = generator.permutation(rows)[:BATCH]
        ids = torch.from_numpy(np.stack([self.ids[row] for row in chosen.tolist()]).astype(np.int64)).to(device)
        labels = torch.from_numpy(self.labels[chosen % len(self.labels)]).to(device)
        nowhere = torch.zeros(ids.shape[1], 2, dtype=torch.int64, device=device)
        return LabelledBatch(ids.new_zeros(ids.shape, dtype=torch.uint8), ids, nowhere, labels=labels)


class _FineTuning:
    """One task and one way to make the model that begins."""

    def __init__(self, parts: Parts, strands: Strands, machine: Machine, begin: Callable[[int], SequenceModel]) -> None:
        self.parts, self.machine, self.begin = parts, machine, begin
        self.both = strands == "both"
        self.target = parts.train.target
        numbers = self.target.values
        plain = self.target.kind == "number"
        self.centre, self.spread = (float(numbers.mean()), float(numbers.std()) or 1.0) if plain else (0.0, 1.0)
        every = np.linspace(0, len(parts.validation) - 1, min(MOST_JUDGED, len(parts.validation)))
        self.judged = parts.validation.select(every.astype(np.int64))

    def runs(self, seeds: Sequence[int]) -> list[Answers]:
        """Try the settings with the first seed, then train each run with the best one."""
        trial = derived_key(seeds[0], "trial")
        full = min(max(EPOCHS * len(self.parts.train) // BATCH, FEWEST_STEPS), MOST_STEPS)
        brief = max(min(full, FEWEST_STEPS), int(TRIAL_SHARE * full))
        tried = [(self._trained(rates, trial, brief, points=TRIAL_POINTS)[1], rates) for rates in RATES]
        loss, rates = min(tried, key=lambda pair: pair[0])
        if not np.isfinite(loss):
            raise DivergenceError("full training diverges with every setting", fix="check the labels of the table")
        found = []
        for seed in seeds:
            model, loss, curve = self._trained(rates, seed, full)
            answers = [self._answers(model, part) for part in self.parts[1:]]
            words = f"rates {rates[0]:g} and {rates[1]:g}"
            note = () if np.isfinite(loss) else ("Full training diverged.",)
            found.append(Answers(answers[0], answers[1], setting=words, tried=len(tried), curve=curve, notes=note))
        return found

    def _trained(
        self, rates: tuple[float, float], seed: int, steps: int, *, points: int = POINTS
    ) -> tuple[SequenceModel, float, tuple[LossPoint, ...]]:
        """Train; give the model where the validation loss was lowest, that loss, and the way there.

        Training that diverges ends there. With a bad setting of several that is no reason to lose the others.
        """
        model = with_head(self.begin(seed), self.target, seed=seed)
        config = TrainingConfig(
            steps=steps, windows=BATCH, learning_rate=rates[0], matrix_learning_rate=rates[1], seed=seed
        )
        kind: Literal["classes", "values"] = "classes" if self.target.kind == "classes" else "values"
        sequences = self.parts.train.sequences
        read = [sequences, sequences.reverse_complement()] if self.both else [sequences]
        ids = [model.tokenizer.encode(bases) for one in read for bases in one]
        batches = TableBatches(ids, self._labels(), seed)
        part = Part(SupervisedObjective(kind, reads="pooled"), batches, head=HEAD, counted=False)
        training = Training(model, {HEAD: part}, config, self.machine)
        best, kept, curve, total = np.inf, copy.deepcopy(model.state_dict()), [], 0.0
        for step in range(1, steps + 1):
            try:
                training.step()
            except DivergenceError:
                break
            if step * points // steps == (step - 1) * points // steps:
                continue
            reached = loss_of(self.judged.target, self._answers(model, self.judged), scale=self.spread**2)
            total = training.progress.recent[HEAD].means()["loss_per_label"]
            training.progress.recent = {}
            curve.append(LossPoint(step, total, reached))
            if reached < best:
                best, kept = reached, copy.deepcopy(model.state_dict())
        model.load_state_dict(kept)
        return model, best, tuple(curve)

    def _labels(self) -> npt.NDArray[np.generic]:
        if self.target.kind == "classes":
            return self.target.values.astype(np.int64)
        scaled = (self.target.values - self.centre) / self.spread
        return scaled.reshape(len(self.target), -1).astype(np.float32)

    def _answers(self, model: SequenceModel, part: LabelledTable) -> Floats:
        """Answer, averaged over both strands where both mean the same."""

        def read(sequences: RaggedBases) -> Floats:
            ids = [model.tokenizer.encode(bases) for bases in sequences]
            return self._told(_window_answers(model, ids, self.machine))

        return over_strands(read, part.sequences, both=self.both)

    def _told(self, outputs: Floats) -> Floats:
        if self.target.kind == "classes":
            probabilities: Floats = softmax(outputs, axis=1)
            return probabilities
        if self.target.kind == "number":
            return outputs[:, 0] * self.spread + self.centre
        return np.clip(outputs, 0.0, 1.0)


def with_head(model: SequenceModel, target: Target, *, seed: int) -> SequenceModel:
    """Copy a model and give it a head for a task.

    Parameters
    ----------
    model : SequenceModel
        Not changed.
    target : Target
        Says how many outputs.
    seed : int
        Of the head, which starts undecided anyway.

    Returns
    -------
    SequenceModel
        With the head `HEAD` and no other than the one for tokens.

    Examples
    --------
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> model = new_model(config, NucleotideTokenizer(), seed=3)
    >>> list(with_head(model, Target("number", ("y",), np.zeros(2)), seed=1).heads)
    ['task']
    """
    outputs = 1 if target.kind == "number" else len(target.names)
    heads: Mapping[str, HeadConfig] = {HEAD: HeadConfig(kind="window", outputs=outputs)}
    made = new_model(model.config, model.tokenizer, seed=seed, heads=heads)
    old = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("heads.")}
    made.load_state_dict(old, strict=False)
    return made


def _window_answers(model: SequenceModel, ids: Sequence[npt.NDArray[np.integer]], machine: Machine) -> Floats:
    """Ask the head about sequences, those with as many tokens together."""
    lengths = np.array([row.size for row in ids])
    answers: Floats = np.zeros((len(ids), model.head_configs[HEAD].outputs))
    for length in np.unique(lengths).tolist():
        rows = np.flatnonzero(lengths == length)
        windows: Tensor = torch.from_numpy(np.stack([ids[row] for row in rows.tolist()]).astype(np.int64))
        answers[rows] = window_answers(model, windows, machine, head=HEAD)
    return answers
