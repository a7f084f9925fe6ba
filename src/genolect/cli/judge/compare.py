"""``genolect compare``: two evaluations of the same tasks, example by example."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genolect.files import json_text


def compare(
    ours: Annotated[Path, typer.Argument(help="Folder that genolect evaluate --task or --suite wrote.")],
    theirs: Annotated[Path, typer.Argument(help="Another one, of the same tables.")],
    arm: Annotated[str | None, typer.Option(help="Arm of the first (default: what its verdicts are about).")] = None,
    other_arm: Annotated[str | None, typer.Option(help="Arm of the second (default: likewise).")] = None,
    margin: Annotated[float | None, typer.Option(help="Difference too small to matter (default 0.01).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Compare two evaluations on the same test examples: paired intervals, and Holm over the tasks."""
    from genolect.evaluation.compare import compare_results
    from genolect.statistics.bootstrap import MARGIN

    found = compare_results(ours, theirs, arms=(arm, other_arm), margin=MARGIN if margin is None else margin)
    if as_json:
        typer.echo(json_text(found), nl=False)
        return
    for sentence in found["sentences"]:
        typer.echo(sentence)
    rate = found["win_rate"]
    if len(found["tasks"]) > 1:
        typer.echo(f"Win rate of the first over {rate['datasets']} data sets: {rate['rate']:.2f}, after Holm.")
