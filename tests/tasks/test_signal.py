"""Signals: windows side by side with what most of each is, or the mean of a number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pybigtools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import ConfigurationError, InputError
from genolect.tasks.signal import SignalOptions, coverage, covered_bases, numbers, side_by_side, states
from tests.tasks.planted import LENGTHS, bed, expect_read_as_elsewhere, fasta, genome


def per_base(rows, names: list[str]) -> dict[str, np.ndarray]:
    found = {name: np.zeros((length, len(names))) for name, length in LENGTHS.items()}
    for row in rows:
        found[row.interval.name][row.interval.start : row.interval.end, names.index(row.identifier)] += 1
    return found


def painted(seed: int = 1):
    generator = np.random.default_rng(seed)
    rows = []
    for name, length in LENGTHS.items():
        borders = np.unique(generator.integers(0, length, 40))
        rows += [
            (name, int(a), int(b), ["open", "closed", "mixed"][int(generator.integers(3))], ".")
            for a, b in zip(borders[::2], borders[1::2], strict=False)
        ]
    return bed(*rows)


@given(seed=st.integers(0, 50), window=st.integers(30, 400))
def test_bases_are_counted_as_base_by_base(seed, window):
    rows = painted(seed)
    windows = side_by_side(LENGTHS, window)
    weights = np.array([[row.identifier == "open", row.identifier == "closed"] for row in rows], dtype=float)
    sums = covered_bases(windows, rows, weights)
    flat = per_base(rows, ["open", "closed", "mixed"])
    for row in range(0, len(windows), 7):
        name, start = str(windows.places.name[row]), int(windows.places.start[row])
        assert np.array_equal(sums[row], flat[name][start : start + window, :2].sum(axis=0))


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_the_class_covers_its_share(tmp_path: Path, share: float) -> None:
    rows, names = painted(), ["closed", "mixed", "open"]
    task = states(genome(), rows, SignalOptions(window=70, share=share))
    expect_read_as_elsewhere(task.table, fasta(tmp_path))
    flat = per_base(rows, names)
    labelled = 0
    for name, start in zip(side_by_side(LENGTHS, 70).places.name, side_by_side(LENGTHS, 70).places.start, strict=True):
        shares = flat[str(name)][start : start + 70].mean(axis=0)
        there = np.flatnonzero((task.table.places.name == name) & (task.table.places.start == start))
        if there.size:
            assert task.table.target.names[int(task.table.target.values[there[0]])] == names[int(shares.argmax())]
            assert shares.max() >= share
        labelled += shares.max() >= share
    assert len(task.table) > 30
    assert 0 <= labelled - len(task.table) <= 5  # ties, and windows of N


def test_numbers_are_means_of_what_is_covered() -> None:
    rows = bed(("I", 0, 80, "2.5", "."), ("I", 80, 100, "-1", "."), ("I", 100, 130, "7", "."))
    task = numbers(genome(), rows, SignalOptions(window=50))
    assert task.table.target.values.tolist() == pytest.approx([2.5, (30 * 2.5 - 20) / 50, 7])
    assert "windows have numbers for less than 50% of their bases" in task.notes[0]


def test_a_bigwig_gives_the_mean_of_every_window(tmp_path: Path) -> None:
    path = tmp_path / "a.bw"
    values = [("I", 10, 60, 3.0), ("II", 100, 130, 8.0), ("III", 0, 9, 1.0)]
    pybigtools.open(str(path), "w").write(LENGTHS, values)
    task = coverage(genome(), path, SignalOptions(window=50, transform="log1p"))
    means = dict(
        zip(
            zip(task.table.places.name.tolist(), task.table.places.start.tolist(), strict=True),
            task.table.target.values,
            strict=True,
        )
    )
    assert means["I", 0] == pytest.approx(np.log1p(2.4))
    assert means["I", 50] == pytest.approx(np.log1p(0.6))
    assert means["II", 100] == pytest.approx(np.log1p(4.8))
    assert means["I", 100] == 0


def test_windows_are_drawn_by_the_seed() -> None:
    first, again, other = (
        states(genome(), painted(), SignalOptions(window=70, count=20, seed=seed)).table.places.start.tolist()
        for seed in (1, 1, 2)
    )
    assert first == again != other
    assert len(first) == 20


def test_neighbours_of_a_hundred_kilobases_stay_together() -> None:
    windows = side_by_side({"I": 250_000}, 1000)
    assert len(set(windows.parent.tolist())) == 3


def test_what_is_no_signal_is_refused() -> None:
    with pytest.raises(InputError, match="the stretch has no name"):
        states(genome(), bed(("I", 3, 9, "", ".")))
    with pytest.raises(InputError, match="nothing to tell apart"):
        states(genome(), bed(("I", 0, 900, "one", ".")), SignalOptions(window=50))
    with pytest.raises(InputError, match="there are 101 classes"):
        states(genome(), bed(*(("I", n, n + 1, f"{n}", ".") for n in range(101))))
    with pytest.raises(InputError, match="the fourth column is 'early', which is no finite number"):
        numbers(genome(), bed(("I", 3, 9, "early", ".")))
    with pytest.raises(ConfigurationError, match="no sequence has 10,000 bases"):
        states(genome(), painted(), SignalOptions(window=10_000))
    with pytest.raises(InputError, match="no window has a label"):
        states(genome(), bed(("I", 3, 9, "a", "."), ("I", 20, 29, "b", ".")), SignalOptions(window=50))
