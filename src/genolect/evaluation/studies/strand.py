"""How differently a model reads the two strands of held-out windows: what ``genolect strand`` says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from genolect.arrays import Floats, Integers
from genolect.encoders.build import require_tokens
from genolect.encoders.encoder import StrandConfig
from genolect.encoders.heads import invariant_descriptor
from genolect.errors import ConfigurationError
from genolect.genome.genome import PreparedGenome
from genolect.genome.windows import tile_windows
from genolect.models.inference import Machine, WindowTokens, embed, token_scores
from genolect.models.model import SequenceModel, load_model
from genolect.pretraining.kinds.exam import cut_windows
from genolect.sequence.alphabet import Bases, reverse_complement
from genolect.sequence.interval import Interval
from genolect.statistics.bootstrap import Estimate, Metric, draw_blocks, estimate, resampled_values
from genolect.tokenizers.reading import target_partners

Windows = npt.NDArray[np.unsignedinteger[Any]]
Model = Callable[[Windows], npt.ArrayLike]

EXACT = 1e-5
"""Share of the largest answer below which a deviation is rounding in single precision."""

NAMES = {"vectors": ("the vectors", "cosine"), "predictions": ("the log-probabilities", "correlation")}


@dataclass(frozen=True)
class StrandReport:
    """What the two strands' answers have in common.

    Attributes
    ----------
    kind : {'vectors', 'predictions'}
        What was compared.
    largest : Estimate
        Largest absolute deviation. Its interval says whether it hangs on few windows; it never exceeds the value.
    mean : Estimate
        Mean absolute deviation.
    agreement : Estimate
        Mean cosine of vectors, or correlation of log-probabilities.
    unrelated : Estimate
        The same with the other strand of another window.
    scale : float
        Largest absolute answer.
    windows, blocks : int
        How many windows in how many blocks of the bootstrap.
    """

    kind: Literal["vectors", "predictions"]
    largest: Estimate
    mean: Estimate
    agreement: Estimate
    unrelated: Estimate
    scale: float
    windows: int
    blocks: int

    @property
    def exact(self) -> bool:
        """Whether the strands' answers are equal to rounding."""
        return self.largest.value is not None and self.largest.value <= EXACT * self.scale

    def sentence(self) -> str:
        """Say it in English."""
        what, agreement = NAMES[self.kind]
        told = (
            f"On {self.windows:,} windows in {self.blocks:,} blocks {what} of the two strands differ by "
            f"{_said(self.mean)} on average, at most by {_said(self.largest)}; their {agreement} is "
            f"{_said(self.agreement)}, with another window's {_said(self.unrelated)}: "
        )
        if self.unrelated.value is None or self.unrelated.value > 1 - EXACT:
            return told + "the model says the same of all windows, so this says nothing about strands."
        if self.exact:
            return told + "the model treats both strands alike, to rounding."
        return told + "the model does not treat both strands alike; average over them, or train one that does."


def compare_vectors(
    describe: Model,
    windows: Windows,
    *,
    other_strand: Callable[[Windows], Windows] = reverse_complement,
    turn: Callable[[Floats], Floats] | None = None,
    blocks: Integers | None = None,
    seed: int = 0,
) -> StrandReport:
    """Compare descriptors of the two strands, or hidden states.

    Parameters
    ----------
    describe : callable
        Takes windows, gives vectors (B, P), or anything else whose first axis is that of the windows.
    windows : ndarray of unsigned int, shape (B, W)
        Base codes, or token ids; two or more.
    other_strand : callable
        Gives the other strand of windows; for token ids, the tokenizer's `reverse_complement`.
    turn : callable, optional
        Maps what is said of the other strand back to the given one, such as hidden states to their tokens; by default
        both strands should have the same description.
    blocks : ndarray of int, shape (B,), optional
        Block of each window; by default each is its own, which gives too narrow intervals where windows are neighbours.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    StrandReport
        The comparison.

    Raises
    ------
    ValueError
        If there are fewer than two windows, or the answers are not finite, one per window, and alike in shape.

    Examples
    --------
    >>> windows = np.random.default_rng(3).integers(4, size=(20, 9), dtype=np.uint8)
    >>> compare_vectors(lambda bases: np.eye(4)[bases].mean(axis=1), windows).exact
    False
    >>> compare_vectors(lambda bases: ((bases == 1) | (bases == 2)) @ np.ones((9, 1)), windows).exact
    True
    """
    given, other = _answers(describe, windows, other_strand)
    other = other if turn is None else turn(other)
    given, other = given.reshape(len(windows), -1), other.reshape(len(windows), -1)
    directions = _directions(given), _directions(other)

    def mean_cosine(shift: int) -> Metric:
        cosines = (directions[0] * np.roll(directions[1], shift, axis=0)).sum(axis=1)
        known = np.isfinite(cosines)
        return lambda weights: {"": _ratio(np.where(known, cosines, 0.0) @ weights, known.astype(np.float64) @ weights)}

    agreement = [mean_cosine(shift) for shift in (0, _half(windows))]
    deviations = _deviations(given, other, np.ones(given.shape, dtype=bool))
    blocks = np.arange(len(windows)) if blocks is None else blocks
    return StrandReport(
        "vectors",
        **_estimates([*deviations, *agreement], blocks, seed),
        scale=float(max(np.abs(given).max(), np.abs(other).max())),
        windows=len(windows),
        blocks=len(np.unique(blocks)),
    )


def compare_predictions(
    predict: Model,
    windows: Windows,
    *,
    target_partners: Sequence[int] | Integers = (3, 2, 1, 0),
    scored: npt.NDArray[np.bool_] | None = None,
    other_strand: Callable[[Windows], Windows] = reverse_complement,
    blocks: Integers | None = None,
    seed: int = 0,
) -> StrandReport:
    """Compare predicted log-probabilities of the two strands, token by token.

    Parameters
    ----------
    predict : callable
        Takes windows, gives logits (B, L, V), one row per token of the window and none for tokens added to it.
    windows, other_strand, blocks, seed
        As in `compare_vectors`.
    target_partners : sequence of int, shape (V,)
        Each logit's partner on the other strand; by default A C G T.
    scored : ndarray of bool, shape (B, L), optional
        The tokens to compare, such as the hidden ones; by default all.

    Returns
    -------
    StrandReport
        The comparison.

    Raises
    ------
    ValueError
        If there are fewer than two windows, no token is scored, or the answers are no finite logits.

    Examples
    --------
    >>> windows = np.random.default_rng(3).integers(4, size=(20, 9), dtype=np.uint8)
    >>> as_before = compare_predictions(lambda bases: np.eye(4)[np.roll(bases, 1, axis=1)], windows)
    >>> as_itself = compare_predictions(lambda bases: np.eye(4)[bases], windows)
    >>> as_before.exact, as_itself.exact
    (False, True)
    """
    given, other = (_log_probabilities(logits) for logits in _answers(predict, windows, other_strand))
    if given.ndim != 3:
        raise ValueError(f"logits of shape {given.shape}; needed: windows, tokens, predictable tokens")
    if sorted(target_partners) != list(range(given.shape[2])):
        raise ValueError(f"the partners {list(target_partners)} are no order of {given.shape[2]} logits")
    other = other[:, ::-1][..., np.asarray(target_partners)]
    kept = np.ones(given.shape[:2], dtype=bool) if scored is None else scored
    if kept.shape != given.shape[:2] or not kept.any():
        raise ValueError(f"scored has shape {kept.shape} and {kept.sum()} tokens; needed: {given.shape[:2]}, any")
    used = np.broadcast_to(kept[..., None], given.shape)
    agreement = [_correlation(given, np.roll(other, shift, axis=0), used) for shift in (0, _half(windows))]
    blocks = np.arange(len(windows)) if blocks is None else blocks
    return StrandReport(
        "predictions",
        **_estimates([*_deviations(given, other, used), *agreement], blocks, seed),
        scale=float(max(np.abs(given[used]).max(), np.abs(other[used]).max())),
        windows=len(windows),
        blocks=len(np.unique(blocks)),
    )


def _answers(model: Model, windows: Windows, other_strand: Callable[[Windows], Windows]) -> tuple[Floats, Floats]:
    """Ask about both strands."""
    if len(windows) < 2:
        raise ValueError(f"{len(windows)} windows; two or more can be compared")
    given, other = (np.asarray(model(strand), dtype=np.float64) for strand in (windows, other_strand(windows)))
    if given.shape != other.shape or given.ndim < 2 or len(given) != len(windows):
        what = f"the strands of {len(windows)} windows were answered with shapes {given.shape} and {other.shape}"
        raise ValueError(f"{what}; needed: equal shapes, the first axis for windows")
    if not (np.isfinite(given).all() and np.isfinite(other).all()):
        raise ValueError("some answers are not finite")
    return given, other


def _half(windows: Windows) -> int:
    """How far off a window unlike this one is: neighbours are alike."""
    return max(1, len(windows) // 2)


def _log_probabilities(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_probabilities: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return log_probabilities


def _directions(vectors: Floats) -> Floats:
    """Scale vectors to length 1; one of zeros has no direction."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions: Floats = vectors / np.where(lengths > 0, lengths, np.nan)
    return directions


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    undefined = np.full(denominator.shape, np.nan)
    ratio: Floats = np.divide(numerator, denominator, out=undefined, where=denominator > 0)
    return ratio


def _correlation(given: Floats, other: Floats, used: npt.NDArray[np.bool_]) -> Metric:
    """Pearson's correlation over all windows, from sums of each; undefined where an answer does not vary."""
    x, y = (np.where(used, answer - answer[used].mean(), 0.0) for answer in (given, other))
    sums = np.stack([part.reshape(len(x), -1).sum(axis=1) for part in (used, x, y, x * x, y * y, x * y)])
    rounding = (EXACT * max(np.abs(given[used]).max(), np.abs(other[used]).max())) ** 2

    def correlation(weights: Floats) -> dict[str, Floats]:
        n, x, y, xx, yy, xy = sums @ weights
        with np.errstate(invalid="ignore", divide="ignore"):
            spreads = xx / n - (x / n) ** 2, yy / n - (y / n) ** 2
            varies = (spreads[0] > rounding) & (spreads[1] > rounding)
            together = (xy / n - x * y / n**2) / np.sqrt(spreads[0] * spreads[1])
        return {"": np.where(varies, together, np.nan)}

    return correlation


def _deviations(given: Floats, other: Floats, used: npt.NDArray[np.bool_]) -> tuple[Metric, Metric]:
    """Give the largest and the mean absolute deviation of the answers used."""
    deviations = np.where(used, np.abs(given - other), 0.0).reshape(len(given), -1)
    total, largest = deviations.sum(axis=1), deviations.max(axis=1)
    count = used.reshape(len(given), -1).sum(axis=1)

    def largest_of(weights: Floats) -> dict[str, Floats]:
        return {"": np.where(weights > 0, largest[:, None], 0.0).max(axis=0)}

    def mean_of(weights: Floats) -> dict[str, Floats]:
        return {"": _ratio(total @ weights, count @ weights)}

    return largest_of, mean_of


def _estimates(metrics: Sequence[Metric], blocks: Integers, seed: int) -> dict[str, Estimate]:
    """Put an interval around each measure, all from the same resamples."""
    resamples = draw_blocks(blocks, seed=seed)
    everything = np.ones((len(blocks), 1))
    return {
        name: estimate(float(metric(everything)[""][0]), resampled_values(metric, resamples)[""], resamples.limits)
        for name, metric in zip(("largest", "mean", "agreement", "unrelated"), metrics, strict=True)
    }


def _said(result: Estimate) -> str:
    """Write an estimate out."""
    if result.value is None:
        return "undefined"
    if result.low is None or result.high is None:
        return f"{result.value:.3g}"
    return f"{result.value:.3g} (95 % interval {result.low:.3g} to {result.high:.3g})"


EXACT_DEVICE = Machine(torch.device("cpu"), reduced=False)
"""Reduced precision would hide whether a symmetry is exact."""


def strand_reports(
    folder: Path, genome: PreparedGenome, *, windows: int, window: int, seed: int
) -> dict[str, StrandReport]:
    """Compare what a model says of windows and of their other strands.

    Parameters
    ----------
    folder : Path
        A model directory, or a Hugging Face directory of a published model.
    genome : PreparedGenome
        Where the windows come from, evenly spaced.
    windows : int
        How many, at most.
    window : int
        Bases per window.
    seed : int
        Of the intervals.

    Returns
    -------
    dict of str to StrandReport
        ``descriptor``, of windows as a whole; and where tokens can be paired, ``predictions``, of every token.

    Raises
    ------
    InputError
        If the folder is no model, or no record holds a window.
    """
    model = load_model(folder)
    require_tokens(model.config, "the comparison of strands")
    regions = [Interval(name, 0, record.length) for name, record in genome.records.items()]
    bases, blocks = tile_windows(genome, regions, length=window, most=windows)
    reports = {"descriptor": compare_vectors(lambda part: _pooled(model, part), bases, blocks=blocks, seed=seed)}
    try:
        partners = target_partners(model.tokenizer) - model.tokenizer.targets.start
    except ConfigurationError:  # Words that are cut differently on the two strands cannot be paired.
        return reports
    tokens = WindowTokens(model.tokenizer)
    reports["predictions"] = compare_predictions(
        lambda part: _logits(model, tokens, part), bases, target_partners=partners, blocks=blocks, seed=seed
    )
    return reports


def strand_record(reports: dict[str, StrandReport]) -> dict[str, Any]:
    """Give everything as JSON types."""
    return {name: asdict(report) | {"sentence": report.sentence()} for name, report in reports.items()}


def _pooled(model: SequenceModel, windows: Bases) -> npt.NDArray[np.float64]:
    """Give the means of the last layer over the tokens; where its halves are strands, what is invariant of them."""
    parts = [
        embed(model, batch.ids.numpy(), EXACT_DEVICE, counted=False)
        for _, batch in cut_windows(WindowTokens(model.tokenizer), windows)
    ]
    means = np.split(np.concatenate(parts), 4, axis=1)[3].astype(np.float64)
    if not isinstance(model.config, StrandConfig):
        return means
    states = torch.from_numpy(means)[:, None]
    return invariant_descriptor(states, torch.ones(states.shape[:2], dtype=torch.bool)).numpy()


def _logits(model: SequenceModel, tokens: WindowTokens, windows: Bases) -> npt.NDArray[np.float64]:
    """Give the logits of every token, shape (B, L, V)."""
    ids = tokens.ids(torch.from_numpy(np.ascontiguousarray(windows)))
    every = torch.ones_like(ids, dtype=torch.bool)
    targets = len(model.tokenizer.targets)
    scores = token_scores(model, ids, every, lambda logits, part: logits, EXACT_DEVICE)
    return scores.reshape(*ids.shape, targets)
