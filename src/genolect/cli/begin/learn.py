"""``genolect learn``: from a genome to a report, in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genolect.cli.options import Again, Budget, Names, Out, command_line, grouped
from genolect.errors import ConfigurationError


@grouped
def learn(
    genomes: Annotated[
        list[str] | None,
        typer.Argument(help="FASTA files; none for the embedded synthetic genome.", show_default=False),
    ] = None,
    out: Out = Path("run"),
    annotation: Annotated[Path | None, typer.Option(help="GTF, GFF3 or BED file of the same assembly.")] = None,
    *,
    names: Names,
    budget: Budget,
    again: Again,
) -> None:
    """Prepare, pretrain, evaluate and report: the whole way on your own genome."""
    from genolect.cli.output import output_folder
    from genolect.cli.training_display import training_display
    from genolect.evaluation import learning
    from genolect.evaluation.annotation import AnnotationFile
    from genolect.report.folder import read_results

    if annotation is not None and not genomes:
        raise ConfigurationError("--annotation without a genome", fix="name the FASTA file it belongs to")
    if annotation is None and names != Names():
        raise ConfigurationError("--rename and --allow-missing are about an annotation", fix="add --annotation FILE")
    options = budget.to_options()
    file = None if annotation is None else AnnotationFile(annotation, names.renaming(), names.allow_missing)
    inputs = [*map(Path, genomes or []), *([annotation] if annotation else [])]
    with output_folder(out, inputs=inputs, **vars(again)), training_display() as listener:
        page = learning.learn(genomes or [], file, out, options, command=command_line(), listener=listener)
    results = read_results(out) or {}
    for sentence in (results["pretraining"]["verdict"], *results.get("probe", {}).get("sentences", [])):
        typer.echo(sentence)
    typer.echo(f"report: {page}")
