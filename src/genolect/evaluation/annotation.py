"""Evaluation as a user means it: what the frozen model knows of the annotation, beside what cheap features know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from genolect import files
from genolect.encoders.build import require_tokens
from genolect.errors import ConfigurationError, InputError
from genolect.evaluation.methods.baselines import baseline_arms
from genolect.evaluation.methods.frozen_probe import Representation, frozen_states
from genolect.evaluation.methods.probe import PROBE, probe_arms
from genolect.evaluation.panel import PanelOptions, PanelResult, run_panel
from genolect.evaluation.sections import task_section
from genolect.folders import RESULTS
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.holdout import GenomeSplit, Role, split_genome
from genolect.genome.labelled_windows import LabelledWindows, drop_rare_classes, read_windows, sample_windows
from genolect.genome.labels import label_bases
from genolect.models.inference import this_machine
from genolect.models.model import SequenceModel, load_model
from genolect.pretraining.plan import PretrainingOptions, known_plan
from genolect.random import derived_key
from genolect.report.folder import INTERVALS, new_results
from genolect.sequence.annotation import Annotation, read_annotation
from genolect.sequence.ragged import RaggedBases
from genolect.sequence.source import Source
from genolect.sequence.statistics import describe_annotation
from genolect.statistics.names import ROLES
from genolect.statistics.projection import embedding_map
from genolect.tables.table import LabelledTable, Places, Target

WINDOWS: dict[Role, int] = {"train": 3_000, "validation": 1_000, "test": 2_500}
MAP_POINTS = 1_500
BASELINES = ("majority", "composition", "kmer_logistic")
"""Those that take seconds: this panel stands at the end of every ``genolect learn``."""

TASK = "annotation of the centre base"


@dataclass(frozen=True)
class AnnotationFile:
    """An annotation as the user names it.

    Attributes
    ----------
    path : Path
        GTF, GFF3 or BED file.
    rename : mapping, 'auto' or None
        Names of the annotation that differ from the genome's.
    allow_missing : bool
        Whether rows on records that the genome lacks are left out.
    """

    path: Path
    rename: dict[str, str] | Literal["auto"] | None = None
    allow_missing: bool = False

    def read(self, lengths: dict[str, int]) -> tuple[Annotation, dict[str, Any]]:
        """Read it against a genome; also give path, size, SHA-256 and how it was read, for the record."""
        source = Source(self.path)
        annotation = read_annotation(source, lengths, rename=self.rename, allow_missing=self.allow_missing)
        how = {"rename": self.rename, "allow_missing": self.allow_missing}
        return annotation, {"path": str(self.path), "bytes": source.bytes, "sha256": source.sha256, **how}


def open_genome(path: Path, folder: Path) -> PreparedGenome:
    """Open a prepared genome, or prepare a FASTA file into `folder`."""
    return PreparedGenome(path) if path.is_dir() else prepare_genome([path], folder)


def check_annotation(
    genome: PreparedGenome, annotation_file: AnnotationFile, options: PretrainingOptions
) -> dict[str, Any]:
    """Read an annotation and label windows by it as the evaluation will, so that a bad one is refused before training.

    Parameters
    ----------
    genome : PreparedGenome
        The genome that is annotated.
    annotation_file : AnnotationFile
        Its annotation.
    options : PretrainingOptions
        Those of the training to come.

    Returns
    -------
    dict
        The annotation as the record of inputs names it.

    Raises
    ------
    GenolectError
        If it cannot be read, does not fit the genome, or labels too few windows.
    """
    split = split_genome(genome, window=options.window, validation=options.validation, test=options.test)
    annotation, origin = annotation_file.read(genome.lengths)
    with naming(annotation_file.path):
        labelled_task(genome, split, annotation, window=options.window, seed=options.seed)
    return origin


def evaluate(
    model_folder: Path,
    genome: PreparedGenome,
    annotation_file: AnnotationFile,
    out: Path,
    *,
    command: str,
    say: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Any]:
    """Probe a frozen model on the annotation of held-out stretches.

    Parameters
    ----------
    model_folder : Path
        A model directory.
    genome : PreparedGenome
        The genome that is annotated.
    annotation_file : AnnotationFile
        Its annotation.
    out : Path
        Folder for ``results.json``.
    command : str
        The command as typed, for the record.
    say : callable
        Told what is being done.

    Returns
    -------
    dict
        The content of ``results.json``.

    Raises
    ------
    GenolectError
        As the parts say.
    """
    model = load_model(model_folder)
    require_tokens(model.config, "the probe")
    plan = known_plan(model_folder)
    options = PretrainingOptions() if plan is None else plan.options
    seed, window = options.seed, options.window
    own_genome = plan is not None and plan.genome == genome.content_hash
    split = plan.split() if plan is not None and own_genome else split_genome(genome, window=window)
    say("labelling windows")
    annotation, origin = annotation_file.read(genome.lengths)
    with naming(annotation_file.path):
        task, dropped = labelled_task(genome, split, annotation, window=window, seed=seed)
    counted = own_genome and model.context is not None
    arms = baseline_arms(BASELINES, strands="one") | probe_arms(
        model, strands="one", counted=lambda part: counted and part.split[0] == ROLES[0]
    )
    panel = run_panel(task, arms, reference=PROBE, options=PanelOptions(seed=seed, units="group"), say=say)
    notes = _notes(annotation, known=plan is not None, own_genome=own_genome, counts=model.context is not None)
    features = describe_annotation(annotation)
    results = new_results(
        command,
        {
            "title": f"genolect: {annotation_file.path.name}",
            "seed": seed,
            "intervals": INTERVALS,
            "inputs": [*genome.inputs, origin],
            "model_folder": str(model_folder),
            "annotation": [{"kind": row.kind, "count": row.rows, "covered_bases": row.bases} for row in features],
            "evaluation": panel.rows,
            "panel": {"tasks": [task_section(task, panel, strands="one")], "suite": [], "sentences": []},
            "probe": _probe_section(task, panel, model, dropped, options),
            "notes": notes,
        },
    )
    files.make_folder(out)
    files.write_json(out / RESULTS, results)
    return results


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let a refusal of labels or windows name the annotation that they come from."""
    try:
        yield
    except (InputError, ConfigurationError) as error:
        raise InputError(error.what, fix=error.fix, path=path, line=error.line) from error


def labelled_task(
    genome: PreparedGenome, split: GenomeSplit, annotation: Annotation, *, window: int, seed: int
) -> tuple[LabelledTable, dict[str, tuple[int, int]]]:
    """Draw windows with the labels of an annotation; also give the classes that are too rare."""
    tracks = label_bases(annotation.features, genome.lengths)
    parts = {
        role: sample_windows(
            tracks,
            regions,
            length=window,
            count=WINDOWS[role],
            seed=derived_key(seed, "probe", "training" if role == "train" else role),  # what the first runs drew by
            bases=genome.bases,
        )
        for role, regions in split.regions().items()
    }
    train, validation, test, dropped = drop_rare_classes(parts["train"], parts["validation"], parts["test"])
    if len(set(validation.label.tolist())) < 2:
        raise InputError(
            "the validation windows are all of one class", fix="hold out more: genolect pretrain --validation"
        )
    return _table([train, validation, test], genome), dropped


def _table(parts: list[LabelledWindows], genome: PreparedGenome) -> LabelledTable:
    """Write windows as a labelled table, read on the strand of their label; their blocks are its groups."""
    name, start, end, strand, label, block = (
        np.concatenate([getattr(part, column) for part in parts])
        for column in ("name", "start", "end", "strand", "label", "block")
    )
    split = np.repeat(ROLES, [len(part) for part in parts])
    places = [f"{one}:{at}" for one, at in zip(name.tolist(), start.tolist(), strict=True)]
    return LabelledTable(
        name=TASK,
        identifier=np.array(places),
        sequences=RaggedBases.of(row for part in parts for row in read_windows(part, genome.bases)),
        target=Target("classes", parts[0].classes, label),
        split=split,
        group=block.astype(np.str_),
        places=Places(name, start, end, strand),
    )


def _probe_section(
    task: LabelledTable,
    panel: PanelResult,
    model: SequenceModel,
    dropped: dict[str, tuple[int, int]],
    options: PretrainingOptions,
) -> dict[str, Any]:
    train, _, test = task.parts()
    chosen = np.linspace(0, len(test) - 1, min(MAP_POINTS, len(test))).astype(int)
    states = frozen_states(model, test.sequences.select(chosen), "one", this_machine())
    points = embedding_map(Representation((0, 2), (0, 1)).of(states), seed=options.seed)
    counts = {"train": train.target.count(), "test": test.target.count()}
    return {
        "window": options.window,
        "blocks": panel.blocks,
        "classes": [
            {"name": name, "training": counts["train"][name], "test": counts["test"][name]}
            for name in task.target.names
        ],
        "dropped": [
            f"{name}: too few windows ({train} in training, {test} in test)" for name, (train, test) in dropped.items()
        ],
        "sentences": panel.sentences,
        "calibration": panel.calibration,
        "map": {
            "description": "First two principal components of the pretrained embedding, test windows.",
            "x": [round(float(value), 4) for value in points[:, 0]],
            "y": [round(float(value), 4) for value in points[:, 1]],
            "label": test.target.values[chosen].astype(int).tolist(),
        },
    }


def _notes(annotation: Annotation, *, known: bool, own_genome: bool, counts: bool) -> list[str]:
    twins = ["The random twin never saw the genome: random weights, empty context counts."]
    if counts:
        twins.append("The random twin with counts reads the context counts of the model; only its weights are random.")
    notes = [
        *twins,
        "Of six ways to read the frozen states (which layers; centre or maximum beside the mean) the validation "
        "windows choose, for the twins as well.",
        "Windows are read on the strand of their label, windows without a strand on a random one.",
    ]
    if not known:
        notes.append(
            "The model does not say what it was pretrained on; the split was chosen anew, and the model may have seen "
            "test windows in training."
        )
    elif not own_genome:
        notes.append(
            "This is not the genome that the model was pretrained on; its split was chosen anew. Where the two share "
            "sequence, the model may have seen test windows in training."
        )
    if annotation.missing:
        rows = sum(annotation.missing.values())
        notes.append(f"{rows:,} annotation rows lie on {len(annotation.missing):,} records that the genome lacks.")
    if annotation.renamed:
        pairs = ", ".join(f"{theirs} to {ours}" for theirs, ours in annotation.renamed.items())
        notes.append(f"Annotation names read as genome names: {pairs}.")
    return notes
