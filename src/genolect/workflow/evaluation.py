"""Evaluation as a user means it: what the frozen model knows of the annotation, beside what cheap features know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from genolect import durable
from genolect.data.genome import PreparedGenome, prepare_genome
from genolect.data.labelled_windows import drop_rare_classes, read_windows, sample_windows
from genolect.data.labels import label_bases
from genolect.data.split import Split
from genolect.encoders.build import require_tokens
from genolect.errors import ConfigurationError, InputError
from genolect.evaluation.composition import choose_word_length, composition_features, kmer_frequencies
from genolect.evaluation.panel import ArmFeatures, PanelResult, Task, run_panel
from genolect.evaluation.projection import embedding_map
from genolect.foreign_checkpoint import is_published
from genolect.inference import embed, this_machine
from genolect.model import SequenceModel, load_model, random_twin, training_record
from genolect.randomness import derived_key
from genolect.report.page import RESULTS
from genolect.sequence.alphabet import Bases
from genolect.sequence.annotation import Annotation, read_annotation
from genolect.sequence.source import Source
from genolect.sequence.statistics import describe_annotation
from genolect.window_tokens import WindowTokens, centre_tokens
from genolect.workflow.exam import cut_windows
from genolect.workflow.plan import Plan, PretrainingOptions, plan_of_model
from genolect.workflow.results import INTERVALS, new_results
from genolect.workflow.splitting import split_genome

PREPARED = "prepared"
WINDOWS = {"training": 3_000, "validation": 1_000, "test": 2_500}
MAP_POINTS = 1_500


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
    with _naming(annotation_file.path):
        _task(genome, split, annotation, window=options.window, seed=options.seed)
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
    plan = _plan_of(model_folder)
    options = PretrainingOptions() if plan is None else plan.options
    seed, window = options.seed, options.window
    own_genome = plan is not None and plan.genome == genome.content_hash
    split = plan.split() if plan is not None and own_genome else split_genome(genome, window=window)
    say("labelling windows")
    annotation, origin = annotation_file.read(genome.lengths)
    with _naming(annotation_file.path):
        task, dropped = _task(genome, split, annotation, window=window, seed=seed)
    say("computing features")
    arms = _arms(model, task, genome, counted=own_genome, seed=seed)
    say("probing")
    panel = run_panel(task, arms, seed=seed)
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
            "probe": _probe_section(task, panel, arms["pretrained_probe"], dropped, options),
            "notes": notes,
        },
    )
    durable.make_folder(out)
    durable.write_json(out / RESULTS, results)
    return results


def _plan_of(folder: Path) -> Plan | None:
    """Give the plan that a model was trained by; None for one that was published, or carried over."""
    if is_published(folder) or "plan" not in training_record(folder):
        return None
    return plan_of_model(folder)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let a refusal of labels or windows name the annotation that they come from."""
    try:
        yield
    except (InputError, ConfigurationError) as error:
        raise InputError(error.what, fix=error.fix, path=path, line=error.line) from error


def _task(
    genome: PreparedGenome, split: Split, annotation: Annotation, *, window: int, seed: int
) -> tuple[Task, dict[str, tuple[int, int]]]:
    tracks = label_bases(annotation.features, genome.lengths)
    parts = {
        role: sample_windows(
            tracks,
            regions,
            length=window,
            count=WINDOWS[role],
            seed=derived_key(seed, "probe", role),
            bases=genome.bases,
        )
        for role, regions in split.regions().items()
    }
    train, validation, test, dropped = drop_rare_classes(parts["training"], parts["validation"], parts["test"])
    if len(set(validation.label.tolist())) < 2:
        raise InputError("the validation windows are all of one class", fix="hold out more with --validation")
    return Task("annotation of the centre base", train, validation, test), dropped


def _arms(
    model: SequenceModel, task: Task, genome: PreparedGenome, *, counted: bool, seed: int
) -> dict[str, ArmFeatures]:
    bases = [read_windows(part, genome.bases) for part in (task.train, task.validation, task.test)]
    words = choose_word_length(bases[0], task.train.label, bases[1], task.validation.label)
    twin_seed = derived_key(seed, "random twin")
    twin = random_twin(model, seed=twin_seed, keep_counts=False)
    arms = {
        "composition": ArmFeatures(*(composition_features(part) for part in bases)),
        "kmer_logistic": ArmFeatures(*(kmer_frequencies(part, words.length) for part in bases)),
        "random_probe": _embedded(twin, bases, counted=counted),
    }
    if model.context is not None:
        counting_twin = random_twin(model, seed=twin_seed, keep_counts=True)
        arms["counting_probe"] = _embedded(counting_twin, bases, counted=counted)
    return arms | {"pretrained_probe": _embedded(model, bases, counted=counted)}


def _embedded(model: SequenceModel, bases: list[Bases], *, counted: bool) -> ArmFeatures:
    """Describe the windows; those of training stretches without the echo of their own counts."""
    train, validation, test = (_states(model, part, counted=counted and which == 0) for which, part in enumerate(bases))
    return ArmFeatures(train, validation, test)


def _states(model: SequenceModel, windows: Bases, *, counted: bool) -> npt.NDArray[np.float32]:
    """Embed windows, some at a time where words have many lengths."""
    machine = this_machine()
    rows = [
        embed(model, batch.ids.numpy(), machine, counted=counted, centres=centre_tokens(batch).numpy())
        for _, batch in cut_windows(WindowTokens(model.tokenizer), windows)
    ]
    return np.concatenate(rows)


def _probe_section(
    task: Task,
    panel: PanelResult,
    embedding: ArmFeatures,
    dropped: dict[str, tuple[int, int]],
    options: PretrainingOptions,
) -> dict[str, Any]:
    chosen = np.linspace(0, len(task.test) - 1, min(MAP_POINTS, len(task.test))).astype(int)
    points = embedding_map(embedding.test[chosen], seed=options.seed)
    counts = {part: getattr(task, part).count() for part in ("train", "test")}
    return {
        "window": options.window,
        "blocks": panel.blocks,
        "classes": [
            {"name": name, "training": counts["train"][name], "test": counts["test"][name]}
            for name in task.test.classes
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
            "label": task.test.label[chosen].tolist(),
        },
    }


def _notes(annotation: Annotation, *, known: bool, own_genome: bool, counts: bool) -> list[str]:
    twins = ["The random twin never saw the genome: random weights, empty context counts."]
    if counts:
        twins.append("The random twin with counts reads the context counts of the model; only its weights are random.")
    notes = [
        *twins,
        "Embeddings are the states that enter the first layer beside those that leave the last: centre base and mean.",
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
