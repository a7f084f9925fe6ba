"""What a page says of a table beside its rows: the task, what each arm chose, tried and cost, the comparisons."""

from __future__ import annotations

from typing import Any

from genolect.evaluation.methods.method import Strands
from genolect.evaluation.panel import PanelResult
from genolect.evaluation.published import published_figures
from genolect.tables.table import LabelledTable


def strands_of(*parts: LabelledTable) -> Strands:
    """Say whether arms read one strand or both: one where every example of the table, or its parts, has a strand."""
    return "one" if all(bool((part.places.strand != 0).all()) for part in parts) else "both"


def task_section(
    table: LabelledTable, result: PanelResult, *, strands: Strands, unlabelled: int = 0, published: str = ""
) -> dict[str, Any]:
    """Say of a panel what its rows do not: the task, what each arm chose, tried and cost, and the comparisons.

    Parameters
    ----------
    table : LabelledTable
        The task.
    result : PanelResult
        Its panel.
    strands : {'one', 'both'}
        What arms read.
    unlabelled : int
        Rows that were left out for want of a label.
    published : str
        Task whose published figures stand beside the panel (see `evaluation.published.published_figures`).

    Returns
    -------
    dict
        JSON types.
    """
    parts = table.parts()
    return {
        "task": table.name,
        "kind": table.target.kind,
        "names": list(table.target.names),
        "headline": result.headline,
        "examples": {role: len(part) for role, part in zip(("train", "validation", "test"), parts, strict=True)},
        "counts": parts.test.target.count(),
        "unlabelled": unlabelled,
        "remarks": list(table.remarks),
        "strands": strands,
        "units": result.units.words,
        "groups": result.blocks,
        "reference": result.reference,
        "published": [
            {
                **{key: getattr(one, key) for key in ("task", "model", "metric", "value")},
                "source": f"{one.source}; {one.note}",
            }
            for one in (published_figures(published) if published else [])
        ],
        "sentences": result.sentences,
        "calibration": result.calibration,
        "arms": [
            {
                "arm": name,
                "setting": arm.runs[0].setting,
                "tried": arm.runs[0].tried,
                "runs": len(arm.runs),
                "cpu_seconds": round(arm.cpu_seconds, 2),
                "validation_loss": arm.validation_loss,
                "curves": [[point._asdict() for point in run.curve] for run in arm.runs if run.curve],
            }
            for name, arm in result.arms.items()
        ],
        "comparisons": [
            {
                "arm": arm,
                "value": one.difference.value,
                "low": one.difference.low,
                "high": one.difference.high,
                "p_value": one.p_value,
                "verdict": one.verdict,
                "margin": one.margin,
            }
            for arm, one in result.comparisons.items()
        ],
    }
