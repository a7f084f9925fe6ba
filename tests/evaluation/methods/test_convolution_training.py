"""The convolutional arm: it reaches a known ceiling, sees spacing, and depends on seed and strand as told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from genolect.evaluation.methods import convolution
from genolect.evaluation.methods.convolution import convolution_arm
from genolect.evaluation.methods.method import blind, truth_of
from genolect.models.inference import Machine
from genolect.statistics.metric_set import metric_set
from genolect.statistics.metrics import auroc
from tests.evaluation.tasks import table, targets
from tests.tables.planted_signal import planted_signal

CPU = Machine(torch.device("cpu"), reduced=False)


def reached(parts, run):
    return float(auroc(parts.test.target.values == 1, run.test[:, 1])[0])


@pytest.fixture
def _brief(monkeypatch):
    monkeypatch.setattr(convolution, "FEWEST_READ", 1_500)
    monkeypatch.setattr(convolution, "MOST_READ", 1_500)


def test_it_learns_a_rule_of_spacing_that_no_word_tells(monkeypatch):
    monkeypatch.setattr(convolution, "RATES", (3e-3,))
    monkeypatch.setattr(convolution, "DROPOUTS", (0.1,))
    monkeypatch.setattr(convolution, "MOST_READ", 20_000)
    parts = planted_signal("spacing", n=2_400, length=70, seed=1).table.parts()
    [run] = convolution_arm(blind(parts), [3], strands="one", machine=CPU)
    assert reached(parts, run) > 0.83
    losses = [point.validation for point in run.curve]
    assert min(losses) < 0.5 < losses[0]
    assert [point.step for point in run.curve] == sorted(point.step for point in run.curve)


def test_averaged_weights_can_be_judged_at_rates_at_which_single_ones_leap_about(monkeypatch):
    for bound in ("FEWEST_READ", "MOST_READ"):
        monkeypatch.setattr(convolution, bound, 6_000)
    parts = planted_signal("motif", n=700, length=40, seed=1).table.parts()
    trainer = convolution._Trainer(parts, "one", CPU)

    def leaps(averaging: float) -> float:
        """How far the validation loss goes, up and down, from point to point."""
        monkeypatch.setattr(convolution, "AVERAGING", averaging)
        curves = [trainer.train(convolution.Setting(1e-2, 0.1), seed=seed, share=1.0) for seed in (1, 2)]
        losses = [[point.validation for point in one.curve] for one in curves]
        assert all(min(one) < 0.45 for one in losses)
        return float(np.mean([np.abs(np.diff(one)).sum() / np.ptp(one) for one in losses]))

    assert leaps(0.98) < 1.5 < 2.5 < leaps(0.0)


@pytest.mark.usefixtures("_brief")
@pytest.mark.parametrize("kind", list(targets()))
def test_every_kind_of_label_is_answered_in_its_form(kind):
    parts = table(targets()[kind]).parts()
    first, second = convolution_arm(blind(parts), [3, 4], machine=CPU)
    shape = (120,) if kind == "number" else (120, len(parts.test.target.names))
    assert first.test.shape == shape
    assert first.validation.shape == (81, *shape[1:])
    assert first.tried == 6
    assert first.setting == second.setting
    assert not np.array_equal(first.test, second.test)
    metrics = metric_set(parts.test.target.kind)
    target = parts.test.target
    value = metrics.measure(truth_of(target), first.test, target.names, None, None)[metrics.headline][0]
    assert abs(value - metrics.chance) < 0.2  # the sequences say nothing about these labels
    if kind == "number":
        assert abs(first.test.mean() - parts.train.target.values.mean()) < 5


@pytest.mark.usefixtures("_brief")
def test_seed_and_strand(monkeypatch):
    monkeypatch.setattr(convolution, "RATES", (3e-3,))
    monkeypatch.setattr(convolution, "DROPOUTS", (0.1,))
    parts = blind(table(targets()["two classes"]).parts())
    [one], [same] = (convolution_arm(parts, [7], machine=CPU) for _ in range(2))
    np.testing.assert_array_equal(one.test, same.test)
    turned = parts._replace(test=replace(parts.test, sequences=parts.test.sequences.reverse_complement()))
    [other] = convolution_arm(turned, [7], machine=CPU)
    np.testing.assert_allclose(other.test, one.test, atol=1e-5)
    [plain], [flipped] = (convolution_arm(part, [7], strands="one", machine=CPU) for part in (parts, turned))
    assert np.abs(plain.test - flipped.test).max() > 1e-3


@pytest.mark.usefixtures("_brief")
def test_random_numbers_of_others_are_not_touched():
    before = torch.random.get_rng_state()
    convolution_arm(blind(table(targets()["two classes"]).parts()), [1], machine=CPU)
    assert torch.equal(before, torch.random.get_rng_state())
