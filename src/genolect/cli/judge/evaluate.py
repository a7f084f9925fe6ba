"""``genolect evaluate``: what models know of a labelled table, a suite of them, or an annotation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genolect.cli.options import Names, Out, Overwrite, Seed, command_line, grouped, listed
from genolect.cli.progress import message_console
from genolect.cli.tables import print_panel
from genolect.errors import ConfigurationError
from genolect.folders import PREPARED

if TYPE_CHECKING:
    from genolect.tables.task_file import TableTask


@dataclass(frozen=True)
class Asked:
    """Which task."""

    task: Annotated[Path | None, typer.Option(help="Labelled table with a split (genolect split makes one).")] = None
    suite: Annotated[Path | None, typer.Option(help="TOML file with a table [tasks.NAME] for each of many.")] = None
    label: Annotated[str | None, typer.Option(help="Column to predict; several, by commas, are yes-or-no.")] = None
    kind: Annotated[str | None, typer.Option(help="classes or number, where the label column leaves a doubt.")] = None
    strands: Annotated[str | None, typer.Option(help="one or both; one where every row has a strand.")] = None
    units: Annotated[str | None, typer.Option(help="What intervals resample: group, chromosome, place or example.")] = (
        None
    )
    by: Annotated[
        list[str] | None,
        typer.Option(help="Divide the table anew: chromosome, cluster, group or published; may be repeated."),
    ] = None
    group: Annotated[str | None, typer.Option(help="Column of what must stay together (default group).")] = None
    drop_relatives: Annotated[
        bool, typer.Option("--drop-relatives", help="With --by: leave out near copies across parts, from train first.")
    ] = False
    published: Annotated[str | None, typer.Option(help="Show figures that papers report on such a task.")] = None
    drop: Annotated[bool, typer.Option("--drop", help="Leave out rows without a label.")] = False

    def tasks(self) -> dict[str, TableTask]:
        """Give the tasks by name."""
        from genolect.tables.task_file import TableTask, read_suite

        names = ("kind", "strands", "units", "group", "published")
        given: dict[str, Any] = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        if self.label is not None:
            given["label"] = listed(self.label)
        if self.by:
            given["by"] = tuple(self.by)
        if self.drop:
            given["unlabelled"] = "drop"
        if self.drop_relatives:
            given["drop_relatives"] = True
        if self.suite is not None:
            if self.task is not None or given:
                raise ConfigurationError("a suite says its tasks itself", fix="write these options into the suite")
            return read_suite(self.suite)
        assert self.task is not None
        return {"": TableTask.from_mapping({"table": str(self.task), **given}, "the options")}


@dataclass(frozen=True)
class Beside:
    """What runs."""

    embeddings: Annotated[
        Path | None, typer.Option(help="File .npz with id and vectors of every example, to be probed.")
    ] = None
    baselines: Annotated[str | None, typer.Option(help="Which ones, by commas (default: all).")] = None
    finetune: Annotated[
        bool, typer.Option("--finetune", help="Also train the models, and their random twins, in full.")
    ] = False
    seeds: Annotated[int | None, typer.Option(help="Runs of what draws (default 3).")] = None
    processes: Annotated[
        int | None, typer.Option(help="Arms at work at a time (default: one for each core; beside a GPU one).")
    ] = None
    seed: Seed = None


@grouped
def evaluate(
    out: Out,
    *,
    models: Annotated[list[Path] | None, typer.Argument(help="Model folders, e.g. run/model; none: baselines.")] = None,
    asked: Asked,
    beside: Beside,
    genome: Annotated[Path | None, typer.Option(help="FASTA file, or a folder made by genolect prepare.")] = None,
    annotation: Annotated[Path | None, typer.Option(help="GTF, GFF3 or BED file of the same assembly.")] = None,
    names: Names,
    overwrite: Overwrite = False,
) -> None:
    """Test models on a labelled table or an annotation, beside baselines, their random twins, and with intervals."""
    questions = [given for given in (asked.task, asked.suite, annotation) if given is not None]
    if len(questions) != 1:
        what = "there is nothing to evaluate on" if not questions else "there are several things to evaluate on"
        raise ConfigurationError(what, fix="give one of --task, --suite and --annotation")
    if annotation is None:
        _on_tables(models or [], asked, beside, genome, out, overwrite=overwrite)
        return
    if genome is None or not models or len(models) > 1:
        raise ConfigurationError("an annotation needs one model and its genome", fix="give MODEL --genome --annotation")
    _on_annotation(models[0], genome, annotation, out, names, overwrite=overwrite)


def _on_annotation(model: Path, genome: Path, annotation: Path, out: Path, names: Names, *, overwrite: bool) -> None:
    from genolect.cli.output import output_folder
    from genolect.evaluation import annotation as evaluation

    file = evaluation.AnnotationFile(annotation, names.renaming(), names.allow_missing)
    say = message_console().print
    with output_folder(out, inputs=[model, genome, annotation], overwrite=overwrite):
        prepared = evaluation.open_genome(genome, out / PREPARED)
        results = evaluation.evaluate(model, prepared, file, out, command=command_line(), say=say)
    for sentence in results["probe"]["sentences"]:
        typer.echo(sentence)
    typer.echo(f"results: {out / 'results.json'}")


def _on_tables(
    models: list[Path], asked: Asked, beside: Beside, genome: Path | None, out: Path, *, overwrite: bool
) -> None:
    from genolect.cli.output import output_folder
    from genolect.evaluation.annotation import open_genome
    from genolect.evaluation.tables import Contestants, EvaluationOptions, evaluate_tables, named_models
    from genolect.folders import PREPARED
    from genolect.report.page import write_report

    given: dict[str, Any] = {name: getattr(beside, name) for name in ("seed", "seeds", "finetune", "processes")}
    if beside.baselines is not None:
        given["baselines"] = listed(beside.baselines)
    options = EvaluationOptions.from_mapping({k: v for k, v in given.items() if v is not None}, "the options")
    tasks = asked.tasks()
    inputs = [*models, *(Path(task.table) for task in tasks.values())]
    inputs += [path for path in (genome, beside.embeddings) if path is not None]
    with output_folder(out, inputs=inputs, overwrite=overwrite):
        prepared = None if genome is None else open_genome(genome, out / PREPARED)
        results = evaluate_tables(
            Contestants(named_models(models), beside.embeddings),
            tasks,
            out,
            options=options,
            genome=prepared,
            command=command_line(),
            say=message_console().print,
        )
        page = write_report(out)
    print_panel(results)
    typer.echo(f"results: {out / 'results.json'}, report: {page}")
