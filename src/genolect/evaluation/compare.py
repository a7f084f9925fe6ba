"""``genolect compare``: two evaluations of the same tasks, example by example.

Legend: n test examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genolect.errors import InputError
from genolect.evaluation.methods.method import Answers
from genolect.evaluation.panel import compared, estimated
from genolect.evaluation.predictions import Predictions, file_of, read_predictions
from genolect.report.folder import read_results
from genolect.statistics.bootstrap import MARGIN, Estimate, Resamples, draw_blocks, resampled_values
from genolect.statistics.comparison import Comparison, decide_all, win_rate
from genolect.statistics.metric_set import metric_set
from genolect.statistics.runs import Runs
from genolect.statistics.sentences import comparison_sentence


def compare_results(
    ours: Path, theirs: Path, *, arms: Sequence[str | None] = (None, None), margin: float = MARGIN, seed: int = 0
) -> dict[str, Any]:
    """Compare one arm of two evaluations on every task that both have.

    Parameters
    ----------
    ours, theirs : Path
        Folders that ``genolect evaluate --task`` or ``--suite`` wrote.
    arms : sequence of two str or None
        The arm of each; by default its reference.
    margin : float
        Differences of the headline metric below it do not matter.
    seed : int
        Of the resampling.

    Returns
    -------
    dict
        ``tasks``: for each task both values, the difference with its interval and p-value, the verdict, and that after
        Holm; ``sentences``; ``win_rate`` of the first.

    Raises
    ------
    InputError
        If they share no task, an arm is missing, or the test examples of a task differ.
    """
    sections = [_sections(folder) for folder in (ours, theirs)]
    shared = [task for task in sections[0] if task in sections[1]]
    if not shared:
        what = f"{ours} and {theirs} have no task in common"
        raise InputError(what, fix="evaluate both on the same tables")
    found: dict[str, Comparison] = {}
    rows: list[dict[str, Any]] = []
    for task in shared:
        names = [arm or section[task]["reference"] for arm, section in zip(arms, sections, strict=True)]
        told = [read_predictions(file_of(folder, task)) for folder in (ours, theirs)]
        _require_same(task, told)
        drawn = draw_blocks(told[0].group, seed=seed)
        pair = [_runs(one, name, task, drawn) for one, name in zip(told, names, strict=True)]
        headline = metric_set(told[0].kind).headline
        found[task] = compared(pair[0], pair[1], drawn, margin=margin, metric=headline)
        rows.append(
            {"task": task, "metric": headline, "arms": names, "n": int(told[0].truth.shape[0])} | _figures(pair, drawn)
        )
    verdicts = decide_all(found)
    for row in rows:
        one = found[row["task"]]
        row |= {"difference": _plain(one.difference), "p_value": one.p_value, "verdict": one.verdict, "margin": margin}
        row["verdict_after_holm"] = verdicts[row["task"]]
    return {
        "ours": str(ours),
        "theirs": str(theirs),
        "tasks": rows,
        "win_rate": win_rate(verdicts)._asdict(),
        "sentences": [
            comparison_sentence(
                row["task"],
                f"{row['arms'][0]} ({ours})",
                f"{row['arms'][1]} ({theirs})",
                found[row["task"]].difference,
                verdicts[row["task"]],
                margin,
                metric=row["metric"],
            )
            for row in rows
        ],
    }


def _sections(folder: Path) -> dict[str, Any]:
    results = read_results(folder)
    if results is None or "panel" not in results:
        fix = "name folders that genolect evaluate --task or --suite wrote"
        raise InputError("there is no panel here", fix=fix, path=folder)
    return {task["task"]: task for task in results["panel"]["tasks"]}


def _require_same(task: str, told: Sequence[Predictions]) -> None:
    first, second = told
    same = (
        np.array_equal(first.identifier, second.identifier)
        and first.names == second.names
        and np.array_equal(first.truth, second.truth)
    )
    if not same:
        what = f"the test examples of {task} are not the same in both"
        raise InputError(what, fix="evaluate both on the same table, with the same split")


def _runs(told: Predictions, arm: str, task: str, drawn: Resamples) -> Runs:
    """Measure the headline metric of one arm's runs."""
    if arm not in told.arms:
        what = f"{task} has no predictions of {arm!r}"
        raise InputError(what, fix=f"choose of {', '.join(told.arms)}")
    metrics = metric_set(told.kind)

    def of(run: Answers, weights: np.ndarray | None) -> dict[str, np.ndarray]:
        return {metrics.headline: metrics.measure(told.truth, run.test, told.names, weights, None)[metrics.headline]}

    values = [float(of(run, None)[metrics.headline][0]) for run in told.arms[arm]]
    resampled = [
        resampled_values(lambda weights, run=run: of(run, weights), drawn)[metrics.headline]  # type: ignore[misc]
        for run in told.arms[arm]
    ]
    return Runs(np.array(values), np.stack(resampled))


def _figures(pair: Sequence[Runs], drawn: Resamples) -> dict[str, Any]:
    return {"values": [_plain(estimated(runs, drawn)) for runs in pair]}


def _plain(one: Estimate) -> dict[str, float | None]:
    return {"value": one.value, "low": one.low, "high": one.high}
