"""What ``genolect direction`` says: what a model and its probe make of sequence that is read the wrong way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genolect import files
from genolect.arrays import Floats, Integers
from genolect.evaluation.annotation import AnnotationFile, labelled_task, naming
from genolect.evaluation.methods.features import composition_of
from genolect.evaluation.methods.frozen_probe import frozen_probe, frozen_states
from genolect.evaluation.methods.learners import ArmFeatures
from genolect.evaluation.methods.probe import PROBE
from genolect.evaluation.panel import Row
from genolect.folders import EVALUATION, RESULTS
from genolect.genome.context_counts import context_lengths, count_contexts
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import GenomeSplit
from genolect.models.inference import Machine, WindowTokens, this_machine
from genolect.models.model import SequenceModel, load_model
from genolect.pretraining.held_out import held_out_for, model_names
from genolect.pretraining.kinds.exam import MeanExam
from genolect.pretraining.kinds.likelihood import kind_for
from genolect.pretraining.plan import PretrainingOptions, known_plan
from genolect.report.folder import INTERVALS, new_results
from genolect.sequence.alphabet import COMPLEMENT, Bases, reverse_complement
from genolect.sequence.interval import Interval
from genolect.sequence.ragged import RaggedBases
from genolect.statistics.bootstrap import Estimate, Resamples, decide, draw_blocks, estimate, resampled_values
from genolect.statistics.metrics import auroc, macro
from genolect.tables.table import LabelledTable, Parts, Target

FORWARD = "forward"
READINGS: dict[str, Callable[[Bases], Bases]] = {
    FORWARD: lambda bases: bases,
    "reversed": lambda bases: bases[..., ::-1],
    "complement": lambda bases: COMPLEMENT[bases],
    "reverse_complement": reverse_complement,
}
"""The four ways to read a stretch, by name; each undoes itself."""

Sequences = Sequence[Bases] | npt.NDArray[np.uint8]
Predict = Callable[[Sequences], npt.ArrayLike]


def read_as(sequences: Sequences, reading: str) -> Sequences:
    """Read sequences in one of the four ways.

    Parameters
    ----------
    sequences : ndarray of uint8, shape (n, L), or sequence of ndarray of uint8
        Base codes; of many lengths in a list.
    reading : str
        One of `READINGS`.

    Returns
    -------
    ndarray of uint8, shape (n, L), or list of ndarray of uint8
        New ones, as they were given.

    Raises
    ------
    KeyError
        If there is no such reading.

    Examples
    --------
    >>> from genolect.sequence.alphabet import decode, encode
    >>> [decode(read_as([encode("AACg")], reading)[0]) for reading in READINGS]
    ['AACg', 'gCAA', 'TTGc', 'cGTT']
    """
    read = READINGS[reading]
    if isinstance(sequences, np.ndarray):
        return np.ascontiguousarray(read(sequences))
    return [np.ascontiguousarray(read(bases)) for bases in sequences]


def direction_rows(
    predict: Predict,
    sequences: Sequences,
    labels: Integers,
    *,
    task: str,
    arm: str,
    blocks: Integers | None = None,
    seed: int = 0,
    split: str = "test",
) -> list[Row]:
    """Score a fitted classifier on four readings of the same sequences, with paired differences from the first.

    Parameters
    ----------
    predict : callable
        Takes sequences, gives probabilities (n, K) of the classes, or for two classes the score of the second (n,).
    sequences : ndarray of uint8, shape (n, L), or sequence of ndarray of uint8
        Base codes.
    labels : ndarray of int64, shape (n,)
        Class codes 0 to K - 1; those of the sequences as given.
    task, arm, split : str
        As rows of ``results.json`` name them.
    blocks : ndarray of int64, shape (n,), optional
        Which sequences stand or fall together; by default each for itself, which gives too narrow intervals where they
        are neighbours.
    seed : int
        Of the resampling.

    Returns
    -------
    list of dict
        For each reading a row ``auroc`` whose arm is ``arm (reading)``, one class against the rest, averaged over
        classes; and for all but the forward one a row ``auroc_change``, the reading minus the forward one.

    Raises
    ------
    ValueError
        If labels and answers do not fit the sequences, or an answer is not finite.

    Examples
    --------
    >>> sequences = np.array([[0, 1, 2]] * 3 + [[2, 1, 0]] * 3, dtype=np.uint8)
    >>> labels = np.array([0, 0, 0, 1, 1, 1])
    >>> rows = direction_rows(lambda bases: np.array([row[0] for row in bases]), sequences, labels, task="t", arm="a")
    >>> {row["arm"]: row["value"] for row in rows if row["metric"] == "auroc"}
    {'a (forward)': 1.0, 'a (reversed)': 0.0, 'a (complement)': 0.0, 'a (reverse_complement)': 1.0}
    """
    if len(labels) != len(sequences):
        raise ValueError(f"{len(sequences)} sequences have {len(labels)} labels")
    classes = int(labels.max()) + 1
    resamples = draw_blocks(np.arange(len(labels)) if blocks is None else blocks, seed=seed)
    values: dict[str, tuple[float, Floats]] = {}
    for reading in READINGS:
        answers = _answers(predict, read_as(sequences, reading), classes)
        once = float(_macro_auroc(labels, answers, None)[0])
        values[reading] = once, resampled_values(_metric(labels, answers), resamples)[""]
    rows = []
    forward, forwards = values[FORWARD]
    for reading, (value, resampled) in values.items():
        found = {"auroc": estimate(value, resampled, resamples.limits)}
        if reading != FORWARD:
            found["auroc_change"] = estimate(value - forward, resampled - forwards, resamples.limits)
        rows += [
            reading_row(task, f"{arm} ({reading})", metric, one, n=len(labels), split=split)
            for metric, one in found.items()
        ]
    return rows


def reading_row(task: str, arm: str, metric: str, found: Estimate, *, n: int, split: str) -> Row:
    """Write an estimate as a row of ``results.json``.

    Examples
    --------
    >>> reading_row("t", "a", "auroc", Estimate(0.5, None, None), n=9, split="test")["value"]
    0.5
    """
    values = {"value": found.value, "low": found.low, "high": found.high}
    return {"task": task, "arm": arm, "metric": metric, **values, "n": n, "split": split}


def direction_sentences(rows: Sequence[Mapping[str, object]], *, arm: str, margin: float = 0.01) -> list[str]:
    """Say of each task what reading it otherwise does to a score.

    Parameters
    ----------
    rows : sequence of mapping
        From `direction_rows`, of one task or of several.
    arm : str
        Whose.
    margin : float
        Changes of less do not matter.

    Returns
    -------
    list of str
        A sentence per task and reading.

    Examples
    --------
    >>> rows = [
    ...     {"task": "t", "arm": "a (forward)", "metric": "auroc", "value": 0.9, "low": 0.8, "high": 0.95},
    ...     {"task": "t", "arm": "a (reversed)", "metric": "auroc_change", "value": -0.4, "low": -0.5, "high": -0.3},
    ... ]
    >>> direction_sentences(rows, arm="a")
    ['t, reversed: AUROC 0.900 changes by -0.400 (95 % interval -0.500 to -0.300): worse.']
    """
    forward = {row["task"]: row["value"] for row in rows if row["arm"] == f"{arm} ({FORWARD})"}
    said = {"equivalent": "the same", "undecided": "undecided", "better": "better", "worse": "worse"}
    sentences = []
    for row in rows:
        if row["metric"] != "auroc_change" or not str(row["arm"]).startswith(f"{arm} ("):
            continue
        change = Estimate(*(None if row[key] is None else float(str(row[key])) for key in ("value", "low", "high")))
        reading = str(row["arm"]).removeprefix(f"{arm} (").removesuffix(")")
        interval = "" if change.low is None else f" (95 % interval {change.low:+.3f} to {change.high:+.3f})"
        sentences.append(
            f"{row['task']}, {reading}: AUROC {forward[row['task']]:.3f} changes by {change.value:+.3f}{interval}: "
            f"{said[decide(change, margin=margin)]}."
        )
    return sentences


def _answers(predict: Predict, sequences: Sequences, classes: int) -> Floats:
    answers = np.asarray(predict(sequences), dtype=np.float64)
    if classes == 2 and answers.ndim == 1:
        answers = np.stack([-answers, answers], axis=1)
    if answers.shape != (len(sequences), classes) or not np.isfinite(answers).all():
        what = f"answers of shape {answers.shape} to {len(sequences)} sequences of {classes} classes"
        raise ValueError(f"{what}; needed: one finite number per sequence and class")
    return answers


def _metric(labels: Integers, answers: Floats) -> Callable[[Floats], dict[str, Floats]]:
    return lambda weights: {"": _macro_auroc(labels, answers, weights)}


def _macro_auroc(labels: Integers, answers: Floats, weights: Floats | None) -> Floats:
    each = [auroc(labels == code, answers[:, code], weights) for code in range(answers.shape[1])]
    return macro(np.stack(each))


EXAM_WINDOWS = 1_000
CONTROL = "GC content above the median (control without direction)"
NOTES = (
    "Readings of the same windows: as they are, reversed, complement, reverse complement. Rows auroc_change and "
    "bits_change: the reading minus forward, paired by blocks.",
    "The probe is fitted on forward windows of the training stretches; labelled windows are read on the strand of "
    "their label, so that the reverse complement is the strand that the label does not lie on.",
)


class GenomeReading(PreparedGenome):
    """A prepared genome of which every stretch is read in one of the ways of `evaluation.studies.direction.READINGS`.

    Parameters
    ----------
    genome : PreparedGenome
        The genome.
    reading : str
        Which way; coordinates stay those of the genome.
    """

    def __init__(self, genome: PreparedGenome, reading: str) -> None:
        super().__init__(genome.folder, verify=False)
        self.reading = reading

    def bases(self, name: str, start: int = 0, end: int | None = None) -> Bases:
        """Give a stretch, read that way; parameters as of `PreparedGenome.bases`."""
        return READINGS[self.reading](super().bases(name, start, end))


def likelihood_rows(
    model: SequenceModel, genome: PreparedGenome, split: GenomeSplit, machine: Machine, *, window: int, seed: int
) -> list[Row]:
    """Compare the bits per base of held-out stretches over the readings, the model's beside its bar's.

    Parameters
    ----------
    model : SequenceModel
        Causal, or masked.
    genome : PreparedGenome
        Where the bases are.
    split : GenomeSplit
        What is held out; the bar counts the training stretches and is tuned on the validation stretches.
    machine : Machine
        Where.
    window : int
        Bases per window.
    seed : int
        Which bases are hidden, and of the resampling.

    Returns
    -------
    list of dict
        Rows ``bits_per_base`` of the arms ``model (reading)`` and ``counts (reading)``, and ``bits_change``.

    Raises
    ------
    InputError
        If a stretch holds no window or nothing to ask.
    """
    task = "hidden bases" if model.config.sees_ahead else "next base"
    found: dict[str, dict[str, tuple[Floats, Floats]]] = {"model": {}, "counts": {}}
    exams = _exams(model, genome, split, window=window, seed=seed)
    for reading, exam in exams.items():
        for arm, sums in (("model", exam.sums(model, machine)), ("counts", exam.bar_sums())):
            found[arm][reading] = sums, exam.counts
    resamples = draw_blocks(exams[FORWARD].blocks, seed=seed)
    rows = []
    for arm, by_reading in found.items():
        ratios = {reading: _ratio(*columns, resamples) for reading, columns in by_reading.items()}
        value, resampled = ratios[FORWARD]
        for reading, (own, owns) in ratios.items():
            measured = {"bits_per_base": estimate(own, owns, resamples.limits)}
            if reading != FORWARD:
                measured["bits_change"] = estimate(own - value, owns - resampled, resamples.limits)
            rows += [
                reading_row(task, f"{arm} ({reading})", metric, one, n=exams[reading].unit_count, split="test")
                for metric, one in measured.items()
            ]
    return rows


def _ratio(sums: Floats, counts: Floats, resamples: Resamples) -> tuple[float, Floats]:
    """Divide sums by counts, on everything and on resamples of the blocks, the same for every reading."""
    own, asked = (np.bincount(resamples.block_of_example, weights=part) for part in (sums, counts))
    return float(own.sum() / asked.sum()), (own @ resamples.counts) / (asked @ resamples.counts)


def _exams(
    model: SequenceModel, genome: PreparedGenome, split: GenomeSplit, *, window: int, seed: int
) -> dict[str, MeanExam]:
    """Set the same exam for every reading; its bar is tuned on the forward one."""
    counts = count_contexts(genome, split.train, context_lengths(sum(region.length for region in split.train))[-1])
    tokens = WindowTokens(model.tokenizer)
    kind = kind_for(causal=not model.config.sees_ahead)
    counting = kind.counting(counts)

    def asked(source: PreparedGenome, regions: tuple[Interval, ...]) -> MeanExam:
        return kind.likelihood(source, regions, tokens, counting, window=window, most=EXAM_WINDOWS, seed=seed)

    kind.tune(counting, asked(genome, split.validation))
    return {reading: asked(GenomeReading(genome, reading), split.test) for reading in READINGS}


def label_rows(model: SequenceModel, task: LabelledTable, *, counted: bool, seed: int) -> list[Row]:
    """Probe frozen states for labels, and for a label without direction on the same windows, over the readings.

    Parameters
    ----------
    model : SequenceModel
        The model.
    task : LabelledTable
        Labelled windows with the roles train, validation and test.
    counted : bool
        Whether the model counted contexts of the training windows.
    seed : int
        Of the resampling.

    Returns
    -------
    list of dict
        From `evaluation.studies.direction.direction_rows`: the task's, then the control's.
    """
    parts = task.parts()
    machine = this_machine()
    readings = [RaggedBases.of(read_as([*parts.test.sequences], reading)) for reading in READINGS]
    tested = [frozen_states(model, sequences, "one", machine) for sequences in readings]
    train, validation = (
        frozen_states(model, part.sequences, "one", machine, counted=counted and part is parts.train)
        for part in parts[:2]
    )
    states = ArmFeatures(train, validation, np.concatenate(tested))
    found: list[Row] = []
    for one in (parts, _gc_control(parts)):
        answers = frozen_probe(states, one).answers.test.reshape(len(readings), len(parts.test), -1)
        told = {sequences.bases.tobytes(): rows for sequences, rows in zip(readings, answers, strict=True)}
        found += direction_rows(
            lambda sequences, told=told: told[RaggedBases.of(sequences).bases.tobytes()],  # type: ignore[misc]
            [*parts.test.sequences],
            one.test.target.values.astype(np.int64),
            task=one.test.name,
            arm=PROBE,
            blocks=np.unique(parts.test.group, return_inverse=True)[1],
            seed=seed,
        )
    return found


def _gc_control(parts: Parts) -> Parts:
    """Label the same windows by their GC content, which has no direction."""
    content = [composition_of(part.sequences)[:, 0] for part in parts]
    middle = float(np.median(content[0]))
    return Parts(
        *(
            replace(part, name=CONTROL, target=Target("classes", ("low", "high"), (gc > middle).astype(np.int64)))
            for part, gc in zip(parts, content, strict=True)
        )
    )


def direction(
    folder: Path,
    genome: PreparedGenome,
    annotation_file: AnnotationFile | None,
    out: Path,
    *,
    command: str,
    say: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Any]:
    """Read held-out stretches in four ways, and say what a model makes of each.

    Parameters
    ----------
    folder : Path
        A model directory, ours or Hugging Face's.
    genome : PreparedGenome
        Where windows come from.
    annotation_file : AnnotationFile, optional
        Labels; without them the likelihood alone is compared.
    out : Path
        Folder for ``results.json``.
    command : str
        The command as typed, for the record.
    say : callable
        Told what is being done.

    Returns
    -------
    dict
        The content of ``results.json``; ``direction`` holds the sentences.

    Raises
    ------
    GenolectError
        As the parts say.
    """
    model, plan = load_model(folder), known_plan(folder)
    options = PretrainingOptions() if plan is None else plan.options
    [(name, _)] = names = list(model_names([folder]).items())
    held = held_out_for(dict(names), genome, window=options.window)
    say("reading held-out stretches in four ways")
    machine = Machine(this_machine().device, reduced=False)
    rows = likelihood_rows(model, genome, held.split, machine, window=options.window, seed=options.seed)
    inputs, sentences = list(genome.inputs), _bits_sentences(rows)
    if annotation_file is not None:
        say("labelling windows")
        annotation, origin = annotation_file.read(genome.lengths)
        inputs.append(origin)
        with naming(annotation_file.path):
            task, _ = labelled_task(genome, held.split, annotation, window=options.window, seed=options.seed)
        say("probing")
        labelled = label_rows(model, task, counted=held.own[name], seed=options.seed)
        rows += labelled
        sentences += direction_sentences(labelled, arm=PROBE)
    results = new_results(
        command,
        {
            "title": f"genolect: direction, {name}",
            "seed": options.seed,
            "intervals": INTERVALS,
            "inputs": inputs,
            "model_folder": str(folder),
            EVALUATION: rows,
            "direction": {"window": options.window, "sentences": sentences},
            "notes": [*NOTES, *held.notes],
        },
    )
    files.make_folder(out)
    files.write_json(out / RESULTS, results)
    return results


def _bits_sentences(rows: list[Row]) -> list[str]:
    """Say what each reading costs the model, and the counts."""
    bits = {str(row["arm"]): row for row in rows if row["metric"] == "bits_per_base"}
    sentences = []
    for row in rows:
        if row["metric"] != "bits_change" or row["value"] is None:
            continue
        arm, reading = str(row["arm"]).removesuffix(")").split(" (")
        interval = "" if row["low"] is None else f" (95 % interval {row['low']:+.4f} to {row['high']:+.4f})"
        forward = bits[f"{arm} ({FORWARD})"]["value"]
        sentences.append(
            f"{row['task']}, {arm}, {reading}: {forward:.4f} bits per base change by {row['value']:+.4f}{interval}."
        )
    return sentences
