"""Sequences of different lengths through a model: packed where the encoder reads packed rows, else length by length.

Nothing is padded, so a sequence is read alike alone, in any company and in any order. To rounding: the processor may
order a sum by the number of rows (2e-6 of states about 1; in bfloat16 a few roundings of 0.4 %).

Legend: n sequences, L tokens, T tokens of a batch, G sequences of one length, S states (layers and more), D width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genolect.encoders.build import require_tokens
from genolect.encoders.encoder import PublishedConfig
from genolect.encoders.layers.attention import Documents
from genolect.errors import ConfigurationError, InputError, shown
from genolect.models.inference import TOKENS_PER_BATCH, Machine, evaluating
from genolect.models.model import SequenceModel
from genolect.sequence.alphabet import Bases
from genolect.tokenizers.tokenizer import Frame, TokenIds, frame_of

Floats = npt.NDArray[np.float32]
Pooling: TypeAlias = Literal["mean", "max", "centre", "first"]


def read_sequences(
    model: SequenceModel,
    ids: Sequence[TokenIds],
    machine: Machine,
    read: Callable[[list[Tensor]], Tensor],
    *,
    counted: bool = False,
    tokens: int = TOKENS_PER_BATCH,
) -> list[Tensor]:
    """Read sequences and keep of each what is asked for.

    Parameters
    ----------
    model : SequenceModel
        The model.
    ids : sequence of ndarray of int, shape (L,) each
        Token ids, special tokens included.
    machine : Machine
        Where to run.
    read : callable
        Takes all hidden states of sequences of one length, S tensors (G, L, D) in the precision of the machine; gives
        one tensor (G, ...).
    counted : bool
        Whether the sequences come from the genome whose contexts the model counted.
    tokens : int
        T, at most; a longer sequence is a batch of its own.

    Returns
    -------
    list of Tensor
        One for each sequence, in the order of `ids`, on the CPU.

    Raises
    ------
    InputError
        If a sequence has no tokens, or more than the model can read.
    ConfigurationError
        If the encoder gives bins instead of tokens.

    Examples
    --------
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.models.inference import this_machine
    >>> from genolect.models.model import new_model
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    >>> model = new_model(config, NucleotideTokenizer(), seed=3)
    >>> ids = [np.array([0, 1, 2]), np.array([3]), np.array([2, 2])]
    >>> [tuple(last.shape) for last in read_sequences(model, ids, this_machine(), lambda states: states[-1])]
    [(3, 8), (1, 8), (2, 8)]
    """
    require_tokens(model.config, "a vector of each token")
    lengths = [len(row) for row in ids]
    _check(lengths, model.config.longest_window)
    answers: dict[int, Tensor] = {}
    with evaluating(model, machine):
        for batch in _batches(lengths, tokens, alike=not model.config.packs):
            rows = [torch.from_numpy(ids[number].astype(np.int64)).to(machine.device) for number in batch]
            parts = [read(states).cpu() for states in _states(model, rows, counted=counted)]
            answers |= zip(batch, (answer for part in parts for answer in part), strict=True)
    return [answers[number] for number in range(len(ids))]


def layer_embeddings(
    model: SequenceModel,
    sequences: Iterable[Bases],
    machine: Machine,
    *,
    pooling: Sequence[Pooling] = ("mean",),
    special_tokens: bool = True,
    counted: bool = False,
    tokens: int = TOKENS_PER_BATCH,
) -> Floats:
    """Describe each sequence by one vector of every layer.

    Parameters
    ----------
    model : SequenceModel
        The model.
    sequences : iterable of ndarray of uint8, shape (bases,) each
        Base codes, of any length; a `sequence.ragged.RaggedBases` is one.
    machine : Machine
        Where to run.
    pooling : sequence of str
        Mean or maximum over the tokens, the one in their middle, or the first special token; several lie side by side.
    special_tokens : bool
        Whether a published encoder is shown its special tokens where its vocabulary has them (see
        `tokenizers.tokenizer`); False for one that was trained here, on windows. Mean and maximum leave them out.
    counted, tokens
        As in `read_sequences`.

    Returns
    -------
    ndarray of float32, shape (n, S, P D)
        P vectors for each sequence and state, in the order that was given: what enters the first layer, what leaves
        each, and, for encoders that end with a norm, that after it.

    Raises
    ------
    InputError
        As in `read_sequences`.
    ConfigurationError
        If a pooling is unknown, or there is no first special token.

    Examples
    --------
    >>> from genolect.encoders.transformer import TransformerConfig
    >>> from genolect.models.inference import this_machine
    >>> from genolect.models.model import new_model
    >>> from genolect.sequence.alphabet import encode
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=3, context_lengths=())
    >>> model = new_model(config, NucleotideTokenizer(), seed=3)
    >>> sequences = [encode("ACGT"), encode("GG"), encode("TTAGC")]
    >>> layer_embeddings(model, sequences, this_machine(), pooling=("mean", "max")).shape
    (3, 5, 16)
    """
    published = special_tokens and isinstance(model.config, PublishedConfig)
    frame = frame_of(model.tokenizer.vocabulary) if published else Frame()
    pools = _pools(pooling, frame)
    bare = [model.tokenizer.encode(bases) for bases in sequences]
    longest = model.config.longest_window
    _check([row.size for row in bare], None if longest is None else longest - len(frame.before + frame.after))
    ids = [np.array([*frame.before, *row, *frame.after]) for row in bare]

    def pool(states: list[Tensor]) -> Tensor:
        exact = (state.float() for state in states)
        return torch.stack([torch.cat([pool(state) for pool in pools], dim=-1) for state in exact], dim=1)

    return torch.stack(read_sequences(model, ids, machine, pool, counted=counted, tokens=tokens)).numpy()


def _pools(names: Sequence[str], frame: Frame) -> list[Callable[[Tensor], Tensor]]:
    """Give what turns (G, L, D) into (G, D), for each of the names."""
    before, after = len(frame.before), len(frame.after)
    known: Mapping[str, Callable[[Tensor], Tensor]] = {
        "mean": lambda state: state[:, before : state.shape[1] - after].mean(dim=1),
        "max": lambda state: state[:, before : state.shape[1] - after].amax(dim=1),
        "centre": lambda state: state[:, (before + state.shape[1] - after) // 2],
        "first": lambda state: state[:, 0],
    }
    if not names or not known.keys() >= set(names):
        raise ConfigurationError(
            f"pooling {', '.join(map(shown, names)) or 'by nothing'}", fix="choose mean, max, centre, first"
        )
    if "first" in names and not before:
        what = "there is no special token before the sequence for the pooling 'first'"
        raise ConfigurationError(what, fix="choose mean or max, or a published model whose vocabulary has [CLS]")
    return [known[name] for name in names]


def _check(lengths: Sequence[int], longest: int | None) -> None:
    """Refuse what no model, or not this one, can read."""
    if not lengths:
        raise InputError("there are no sequences", fix="give one at least")
    for number, length in enumerate(lengths):
        if not length:
            raise InputError(f"sequence {number} (from 0) is shorter than one token", fix="leave it out")
        if longest is not None and length > longest:
            what = f"sequence {number} (from 0) has {length:,} tokens, the model reads {longest:,} at most"
            raise InputError(what, fix="cut it into windows, or take a model without learned positions")


def _batches(lengths: Sequence[int], tokens: int, *, alike: bool) -> Iterator[list[int]]:
    """Gather sequences of no more than so many tokens, the shortest first; with `alike` of one length only."""
    batch: list[int] = []
    filled = 0
    for number in np.argsort(lengths, kind="stable").tolist():
        length = lengths[number]
        if batch and (filled + length > tokens or (alike and length != lengths[batch[0]])):
            yield batch
            batch, filled = [], 0
        batch.append(number)
        filled += length
    yield batch


def _states(model: SequenceModel, rows: list[Tensor], *, counted: bool) -> list[list[Tensor]]:
    """Give all hidden states: for each run of one length S tensors (G, L, D)."""
    lengths = tuple(len(row) for row in rows)
    if len(set(lengths)) == 1:
        windows = torch.stack(rows)
        return [model.encoder.states(windows, windows if counted else None)]
    row, laid = torch.cat(rows)[None], Documents(lengths)
    states = model.encoder.states(row, row if counted else None, documents=laid)
    return [[*windows] for windows in zip(*(laid.windows(state) for state in states), strict=True)]
