"""``genolect evaluate --task``: the panel on labelled tables, for any number of models or none.

Legend: n test examples, T tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from genolect import files
from genolect.config import Configuration
from genolect.errors import ConfigurationError, InputError
from genolect.evaluation.methods.baselines import baseline_arms, baseline_names, control_names
from genolect.evaluation.methods.finetuned import finetuned_arms
from genolect.evaluation.methods.method import Arm, Features, Strands
from genolect.evaluation.methods.probe import PROBE, embedding_arm, probe_arms
from genolect.evaluation.methods.simple import feature_arm
from genolect.evaluation.panel import PanelOptions, PanelResult, run_panel
from genolect.evaluation.predictions import write_predictions
from genolect.evaluation.published import published_figures
from genolect.evaluation.running import available_cores
from genolect.evaluation.sections import strands_of, task_section
from genolect.folders import RESULTS
from genolect.genome.genome import PreparedGenome
from genolect.models.inference import this_machine
from genolect.models.model import SequenceModel, load_model
from genolect.report.folder import new_results
from genolect.sequence.ragged import RaggedBases
from genolect.sequence.source import Source
from genolect.statistics.names import OF
from genolect.statistics.sentences import suite_section
from genolect.tables.table import LabelledTable
from genolect.tables.table_file import ReadTable
from genolect.tables.task_file import TableTask


def run_table_panel(
    table: LabelledTable,
    arms: Mapping[str, Callable[[RaggedBases], Features]] | None = None,
    *,
    baselines: Sequence[str] | None = None,
    strands: Strands | None = None,
    reference: str | None = None,
    options: PanelOptions | None = None,
) -> PanelResult:
    """Compare ways to describe sequences with one another and with the baselines.

    Parameters
    ----------
    table : LabelledTable
        Examples with the roles train, validation and test.
    arms : mapping of str to callable, optional
        Each takes n sequences and gives features of shape (n, D); they go through the linear probe.
    baselines : sequence of str
        Which of the baselines and controls run beside them; all of them without.
    strands : {'one', 'both'}, optional
        Whether a sequence and its reverse complement mean the same; by default see `strands_of`.
    reference : str, optional
        The arm that is compared with all others; by default the first of `arms`, or the best baseline.
    options : PanelOptions, optional
        How.

    Returns
    -------
    PanelResult
        As from `genolect.evaluation.panel.run_panel`.

    Raises
    ------
    GenolectError
        As `genolect.evaluation.panel.run_panel`.

    Examples
    --------
    >>> import numpy as np
    >>> from genolect.tables.table import Places, Target
    >>> label = np.arange(90) % 2
    >>> sequences = RaggedBases.of([np.full(5 + 3 * one, 1, dtype=np.uint8) for one in label])
    >>> split, blank = np.repeat(["train", "validation", "test"], 30), np.full(90, "")
    >>> table = LabelledTable("toy", np.arange(90).astype(str), sequences, Target("classes", ("no", "yes"), label),
    ...     split, blank, Places.unknown(90))
    >>> panel = run_table_panel(table, {"mine": lambda some: some.lengths[:, None]}, baselines=["majority"])
    >>> panel.reference, panel.verdicts
    ('mine', {'majority': 'better'})
    """
    own = {name: feature_arm(describe) for name, describe in (arms or {}).items()}
    others = baseline_arms(baselines or (*baseline_names(), *control_names()), strands=strands or strands_of(table))
    return run_panel(table, {**others, **own}, reference=reference or next(iter(own), None), options=options)


INTERVALS = "95 % intervals, bootstrap over the groups of test examples that each task names; spread of runs included"
FINETUNED, EMBEDDINGS = "finetuned", "embeddings"


class EvaluationOptions(Configuration):
    """What runs on every task.

    Attributes
    ----------
    baselines : tuple of str
        Of `evaluation.methods.baselines.baseline_names`.
    finetune : bool
        Whether models, and their random twins, are also trained in full.
    seed, seeds, resamples, margin
        As in `evaluation.panel.PanelOptions`.
    processes : int, optional
        Arms at work at a time; by default one for each core, and one alone where there is a GPU.
    """

    baselines: tuple[str, ...] = Field(default_factory=baseline_names)
    finetune: bool = False
    seed: int = 0
    seeds: int = Field(3, ge=1)
    resamples: int = Field(PanelOptions().resamples, ge=0)
    margin: float = Field(PanelOptions().margin, ge=0)
    processes: int | None = Field(None, ge=1)


@dataclass(frozen=True)
class Contestants:
    """Who is evaluated beside the baselines.

    Attributes
    ----------
    models : mapping of str to Path or SequenceModel
        Models, or their folders, by name.
    embeddings : Path or None
        ``.npz`` file with the arrays ``id``, shape (m,), and ``vectors``, shape (m, D).
    """

    models: Mapping[str, Path | SequenceModel] = field(default_factory=dict)
    embeddings: Path | None = None

    def arms(self, strands: Strands, *, finetune: bool) -> dict[str, Arm]:
        """Give their arms; those of several models are told apart by name."""
        found: dict[str, Arm] = {}
        if self.embeddings is not None:
            found[EMBEDDINGS] = _embedding_arm(self.embeddings)
        for name, given in self.models.items():
            model = load_model(given) if isinstance(given, Path) else given
            arms = probe_arms(model, strands=strands)
            if finetune:
                arms |= finetuned_arms(model, strands=strands)
            found |= {self.named(arm, name): one for arm, one in arms.items()}
        return found

    def named(self, arm: str, model: str) -> str:
        """Name an arm of a model."""
        return arm if len(self.models) == 1 else f"{arm}{OF}{model}"

    def reference(self, *, finetune: bool) -> str | None:
        """Name the arm that verdicts are about: the first model's, else the embeddings', else None."""
        if self.models:
            return self.named(FINETUNED if finetune else PROBE, next(iter(self.models)))
        return None if self.embeddings is None else EMBEDDINGS


def named_models(folders: Sequence[Path]) -> dict[str, Path]:
    """Name models by their folders, ``yeast/model`` by the run's.

    Raises
    ------
    ConfigurationError
        If two would have one name.

    Examples
    --------
    >>> [*named_models([Path("yeast/model"), Path("dnabert")])]
    ['yeast', 'dnabert']
    """
    names = [folder.resolve().parent.name if folder.name == "model" else folder.name for folder in folders]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigurationError(f"two models are called {twice!r}", fix="rename one of the folders")
    return dict(zip(names, folders, strict=True))


@dataclass(frozen=True, eq=False)
class TableEvaluation:
    """What a panel found on some tables.

    Attributes
    ----------
    results : dict
        The content of ``results.json``.
    panels : list of tuple of LabelledTable and PanelResult
        Each table with its panel.
    """

    results: dict[str, Any]
    panels: list[tuple[LabelledTable, PanelResult]]

    def write(self, out: Path) -> None:
        """Write ``results.json`` and what every arm answered."""
        for table, panel in self.panels:
            write_predictions(out, table, panel)
        files.make_folder(out)
        files.write_json(out / RESULTS, self.results)


def evaluate_tables(
    contestants: Contestants,
    tasks: Mapping[str, TableTask],
    out: Path,
    *,
    options: EvaluationOptions | None = None,
    genome: PreparedGenome | None = None,
    command: str = "",
    say: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Any]:
    """Run the panel on tasks and write ``results.json`` and the predictions.

    Parameters
    ----------
    contestants : Contestants
        Models, embeddings, or neither: then the baselines alone.
    tasks : mapping of str to TableTask
        By name; an empty name is that of the table's file.
    out : Path
        Output folder.
    options : EvaluationOptions, optional
        What runs.
    genome : PreparedGenome, optional
        Where tables without sequences are read from.
    command : str
        The command as typed, for the record.
    say : callable
        Told what is being done.

    Returns
    -------
    dict
        The content of ``results.json``.

    Raises
    ------
    GenolectError
        As the parts say; all tables are read and checked before any arm runs.
    """
    for task in tasks.values():
        if task.published:
            published_figures(task.published)
    read = [(task, one) for name, task in tasks.items() for one in task.read_divided(genome, name=name)]
    evaluation = evaluate_read(contestants, read, options=options, command=command, say=say)
    evaluation.write(out)
    return evaluation.results


def evaluate_read(
    contestants: Contestants,
    read: Sequence[tuple[TableTask, ReadTable]],
    *,
    options: EvaluationOptions | None = None,
    command: str = "",
    say: Callable[[str], None] = lambda sentence: None,
) -> TableEvaluation:
    """Run the panel on tables that were read; parameters as for `evaluate_tables`."""
    options = options or EvaluationOptions()
    panels, sections = [], []
    for task, (table, unlabelled) in read:
        strands: Strands = strands_of(table) if task.strands == "auto" else task.strands
        result = _panel(table, contestants, strands, task, options, say)
        panels.append((table, result))
        sections.append(task_section(table, result, strands=strands, unlabelled=unlabelled, published=task.published))
    datasets = {one.table.name: task.dataset or task.table for task, one in read}
    paths = dict.fromkeys(task.table for task, _ in read if task.table)
    results = new_results(
        command,
        {
            "title": "genolect: " + ", ".join(one["task"] for one in sections[:3]),
            "seed": options.seed,
            "intervals": INTERVALS,
            "inputs": [_origin(Path(path)) for path in paths],
            "models": {name: str(one) if isinstance(one, Path) else "" for name, one in contestants.models.items()},
            "options": options.to_mapping(),
            "evaluation": [row for _, panel in panels for row in panel.rows],
            "panel": {"tasks": sections, **suite_section(sections, datasets)},
            "notes": _notes(contestants),
        },
    )
    return TableEvaluation(results, panels)


def _panel(
    table: LabelledTable,
    contestants: Contestants,
    strands: Strands,
    task: TableTask,
    options: EvaluationOptions,
    say: Callable[[str], None],
) -> PanelResult:
    arms = baseline_arms([*options.baselines, *control_names()], strands=strands)
    if not table.places.known.any():
        arms.pop("coordinate_memoriser", None)
    arms |= contestants.arms(strands, finetune=options.finetune)
    panel = PanelOptions(
        seed=options.seed,
        seeds=options.seeds,
        resamples=options.resamples,
        margin=options.margin,
        units=task.units,
        processes=options.processes or (1 if this_machine().device.type == "cuda" else available_cores()),
    )
    return run_panel(table, arms, reference=contestants.reference(finetune=options.finetune), options=panel, say=say)


def _origin(path: Path) -> dict[str, Any]:
    source = Source(path)
    for _ in source.blocks():
        pass
    return {"path": str(path), "bytes": source.bytes, "sha256": source.sha256}


def _embedding_arm(path: Path) -> Arm:
    try:
        with np.load(path, allow_pickle=False) as file:
            return embedding_arm(file["id"].astype(np.str_), file["vectors"])
    except FileNotFoundError as error:
        raise InputError("there is no such file", fix="name an .npz file", path=path) from error
    except InputError as error:
        raise InputError(error.what, fix=error.fix, path=path) from error
    except (OSError, ValueError, KeyError, AttributeError) as error:
        what = "this is no .npz file with the arrays id and vectors"
        raise InputError(what, fix="write it with numpy.savez(file, id=..., vectors=...)", path=path) from error


def _notes(contestants: Contestants) -> list[str]:
    notes = ["No arm saw a test label; every choice was made on the validation examples."]
    if contestants.models:
        notes.append("A model may have seen test sequences in pretraining, without their labels.")
    return notes
