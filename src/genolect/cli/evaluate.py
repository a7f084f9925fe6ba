"""``genolect evaluate``: what a frozen model knows of an annotation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genolect.cli.options import Names, Out, Overwrite, command_line, grouped
from genolect.cli.progress import message_console


@grouped
def evaluate(
    model: Annotated[Path, typer.Argument(help="Model folder, e.g. run/model.")],
    genome: Annotated[Path, typer.Option(help="FASTA file, or a folder made by genolect prepare.")],
    annotation: Annotated[Path, typer.Option(help="GTF, GFF3 or BED file of the same assembly.")],
    out: Out,
    *,
    names: Names,
    overwrite: Overwrite = False,
) -> None:
    """Probe a frozen model on held-out chromosomes, beside cheap baselines and its random twin."""
    from genolect.workflow import evaluation
    from genolect.workflow.output import output_folder

    file = evaluation.AnnotationFile(annotation, names.renaming(), names.allow_missing)
    say = message_console().print
    with output_folder(out, inputs=[model, genome, annotation], overwrite=overwrite):
        prepared = evaluation.open_genome(genome, out / evaluation.PREPARED)
        results = evaluation.evaluate(model, prepared, file, out, command=command_line(), say=say)
    for sentence in results["probe"]["sentences"]:
        typer.echo(sentence)
    typer.echo(f"results: {out / 'results.json'}")
