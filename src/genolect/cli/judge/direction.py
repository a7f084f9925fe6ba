"""``genolect direction``: what a model makes of sequence that is read backwards, or on the other letters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genolect.cli.options import Names, Out, Overwrite, command_line, grouped
from genolect.cli.progress import message_console
from genolect.folders import PREPARED


@grouped
def direction(
    model: Annotated[Path, typer.Argument(help="Model folder of genolect, or a Hugging Face folder.")],
    genome: Annotated[Path, typer.Option(help="FASTA file, or a folder made by genolect prepare.")],
    out: Out,
    *,
    annotation: Annotated[Path | None, typer.Option(help="GTF, GFF3 or BED file whose labels are probed.")] = None,
    names: Names,
    overwrite: Overwrite = False,
) -> None:
    """Score held-out sequence as it is, reversed, complemented and both, to tell direction from composition."""
    from genolect.cli.output import output_folder
    from genolect.evaluation import annotation as evaluation
    from genolect.evaluation.studies import direction as directions

    file = None
    if annotation is not None:
        file = evaluation.AnnotationFile(annotation, names.renaming(), names.allow_missing)
    say = message_console().print
    inputs = [model, genome, *([] if annotation is None else [annotation])]
    with output_folder(out, inputs=inputs, overwrite=overwrite):
        prepared = evaluation.open_genome(genome, out / PREPARED)
        results = directions.direction(model, prepared, file, out, command=command_line(), say=say)
    for sentence in results["direction"]["sentences"]:
        typer.echo(sentence)
    typer.echo(f"results: {out / 'results.json'}")
