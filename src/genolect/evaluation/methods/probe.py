"""Arms made of a model: its frozen probe, and that of its random twins; and arms of given vectors.

Legend: m vectors, D width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from genolect.errors import InputError, shown
from genolect.evaluation.methods.frozen_probe import frozen_probe, table_states
from genolect.evaluation.methods.learners import ArmFeatures, learn, linear
from genolect.evaluation.methods.method import Answers, Arm, Features, Strands
from genolect.models.inference import Machine, this_machine
from genolect.models.model import SequenceModel, random_twin
from genolect.tables.table import LabelledTable, Parts

PROBE = "pretrained_probe"


def probe_arms(
    model: SequenceModel,
    *,
    strands: Strands = "both",
    counted: Callable[[LabelledTable], bool] = lambda part: False,
    machine: Machine | None = None,
) -> dict[str, Arm]:
    """Give the frozen arms of a model.

    Parameters
    ----------
    model : SequenceModel
        The model; not changed.
    strands : {'one', 'both'}
        Whether states are averaged over both strands.
    counted : callable
        Says of a part whether its sequences come from the stretches whose contexts the model counted.
    machine : Machine, optional
        Where; by default what there is.

    Returns
    -------
    dict of str to Arm
        ``random_probe`` (other weights in every run), ``counting_probe`` where the model reads context counts (the
        same, with its counts), ``pretrained_probe``.

    Examples
    --------
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.models.model import new_model
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> list(probe_arms(new_model(config, NucleotideTokenizer(), seed=3)))
    ['random_probe', 'pretrained_probe']
    """
    machine = machine or this_machine()

    def probed(reader: SequenceModel, parts: Parts) -> Answers:
        return frozen_probe(table_states(reader, parts, strands, machine, counted=counted), parts).answers

    def pretrained(parts: Parts, seeds: Sequence[int]) -> list[Answers]:
        return [probed(model, parts)]

    def twins(keep_counts: bool) -> Arm:
        def answer(parts: Parts, seeds: Sequence[int]) -> list[Answers]:
            return [probed(random_twin(model, seed=seed, keep_counts=keep_counts), parts) for seed in seeds]

        return answer

    arms = {"random_probe": twins(keep_counts=False)}
    if model.context is not None:
        arms["counting_probe"] = twins(keep_counts=True)
    return arms | {PROBE: pretrained}


def embedding_arm(identifier: npt.NDArray[np.str_], vectors: Features) -> Arm:
    """Make an arm of vectors that were computed elsewhere.

    Parameters
    ----------
    identifier : ndarray of str, shape (m,)
        The example that each vector describes.
    vectors : ndarray of float, shape (m, D)
        The vectors.

    Returns
    -------
    Arm
        Refuses a table with an example that has no vector.

    Raises
    ------
    InputError
        If names and vectors are not equally many, or a name comes twice.

    Examples
    --------
    >>> embedding_arm(np.array(["x", "x"]), np.zeros((2, 5)))
    Traceback (most recent call last):
    genolect.errors.InputError: the embeddings name 'x' twice. Fix: give each example one vector.
    """
    if vectors.ndim != 2 or len(identifier) != len(vectors):
        what = f"the embeddings have {len(identifier):,} ids and vectors of shape {vectors.shape}"
        raise InputError(what, fix="give the arrays id, shape (m,), and vectors, shape (m, D)")
    row_of = dict(zip(identifier.tolist(), range(len(identifier)), strict=True))
    if len(row_of) < len(identifier):
        name = next(name for place, name in enumerate(identifier.tolist()) if row_of[name] != place)
        raise InputError(f"the embeddings name {shown(name)} twice", fix="give each example one vector")

    def described(part: LabelledTable) -> Features:
        absent = next((name for name in part.identifier.tolist() if name not in row_of), None)
        if absent is not None:
            what = f"the embeddings have no vector of {shown(absent)}"
            raise InputError(what, fix="describe every example of the table, by its id")
        return vectors[[row_of[name] for name in part.identifier.tolist()]]

    def answer(parts: Parts, seeds: Sequence[int]) -> list[Answers]:
        return learn(linear, ArmFeatures(*map(described, parts)), parts, seeds)

    return answer
