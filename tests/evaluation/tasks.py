"""Small tasks of every kind, for the tests of arms and panels."""

from __future__ import annotations

import numpy as np

from genolect.evaluation.methods.learners import ArmFeatures
from genolect.sequence.ragged import RaggedBases
from genolect.tables.table import LabelledTable, Parts, Places, Target

SIZES = {"train": 210, "validation": 81, "test": 120}
N = sum(SIZES.values())


def table(target: Target, sequences: RaggedBases | None = None, **columns: np.ndarray) -> LabelledTable:
    """Make a table of 411 examples, by default of random sequences."""
    generator = np.random.Generator(np.random.Philox(77))
    if sequences is None:
        rows = [generator.integers(0, 4, size=int(size), dtype=np.uint8) for size in generator.integers(12, 31, size=N)]
        sequences = RaggedBases.of(rows)
    given = {
        "identifier": np.array([f"e{number}" for number in range(N)]),
        "split": np.repeat(list(SIZES), list(SIZES.values())),
        "group": np.array([f"g{number // 4}" for number in range(N)]),
        "places": Places.unknown(N),
    }
    return LabelledTable("toy", sequences=sequences, target=target, **{**given, **columns})


def hidden(seed: int = 0) -> np.ndarray:
    """Give three hidden numbers per example, which labels come from."""
    return np.random.Generator(np.random.Philox(seed)).normal(size=(N, 3))


def targets() -> dict[str, Target]:
    """Give a target of every kind, made of `hidden`."""
    values = hidden()
    several = (values > 0).astype(np.float64)
    several[::7, 1] = np.nan
    return {
        "classes": Target("classes", ("a", "b", "c"), values.argmax(axis=1)),
        "two classes": Target("classes", ("no", "yes"), (values[:, 0] > 0).astype(np.int64)),
        "multilabel": Target("multilabel", ("x", "y", "z"), several),
        "number": Target("number", ("y",), 50 + 9 * values[:, 0]),
    }


def features(parts: Parts, noise: float, seed: int = 1) -> ArmFeatures:
    """Give the hidden numbers with noise, and two columns of nothing."""
    known = hidden()
    generator = np.random.Generator(np.random.Philox(seed))
    seen = np.hstack([known + noise * generator.normal(size=known.shape), generator.normal(size=(N, 2))])
    ends = np.cumsum(list(SIZES.values()))
    return ArmFeatures(*np.split(seen, ends[:-1]))
