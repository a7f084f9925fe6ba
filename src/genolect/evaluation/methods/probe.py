"""Arms made of a model: its frozen states through the linear probe, and those of its random twins.

Legend: n sequences, D width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genolect.errors import InputError, shown
from genolect.evaluation.methods.features import Strands
from genolect.evaluation.methods.learners import ArmFeatures, learn, linear
from genolect.evaluation.methods.method import Answers, Arm, Features, best_of, loss_of
from genolect.models.embedding import Pooling, layer_embeddings
from genolect.models.inference import TOKENS_PER_BATCH, Machine, this_machine
from genolect.models.model import SequenceModel, random_twin
from genolect.sequence.ragged import RaggedBases
from genolect.tables.table import LabelledTable, Parts

Vectors = npt.NDArray[np.float32]

PROBE = "pretrained_probe"
POOLINGS: tuple[Pooling, ...] = ("mean", "centre", "max")
SEQUENCES_AT_ONCE = 2_048
TOKENS_IN_CACHE = 4_096
"""What a processor reads at a time: the states of so many tokens stay in its cache, which makes it a fifth faster."""

DEPTHS = ("first", "middle", "last")


class Representation(NamedTuple):
    """Which states, pooled how.

    Attributes
    ----------
    depths, pools : tuple of int
        Places in `DEPTHS` and in `POOLINGS`.
    """

    depths: tuple[int, ...]
    pools: tuple[int, ...]

    def __str__(self) -> str:
        states = " and ".join(DEPTHS[depth] for depth in self.depths)
        return f"{states} states, {' beside '.join(POOLINGS[pool] for pool in self.pools)}"


REPRESENTATIONS = [Representation(depths, pools) for depths in ((1,), (2,), (0, 2)) for pools in ((0, 1), (0, 2))]
"""Six, as many as other arms have settings: what enters the first layer, what leaves the middle one and the last."""

States = Callable[[LabelledTable], Vectors]


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

    def states_of(reader: SequenceModel) -> States:
        return lambda part: describe_sequences(reader, part.sequences, strands, machine, counted=counted(part))

    def pretrained(parts: Parts, seeds: Sequence[int]) -> list[Answers]:
        return [probed(states_of(model), parts)]

    def twins(keep_counts: bool) -> Arm:
        def answer(parts: Parts, seeds: Sequence[int]) -> list[Answers]:
            readers = (random_twin(model, seed=seed, keep_counts=keep_counts) for seed in seeds)
            return [probed(states_of(twin), parts) for twin in readers]

        return answer

    arms = {"random_probe": twins(keep_counts=False)}
    if model.context is not None:
        arms["counting_probe"] = twins(keep_counts=True)
    return arms | {PROBE: pretrained}


def probed(states: States, parts: Parts) -> Answers:
    """Probe each representation and take the one that suits the validation examples best.

    Parameters
    ----------
    states : callable
        Gives the vectors of a part, shape (n, 3 depths, 3 poolings, D).
    parts : Parts
        The task.

    Returns
    -------
    Answers
        Of the best of `REPRESENTATIONS`.
    """
    vectors = [states(part) for part in parts]
    target = parts.train.target
    candidates = []
    for one in REPRESENTATIONS:
        features = ArmFeatures(*(part[:, one.depths][:, :, one.pools].reshape(len(part), -1) for part in vectors))
        [answers] = learn(linear, features, parts, ())
        loss = loss_of(parts.validation.target, answers.validation, scale=target.loss_scale)
        candidates.append((loss, replace(answers, setting=f"{one}, {answers.setting}")))
    return best_of(candidates)


def describe_sequences(
    model: SequenceModel, sequences: RaggedBases, strands: Strands, machine: Machine, *, counted: bool = False
) -> Vectors:
    """Pool first, middle and last states, averaged over the strands, some sequences at a time.

    Parameters
    ----------
    model : SequenceModel
        The model.
    sequences : RaggedBases
        n sequences.
    strands : {'one', 'both'}
        Whether the other strand is read too.
    machine : Machine
        Where.
    counted : bool
        Whether the sequences come from the stretches whose contexts the model counted.

    Returns
    -------
    ndarray of float32, shape (n, 3, 3, D)
        By `DEPTHS` and `POOLINGS`.

    Examples
    --------
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.models.model import new_model
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> model = new_model(config, NucleotideTokenizer(), seed=3)
    >>> sequences = RaggedBases.of([np.zeros(5, dtype=np.uint8), np.ones(7, dtype=np.uint8)])
    >>> describe_sequences(model, sequences, "both", this_machine()).shape
    (2, 3, 3, 8)
    """
    rows = []
    for start in range(0, len(sequences), SEQUENCES_AT_ONCE):
        some = sequences.select(np.arange(start, min(start + SEQUENCES_AT_ONCE, len(sequences))))
        read = [some, some.reverse_complement()] if strands == "both" else [some]
        rows.append(sum(_pooled(model, one, machine, counted=counted) for one in read) / np.float32(len(read)))
    return np.concatenate(rows)


def _pooled(model: SequenceModel, sequences: RaggedBases, machine: Machine, *, counted: bool) -> Vectors:
    tokens = TOKENS_IN_CACHE if machine.device.type == "cpu" else TOKENS_PER_BATCH
    states = layer_embeddings(model, sequences, machine, pooling=POOLINGS, counted=counted, tokens=tokens)
    depths = [0, states.shape[1] // 2, states.shape[1] - 1]
    return states[:, depths].reshape(len(states), len(depths), len(POOLINGS), -1)


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
