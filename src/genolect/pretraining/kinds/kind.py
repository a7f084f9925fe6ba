"""What an objective kind is: its table of a recipe, its head and batches, its held-out evaluation, its sentence.

Adding an objective is adding one file to this folder, with a class that is registered; no other file names it. A kind
from elsewhere is registered the same way.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from genolect.config import Configuration
from genolect.encoders.encoder import EncoderConfig, HeadConfig
from genolect.errors import ConfigurationError, shown
from genolect.genome.classes import BaseClasses
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import GenomeSplit
from genolect.genome.windows import WindowSampler
from genolect.models.inference import Machine, WindowTokens
from genolect.models.model import SequenceModel
from genolect.objectives.leak import Leak
from genolect.objectives.objective import Batch, Metrics
from genolect.pretraining.parts import Part
from genolect.sequence.interval import Interval
from genolect.statistics.bootstrap import Estimate
from genolect.tokenizers.tokenizer import Tokenizer

CURVE_WINDOWS = 400
TEST_WINDOWS = 4_000
PATHS = ("file", "files")
"""Keys of a table that name files: in a recipe they are relative to it."""


@dataclass(frozen=True)
class ExamResult:
    """What a model reaches beside its bar.

    Attributes
    ----------
    measure : str
        ``bits per hidden base``, ``bits per base``, ``recall at 1``, ``accuracy`` or a correlation.
    unit_count : int
        How many were asked.
    counted : str
        Of what: ``hidden bases``, ``bases``, ``questions``, ``windows`` …
    lower_is_better : bool
        Whether a lower figure is a better one.
    model, bar : Estimate
        The two figures.
    bar_name : str
        Who the bar is.
    difference : Estimate
        The model minus the bar, paired.
    extra : dict of str to float
        More figures, by name.
    """

    measure: str
    unit_count: int
    counted: str
    lower_is_better: bool
    model: Estimate
    bar: Estimate
    bar_name: str
    difference: Estimate
    extra: dict[str, float] = field(default_factory=dict)

    def verdict(self) -> str:
        """Say in a sentence who wins, also when the model loses."""
        figures = f"{self.model.value:.4f} {self.measure}, the {self.bar_name} {self.bar.value:.4f}"
        low, high = self.difference.low, self.difference.high
        if low is None or high is None:
            return f"The model reaches {figures} ({self.unit_count:,} {self.counted}); too few blocks for an interval."
        interval = f"difference {self.difference.value:+.4f}, 95 % interval {low:+.4f} to {high:+.4f}"
        figures = f"{figures} ({interval}; {self.unit_count:,} {self.counted})"
        if low <= 0 <= high:
            return f"The model and the {self.bar_name} are level: {figures}."
        if (high < 0) == self.lower_is_better:
            return f"The model beats the {self.bar_name}: {figures}."
        return f"The model LOSES to the {self.bar_name}: {figures}. Train it longer."

    def to_mapping(self) -> dict[str, Any]:
        """Give everything and the verdict, for JSON."""
        return asdict(self) | {"verdict": self.verdict()}


class HeldOutTask(ABC):
    """Questions about held-out windows, and a bar that answers them too.

    Attributes
    ----------
    measure, counted, lower_is_better
        See `ExamResult`.
    """

    measure: str
    counted: str
    lower_is_better: bool

    @property
    @abstractmethod
    def bar_name(self) -> str:
        """Who the bar is."""

    @property
    @abstractmethod
    def unit_count(self) -> int:
        """How many are asked."""

    @property
    @abstractmethod
    def bar(self) -> float:
        """What the bar reaches, computed anew: it may have been tuned meanwhile."""

    @abstractmethod
    def score(self, model: SequenceModel, machine: Machine) -> float:
        """Give the model's figure alone, for a learning curve."""

    @abstractmethod
    def result(self, model: SequenceModel, machine: Machine, *, seed: int) -> ExamResult:
        """Give the model's figure beside the bar's, with intervals; the seed is that of the resampling."""

    def told(self, estimates: Sequence[Estimate], extra: Mapping[str, float] | None = None) -> ExamResult:
        """Put the estimates of model, bar and difference together."""
        model, bar, difference = estimates
        return ExamResult(
            measure=self.measure,
            unit_count=self.unit_count,
            counted=self.counted,
            lower_is_better=self.lower_is_better,
            model=model,
            bar=bar,
            bar_name=self.bar_name,
            difference=difference,
            extra=dict(extra or {}),
        )


class GenomeWindows(Protocol):
    """The training windows of the genome, which all objectives share: `batches.GenomeBatches`."""

    windows: WindowSampler
    count: int

    def draw(self, step: int, device: torch.device) -> Batch:
        """Draw the windows of one step, the very same batch for everyone who asks."""
        ...


@dataclass(frozen=True, eq=False)
class Setting:
    """What an objective of a recipe finds around it.

    Attributes
    ----------
    name : str
        What the recipe calls the objective; its head has the same name.
    tokens : WindowTokens
        Cuts windows.
    encoder : EncoderConfig
        Shape of the encoder, as far as the recipe says it: the size of the vocabulary is not known yet.
    classes : BaseClasses or None
        Of the genome's bases, where the recipe has classes.
    inputs : object
        What `ObjectiveKind.read` gave.
    """

    name: str
    tokens: WindowTokens
    encoder: EncoderConfig
    classes: BaseClasses | None
    inputs: Any

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in the order of their codes."""
        return () if self.classes is None else self.classes.names


@dataclass(frozen=True, eq=False)
class Held:
    """Where the windows of held-out evaluations come from.

    Attributes
    ----------
    genome : PreparedGenome
        The genome.
    split : GenomeSplit
        Baselines are tuned on its validation regions.
    counts : mapping of int to ndarray
        Of contexts in its training regions.
    window : int
        Bases per window.
    seed : int
        Which bases are masked, and how views are cut.
    """

    genome: PreparedGenome
    split: GenomeSplit
    counts: Mapping[int, npt.NDArray[np.int64]]
    window: int
    seed: int

    def roles(self) -> tuple[tuple[tuple[Interval, ...], int], ...]:
        """Give the regions of validation and test, and how many windows are taken from each."""
        return (self.split.validation, CURVE_WINDOWS), (self.split.test, TEST_WINDOWS)


class ObjectiveKind(Configuration, ABC):
    """One objective of a recipe, as its table says it.

    Attributes
    ----------
    kind : str
        Name of the kind; a class gives it as a `Literal` with a default.
    is_default : bool
        Whether a table without ``kind`` means this one, and a recipe without objectives has it alone.
    causal : bool
        Whether the encoder must not look ahead.
    reads_genome : bool
        Whether it asks about the windows of the genome that other objectives read too.
    learned_by : str
        What a model does that learns by it, for the page.
    evaluated_on : str
        What the points of the learning curve are measured on.
    """

    kind: str
    is_default: ClassVar[bool] = False
    causal: ClassVar[bool] = False
    reads_genome: ClassVar[bool] = True
    learned_by: ClassVar[str]
    evaluated_on: ClassVar[str] = "validation windows"

    @classmethod
    def from_table(cls, values: Mapping[str, Any], where: str) -> Self:
        """Read a table of a recipe; `where` names it in messages."""
        return cls.from_mapping(values, where)

    def check(self, name: str, classes: Collection[str]) -> None:
        """Refuse, with a ValueError, what does not fit the classes of the recipe."""

    def paths(self) -> tuple[str, ...]:
        """List the files that are named."""
        file = getattr(self, "file", None)
        return (*([] if file is None else [file]), *getattr(self, "files", ()))

    @property
    def extra_bases(self) -> int:
        """Bases that a step reads beside the windows of the genome."""
        return 0

    @property
    def needs_places(self) -> bool:
        """Whether batches have to say where their windows lie."""
        return False

    def read(self, genome: PreparedGenome, tokenizer: Tokenizer) -> Any:
        """Read what is named beside the genome, such as orthologues or tracks; refuse what does not fit."""
        return None

    def head(self, setting: Setting) -> HeadConfig | None:
        """Give the head that is needed beside the one for tokens."""
        return None

    @abstractmethod
    def part(self, setting: Setting, windows: GenomeWindows, split: GenomeSplit) -> Part:
        """Make the part of a training, of which the recipe sets the weight afterwards.

        Parameters
        ----------
        setting : Setting
            What is around it.
        windows : GenomeWindows
            The training windows of the genome, shared by all objectives.
        split : GenomeSplit
            Where they come from.
        """

    def start(self, model: SequenceModel, name: str, part: Part) -> None:
        """Change a new model before its first step, where its head should not start undecided."""

    @abstractmethod
    def held_out_evaluations(self, setting: Setting, part: Part, held: Held) -> tuple[HeldOutTask, HeldOutTask]:
        """Ask about what training never sees, beside a baseline that any model should clear.

        Parameters
        ----------
        setting : Setting
            What is around it.
        part : Part
            From `part`.
        held : Held
            Where held-out windows come from.

        Returns
        -------
        HeldOutTask, HeldOutTask
            A small one for the learning curve, on which the baseline is tuned, and that of the test regions.
        """

    @abstractmethod
    def sentence(self, classes: tuple[str, ...]) -> str:
        """Say what is asked, in a sentence; `classes` are the names of the classes of bases."""

    def leak(self, part: Part, steps: range, *, seed: int) -> Leak | None:
        """Measure what the inputs of some steps give away of the answers; None where nothing is masked."""
        return None

    def class_rates(self, metrics: Metrics, classes: tuple[str, ...]) -> dict[str, dict[str, float | int]]:
        """Give how many bases of each class training showed and selected; empty where that is not counted."""
        return {}


Registered = TypeVar("Registered", bound=ObjectiveKind)
_KINDS: dict[str, type[ObjectiveKind]] = {}


def register(kind: type[Registered]) -> type[Registered]:
    """Make a kind known by its name; a decorator of its class.

    Raises
    ------
    ConfigurationError
        If another class has this name.
    """
    name = kind.model_fields["kind"].default
    if _KINDS.setdefault(name, kind) is not kind:
        raise ConfigurationError(f"there is an objective of the kind {shown(name)} already", fix="choose another name")
    return kind


def objective_kinds() -> dict[str, type[ObjectiveKind]]:
    """Give every kind by its name: those of this folder, and those that were registered from elsewhere."""
    _import_all()
    return dict(sorted(_KINDS.items()))


def default_kind() -> type[ObjectiveKind]:
    """Give the kind that is meant where none is named."""
    return next(kind for kind in objective_kinds().values() if kind.is_default)


def kind_of_table(values: Mapping[str, Any], where: str) -> type[ObjectiveKind]:
    """Find the kind that a table names.

    Raises
    ------
    ConfigurationError
        If there is no such kind, with the nearest name and all of them.

    Examples
    --------
    >>> kind_of_table({"kind": "maskd"}, "recipe.toml [objectives.a]")
    Traceback (most recent call last):
    genolect.errors.ConfigurationError: recipe.toml [objectives.a]: there is no objective of the kind 'maskd'. Fix: ...
    """
    if "kind" not in values:
        return default_kind()
    known, name = objective_kinds(), str(values["kind"])
    if name not in known:
        near = "".join(f"did you mean {one!r}? " for one in difflib.get_close_matches(name, known, n=1))
        what = f"there is no objective of the kind {shown(name)}"
        raise ConfigurationError(what, fix=f"{near}Allowed: {', '.join(known)}", path=where)
    return known[name]


@functools.cache
def _import_all() -> None:
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{__package__}.{module.name}")
