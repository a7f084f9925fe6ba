"""``genolect strand``: how differently a model reads the two strands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genolect.files import json_text


def strand(
    model: Annotated[Path, typer.Argument(help="Model folder of genolect, or a Hugging Face folder.")],
    genome: Annotated[Path, typer.Option(help="Folder made by genolect prepare.")],
    windows: Annotated[int, typer.Option(help="Windows to look at.")] = 100,
    window: Annotated[int, typer.Option(help="Bases per window.")] = 256,
    seed: Annotated[int, typer.Option(help="Seed of the intervals.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Measure how much the answers of a model change when a window is read from the other strand."""
    from genolect.evaluation.studies.strand import strand_record, strand_reports
    from genolect.genome.genome import PreparedGenome

    reports = strand_reports(model, PreparedGenome(genome), windows=windows, window=window, seed=seed)
    if as_json:
        typer.echo(json_text(strand_record(reports)), nl=False)
        return
    for name, report in reports.items():
        typer.echo(f"{name}: {report.sentence()}")
