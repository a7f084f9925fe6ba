"""What a frozen model knows of a task, in bits: of the label, of what does not matter, and of the rest.

Vectors Z are those that the frozen probe reads (see `evaluation.methods.frozen_probe`), and I(Z;Y) is what it says of
the test examples. Beside the model stand its random twin and the sequence's k-mer frequencies. Legend: X sequence,
Y label, Z vectors, N nuisance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genolect import files
from genolect.arrays import Integers
from genolect.errors import ConfigurationError
from genolect.evaluation.methods.frozen_probe import frozen_probe, frozen_states, table_states
from genolect.evaluation.methods.learners import ArmFeatures, best_linear
from genolect.evaluation.methods.method import Answers, Strands
from genolect.evaluation.panel import Units, units_of
from genolect.evaluation.sections import strands_of
from genolect.folders import RESULTS
from genolect.models.inference import this_machine
from genolect.models.model import SequenceModel, load_model, random_twin
from genolect.random import derived_key
from genolect.report.folder import new_results
from genolect.sequence.kmers import kmer_frequencies
from genolect.sequence.ragged import RaggedBases
from genolect.statistics.bootstrap import Resamples, draw_blocks
from genolect.statistics.information import (
    Information,
    invariance,
    kept_information,
    minimality,
    sufficiency_gap,
    told_information,
)
from genolect.statistics.linear import fit_probe
from genolect.tables.table import LabelledTable, Parts, Target
from genolect.tables.task_file import TableTask

Features = npt.NDArray[np.floating[Any]]
Row = dict[str, Any]

PRETRAINED, TWIN = "pretrained", "random_twin"
WORD_LENGTHS = (3, 4, 5, 6)
SHIFT = 8
"""Bases between two readings of one sequence; neither a codon nor a turn of the helix."""

BINS = 4
FEWEST = 30
"""Examples of each value of a nuisance that training needs before a probe can be asked about it."""


class Probed(NamedTuple):
    """One description of the sequences, with what the probe of the label that reads it answers.

    Attributes
    ----------
    describe : callable
        Sequences, and whether one strand or both are read, to features, shape (n, D).
    features : ArmFeatures
        Of the training, validation and test examples.
    answers : Answers
        Of the probe, and what was chosen on the validation examples.
    """

    describe: Callable[[RaggedBases, Strands], Features]
    features: ArmFeatures
    answers: Answers


@dataclass(frozen=True)
class Nuisance:
    """Something that a good description of the sequence need not tell.

    Attributes
    ----------
    name : str
        What it is called.
    variants : tuple of callable
        Each gives all sequences in one of its values; empty where each example has a value of its own.
    values : tuple of ndarray, or None
        That value, for training, validation and test examples.
    strands : {'one', 'both'}
        How the variants are read.
    """

    name: str
    variants: tuple[Callable[[RaggedBases], RaggedBases], ...] = ()
    values: tuple[Integers, ...] | None = None
    strands: Strands = "one"


@dataclass(frozen=True)
class InformationView:
    """What was found.

    Attributes
    ----------
    rows : list of dict
        ``task``, ``arm``, ``metric``, ``value``, ``low``, ``high`` (bits), ``n``, ``split``, ``direction``.
    notes : list of str
        What was chosen, and what could not be asked.
    """

    rows: list[Row]
    notes: list[str]


def view_information(
    arms: dict[str, SequenceModel], parts: Parts, *, batches: tuple[Integers, ...] | None = None, seed: int = 0
) -> InformationView:
    """Measure sufficiency, invariance and minimality of models on a divided table.

    Parameters
    ----------
    arms : dict of str to SequenceModel
        Models by the name of their arm.
    parts : Parts
        The task; numbers are cut into four classes at the quartiles of the training examples.
    batches : tuple of ndarray of int64, optional
        Batch of each training, validation and test example.
    seed : int
        Of the intervals.

    Returns
    -------
    InformationView
        Rows and notes.

    Raises
    ------
    ConfigurationError
        If the task has several labels.

    Examples
    --------
    >>> from genolect.tables.table import Places
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.models.model import new_model
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> letters = np.random.Generator(np.random.Philox(1)).integers(0, 4, (240, 40)).astype(np.uint8)
    >>> split = np.repeat(["train", "validation", "test"], 80)
    >>> table = LabelledTable("toy", split, RaggedBases.of(letters), Target("classes", ("a", "b"), np.arange(240) % 2),
    ...     split, np.arange(240).astype(str), Places.unknown(240))
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> model = new_model(config, NucleotideTokenizer(), seed=3)
    >>> view = view_information({"model": model}, table.parts())
    >>> [row["metric"] for row in view.rows if row["arm"] == "kmers"][0]
    'I(Z;Y), label (bits)'
    """
    parts, notes = _with_classes(parts)
    strands = strands_of(*parts)
    units = units_of(parts.test)
    drawn = draw_blocks(units.group, seed=seed)
    words = _words(parts)
    described = {"kmers": words} | {name: _frozen(model, parts, strands) for name, model in arms.items()}
    rows: list[Row] = []
    nuisances = [*_nuisances(parts, strands, batches)]
    if strands == "both":
        notes.append("Vectors are averaged over both strands, but for the question which strand was read.")
    for arm, probed in described.items():
        notes.append(f"{arm}: {probed.answers.setting}")
        rows += _of_label(parts, arm, probed, words, drawn)
        for nuisance in nuisances:
            asked = _of_nuisance(parts, probed, nuisance, units, seed)
            if isinstance(asked, str):
                notes.append(f"{arm}, {nuisance.name}: {asked}")
                continue
            rows.append(_row(parts, arm, asked))
    return InformationView(rows, [note for note in dict.fromkeys([*notes, units.note]) if note])


def _with_classes(parts: Parts) -> tuple[Parts, list[str]]:
    """Cut numbers into classes; refuse several labels."""
    target = parts.train.target
    if target.kind == "multilabel":
        raise ConfigurationError(
            f"{parts.train.name} has several labels", fix="ask about one of them at a time with --label"
        )
    if target.kind == "classes":
        return parts, []
    cuts = np.quantile(target.values, np.arange(1, BINS) / BINS)
    names = tuple(f"quartile {number + 1}" for number in range(BINS))

    def cut(part: LabelledTable) -> LabelledTable:
        codes = np.searchsorted(cuts, part.target.values, side="right").astype(np.int64)
        return replace(part, target=Target("classes", names, codes))

    return Parts(*map(cut, parts)), [f"numbers as {BINS} classes, cut at {', '.join(f'{cut:.4g}' for cut in cuts)}"]


def _words(parts: Parts) -> Probed:
    """Describe sequences by the frequencies of k-mers, k as the validation examples like it."""
    counted = [ArmFeatures(*(_frequencies(length, part.sequences) for part in parts)) for length in WORD_LENGTHS]
    names = [f"words of {length}" for length in WORD_LENGTHS]
    place, answers = best_linear(zip(names, counted, strict=True), parts)
    return Probed(lambda sequences, strands: _frequencies(WORD_LENGTHS[place], sequences), counted[place], answers)


def _frequencies(length: int, sequences: RaggedBases) -> Features:
    described: dict[int, Features] = {}
    for rows, bases in sequences.by_length():
        described |= dict(zip(rows.tolist(), kmer_frequencies(bases, length), strict=True))
    return np.stack([described[row] for row in range(len(sequences))])


def _frozen(model: SequenceModel, parts: Parts, strands: Strands) -> Probed:
    """Describe sequences by the states that the frozen probe of the model reads."""
    machine = this_machine()
    states = table_states(model, parts, strands, machine)
    chosen, answers = frozen_probe(states, parts)

    def describe(sequences: RaggedBases, strands: Strands) -> Features:
        return chosen.of(frozen_states(model, sequences, strands, machine))

    return Probed(describe, ArmFeatures(*map(chosen.of, states)), answers)


def _codes(part: LabelledTable) -> Integers:
    return part.target.values.astype(np.int64)


def _of_label(parts: Parts, arm: str, probed: Probed, words: Probed, drawn: Resamples) -> list[Row]:
    """Give what the vectors tell of the label, what they miss of it, and what they keep beside it."""
    labels = _codes(parts.test)
    answers = probed.answers.test
    told = told_information(answers, labels, drawn, quantity="I(Z;Y), label")
    rows = [_row(parts, arm, told)]
    if probed is words:
        return rows
    rows.append(_row(parts, arm, sufficiency_gap(words.answers.test, answers, labels, drawn)))
    kept = kept_information(probed.features.test, words.features.test, drawn)
    excess = minimality(kept, told, labels).excess
    return [*rows, _row(parts, arm, kept), _row(parts, arm, excess)]


def _nuisances(parts: Parts, strands: Strands, batches: tuple[Integers, ...] | None) -> Iterator[Nuisance]:
    # An average over both strands cannot tell which of them was given: this one is asked of a single reading.
    yield Nuisance("strand", (lambda sequences: sequences, RaggedBases.reverse_complement))
    shortest = min(int(part.sequences.lengths.min()) for part in parts)
    if shortest > 4 * SHIFT:
        crops = tuple(partial(_cropped, first=first) for first in (0, SHIFT))
        yield Nuisance("shift", crops, strands=strands)
    cuts = np.quantile(_gc(parts.train.sequences), np.arange(1, BINS) / BINS)
    yield Nuisance("composition", values=tuple(np.searchsorted(cuts, _gc(part.sequences)) for part in parts))
    if batches is not None:
        yield Nuisance("batch", values=batches)


def _cropped(sequences: RaggedBases, first: int) -> RaggedBases:
    """Leave `SHIFT` bases out of every sequence, in all at both ends."""
    return RaggedBases.of(row[first : row.size - (SHIFT - first)] for row in sequences)


def _gc(sequences: RaggedBases) -> npt.NDArray[np.float64]:
    """Share of G and C among the bases of each sequence."""
    plain = sequences.plain()
    strong = np.add.reduceat(((plain.bases == 1) | (plain.bases == 2)).astype(np.int64), plain.starts[:-1])
    shares: npt.NDArray[np.float64] = strong / np.maximum(plain.lengths, 1)
    return shares


def _of_nuisance(parts: Parts, probed: Probed, nuisance: Nuisance, units: Units, seed: int) -> Information | str:
    """Probe the vectors for a nuisance, or say why not."""
    features: tuple[Features, ...]
    if nuisance.values is not None:
        features, values = probed.features, nuisance.values
        copies = 1
    else:
        copies = len(nuisance.variants)
        features = tuple(
            np.concatenate(
                [probed.describe(variant(part.sequences), nuisance.strands) for variant in nuisance.variants]
            )
            for part in parts
        )
        values = tuple(np.repeat(np.arange(copies), len(part)) for part in parts)
    known, counts = np.unique(values[0], return_counts=True)
    if known.size < 2 or counts.min() < FEWEST:
        return f"fewer than {FEWEST} training examples of some value"
    if any(not np.isin(part, known).all() or np.unique(part).size < 2 for part in values[1:]):
        return "the validation or test examples have other values than the training examples"
    codes = [np.searchsorted(known, part).astype(np.int64) for part in values]
    probe = fit_probe(features[0], codes[0], features[1], codes[1])
    drawn = draw_blocks(np.tile(units.group, copies), seed=seed)
    found = invariance(probe.probabilities(features[2]), codes[2], drawn)
    return replace(found.told, quantity=f"I(Z;N), {nuisance.name}, of {found.entropy:.2f}")


def _row(parts: Parts, arm: str, found: Information) -> Row:
    return {
        "task": parts.test.name,
        "arm": arm,
        "metric": f"{found.quantity} (bits)",
        "value": found.bits.value,
        "low": found.bits.low,
        "high": found.bits.high,
        "n": len(parts.test),
        "split": "test",
        "direction": found.direction,
    }


def information(
    models: list[Path],
    task: TableTask,
    out: Path,
    *,
    batch: str | None = None,
    seed: int = 0,
    command: str = "",
    say: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Any]:
    """Measure models on a divided table, beside random twins and words, and write ``results.json``.

    Parameters
    ----------
    models : list of Path
        Model directories; the first is `PRETRAINED`, others carry their folder's name.
    task : TableTask
        The table.
    out : Path
        Folder for the results.
    batch : str, optional
        Column that says which batch an example comes from: a nuisance.
    seed : int
        Of intervals and twins.
    command : str
        As typed, for the record.
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
    parts = task.read().table.parts()
    arms: dict[str, SequenceModel] = {}
    for number, folder in enumerate(models):
        name = PRETRAINED if not number else f"{PRETRAINED} {folder.parent.name or folder.name}"
        arms[name] = load_model(folder)
    twin_seed = derived_key(seed, "random twin")
    arms[TWIN] = random_twin(arms[PRETRAINED], seed=twin_seed, keep_counts=False)
    say("reading and probing")
    view = view_information(arms, parts, batches=_batches(task, batch), seed=seed)
    results = new_results(
        command,
        {
            "title": f"genolect: what is known of {parts.test.name}, in bits",
            "seed": seed,
            "inputs": [task.origin()],
            "model_folder": str(models[0]),
            "evaluation": view.rows,
            "notes": view.notes,
        },
    )
    files.make_folder(out)
    files.write_json(out / RESULTS, results)
    return results


def _batches(task: TableTask, column: str | None) -> tuple[Integers, ...] | None:
    """Read a column as the batch of each training, validation and test example."""
    if column is None:
        return None
    parts: Parts = task.model_copy(update={"group": column}).read().table.parts()
    names = np.unique(np.concatenate([part.group for part in parts]))
    train, validation, test = (np.searchsorted(names, part.group).astype(np.int64) for part in parts)
    return train, validation, test
