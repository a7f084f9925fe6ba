"""``genolect report``: the page of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(run: Annotated[Path, typer.Argument(help="A run folder with results.json.")]) -> None:
    """Write the page that people read: one self-contained HTML file beside the results."""
    from genolect.report.folder import gather_results
    from genolect.report.page import write_report

    gather_results(run)
    typer.echo(f"report: {write_report(run)}")
