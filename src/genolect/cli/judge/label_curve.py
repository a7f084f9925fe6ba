"""``genolect label-curve``: how many labels a model needs, and how many its baselines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genolect.cli.options import Out, Overwrite, TaskColumn, command_line, grouped, listed
from genolect.cli.progress import message_console
from genolect.cli.tables import print_curve
from genolect.errors import ConfigurationError

if TYPE_CHECKING:
    from genolect.evaluation.label_curve import CurveOptions


@dataclass(frozen=True)
class Drawn:
    """Which labels are taken."""

    shares: Annotated[str, typer.Option(help="Per cent of the labels, ascending to 100.")] = "1,3,10,30,100"
    draws: Annotated[int, typer.Option(help="Orders in which labels are taken, at least 2.")] = 5
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0

    def options(self) -> CurveOptions:
        """Give them as configuration."""
        from genolect.evaluation.label_curve import CurveOptions

        return CurveOptions.from_mapping({**vars(self), "shares": _shares(self.shares)}, "options")


@dataclass(frozen=True)
class Trained:
    """What is trained on every subset, beside words and probes."""

    cnn: Annotated[bool, typer.Option("--cnn", help="Train the convolutional network too: minutes.")] = False
    finetune: Annotated[
        bool,
        typer.Option(
            "--finetune",
            help="Train the model, and random twins, in full too: minutes to hours; fewer --shares, --draws take less.",
        ),
    ] = False


@grouped
def label_curve(
    task: Annotated[Path, typer.Argument(help="Labelled table, divided by genolect split.")],
    out: Out,
    *,
    model: Annotated[Path | None, typer.Option(help="Model folder; without it there are baselines only.")] = None,
    column: TaskColumn,
    drawn: Drawn,
    trained: Trained,
    overwrite: Overwrite = False,
) -> None:
    """Score a frozen or fine-tuned model, its random twin and baselines on 1 to 100 % of the labels."""
    from genolect.cli.output import output_folder
    from genolect.evaluation import label_curve as results

    options = drawn.options()
    file = column.file(task)
    inputs = [path for path in (task, model, column.genome) if path is not None]
    given: dict[str, Any] = {
        **vars(trained),
        "options": options,
        "command": command_line(),
        "say": message_console().print,
    }
    with output_folder(out, inputs=inputs, overwrite=overwrite):
        found = results.label_curve(file, model, out, **given)
    print_curve(found)
    typer.echo(f"results: {out / 'results.json'}")


def _shares(text: str) -> list[float]:
    try:
        numbers = [float(part) for part in listed(text)]
    except ValueError:
        numbers = []
    ascending = all(low < high for low, high in zip([0.0, *numbers], numbers, strict=False))
    if not ascending or numbers[-1:] != [100.0]:
        what = f"--shares {text!r} does not ascend from above 0 to 100, the labels that the bar is made of"
        raise ConfigurationError(what, fix="write --shares 3,10,100")
    return [number / 100 for number in numbers]
