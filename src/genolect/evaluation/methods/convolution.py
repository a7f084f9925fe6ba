"""How the convolutional arm is trained: settings tried briefly, the best one trained in full, stopped by validation.

Legend: n sequences, B of a batch, L bases of the longest, K outputs.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from genolect.arrays import Floats, Integers
from genolect.errors import DivergenceError
from genolect.evaluation.methods.method import Answers, Arm, LossPoint, PanelContext, Strands, baseline, loss_of
from genolect.models.inference import Machine, this_machine
from genolect.random import derived_generator, derived_key
from genolect.sequence.alphabet import BASE_BITS
from genolect.sequence.ragged import RaggedBases, over_strands
from genolect.tables.table import LabelledTable, Parts

FIRST_KERNEL, KERNEL = 15, 5
HEADS = 8
MOST_PLACES = 128
FARTHEST = 64
"""Places from the centre that the pooling can tell apart."""


class Convolution(nn.Module):
    """One-hot bases to K outputs.

    A wide first layer (motifs), residual layers with dilations 1, 2, 4 … until one output sees the longest sequence,
    then two summaries: the maximum over places, and a mean whose weights know the distance from the centre.

    Parameters
    ----------
    longest : int
        L, of all sequences that it will read.
    outputs : int
        K.
    seed : int
        Seed of the weights.
    width : int
        W.

    Examples
    --------
    >>> network = Convolution(30, 2, seed=1)
    >>> network(torch.zeros(3, 30, 4), torch.tensor([30, 11, 20])).shape, network.sees
    (torch.Size([3, 2]), 43)
    """

    def __init__(self, longest: int, outputs: int, *, seed: int, width: int = 32) -> None:
        super().__init__()
        self.pool = 2 ** max(0, math.ceil(math.log2(longest / MOST_PLACES)))
        layers = 1
        while self._sees(layers) < longest:
            layers += 1
        self.sees = self._sees(layers)
        with torch.random.fork_rng(devices=[]):  # torch's own first values, soon replaced, come from a global generator
            self.motifs = nn.Conv1d(4, width, FIRST_KERNEL, padding=FIRST_KERNEL // 2)
            self.layers = nn.ModuleList(_Layer(width, 2**number) for number in range(layers))
            self.attention = nn.Conv1d(width, HEADS, 1)
            self.places = nn.Parameter(torch.zeros(HEADS, 2 * FARTHEST + 1))
            self.hidden = nn.Linear(2 * width, width)
            self.answer = nn.Linear(width, outputs)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if parameter.ndim > 1 and name != "places":
                    parameter.normal_(std=(2 / parameter[0].numel()) ** 0.5, generator=generator)
            self.answer.weight.zero_()
            self.answer.bias.zero_()

    def _sees(self, layers: int) -> int:
        """Bases that one output of so many layers depends on."""
        return int(FIRST_KERNEL + self.pool * ((KERNEL - 1) * (2**layers - 1) + 1) - 1)

    def forward(self, bases: Tensor, lengths: Tensor, kept: Tensor | None = None) -> Tensor:
        """Answer sequences; what lies behind a sequence's end changes nothing.

        Parameters
        ----------
        bases : Tensor, shape (B, L, 4)
            One-hot bases, zeros for N and behind the end.
        lengths : Tensor of int64, shape (B,)
            Bases of each sequence.
        kept : Tensor, shape (B, 2 W), optional
            Factors on the summaries: dropout, in training.

        Returns
        -------
        Tensor, shape (B, K)
            Logits, or numbers.
        """
        state = functional.relu(self.motifs(bases.transpose(1, 2)))
        state = state * _within(lengths, state.shape[2])
        state = functional.max_pool1d(state, self.pool, ceil_mode=True)
        lengths = (lengths + self.pool - 1) // self.pool
        within = _within(lengths, state.shape[2])
        for layer in self.layers:
            state = layer(state, within)
        summaries = torch.cat([state.amax(dim=2), self._mean(state, lengths, within)], dim=1)
        if kept is not None:
            summaries = summaries * kept
        answers: Tensor = self.answer(functional.relu(self.hidden(summaries)))
        return answers

    def _mean(self, state: Tensor, lengths: Tensor, within: Tensor) -> Tensor:
        """Average places with weights from what stands there and how far from the centre it is: (B, W)."""
        from_centre = torch.arange(state.shape[2], device=state.device) - (lengths // 2)[:, None]
        bias = self.places[:, from_centre.clamp(-FARTHEST, FARTHEST) + FARTHEST].transpose(0, 1)
        scores = (self.attention(state) + bias).float().masked_fill(~within, -torch.inf)
        parts = state.reshape(len(state), HEADS, -1, state.shape[2])
        mean = torch.einsum("bhwp,bhp->bhw", parts, scores.softmax(dim=2).to(state.dtype))
        return mean.flatten(1)


class _Layer(nn.Module):
    """A residual layer with a dilated kernel."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.kernel = nn.Conv1d(width, width, KERNEL, dilation=dilation, padding=dilation * (KERNEL // 2))
        self.norm = nn.BatchNorm1d(width)

    def forward(self, state: Tensor, within: Tensor) -> Tensor:
        """Add what the kernel sees, inside the sequences."""
        seen: Tensor = functional.relu(self.norm(self.kernel(state))) * within
        return state + seen


def _within(lengths: Tensor, places: int) -> Tensor:
    """Which places lie inside, shape (B, 1, places)."""
    inside: Tensor = (torch.arange(places, device=lengths.device) < lengths[:, None])[:, None]
    return inside


RATES = (1e-3, 3e-3, 1e-2)
DROPOUTS = (0.1, 0.4)
WEIGHT_DECAY = 0.01
BATCH = 64
EPOCHS = 30
FEWEST_READ, MOST_READ = 30_000, 120_000
"""Sequences read in a full training: thirty times all of them, but neither fewer nor more than this."""

FEWEST_EPOCHS = 3
TRIAL_SHARE = 0.125
POINTS, TRIAL_POINTS = 24, 4
"""How often the validation examples are asked."""

PATIENCE = 8
WARM_UP = 0.1
AVERAGING = 0.98
"""Weights are judged, and answer, as a running mean over the last fifty steps or so: at the rates that learn fastest
the weights of one step are too restless to compare by, and two trainings would end far apart."""

MOST_JUDGED = 1_500
BASES_AT_ONCE = 1 << 18
ONE_HOT = torch.eye(5)[:, :4]


@dataclass(frozen=True)
class Setting:
    """How to train."""

    rate: float
    dropout: float

    def __str__(self) -> str:
        return f"rate {self.rate:g}, dropout {self.dropout:g}"


class Trained(NamedTuple):
    """A network at its best point, that point's validation loss, and the way there."""

    network: Convolution
    loss: float
    curve: tuple[LossPoint, ...]


def convolution_arm(
    parts: Parts, seeds: Sequence[int], *, strands: Strands = "both", machine: Machine | None = None
) -> list[Answers]:
    """Answer by the convolutional network.

    Parameters
    ----------
    parts : Parts
        The task, of any kind.
    seeds : sequence of int
        Of weights, order and dropout of each run; settings are tried with the first.
    strands : {'one', 'both'}
        Whether it also trains on, and averages over, the other strand.
    machine : Machine, optional
        Where; by default what there is.

    Returns
    -------
    list of Answers
        With their learning curves.

    Raises
    ------
    DivergenceError
        If every setting diverges.

    Examples
    --------
    >>> from genolect.evaluation.methods.baselines import baseline_arms
    >>> baseline_arms(["cnn"])["cnn"].func is convolution_arm  # it takes its time
    True
    """
    trainer = _Trainer(parts, strands, machine or this_machine())
    candidates = []
    for rate in RATES:
        for dropout in DROPOUTS:
            setting = Setting(rate, dropout)
            trained = trainer.train(
                setting, seed=derived_key(seeds[0], "trial"), share=TRIAL_SHARE, points=TRIAL_POINTS
            )
            candidates.append((trained.loss, setting))
    loss, chosen = min(candidates, key=lambda pair: pair[0])
    if not np.isfinite(loss):
        raise DivergenceError("the convolutional network diverges", fix="check the labels of the table")
    runs = []
    for seed in seeds:
        trained = trainer.train(chosen, seed=seed, share=1.0)
        answers = [trainer.answers(trained.network, part) for part in parts[1:]]
        note = () if np.isfinite(trained.loss) else ("The convolutional network diverged.",)
        runs.append(
            Answers(answers[0], answers[1], setting=str(chosen), tried=len(candidates), curve=trained.curve, notes=note)
        )
    return runs


class _Trainer:
    """One task, ready to be trained on again and again."""

    def __init__(self, parts: Parts, strands: Strands, machine: Machine) -> None:
        self.parts = parts
        self.machine = machine
        self.kind = parts.train.target.kind
        self.strands = [parts.train.sequences.plain()]
        if strands == "both":
            self.strands.append(self.strands[0].reverse_complement())
        self.both = strands == "both"
        self.longest = max(int(part.sequences.lengths.max()) for part in parts)
        numbers = parts.train.target.values
        self.centre, self.spread = (
            (float(numbers.mean()), float(numbers.std()) or 1.0) if self.kind == "number" else (0.0, 1.0)
        )
        self.judged = _some(parts.validation)

    def train(self, setting: Setting, *, seed: int, share: float, points: int = POINTS) -> Trained:
        """Train a share of the full length; give the network where the validation loss was lowest."""
        n = len(self.parts.train)
        read = share * min(max(EPOCHS * n, FEWEST_READ), max(MOST_READ, FEWEST_EPOCHS * n))
        steps = max(points, int(read / BATCH))
        outputs = 1 if self.kind == "number" else len(self.parts.train.target.names)
        network = Convolution(self.longest, outputs, seed=derived_key(seed, "convolution")).to(self.machine.device)
        optimizer = torch.optim.AdamW(network.parameters(), lr=setting.rate, weight_decay=WEIGHT_DECAY)
        draws = torch.Generator().manual_seed(derived_key(seed, "convolution dropout"))
        mean = get_ema_multi_avg_fn(AVERAGING)  # type: ignore[no-untyped-call]
        averaged = AveragedModel(network, multi_avg_fn=mean, use_buffers=True)
        judged = cast(Convolution, averaged.module)
        curve: list[LossPoint] = []
        best, kept, total, since = np.inf, copy.deepcopy(network.state_dict()), 0.0, 0
        for step, rows in enumerate(self._order(steps, seed)):
            optimizer.param_groups[0]["lr"] = setting.rate * _share_of_peak(step, steps)
            dropped = torch.rand(len(rows), 2 * network.hidden.out_features, generator=draws) < setting.dropout
            factors = (~dropped).float() / (1 - setting.dropout)
            loss = self._loss(network.train(), rows, derived_generator(seed, "strands", step), factors)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            averaged.update_parameters(network)
            total, since = total + float(loss.detach()), since + 1
            if (step + 1) * points // steps == step * points // steps:
                continue
            answers = self._read(judged.eval(), self.judged.sequences.plain())  # One strand, to save time.
            reached = loss_of(self.judged.target, answers, scale=self.spread**2)
            curve.append(LossPoint(step + 1, total / since, reached))
            total, since = 0.0, 0
            if reached < best:
                best, kept = reached, copy.deepcopy(judged.state_dict())
            elif not np.isfinite(reached) or _stale([point.validation for point in curve]):
                break
        network.load_state_dict(kept)
        return Trained(network.eval(), best, tuple(curve))

    def _order(self, steps: int, seed: int) -> Iterator[Integers]:
        """Give the rows of each step: every epoch in a new order, sequences of like length together."""
        lengths, done, epoch = self.strands[0].lengths, 0, 0
        while done < steps:
            generator = derived_generator(seed, "convolution order", epoch)
            order = generator.permutation(lengths.size)
            stretches = np.array_split(order, max(1, order.size // (16 * BATCH)))
            batches = [
                rows
                for stretch in stretches
                for rows in np.array_split(
                    stretch[np.argsort(lengths[stretch], kind="stable")], -(-stretch.size // BATCH)
                )
            ]
            for place in generator.permutation(len(batches))[: steps - done].tolist():
                yield batches[place]
            done, epoch = done + len(batches), epoch + 1

    def _loss(self, network: Convolution, rows: Integers, chance: np.random.Generator, factors: Tensor) -> Tensor:
        turned = chance.integers(0, len(self.strands), size=rows.size)
        sequences = [self.strands[strand][row] for row, strand in zip(rows.tolist(), turned.tolist(), strict=True)]
        bases, lengths = _one_hot(RaggedBases.of(sequences))
        device = self.machine.device
        with self.machine.autocast():
            outputs = network(bases.to(device), lengths.to(device), factors.to(device))
        truth = torch.from_numpy(self.parts.train.target.values[rows]).to(device)
        return _loss_of(outputs.float(), truth, self.kind, self.centre, self.spread)

    def answers(self, network: Convolution, part: LabelledTable) -> Floats:
        """Answer examples, averaged over both strands where both mean the same."""
        return over_strands(partial(self._read, network.eval()), part.sequences.plain(), both=self.both)

    def _read(self, network: Convolution, sequences: RaggedBases) -> Floats:
        order = np.argsort(sequences.lengths, kind="stable")
        size = max(1, BASES_AT_ONCE // self.longest)
        found = []
        with torch.inference_mode():
            for start in range(0, order.size, size):
                bases, lengths = _one_hot(sequences.select(order[start : start + size]))
                outputs = network(bases.to(self.machine.device), lengths.to(self.machine.device)).float().cpu()
                found.append(_told(outputs, self.kind, self.centre, self.spread))
        answers = np.concatenate(found)
        return answers[np.argsort(order, kind="stable")]


def _some(part: LabelledTable) -> LabelledTable:
    """Spread a bounded number of examples over a part."""
    if len(part) <= MOST_JUDGED:
        return part
    return part.select(np.linspace(0, len(part) - 1, MOST_JUDGED).astype(np.int64))


def _stale(losses: list[float]) -> bool:
    """Whether the lowest lies far back."""
    return len(losses) - 1 - int(np.argmin(losses)) >= PATIENCE


def _share_of_peak(step: int, steps: int) -> float:
    """Warm up, then fall to zero in a straight line."""
    warm_up = max(1.0, WARM_UP * steps)
    return min((step + 1) / warm_up, (steps - step) / max(1.0, steps - warm_up))


def _one_hot(sequences: RaggedBases) -> tuple[Tensor, Tensor]:
    """Lay sequences side by side: bases (B, L, 4), zeros behind their ends, and their lengths."""
    lengths = torch.from_numpy(sequences.lengths)
    codes = np.full((len(sequences), int(sequences.lengths.max())), 4, dtype=np.uint8)
    codes[np.arange(codes.shape[1]) < sequences.lengths[:, None]] = sequences.bases & BASE_BITS
    return ONE_HOT[torch.from_numpy(codes).long()], lengths


def _loss_of(outputs: Tensor, truth: Tensor, kind: str, centre: float, spread: float) -> Tensor:
    """Mean loss in nats, or the squared error in units of the variance."""
    if kind == "classes":
        return functional.cross_entropy(outputs, truth)
    if kind == "number":
        return ((outputs[:, 0] - ((truth - centre) / spread).float()) ** 2).mean()
    known = ~truth.isnan()
    losses = functional.binary_cross_entropy_with_logits(outputs, truth.nan_to_num().float(), reduction="none")
    return (losses * known).sum() / known.sum().clamp(min=1)


def _told(outputs: Tensor, kind: str, centre: float, spread: float) -> Floats:
    """Turn outputs into answers."""
    if kind == "classes":
        return outputs.double().softmax(dim=1).numpy()
    if kind == "number":
        return outputs[:, 0].double().numpy() * spread + centre
    return outputs.double().sigmoid().numpy()


@baseline("cnn", 90)
def _cnn(context: PanelContext) -> Arm:
    return partial(convolution_arm, strands=context.strands)
