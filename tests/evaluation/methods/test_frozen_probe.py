"""The frozen probe: representations chosen on validation, strands averaged, and one score in every verb."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genolect.evaluation import label_curve as curves
from genolect.evaluation.label_curve import CurveOptions, label_curve
from genolect.evaluation.methods import frozen_probe as module
from genolect.evaluation.methods.frozen_probe import REPRESENTATIONS, Representation, frozen_probe, frozen_states
from genolect.evaluation.methods.learners import ArmFeatures
from genolect.evaluation.methods.method import blind
from genolect.evaluation.methods.probe import PROBE, probe_arms
from genolect.evaluation.panel import units_of
from genolect.evaluation.predictions import file_of, read_predictions
from genolect.evaluation.sections import strands_of
from genolect.evaluation.studies import information as bits_of
from genolect.evaluation.studies.information import information
from genolect.evaluation.tables import Contestants, EvaluationOptions, evaluate_tables
from genolect.models.inference import this_machine
from genolect.models.model import load_model
from genolect.statistics.bootstrap import draw_blocks
from genolect.statistics.information import told_information
from genolect.tables.task_file import TableTask
from tests.pretraining.panel_tasks import model_folder, table_of, tiny_model, write_table


def test_sequences_are_described_alike_in_any_order_and_on_either_strand():
    sequences = table_of("length", n=40).sequences
    model, machine = tiny_model(), this_machine()
    whole = frozen_states(model, sequences, "both", machine)
    order = np.random.Generator(np.random.Philox(1)).permutation(40)
    mixed = frozen_states(model, sequences.select(order), "both", machine)
    np.testing.assert_allclose(mixed, whole[order], atol=2e-2)
    turned = frozen_states(model, sequences.reverse_complement(), "both", machine)
    mean_and_most = [0, 2]  # of an even length the centre is not the same base from both ends
    np.testing.assert_allclose(turned[:, :, mean_and_most], whole[:, :, mean_and_most], atol=2e-2)
    one = frozen_states(model, sequences, "one", machine)
    assert np.abs(one - whole).max() > 0.05
    assert whole.shape == (40, 3, 3, 16)


def test_the_representation_that_knows_is_chosen_on_validation_only():
    parts = blind(table_of("noise", n=300).parts())
    answers = {"train": 1, "validation": 1, "test": 0}

    def states(part):
        generator = np.random.Generator(np.random.Philox(len(part)))
        vectors = generator.normal(size=(len(part), 3, 3, 2)).astype(np.float32)
        if answers[str(part.split[0])]:
            vectors[:, 1, 2, 0] += 3 * part.target.values
        return vectors

    found, answered = frozen_probe(ArmFeatures(*map(states, parts)), parts)
    assert found == Representation((1,), (0, 2))
    assert answered.tried == len(REPRESENTATIONS) == 6
    assert answered.setting.startswith("middle states, mean beside max, C = ")


class Verbs:
    """Every verb that probes the frozen model on a table, on one table and one model."""

    def __init__(self, folder: Path, strand: str) -> None:
        self.folder = folder
        self.model = model_folder(folder / "model")
        table = table_of("motif", n=240, length=30)
        self.path = write_table(folder / "task.tsv", table, strand=[strand] * len(table))
        self.task = TableTask(table=str(self.path))

    def evaluate(self) -> dict:
        options = EvaluationOptions(baselines=(), seeds=1, resamples=20, processes=1)
        return evaluate_tables(
            Contestants({"model": self.model}), {"": TableTask(table=str(self.path))}, self.folder, options=options
        )

    def auroc_evaluated(self) -> float:
        rows = self.evaluate()["evaluation"]
        return next(row["value"] for row in rows if row["arm"] == PROBE and row["metric"] == "auroc")

    def auroc_of_all_labels(self) -> float:
        options = CurveOptions(shares=(1.0,), draws=5)
        rows = label_curve(self.task, self.model, self.folder / "curve", options=options)["evaluation"]
        return next(row["value"] for row in rows if row["arm"] == PROBE and row["share"] == 1)

    def information(self) -> tuple[float, str]:
        found = information([self.model], self.task, self.folder / "bits")
        bits = [row["value"] for row in found["evaluation"] if row["arm"] == "pretrained"]
        return bits[0], next(note for note in found["notes"] if note.startswith("pretrained: "))


@pytest.fixture(params=[".", "+"], ids=["both", "one"])
def verbs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verbs:
    monkeypatch.setattr(curves, "WORD_LENGTHS", (1, 2))
    monkeypatch.setattr(bits_of, "WORD_LENGTHS", (1, 2))
    return Verbs(tmp_path, request.param)


def test_a_model_on_a_table_has_one_probe_in_every_verb(verbs: Verbs) -> None:
    """Equal to the bit: AUROC of ``evaluate`` and ``label-curve``, answers of ``evaluate`` and ``information``."""
    parts = verbs.task.read().table.parts()
    strands = strands_of(*parts)
    [answers] = probe_arms(load_model(verbs.model), strands=strands)[PROBE](blind(parts), [0])
    auroc = verbs.auroc_evaluated()
    kept = read_predictions(file_of(verbs.folder, "task")).arms[PROBE][0]
    np.testing.assert_array_equal(kept.test, answers.test.astype(np.float32))
    assert 0.5 < auroc < 1
    assert verbs.auroc_of_all_labels() == auroc
    bits, setting = verbs.information()
    drawn = draw_blocks(units_of(parts.test).group, seed=0)
    told = told_information(answers.test, parts.test.target.values, drawn, quantity="I(Z;Y)")
    assert bits == told.bits.value
    assert setting == f"pretrained: {answers.setting}"


@pytest.mark.parametrize("verbs", ["."], ids=["both"], indirect=True)
def test_another_representation_or_strand_is_noticed(verbs: Verbs, monkeypatch: pytest.MonkeyPatch) -> None:
    auroc, bits = verbs.auroc_evaluated(), verbs.information()[0]
    over_strands, one = module.over_strands, (Representation((2,), (0,)),)
    changes = {"REPRESENTATIONS": one, "over_strands": lambda *given, both: over_strands(*given, both=False)}
    for name, changed in changes.items():
        with monkeypatch.context() as patched:
            patched.setattr(module, name, changed)
            assert verbs.auroc_of_all_labels() != auroc
            assert verbs.information()[0] != bits
