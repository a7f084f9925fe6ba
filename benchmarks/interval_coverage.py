"""How often the 95 % intervals hold the truth when examples come in groups, and how long they take.

    python benchmarks/interval_coverage.py [--quick] [--json PATH]

Labels, scores and numbers are drawn so that the members of a group resemble one another (intraclass correlation 0.3)
and the population's AUROC, Matthews correlation, Pearson correlation and difference of two AUROCs are known exactly.
Our interval stands beside the plain percentile interval, beside BCa (Efron 1987) on the same resamples, and beside a
bootstrap that draws examples one by one, which must fall short. Groups differ in size: the logarithm has a standard
deviation of 0.5, or of 1.2 where it says uneven. One thread, processor time.

Legend: n examples, G groups, R resamples.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rows import Row, row, show
from scipy.special import ndtr, ndtri

from genolect.random import derived_generator
from genolect.statistics.bootstrap import Estimate, draw_blocks, estimate, resampled_values
from genolect.statistics.metric_set import metric_set
from genolect.statistics.metrics import auroc, matthews_at, pearson

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Values = dict[str, Floats]

GROUP_SIZE, CORRELATION, PREVALENCE = 8, 0.3, 0.4
OURS, THEIRS, THRESHOLD, RHO = 1.2, 0.9, 0.6, 0.6
RESAMPLES = 1_000
QUICK = 8


class Setting(NamedTuple):
    """How many groups, how unlike in size, and how often."""

    groups: int
    spread: float
    draws: int
    one_by_one: bool = False

    @property
    def name(self) -> str:
        return f"{self.groups} groups{', uneven' if self.spread > 1 else ''}"


SETTINGS = (
    Setting(5, 0.5, 600),
    Setting(8, 0.5, 600),
    Setting(12, 1.2, 600),
    Setting(20, 0.5, 1_000, one_by_one=True),
    Setting(20, 1.2, 600),
    Setting(50, 0.5, 1_000, one_by_one=True),
    Setting(200, 0.5, 500, one_by_one=True),
)


class Sample(NamedTuple):
    """A test set: a class with the scores of two arms, and a number with its prediction."""

    groups: Integers
    positive: npt.NDArray[np.bool_]
    ours: Floats
    theirs: Floats
    number: Floats
    predicted: Floats

    def measure(self, weights: Floats | None) -> Values:
        """Give every metric, R values each."""
        area = auroc(self.positive, self.ours, weights)
        return {
            "AUROC": area,
            "MCC": matthews_at(self.positive, self.ours, THRESHOLD, weights),
            "Pearson": pearson(self.number, self.predicted, weights),
            "AUROC difference": area - auroc(self.positive, self.theirs, weights),
        }


def truths() -> dict[str, float]:
    """Give the population's values: scores are normal with unit variance around 0, or OURS or THEIRS for positives."""
    sensitivity, fall_out = ndtr(OURS - THRESHOLD), ndtr(-THRESHOLD)
    called = PREVALENCE * sensitivity + (1 - PREVALENCE) * fall_out
    spread = np.sqrt(PREVALENCE * (1 - PREVALENCE) * called * (1 - called))
    area = ndtr(OURS / np.sqrt(2))
    return {
        "AUROC": float(area),
        "MCC": float(PREVALENCE * (sensitivity - called) / spread),
        "Pearson": RHO,
        "AUROC difference": float(area - ndtr(THEIRS / np.sqrt(2))),
    }


def sample(setting: Setting, draw: int) -> Sample:
    """Draw a test set in which groups share part of the scores, of the numbers and of the prevalence."""
    generator = derived_generator(1, "coverage", setting.name, draw)
    logarithms = setting.spread * generator.normal(size=setting.groups) - setting.spread**2 / 2
    sizes = np.maximum(1, np.round(GROUP_SIZE * np.exp(logarithms))).astype(np.int64)
    groups = np.repeat(np.arange(setting.groups), sizes)

    def shared() -> Floats:
        alone, together = generator.normal(size=groups.size), generator.normal(size=setting.groups)[groups]
        mixed: Floats = np.sqrt(1 - CORRELATION) * alone + np.sqrt(CORRELATION) * together
        return mixed

    prevalence = generator.beta(3 * PREVALENCE, 3 * (1 - PREVALENCE), size=setting.groups)
    positive = generator.random(groups.size) < prevalence[groups]
    difficulty, number = shared(), shared()
    ours, theirs = (shift * positive + np.sqrt(0.6) * difficulty + np.sqrt(0.4) * shared() for shift in (OURS, THEIRS))
    return Sample(groups, positive, ours, theirs, number, RHO * number + np.sqrt(1 - RHO**2) * shared())


def intervals(setting: Setting, draw: int) -> Iterator[tuple[str, str, Estimate]]:
    """Give each metric's interval by each method."""
    found = sample(setting, draw)
    drawn = draw_blocks(found.groups, seed=draw, resamples=RESAMPLES)
    if drawn.refusal is not None:
        return
    resampled, values = resampled_values(found.measure, drawn), found.measure(None)
    left_out = found.measure((1 - np.eye(setting.groups))[found.groups])
    for metric, value in values.items():
        point = float(value[0])
        yield metric, "ours", estimate(point, resampled[metric], drawn.limits)
        yield metric, "plain percentile", estimate(point, resampled[metric])
        yield metric, "BCa", estimate(point, resampled[metric], bca_limits(point, resampled[metric], left_out[metric]))
    if setting.one_by_one:
        drawn = draw_blocks(np.arange(found.groups.size), seed=draw, resamples=RESAMPLES)
        for metric, singly in resampled_values(found.measure, drawn).items():
            yield metric, "one by one", estimate(float(values[metric][0]), singly)


def bca_limits(value: float, resampled: Floats, left_out: Floats) -> tuple[float, float]:
    """Levels of the bias-corrected and accelerated interval, from leaving out each group in turn."""
    bias = ndtri(np.clip((resampled < value).mean(), 1e-3, 1 - 1e-3))
    influence = np.nanmean(left_out) - left_out[np.isfinite(left_out)]
    acceleration = (influence**3).sum() / (6 * (influence**2).sum() ** 1.5)
    low, high = (ndtr(bias + (bias + z) / (1 - acceleration * (bias + z))) for z in (-1.96, 1.96))
    return float(low), float(high)


def coverage(setting: Setting) -> dict[tuple[str, str], float]:
    """Share of test sets whose interval holds the truth, in percent, where there is one."""
    known, held = truths(), dict[tuple[str, str], list[bool]]()
    refused = [draw_blocks(sample(setting, draw).groups, seed=0, resamples=1).refusal for draw in range(setting.draws)]
    held["", "refused"] = [one is not None for one in refused]
    for draw in range(setting.draws):
        for metric, method, one in intervals(setting, draw):
            if one.low is not None and one.high is not None:
                held.setdefault((metric, method), []).append(one.low <= known[metric] <= one.high)
    return {key: 100 * float(np.mean(answers)) for key, answers in held.items()}


def coverage_rows(quick: bool) -> Iterator[Row]:
    """Give one row per metric, setting and method beside ours."""
    for setting in SETTINGS:
        found = coverage(setting._replace(draws=setting.draws // QUICK) if quick else setting)
        refused = found.pop(("", "refused"))
        yield row(f"{setting.name}: test sets that are refused an interval", refused, "%")
        for (metric, method), share in found.items():
            if method != "ours":
                what = f"{metric}, {setting.name}: 95 % intervals that hold the truth"
                yield row(what, found[metric, "ours"], "%", peer=share, peer_name=method)


def speed_rows(quick: bool) -> Iterator[Row]:
    """Give the seconds for 20,000 test examples in 200 groups."""
    n, resamples = 20_000, 250 if quick else 2_000
    generator = derived_generator(1, "speed")
    labels = generator.integers(0, 2, size=n)
    second = 1 / (1 + np.exp(-labels - generator.normal(size=n)))
    probabilities, number = np.stack([1 - second, second], axis=1), generator.normal(size=n)
    drawn = draw_blocks(np.arange(n) // 100, seed=1, resamples=resamples)
    classes, numbers = metric_set("classes"), metric_set("number")
    threshold = classes.thresholds(labels, probabilities)
    timed: dict[str, Callable[[Floats], Values]] = {
        "AUROC": lambda weights: {"": auroc(labels == 1, second, weights)},
        "all metrics of two classes": lambda weights: classes.measure(
            labels, probabilities, ("no", "yes"), weights, threshold
        ),
        "all metrics of numbers": lambda weights: numbers.measure(number, number + second, (), weights, None),
    }
    for what, metric in timed.items():
        start = time.process_time()
        resampled_values(metric, drawn)
        yield row(f"{what}, {n:,} examples, {resamples:,} resamples", time.process_time() - start, "s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="an eighth of the draws and resamples")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = [*coverage_rows(options.quick), *speed_rows(options.quick)]
    show([*rows, row("in all", time.process_time(), "s")], options.json)


if __name__ == "__main__":
    main()
