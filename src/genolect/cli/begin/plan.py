"""``genolect plan``: what a model and its tokenizer will cost on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from genolect.cli.options import grouped
from genolect.cli.progress import message_console
from genolect.errors import ConfigurationError
from genolect.files import json_text

if TYPE_CHECKING:
    from genolect.pretraining.cost.costing import CostingOptions, Forecast


WIDEST_TABLE = 200
UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Shape:
    """The model and its batch."""

    width: Annotated[int, typer.Option(help="Channels per token.")] = 128
    layers: Annotated[int, typer.Option(help="Blocks of the encoder.")] = 2
    heads: Annotated[int | None, typer.Option(help="Attention heads (default: one per 64 channels).")] = None
    window: Annotated[int, typer.Option(help="Bases per window.")] = 256
    windows: Annotated[int, typer.Option(help="Windows per step.")] = 16


@dataclass(frozen=True)
class Extent:
    """How much it is to read, and in how much memory."""

    bases: Annotated[int | None, typer.Option(help="Bases that training will see.")] = None
    genome: Annotated[Path | None, typer.Option(help="FASTA file or prepared genome, to be seen once.")] = None
    memory: Annotated[float | None, typer.Option(help="Memory budget in GB.")] = None


@grouped
def plan(
    tokenizer: Annotated[
        list[str] | None,
        typer.Option(help="nucleotide, kmer:6, kmer:6:6 or byte_pair:600; once per tokenizer (default: a selection)."),
    ] = None,
    *,
    shape: Shape,
    extent: Extent,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Forecast time and memory of training on this machine, for one tokenizer or several, after a short measurement."""
    from genolect.models.inference import this_machine
    from genolect.pretraining.cost import costing
    from genolect.pretraining.cost.calibration import calibrate

    if extent.bases is not None and extent.genome is not None:
        raise ConfigurationError("--bases and --genome both say how much is read", fix="give one of them")
    length = None if extent.genome is None else costing.genome_length(extent.genome)
    bases = {"bases": length if extent.bases is None else extent.bases, "genome_bases": length}
    given = {"tokenizers": tokenizer or [], **vars(shape), **bases, "memory": extent.memory}
    options = costing.CostingOptions.from_mapping(given, "options")
    costing.workloads_of(options)  # What is impossible is refused before anything is measured.
    message_console().print("measuring this machine")
    calibration = calibrate(this_machine())
    forecasts = costing.forecast(options, calibration)
    if as_json:
        typer.echo(json_text(costing.costing_record(options, forecasts, calibration)), nl=False)
        return
    console = Console(highlight=False, width=WIDEST_TABLE)
    console.print(_table(options, forecasts))
    best = costing.best_forecast(forecasts)
    limit = "" if extent.memory is None else f" among those that fit into {extent.memory:g} GB"
    if best is None:
        typer.echo(
            f"Nothing fits into {extent.memory:g} GB: fewer --windows, a smaller --width or fewer --layers would."
        )
    elif len(forecasts) > 1:
        typer.echo(f"Most bases per second{limit}: {best.tokenizer}.")


def _table(options: CostingOptions, forecasts: list[Forecast]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("tokenizer", no_wrap=True)
    headings = ["vocabulary", "tokens/window", "parameters", "FLOP/step", "step", "bases/s", "peak memory", "C(N, V)"]
    if options.bases is not None:
        headings.append(f"time for {_scaled(options.bases)}b")
    if options.memory is not None:
        headings.append(f"fits {options.memory:g} GB")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for one in forecasts:
        cells = [
            f"{one.vocabulary:,}",
            f"{one.tokens:,}",
            f"{one.parameters:,}",
            _scaled(one.flops),
            f"{1e3 * one.step_seconds:,.3g} ms" if one.step_seconds < 1 else f"{one.step_seconds:,.3g} s",
            _scaled(one.bases_per_second),
            f"{one.peak_bytes / 1e9:.2f} GB",
            _scaled(one.formula),
        ]
        if one.seconds is not None:
            cells.append(_time(one.seconds))
        if one.fits is not None:
            cells.append("yes" if one.fits else "no")
        table.add_row(one.tokenizer, *cells)
    return table


def _scaled(number: float) -> str:
    size, unit = next((pair for pair in UNITS if number >= pair[0]), (1.0, ""))
    return f"{number / size:.3g} {unit}"


def _time(seconds: float) -> str:
    size, unit = next((pair for pair in ((86_400, "d"), (3_600, "h"), (60, "min")) if seconds >= pair[0]), (1, "s"))
    return f"{seconds / size:.3g} {unit}"
