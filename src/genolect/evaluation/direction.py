"""Whether a scorer reads direction: its score on sequences read backwards, on the other letters, and on both.

Codons and splice sites read one way. Whoever knows them loses them on the reversed sequence, which has the same
composition; whoever scores as well there reads composition. The reverse complement is real DNA again, the other strand:
a scorer that should not care about strands keeps its score there, one of strand-specific labels may lose it.

Legend: n sequences, L bases, K classes, R resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from genolect.evaluation.metrics import auroc, macro
from genolect.evaluation.panel import Row
from genolect.evaluation.statistics import Estimate, decide, draw_blocks, estimate, resampled_values
from genolect.evaluation.weighting import Floats, Integers
from genolect.sequence.alphabet import COMPLEMENT, Bases, reverse_complement

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
