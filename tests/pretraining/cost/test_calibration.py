"""The machine's rates: found again where they are known, and within bounds where they are measured."""

from __future__ import annotations

import time

import pytest

from genolect.encoders.transformer import TransformerConfig
from genolect.models.inference import Machine
from genolect.pretraining.cost import calibration as measuring
from genolect.pretraining.cost.calibration import MODELS, calibrate, memory_beyond_baseline, work
from genolect.pretraining.cost.trial import Workload, saved_bytes
from tests.toys import CPU

RATES = {
    "linear": 3e-12,
    "attention": 5e-12,
    "stem": 7e-12,
    "head": 2e-12,
    "update": 4e-12,
    "layers": 2e-3,
    "values": 3e-8,
    "scores": 2e-9,
    "contexts": 1e-6,
    "one_hot": 1e-8,
    "parameters": 1e-9,
}


def workload(**changes):
    values = {"vocabulary": 7, "width": 192, "layers": 5, "heads": 3, "feed_forward": 480, "context_lengths": (3, 7)}
    batch = {"windows": 9, "tokens": 300}
    batch |= {name: changes.pop(name) for name in batch if name in changes}
    encoder = TransformerConfig(**(values | changes))
    return Workload(encoder=encoder, targets=encoder.vocabulary - 3, **batch)


def seconds(amounts, rates):
    return sum(amounts[kind] * rates[kind] for kind in amounts)


@pytest.fixture
def known_machine(monkeypatch):
    """A machine whose rates are known: nothing is trained."""
    monkeypatch.setattr(measuring, "trial_training", lambda model, machine: model)
    monkeypatch.setattr(measuring, "step_seconds", lambda model, clock, **_: 3 * [seconds(work(model), RATES)])
    monkeypatch.setattr(measuring, "saved_bytes", lambda model, machine: 5e6)
    monkeypatch.setattr(measuring, "peak_bytes", lambda machine: 300_000_000)


@pytest.mark.usefixtures("known_machine")
def test_known_rates_foretell_other_models():
    found = calibrate(CPU)
    assert found.worst_fit < 1e-6
    for other in (workload(), workload(width=64, heads=1, layers=2), workload(vocabulary=1027, context_lengths=())):
        assert seconds(work(other), found.seconds_per_unit) == pytest.approx(seconds(work(other), RATES), rel=0.02)


@pytest.mark.usefixtures("known_machine")
def test_the_baseline_is_what_the_first_model_does_not_explain():
    first = MODELS[0].workload()
    assert calibrate(CPU).baseline == 300_000_000 - memory_beyond_baseline(first, 5e6, CPU)


def test_a_real_measurement_is_one_of_time(monkeypatch):
    monkeypatch.setattr(measuring, "MODELS", tuple(model._replace(windows=1, tokens=40) for model in MODELS[:3]))
    found = calibrate(CPU, time.process_time)
    assert set(found.seconds_per_unit) == set(RATES)
    assert all(rate >= 0 for rate in found.seconds_per_unit.values())
    assert 0 < seconds(work(MODELS[0].workload()), found.seconds_per_unit) < 10
    assert found.baseline > 10_000_000


def test_every_kind_of_work_is_in_the_models_that_are_measured():
    amounts = [work(model.workload()) for model in MODELS]
    assert all(any(amount[kind] > 0 for amount in amounts) for kind in RATES)
    assert len(MODELS) >= len(RATES)


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ({"windows": 18}, {"linear", "attention", "stem", "head", "values", "scores", "contexts", "one_hot"}),
        ({"heads": 6}, {"scores"}),
        ({"context_lengths": (3, 5, 7)}, {"contexts", "parameters"}),
        ({"stem_reach": 5}, {"stem", "parameters"}),
    ],
)
def test_work_grows_where_it_should(change, kinds):
    before, after = work(workload()), work(workload(**change))
    assert {kind for kind in before if before[kind] != after[kind]} == kinds


def test_memory_grows_with_the_batch_and_the_vocabulary():
    saved = saved_bytes(workload(), CPU)
    before = memory_beyond_baseline(workload(), saved, CPU)
    assert memory_beyond_baseline(workload(windows=18), saved, CPU) > before
    assert memory_beyond_baseline(workload(vocabulary=4099), saved, CPU) > before
    assert memory_beyond_baseline(workload(), 2 * saved, CPU) > before + saved


def test_blocks_of_a_gpu_leave_nothing_unused():
    gpu = Machine(type("Device", (), {"type": "cuda"})(), reduced=True)
    assert memory_beyond_baseline(workload(), 1e6, gpu) < memory_beyond_baseline(workload(), 1e6, CPU)
