"""A new way to answer is one file: a baseline that is marked here, outside the package, stands in a panel by name."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.errors import ConfigurationError
from genolect.evaluation.methods.baselines import baseline_arms, baseline_names
from genolect.evaluation.methods.method import REGISTERED, Answers, baseline
from genolect.evaluation.panel import PanelOptions, run_panel
from tests.tables.planted_signal import planted_signal


@pytest.fixture
def toy():
    """A baseline that reads how long a sequence is, and nothing else."""
    before = dict(REGISTERED)

    @baseline("length_only", 15)
    def build(context):
        def answer(parts, seeds):
            border = np.median(parts.train.sequences.lengths)
            longer = parts.train.target.values[parts.train.sequences.lengths > border].mean() > 0.5
            told = [(part.sequences.lengths > border) == longer for part in parts[1:]]
            return [Answers(*(np.stack([1.0 - one, 0.0 + one], axis=1) for one in told))]

        return answer

    yield
    REGISTERED.clear()
    REGISTERED.update(before)


def test_it_stands_in_a_panel_beside_the_others(toy) -> None:
    assert baseline_names()[:3] == ("majority", "length_only", "composition")
    table = planted_signal("length", n=300, length=40).table
    arms = baseline_arms(["majority", "length_only"])
    result = run_panel(table, arms, reference="length_only", options=PanelOptions(resamples=200))
    scores = {row["arm"]: row["value"] for row in result.rows if row["metric"] == "auroc"}
    assert scores["length_only"] > 0.9 > scores["majority"]
    assert "length_only" in result.sentences[0]


def test_without_it_the_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"no arm 'length_only'. Fix: choose of majority, composition"):
        baseline_arms(["length_only"])
