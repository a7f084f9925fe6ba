"""``genolect convert``: models from and to the formats of other people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genolect.cli.options import Out, Overwrite
from genolect.errors import ConfigurationError

FORMATS = ("genolect", "hf")


def convert(
    source: Annotated[Path, typer.Argument(help="Model folder of genolect, or a Hugging Face folder.")],
    out: Out,
    to: Annotated[str, typer.Option(help="genolect, or hf for a folder that transformers loads.")] = "genolect",
    overwrite: Overwrite = False,
) -> None:
    """Carry a published model over to genolect, or a model of genolect to transformers, without remote code."""
    from genolect.models.conversion import convert_model
    from genolect.models.huggingface.own import is_own

    match to:
        case "genolect" | "hf":
            model = convert_model(source, out, to=to, overwrite=overwrite)
        case _:
            raise ConfigurationError(f"there is no format {to!r}", fix=f"choose {' or '.join(FORMATS)}")
    typer.echo(f"{model.config.kind}, {model.parameter_count:,} weights, {len(model.tokenizer.vocabulary):,} tokens")
    typer.echo(f"written: {out}")
    if to == "hf" and is_own(out):
        typer.echo("transformers loads it after: import genolect.automodel")
