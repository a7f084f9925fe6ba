"""The panel: models beside every cheap method that could do as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from genolect.api.model import Model
from genolect.api.table import Table
from genolect.errors import ConfigurationError
from genolect.evaluation.methods.baselines import BASELINES
from genolect.evaluation.tables import Contestants, EvaluationOptions, TableEvaluation, evaluate_read
from genolect.report.page import write_report
from genolect.tables.table_file import ReadTable
from genolect.tables.task_file import TableTask


class Evaluation:
    """What a panel found; `evaluate` gives one.

    Attributes
    ----------
    rows : list of dict
        Each with ``task``, ``arm``, ``metric``, ``value``, ``low``, ``high``, ``n`` and ``split``.
    sentences : list of str
        Who is better than whom, by how much, and where nobody can tell.
    """

    def __init__(self, found: TableEvaluation) -> None:
        self._found = found
        self.rows: list[dict[str, Any]] = list(found.results["evaluation"])
        self.sentences: list[str] = [sentence for _, panel in found.panels for sentence in panel.sentences]

    def write(self, folder: str | Path) -> Path:
        """Write ``results.json``, the predictions and the page; gives the page."""
        self._found.write(Path(folder))
        return write_report(Path(folder))


def evaluate(
    table: Table,
    models: Sequence[Model] | Mapping[str, Model] = (),
    *,
    baselines: Sequence[str] = BASELINES,
    finetune: bool = False,
    seed: int = 0,
    say: Callable[[str], None] = lambda sentence: None,
) -> Evaluation:
    """Compare models with one another and with cheap baselines on a labelled table.

    Parameters
    ----------
    table : Table
        Divided into train, validation and test: by its file, or by `Table.split`.
    models : sequence of Model, or mapping of str to Model
        Frozen, through a linear probe; none for the baselines alone. Names are for the page.
    baselines : sequence of str
        Which of them run.
    finetune : bool
        Whether the models are also trained in full.
    seed : int
        Seed of everything.
    say : callable
        Told what is being done.

    Returns
    -------
    Evaluation
        Every figure with its interval and its baselines beside it.

    Raises
    ------
    ConfigurationError
        If the table is not divided, or a baseline is unknown.

    Examples
    --------
    >>> import genolect as gl
    >>> table = gl.read_table("promoters.tsv").split(by="cluster", seed=3)
    >>> result = gl.evaluate(table, baselines=["majority", "composition"])
    >>> [row["arm"] for row in result.rows if row["metric"] == "auroc"]
    ['majority', 'composition', 'permuted_labels']
    """
    named = models if isinstance(models, Mapping) else _named(models)
    if not table.parts:
        raise ConfigurationError("the table is not divided", fix='divide it: table.split(by="cluster")')
    task = TableTask(table=table.path)
    found = evaluate_read(
        Contestants({name: model.network for name, model in named.items()}),
        [(task, ReadTable(table.labelled, table.left_out.get("without a label", 0)))],
        options=EvaluationOptions(baselines=tuple(baselines), finetune=finetune, seed=seed),
        command="genolect.evaluate",
        say=say,
    )
    return Evaluation(found)


def _named(models: Sequence[Model]) -> dict[str, Model]:
    return {"model" if len(models) == 1 else f"model {number}": model for number, model in enumerate(models, 1)}
