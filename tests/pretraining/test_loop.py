"""Training is exact: a run that was stopped anywhere ends, bit for bit, like one that never was."""

from __future__ import annotations

import math
import signal
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from genolect import files
from genolect.errors import ConfigurationError, DivergenceError, InputError, Interrupted
from genolect.objectives.masked import MaskedMetrics
from genolect.pretraining.checkpoint import newest_checkpoint
from genolect.pretraining.loop import Observers, Progress, Training, TrainingPoint
from genolect.pretraining.parts import Part
from tests.toys import (
    CPU,
    WINDOW,
    WINDOWS,
    Fault,
    ToyTraining,
    ToyWindows,
    fingerprint,
    timeless,
    toy_config,
    toy_model,
    toy_objective,
    toy_observers,
)

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}


class Stopped(Exception):  # noqa: N818 - it is no error, it is a plug that is pulled
    """Raised by a test in the middle of a run."""


def run(folder: Path, config=None, *, stop: int | None = None, model=None) -> ToyTraining:
    """Train, or go on; with `stop` the plug is pulled as soon as that many steps are done."""

    def report(progress: Progress) -> None:
        if progress.step == stop:
            raise Stopped

    training = ToyTraining(config, model=model)
    if stop is None:
        training.run(folder, toy_observers())
    else:
        with pytest.raises(Stopped):
            training.run(folder, toy_observers(report=report))
    return training


def outcome(training: Training) -> tuple[str, list[TrainingPoint]]:
    return fingerprint(training.model), timeless(training.progress.curve)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[TrainingPoint]]:
    return outcome(run(tmp_path_factory.mktemp("reference")))


# ---------------------------------------------------------------- exactness


def test_the_same_seed_gives_the_same_bits_and_another_does_not(tmp_path, reference):
    assert outcome(run(tmp_path / "again")) == reference
    assert outcome(run(tmp_path / "other", toy_config(seed=8))) != reference
    assert outcome(run(tmp_path / "model", model=toy_model(seed=4))) != reference


@pytest.mark.parametrize("stops", [(1,), (2,), (3,), (4,), (5,), (1, 3), (3, 3, 4), (2, 3, 4, 5)])
def test_a_resumed_run_ends_like_one_that_never_stopped(tmp_path, reference, stops):
    for stop in stops:
        run(tmp_path, stop=stop)
    training = run(tmp_path)
    assert training.began == max((stop - 1) // 2 * 2 for stop in stops)
    assert outcome(training) == reference


@pytest.mark.parametrize("context_lengths", [(), (2,)])
def test_other_models_resume_as_exactly(tmp_path, context_lengths):
    def model():
        return toy_model(context_lengths=context_lengths)

    straight = run(tmp_path / "straight", model=model())
    run(tmp_path / "stopped", stop=3, model=model())
    assert outcome(run(tmp_path / "stopped", model=model())) == outcome(straight)


def test_checkpoints_change_nothing(tmp_path, reference):
    assert outcome(run(tmp_path, toy_config(checkpoint_every=0)))[0] == reference[0]


@pytest.mark.parametrize("lost", ["optimizer", "recent"])
def test_a_resume_that_forgets_something_is_noticed(tmp_path, monkeypatch, lost):
    """Mutants: the comparison above sees an optimizer or a progress that was not restored."""
    config = toy_config(validate_every=4)  # The checkpoint after two steps lies between points of the curve.
    straight = outcome(run(tmp_path / "straight", config))
    run(tmp_path / "stopped", config, stop=3)
    training = ToyTraining(config)
    if lost == "optimizer":
        monkeypatch.setattr(training.optimizer, "load_tensors", lambda tensors: None)
    else:
        monkeypatch.setattr(training, "_metrics", lambda name, values: MaskedMetrics(1.0, 1, 1.0, 1))
    training.run(tmp_path / "stopped", toy_observers())
    assert outcome(training) != straight


def test_a_finished_run_has_nothing_left_to_do(tmp_path, reference):
    run(tmp_path)
    again = ToyTraining(before=lambda step: pytest.fail(f"step {step} was made again"))
    again.run(tmp_path, toy_observers())
    assert outcome(again) == reference


# ---------------------------------------------------------------- the curve and the progress


def test_the_curve_has_a_point_where_it_was_asked_for_and_at_the_end(reference):
    curve = reference[1]
    assert [point.step for point in curve] == [2, 4, 5]
    assert [point.bases for point in curve] == [step * WINDOWS * WINDOW for step in (2, 4, 5)]
    assert curve[0].training_bits == pytest.approx(2, abs=0.1)  # The head starts undecided among four bases.


def test_the_curve_counts_what_it_says(tmp_path):
    """Training bits are the mean over the bases selected since the last point, not over steps."""
    seen = []
    objective = toy_objective()
    real = objective.loss

    def loss(logits, targets):
        answer = real(logits, targets)
        seen.append(answer[1])
        return answer

    objective.loss = loss
    training = Training(toy_model(), {"one": Part(objective, ToyWindows())}, toy_config(validate_every=3), CPU)
    training.run(tmp_path, Observers())
    expected = [sum(one.nats for one in part) / sum(one.count for one in part) for part in (seen[:3], seen[3:])]
    assert [point.training_bits * math.log(2) for point in training.progress.curve] == pytest.approx(expected)
    assert [point.heldout_bits for point in training.progress.curve] == [None, None]
    assert [point.measures["one"]["nats_per_token"] for point in training.progress.curve] == pytest.approx(expected)
    assert training.progress.total["one"] == sum(seen[1:], seen[0])


def test_a_step_without_a_selected_base_has_no_training_bits(tmp_path):
    class Unasked(ToyWindows):
        def bases(self, step, count):
            return super().bases(step, count) * 0 + 4  # N can not be selected.

    training = Training(toy_model(), {"one": Part(toy_objective(), Unasked())}, toy_config(steps=1), CPU)
    training.run(tmp_path, Observers())
    (point,) = training.progress.curve
    assert point.training_bits is None
    assert newest_checkpoint(tmp_path)[0].progress["curve"] == [asdict(point)]


def test_observers_hear_every_step_and_time_adds_up(tmp_path):
    seconds = []
    for stop in (3, None):
        training = ToyTraining()

        def report(progress, stop=stop):
            seconds.append(progress.seconds)
            if progress.step == stop:
                raise Stopped

        try:
            training.run(tmp_path, toy_observers(report=report))
        except Stopped:
            continue
    assert len(seconds) == 3 + 3
    assert seconds[3] > seconds[1]  # The step after the checkpoint, once and again.
    assert sorted(seconds[:3]) == seconds[:3]
    assert sorted(seconds[3:]) == seconds[3:]


# ---------------------------------------------------------------- another run's checkpoint


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seed": 8}, "seed: 7 then, 8 now"),
        ({"steps": 6, "learning_rate": 0.5}, r"steps: 5 then, 6 now; learning_rate: 0\.003 then, 0\.5 now"),
    ],
)
def test_other_settings_are_refused_by_name(tmp_path, changes, named):
    run(tmp_path, stop=3)
    with pytest.raises(ConfigurationError, match=rf"{tmp_path}: .* made with other settings \({named}\)"):
        run(tmp_path, toy_config(**changes))


def test_another_model_is_refused_untouched(tmp_path):
    run(tmp_path, stop=3, model=toy_model(context_lengths=(2,)))
    for other in (toy_model(), toy_model(context_lengths=())):
        before = fingerprint(other)
        with pytest.raises(InputError, match=f"{tmp_path}: the checkpoint is of a model of another shape"):
            run(tmp_path, model=other)
        assert fingerprint(other) == before


# ---------------------------------------------------------------- divergence


def spoil_loss(training: ToyTraining, value: float) -> None:
    real = training.objective.loss

    def loss(logits, targets):
        loss, metrics = real(logits, targets)
        return loss * value, metrics

    training.objective.loss = loss


def spoil_gradient(name: str, training: ToyTraining, value: float) -> None:
    def hook(gradient: torch.Tensor) -> torch.Tensor:
        gradient = gradient.clone()
        gradient.view(-1)[-1] = value
        return gradient

    dict(training.model.named_parameters())[name].register_hook(hook)


SPOILERS = {
    "loss": spoil_loss,
    "head": lambda *given: spoil_gradient("head.predict.bias", *given),
    "matrix": lambda *given: spoil_gradient("encoder.blocks.0.attention.project.weight", *given),
    "embedding": lambda *given: spoil_gradient("encoder.stem.embedding.weight", *given),
}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", SPOILERS)
@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_a_number_that_is_not_finite_stops_the_run_before_any_weight_moves(tmp_path, where, value, at):
    before = {}

    def spoil(step: int) -> None:
        if step == at:
            before["weights"] = fingerprint(training.model)
            before["state"] = {name: tensor.clone() for name, tensor in training.optimizer.tensors().items()}
            SPOILERS[where](training, value)

    training = ToyTraining(before=spoil)
    with pytest.raises(DivergenceError, match=rf"(loss|gradient norm) of step {at} is (-?inf|nan)") as caught:
        training.run(tmp_path, toy_observers())
    assert caught.value.exit_code == 5
    assert fingerprint(training.model) == before["weights"]
    after = training.optimizer.tensors()
    assert after.keys() == before["state"].keys()
    assert all(torch.equal(after[name], tensor) for name, tensor in before["state"].items())
    checkpoint, rejected = newest_checkpoint(tmp_path)
    assert rejected == []
    assert (checkpoint.step if checkpoint else 0) == at // 2 * 2
    if checkpoint:
        assert all(bool(tensor.isfinite().all()) for tensor in checkpoint.tensors.values())


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("validate_every", [0, 4])
def test_a_weight_that_is_not_finite_reaches_no_checkpoint(tmp_path, value, validate_every):
    def spoil(step: int) -> None:
        if step == 3:  # After the optimizer moved, so that neither loss nor gradient of this step shows it.
            real = training.optimizer.step

            def spoilt(share):
                real(share)
                training.model.encoder.norm.bias.data[1] = value

            training.optimizer.step = spoilt

    training = ToyTraining(toy_config(validate_every=validate_every), before=spoil)
    with pytest.raises(DivergenceError, match=r"encoder\.norm\.bias after step 4 is (inf|nan)"):
        training.run(tmp_path, toy_observers())
    checkpoint, _ = newest_checkpoint(tmp_path)
    assert checkpoint.step == 2
    assert all(bool(tensor.isfinite().all()) for tensor in checkpoint.tensors.values())


# ---------------------------------------------------------------- signals


@pytest.mark.parametrize(("number", "code"), SIGNALS.items())
@pytest.mark.parametrize("step", [0, 1, 2, 4])
def test_a_signal_ends_the_step_saves_and_says_how_to_go_on(tmp_path, reference, number, code, step):
    handlers = {watched: signal.getsignal(watched) for watched in SIGNALS}
    training = ToyTraining(before=lambda at: signal.raise_signal(number) if at == step else None)
    with pytest.raises(Interrupted, match=rf"stopped by request after step {step + 1} of 5; .*--resume") as caught:
        training.run(tmp_path, toy_observers())
    assert caught.value.exit_code == code
    assert {watched: signal.getsignal(watched) for watched in SIGNALS} == handlers
    resumed = run(tmp_path)
    assert resumed.began == step + 1
    assert outcome(resumed) == reference


@pytest.mark.parametrize("share", [0, 0.4, 0.7, 1])
def test_a_signal_during_a_save_is_not_lost(tmp_path, reference, monkeypatch, share):
    """Not even during the very last operation of the last one, after which nothing is left to do."""
    count = Fault()
    monkeypatch.setattr(files, "before_operation", count)
    run(tmp_path / "counted")
    at = round(share * (len(count.seen) - 1))
    monkeypatch.setattr(files, "before_operation", Fault(at, lambda: signal.raise_signal(signal.SIGTERM)))
    with pytest.raises(Interrupted) as caught:
        ToyTraining().run(tmp_path / "stopped", toy_observers())
    assert caught.value.exit_code == 143
    monkeypatch.setattr(files, "before_operation", Fault())
    assert outcome(run(tmp_path / "stopped")) == reference


def test_a_second_signal_acts_at_once(tmp_path, reference):
    def twice(step: int) -> None:
        if step == 3:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)

    training = ToyTraining(before=twice)
    with pytest.raises(KeyboardInterrupt):
        training.run(tmp_path, toy_observers())
    assert training.progress.step == 3
    resumed = run(tmp_path)
    assert resumed.began == 2
    assert outcome(resumed) == reference


def test_a_second_signal_within_a_save_leaves_the_last_checkpoint(tmp_path, reference, monkeypatch):
    fault = Fault(20, lambda: [signal.raise_signal(signal.SIGINT) for _ in range(2)])
    monkeypatch.setattr(files, "before_operation", fault)
    saved = []
    with pytest.raises(KeyboardInterrupt):
        ToyTraining(saved=saved.append).run(tmp_path, toy_observers())
    assert saved == [2]
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000002"]
    monkeypatch.setattr(files, "before_operation", Fault())
    assert outcome(run(tmp_path)) == reference
