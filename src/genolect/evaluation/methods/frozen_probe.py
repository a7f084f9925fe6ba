"""The frozen probe of every verb: which states of a model, pooled how, and how hard the linear probe is penalised.

The validation examples choose all of it. Whoever names a score after the frozen model takes it from here, so that one
model on one table has one such score. Legend: n sequences, D width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from genolect.evaluation.methods.learners import ArmFeatures, best_linear
from genolect.evaluation.methods.method import Answers, Strands
from genolect.models.embedding import Pooling, layer_embeddings
from genolect.models.inference import TOKENS_PER_BATCH, Machine
from genolect.models.model import SequenceModel
from genolect.sequence.ragged import RaggedBases, over_strands
from genolect.tables.table import LabelledTable, Parts

Vectors = npt.NDArray[np.float32]

DEPTHS = ("first", "middle", "last")
POOLINGS: tuple[Pooling, ...] = ("mean", "centre", "max")
SEQUENCES_AT_ONCE = 2_048
TOKENS_IN_CACHE = 4_096
"""What a processor reads at a time: the states of so many tokens stay in its cache, which makes it a fifth faster."""


class Representation(NamedTuple):
    """Which states, pooled how: places in `DEPTHS` and in `POOLINGS`."""

    depths: tuple[int, ...]
    pools: tuple[int, ...]

    def __str__(self) -> str:
        states = " and ".join(DEPTHS[depth] for depth in self.depths)
        return f"{states} states, {' beside '.join(POOLINGS[pool] for pool in self.pools)}"

    def of(self, states: Vectors) -> Vectors:
        """Lay the vectors that it names side by side; `states` as from `frozen_states`."""
        return states[:, self.depths][:, :, self.pools].reshape(len(states), -1)


REPRESENTATIONS = tuple(Representation(depths, pools) for depths in ((1,), (2,), (0, 2)) for pools in ((0, 1), (0, 2)))
"""Six, as many as other arms have settings: what enters the first layer, what leaves the middle one and the last."""


class FrozenProbe(NamedTuple):
    """What the validation examples chose, and what it answers."""

    representation: Representation
    answers: Answers


def frozen_states(
    model: SequenceModel, sequences: RaggedBases, strands: Strands, machine: Machine, *, counted: bool = False
) -> Vectors:
    """Pool first, middle and last states, averaged over the strands, some sequences at a time.

    Parameters
    ----------
    model : SequenceModel
        The model; not changed.
    sequences : RaggedBases
        n sequences.
    strands : {'one', 'both'}
        Whether the other strand is read too.
    machine : Machine
        Where.
    counted : bool
        Whether the sequences come from the regions whose contexts the model counted.

    Returns
    -------
    ndarray of float32, shape (n, 3, 3, D)
        By `DEPTHS` and `POOLINGS`.

    Examples
    --------
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.models.inference import this_machine
    >>> from genolect.models.model import new_model
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> model = new_model(config, NucleotideTokenizer(), seed=3)
    >>> sequences = RaggedBases.of([np.zeros(5, dtype=np.uint8), np.ones(7, dtype=np.uint8)])
    >>> frozen_states(model, sequences, "both", this_machine()).shape
    (2, 3, 3, 8)
    """
    tokens = TOKENS_IN_CACHE if machine.device.type == "cpu" else TOKENS_PER_BATCH

    def pooled(some: RaggedBases) -> Vectors:
        states = layer_embeddings(model, some, machine, pooling=POOLINGS, counted=counted, tokens=tokens)
        depths = [0, states.shape[1] // 2, states.shape[1] - 1]
        return states[:, depths].reshape(len(states), len(depths), len(POOLINGS), -1)

    starts = range(0, len(sequences), SEQUENCES_AT_ONCE)
    rows = (np.arange(start, min(start + SEQUENCES_AT_ONCE, len(sequences))) for start in starts)
    return np.concatenate([over_strands(pooled, sequences.select(some), both=strands == "both") for some in rows])


def table_states(
    model: SequenceModel,
    parts: Parts,
    strands: Strands,
    machine: Machine,
    *,
    counted: Callable[[LabelledTable], bool] = lambda part: False,
) -> ArmFeatures:
    """Give `frozen_states` of each part; `counted` says of a part whether the model counted its contexts."""
    return ArmFeatures(
        *(frozen_states(model, part.sequences, strands, machine, counted=counted(part)) for part in parts)
    )


def frozen_probe(states: ArmFeatures, parts: Parts) -> FrozenProbe:
    """Probe each representation and take the one that suits the validation examples best.

    Parameters
    ----------
    states : ArmFeatures
        `frozen_states` of each part.
    parts : Parts
        Labels of training and validation; the sequences are not read again.

    Returns
    -------
    FrozenProbe
        The best of `REPRESENTATIONS`.
    """
    candidates = ((str(one), ArmFeatures(*map(one.of, states))) for one in REPRESENTATIONS)
    place, answers = best_linear(candidates, parts)
    return FrozenProbe(REPRESENTATIONS[place], answers)
