"""Full training: both arms alike, labels of every kind, heads that begin undecided, batches without padding."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genolect.errors import DivergenceError
from genolect.evaluation.methods import finetuned
from genolect.evaluation.methods.finetuned import HEAD, TableBatches, finetuned_arms, with_head
from genolect.evaluation.methods.method import blind
from genolect.models.inference import Machine
from genolect.pretraining.loop import Training
from genolect.statistics.metrics import auroc
from tests.evaluation.tasks import table, targets
from tests.pretraining.panel_tasks import table_of, tiny_model

CPU = Machine(torch.device("cpu"), reduced=False)


@pytest.fixture(autouse=True)
def _brief(monkeypatch):
    monkeypatch.setattr(finetuned, "RATES", [(3e-3, 1e-2)])
    monkeypatch.setattr(finetuned, "FEWEST_STEPS", 40)
    monkeypatch.setattr(finetuned, "MOST_STEPS", 40)


def test_a_head_is_added_to_a_copy():
    model = tiny_model()
    target = targets()["classes"]
    made = with_head(model, target, seed=1)
    assert made.head_configs[HEAD].outputs == 3
    assert not model.heads
    before, after = (dict(one.encoder.named_parameters()) for one in (model, made))
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not made(torch.zeros(2, 5, dtype=torch.int64), None, head=HEAD).any()


def test_steps_draw_sequences_of_one_length_with_their_labels():
    ids = [np.full(size, size) for size in (3, 5, 3, 5, 3, 7)] * 9
    batches = TableBatches(ids, np.arange(54), seed=1)
    seen = set()
    for step in range(30):
        batch = batches.draw(step, CPU.device)
        assert all((batch.ids[row] == ids[label][0]).all() for row, label in enumerate(batch.labels.tolist()))
        assert len(batch.labels) <= finetuned.BATCH
        seen |= set(batch.labels.tolist())
        assert torch.equal(batch.ids, batches.draw(step, CPU.device).ids)
    assert seen == set(range(54))


def test_sequences_of_the_other_strand_keep_their_label():
    ids = [np.array([0, 1]), np.array([2, 3]), np.array([4, 4]), np.array([5, 5])]
    batch = TableBatches(ids, np.array([7, 8]), seed=1).draw(0, CPU.device)
    told = {int(row[0]): int(label) for row, label in zip(batch.ids, batch.labels, strict=True)}
    assert told == {0: 7, 2: 8, 4: 7, 5: 8}


def test_model_and_twin_learn_what_can_be_learned():
    parts = table_of("GC", n=600, length=60).parts()
    arms = finetuned_arms(tiny_model(), machine=CPU)
    assert list(arms) == ["finetuned_twin", "finetuned"]
    for arm in arms.values():
        first, second = arm(blind(parts), [1, 2])
        assert auroc(parts.test.target.values == 1, first.test[:, 1])[0] > 0.7
        assert not np.array_equal(first.test, second.test)
        assert len(first.curve) == finetuned.POINTS
        assert first.setting == "rates 0.003 and 0.01"


@pytest.mark.parametrize("kind", ["classes", "multilabel", "number"])
def test_every_kind_is_answered_in_its_form(kind):
    parts = table(targets()[kind]).parts()
    [run] = finetuned_arms(tiny_model(), machine=CPU)["finetuned"](blind(parts), [1])
    assert run.test.shape == (120, *(() if kind == "number" else (3,)))
    assert np.isfinite(run.test).all()
    if kind == "number":
        assert abs(run.test.mean() - parts.train.target.values.mean()) < 5
    else:
        assert ((run.test >= 0) & (run.test <= 1)).all()


def test_a_setting_that_diverges_loses_and_only_if_all_do_is_it_an_error(monkeypatch):
    parts = blind(table_of("GC", n=300, length=40).parts())
    step, broken = Training.step, {"rates": {2e-2}}

    def sometimes(training):
        if training.config.matrix_learning_rate in broken["rates"]:
            raise DivergenceError("the loss of step 0 is nan", fix="lower the rate")
        step(training)

    monkeypatch.setattr(Training, "step", sometimes)
    monkeypatch.setattr(finetuned, "RATES", [(3e-3, 2e-2), (3e-3, 1e-2)])
    [run] = finetuned_arms(tiny_model(), machine=CPU)["finetuned"](parts, [1])
    assert run.setting == "rates 0.003 and 0.01"
    assert not run.notes
    broken["rates"] = {2e-2, 1e-2}
    with pytest.raises(DivergenceError, match="diverges with every setting"):
        finetuned_arms(tiny_model(), machine=CPU)["finetuned"](parts, [1])


def test_a_run_that_diverges_on_its_way_keeps_its_best_point(monkeypatch):
    parts = blind(table_of("GC", n=300, length=40).parts())
    step, last = Training.step, {"step": 20}

    def sometimes(training):
        if training.progress.step >= last["step"]:
            raise DivergenceError("the loss is nan", fix="lower the rate")
        step(training)

    monkeypatch.setattr(Training, "step", sometimes)
    [run] = finetuned_arms(tiny_model(), machine=CPU)["finetuned"](parts, [1])
    assert [point.step for point in run.curve] == [5, 10, 15, 20]
    assert not run.notes


@pytest.mark.parametrize(
    ("examples", "fewest", "trial", "full"),
    [(40, 16, 16, 16), (100, 16, 16, 31), (300, 16, 16, 48), (300, 4, 7, 48)],  # Ten times through, 32 at once.
)
def test_steps_follow_the_examples_and_trials_are_no_shorter_than_the_shortest_training(
    monkeypatch, examples, fewest, trial, full
):
    lengths = []

    class Noted(Training):
        def __init__(self, model, parts, config, machine):
            lengths.append(config.steps)
            super().__init__(model, parts, config, machine)

    monkeypatch.setattr(finetuned, "Training", Noted)
    monkeypatch.setattr(finetuned, "FEWEST_STEPS", fewest)
    monkeypatch.setattr(finetuned, "MOST_STEPS", 48)
    parts = table_of("GC", n=600, length=30).parts()
    parts = blind(parts._replace(train=parts.train.select(np.arange(examples))))
    [run] = finetuned_arms(tiny_model(), machine=CPU)["finetuned"](parts, [1])
    assert lengths == [trial, full]
    assert run.curve[-1].step == full
