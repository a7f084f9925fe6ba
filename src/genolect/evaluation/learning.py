"""The whole way in one command: genome and annotation to model, evaluation and report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genolect import files
from genolect.evaluation.annotation import AnnotationFile, check_annotation, evaluate
from genolect.folders import EVALUATION, MANIFEST, MODEL, PREPARED, SYNTHETIC
from genolect.genome.genome import prepare_genome
from genolect.genome.synthetic import SyntheticConfig, write_synthetic
from genolect.pretraining.plan import PretrainingOptions
from genolect.pretraining.pretraining import PretrainingListener, pretrain
from genolect.report.folder import gather_results, read_results
from genolect.report.page import write_report


def learn(
    genomes: Sequence[Path | str],
    annotation: AnnotationFile | None,
    run: Path,
    options: PretrainingOptions,
    *,
    command: str,
    listener: PretrainingListener,
) -> Path:
    """Prepare, pretrain, evaluate and report.

    Parameters
    ----------
    genomes : sequence of Path or str
        FASTA files; none for the embedded synthetic genome with its own annotation.
    annotation : AnnotationFile or None
        Without one there is no probe.
    run : Path
        The run folder.
    options : PretrainingOptions
        Budget, seed, what to hold out.
    command : str
        The command as typed, for the record.
    listener : PretrainingListener
        Who listens.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    GenolectError
        As the parts say; bad input is refused before any training.
    """
    if not genomes:
        genomes, annotation = _embedded(run / SYNTHETIC, listener)
    listener.say("preparing the genome")
    genome = prepare_genome(genomes, run / PREPARED)
    if annotation is not None:
        listener.say("checking the annotation")
        origin = check_annotation(genome, annotation, options)
    pretrain(run / PREPARED, run, options, command=command, listener=listener)
    if annotation is not None and not _evaluated(run / EVALUATION, origin):
        evaluate(run / MODEL, genome, annotation, run / EVALUATION, command=command, say=listener.say)
    gather_results(run)
    return write_report(run)


def _evaluated(folder: Path, origin: dict[str, Any]) -> bool:
    """Say whether a run that goes on was already evaluated on this annotation, wherever it lies now."""
    before = read_results(folder)
    inputs = [] if before is None else before["inputs"]
    return any({**item, "path": ""} == {**origin, "path": ""} for item in inputs)


def _embedded(folder: Path, listener: PretrainingListener) -> tuple[Sequence[Path], AnnotationFile]:
    listener.say("no genome given: making the embedded SYNTHETIC one")
    if not (folder / MANIFEST).exists():
        write_synthetic(SyntheticConfig(), folder)
    files.read_manifest(folder)
    return [folder / "genome.fa"], AnnotationFile(folder / "genes.gff3")
