"""A kind of objective from outside the package: registered, asked for in a recipe, trained, held out, and resumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
import torch
from pydantic import Field
from torch import Tensor

from genolect.encoders.encoder import HeadConfig
from genolect.errors import ConfigurationError
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.windows import tile_windows
from genolect.models.inference import this_machine, window_answers
from genolect.models.model import load_model
from genolect.objectives.objective import Batch, Inputs
from genolect.pretraining.kinds.exam import MeanExam
from genolect.pretraining.kinds.kind import Held, ObjectiveKind, Setting, objective_kinds, register
from genolect.pretraining.parts import Part
from genolect.pretraining.plan import PretrainingOptions, plan_of_model
from genolect.pretraining.pretraining import PretrainingListener, pretrain
from genolect.pretraining.questions import ask
from genolect.pretraining.recipe_file import read_recipe
from genolect.report.page import write_report
from genolect.sequence.alphabet import BASE_BITS
from tests.tiny import shrink, synthetic_folder, temporary_folder

WINDOW = 40
OPTIONS = PretrainingOptions(steps=60, seed=6, window=WINDOW)
RECIPE = """
[objectives.gc]
kind = "window_gc"
scale = 3.0

[weights.gc]
value = 0.5
"""


def gc_of(bases: Any) -> Any:
    """G and C by all bases of each window, of an array or a tensor of base codes."""
    codes = bases & BASE_BITS
    return ((codes == 1) | (codes == 2)).sum(-1) / bases.shape[-1]


@dataclass(frozen=True)
class GcMetrics:
    """Squared errors."""

    error: float = 0.0
    windows: int = 0

    def __add__(self, other: GcMetrics) -> GcMetrics:
        return GcMetrics(self.error + other.error, self.windows + other.windows)

    def means(self) -> dict[str, float]:
        """The mean squared error."""
        return {"squared_error": self.error / self.windows if self.windows else float("nan")}


class GcObjective:
    """The GC content of whole windows, times something, by its squared error."""

    reads: Literal["pooled"] = "pooled"
    causal = None
    metrics = GcMetrics

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def corrupt(self, batch: Batch, key: int) -> tuple[Inputs, Tensor]:
        """Show everything."""
        return Inputs(batch.ids, None), self.scale * gc_of(batch.bases)

    def loss(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, GcMetrics]:
        """The mean squared error."""
        loss = torch.nn.functional.mse_loss(outputs[:, 0].float(), targets)
        return loss, GcMetrics(float(loss.detach()) * len(targets), len(targets))


@dataclass(frozen=True, eq=False)
class GcExam(MeanExam):
    """Windows whose GC content is asked for; the baseline says that of the training windows."""

    measure = "squared error"
    counted = "windows"
    lower_is_better = True
    bar_name = "mean of training windows"

    setting: Setting
    windows: np.ndarray
    truth: np.ndarray
    usual: float
    counts: np.ndarray
    blocks: np.ndarray

    def sums(self, model, machine):
        ids = self.setting.tokens.ids(torch.from_numpy(self.windows))
        return (window_answers(model, ids, machine, head=self.setting.name)[:, 0] - self.truth) ** 2

    def bar_sums(self):
        return (self.usual - self.truth) ** 2


@register
class WindowGc(ObjectiveKind):
    """Predict the GC content of windows."""

    kind: Literal["window_gc"] = "window_gc"
    learned_by: ClassVar[str] = "predicting GC content"

    scale: float = Field(1.0, gt=0)

    def head(self, setting: Setting) -> HeadConfig:
        return HeadConfig(kind="window", outputs=1)

    def part(self, setting, windows, split) -> Part:
        return Part(GcObjective(self.scale), windows, head=setting.name)

    def held_out_evaluations(self, setting: Setting, part: Part, held: Held) -> tuple[GcExam, GcExam]:
        batches = [part.batches.draw(step, torch.device("cpu")) for step in range(9)]
        usual = float(np.mean([self.scale * gc_of(batch.bases.numpy()).mean() for batch in batches]))
        exams = []
        for regions, most in held.roles():
            windows, blocks = tile_windows(held.genome, regions, length=held.window, most=most)
            truth = self.scale * gc_of(windows)
            exams.append(GcExam(setting, windows, truth, usual, np.ones(len(windows)), blocks))
        return exams[0], exams[1]

    def sentence(self, classes: tuple[str, ...]) -> str:
        return f"{self.scale:g} times the GC content of a window is predicted."


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    shrink(monkeypatch.setattr)


@pytest.fixture(scope="module")
def prepared():
    folder = temporary_folder() / "prepared"
    prepare_genome([synthetic_folder() / "genome.fa"], folder)
    return folder


@pytest.fixture(scope="module")
def trained(prepared):
    """Train once from a recipe's file; give the run, its results, the recipe and what was reported."""
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch.setattr)
        run, bars = temporary_folder() / "run", {}
        (run.parent / "recipe.toml").write_text(RECIPE)
        recipe, _ = read_recipe(run.parent / "recipe.toml")
        listener = PretrainingListener(report=lambda plan, progress, found: bars.update(found))
        results = pretrain(prepared, run, OPTIONS, command="genolect pretrain", listener=listener, recipe=recipe)
    return run, results, recipe, bars


def test_it_is_read_trained_and_held_out(trained):
    run, results, recipe, bars = trained
    assert recipe.objectives == {"gc": WindowGc(scale=3.0)}
    assert plan_of_model(run / "model").recipe == recipe
    told = results["pretraining"]
    assert told["how"] == "by predicting GC content"
    assert told["exams"]["gc"]["measure"] == "squared error"
    assert told["verdict"] == told["exams"]["gc"]["verdict"]
    assert "objectives: gc (window_gc)" in results["model"]["description"]
    assert (bars["gc"].name, bars["gc"].measure) == ("mean of training windows", "squared error")
    curve = [point["heldout"]["gc"] for point in told["curve"]]
    assert curve[-1] < curve[0] < 3 * 3  # It learns.


def test_the_held_out_figure_is_that_of_the_saved_model_on_the_test_regions(trained, prepared):
    """Computed once more by hand, one window at a time."""
    run, results, *_ = trained
    genome, machine = PreparedGenome(prepared), this_machine()
    test = plan_of_model(run / "model").split().test
    windows, _ = tile_windows(genome, test, length=WINDOW, most=60)
    model = load_model(run / "model").eval()
    errors = []
    for bases in windows:
        with torch.no_grad(), machine.autocast():
            said = float(model(torch.from_numpy(bases[None] & 7).long(), None, head="gc"))
        errors.append((said - 3 * np.isin(bases & 7, (1, 2)).mean()) ** 2)
    told = results["pretraining"]["exams"]["gc"]
    assert told["unit_count"] == len(errors) > 40
    assert told["model"]["value"] == pytest.approx(np.mean(errors), rel=1e-3)


def test_a_run_has_a_page_and_an_objective_its_description(trained, prepared):
    run, _, recipe, _ = trained
    write_report(run)
    assert "predicting GC content" in (run / "report.html").read_text("utf-8")
    (question,) = ask(
        prepare_genome([synthetic_folder() / "genome.fa"], temporary_folder() / "asked"),
        recipe,
        windows=50,
        window=WINDOW,
        seed=1,
    )
    assert (question.kind, question.leak) == ("window_gc", None)
    assert question.sentence == "3 times the GC content of a window is predicted."


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("objectives.gc.kind=window_cg", r"no objective of the kind 'window_cg'\. Fix: did you mean 'window_gc'\? All"),
        ("objectives.gc.kind=[3]", r"no objective of the kind '\[3\]'\. Fix: Allowed: causal"),
        ("objectives.gc.scal=2.0", r"\[objectives\.gc\]: unknown key 'scal'.*did you mean 'scale'"),
        ("objectives.gc.scale=0.0", r"\[objectives\.gc\]: scale: .*greater than 0"),
    ],
)
def test_mistakes_in_its_table_are_named(tmp_path, setting, message):
    (tmp_path / "recipe.toml").write_text(RECIPE)
    with pytest.raises(ConfigurationError, match=message) as caught:
        read_recipe(tmp_path / "recipe.toml", [setting])
    assert "\n" not in str(caught.value)


def test_a_name_is_given_once():
    assert objective_kinds()["window_gc"] is WindowGc
    assert register(WindowGc) is WindowGc

    class Other(WindowGc):
        """Takes the same name."""

    with pytest.raises(ConfigurationError, match="there is an objective of the kind 'window_gc' already"):
        register(Other)
    assert objective_kinds()["window_gc"] is WindowGc


def test_a_kind_that_leaves_something_out_cannot_be_asked_for():
    class Half(ObjectiveKind):
        """Has no part."""

        kind: Literal["half"] = "half"

    with pytest.raises(TypeError, match="abstract"):
        Half()
