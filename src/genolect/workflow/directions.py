"""What ``genolect direction`` says: what a model and its probe make of sequence that is read the wrong way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from genolect import durable
from genolect.data.context_counts import context_lengths, count_contexts
from genolect.data.genome import PreparedGenome
from genolect.data.labelled_table import LabelledTable
from genolect.data.ragged import RaggedBases
from genolect.data.split import Split
from genolect.evaluation.context_model import ContextModel
from genolect.evaluation.direction import FORWARD, READINGS, Sequences, direction_rows, direction_sentences, reading_row
from genolect.evaluation.markov_model import MarkovModel
from genolect.evaluation.panel import Row
from genolect.evaluation.probe import fit_probe
from genolect.evaluation.statistics import Resamples, draw_blocks, estimate
from genolect.evaluation.weighting import Floats
from genolect.evaluation.words import composition_of
from genolect.inference import Machine, this_machine
from genolect.model import SequenceModel, load_model
from genolect.report.page import RESULTS
from genolect.sequence.alphabet import Bases
from genolect.sequence.interval import Interval
from genolect.window_tokens import WindowTokens
from genolect.workflow.causal_exam import set_causal_exam, tune_markov_model
from genolect.workflow.evaluation import AnnotationFile, known_plan, labelled_task, naming
from genolect.workflow.exam import MeanExam
from genolect.workflow.held_out import held_out_for, model_names
from genolect.workflow.masked_exam import set_masked_exam, tune_count_model
from genolect.workflow.model_arms import PROBE, describe_sequences
from genolect.workflow.plan import PretrainingOptions
from genolect.workflow.results import EVALUATION, INTERVALS, new_results

EXAM_WINDOWS = 1_000
CONTROL = "GC content above the median (control without direction)"
NOTES = (
    "Readings of the same windows: as they are, reversed, complement, reverse complement. Rows auroc_change and "
    "bits_change: the reading minus forward, paired by blocks.",
    "The probe is fitted on forward windows of the training stretches; labelled windows are read on the strand of "
    "their label, so that the reverse complement is the strand that the label does not lie on.",
)


class GenomeReading(PreparedGenome):
    """A prepared genome of which every stretch is read in one of the ways of `evaluation.direction.READINGS`.

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
    model: SequenceModel, genome: PreparedGenome, split: Split, machine: Machine, *, window: int, seed: int
) -> list[Row]:
    """Compare the bits per base of held-out stretches over the readings, the model's beside its bar's.

    Parameters
    ----------
    model : SequenceModel
        Causal, or masked.
    genome : PreparedGenome
        Where the bases are.
    split : Split
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
    task = "next base" if model.config.causal else "hidden bases"
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
    model: SequenceModel, genome: PreparedGenome, split: Split, *, window: int, seed: int
) -> dict[str, MeanExam]:
    """Set the same exam for every reading; its bar is tuned on the forward one."""
    counts = count_contexts(
        genome, split.training, context_lengths(sum(region.length for region in split.training))[-1]
    )
    tokens = WindowTokens(model.tokenizer)
    shape = {"window": window, "most": EXAM_WINDOWS}
    if model.config.causal:
        markov = MarkovModel(counts)
        tune_markov_model(markov, set_causal_exam(genome, split.validation, tokens, markov, **shape))
        return {
            reading: set_causal_exam(GenomeReading(genome, reading), split.test, tokens, markov, **shape)
            for reading in READINGS
        }
    counting = ContextModel(counts)

    def masked(source: PreparedGenome, regions: tuple[Interval, ...]) -> Any:
        return set_masked_exam(source, regions, tokens, counting, **shape, seed=seed)

    tune_count_model(counting, masked(genome, split.validation))
    return {reading: masked(GenomeReading(genome, reading), split.test) for reading in READINGS}


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
        From `evaluation.direction.direction_rows`: the task's, then the control's.
    """
    parts = task.parts()
    states = [_vectors(model, part.sequences, counted=counted and not number) for number, part in enumerate(parts[:2])]
    content = [composition_of(part.sequences)[:, 0] for part in parts]
    middle = float(np.median(content[0]))
    labels = {
        task.name: [part.target.values.astype(np.int64) for part in parts],
        CONTROL: [(part > middle).astype(np.int64) for part in content],
    }
    read: dict[bytes, Floats] = {}

    def described(sequences: Sequences) -> Floats:
        """Give the states of test windows; both tasks ask about the same ones."""
        ragged = RaggedBases.of(sequences)
        key = ragged.bases.tobytes()
        if key not in read:
            read[key] = _vectors(model, ragged, counted=False)
        return read[key]

    found: list[Row] = []
    for name, (train, validation, test) in labels.items():
        probe = fit_probe(states[0], train, states[1], validation)
        found += direction_rows(
            lambda sequences, probe=probe: probe.probabilities(described(sequences)),  # type: ignore[misc]
            [*parts.test.sequences],
            test,
            task=name,
            arm=PROBE,
            blocks=np.unique(parts.test.group, return_inverse=True)[1],
            seed=seed,
        )
    return found


def _vectors(model: SequenceModel, sequences: RaggedBases, *, counted: bool) -> Floats:
    """Give first and last states, mean and centre, read on the one strand that is given."""
    states = describe_sequences(model, sequences, "one", this_machine(), counted=counted)
    return states[:, [0, -1]][:, :, :2].reshape(len(states), -1).astype(np.float64)


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
    durable.make_folder(out)
    durable.write_json(out / RESULTS, results)
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
