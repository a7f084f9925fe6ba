"""What examples are compared with: matched places of the genome, doublet shuffles of themselves, or both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from genolect.config import Configuration
from genolect.data.labelled_table import Places, Texts
from genolect.data.ragged import RaggedBases
from genolect.data.tasks.assembly import Assembly
from genolect.data.tasks.background import matched_background
from genolect.data.tasks.built import Draft, two_classes
from genolect.data.tasks.windows import Windows, joined
from genolect.randomness import derived_generator
from genolect.sequence.shuffle import shuffle_doublets


class NegativeOptions(Configuration):
    """What examples are compared with.

    Attributes
    ----------
    negatives : {'matched', 'shuffled', 'both'}
        Places of the genome, shuffles with the same doublets, or as many of each.
    per_positive : int
        How many of a kind for each example.
    margin : int, optional
        Bases that matched places keep away from every example; by default as many as the longest example has.
    seed : int
        Seed of the draws.
    """

    negatives: Literal["matched", "shuffled", "both"] = "matched"
    per_positive: Annotated[int, Field(ge=1)] = 1
    margin: Annotated[int, Field(ge=0)] | None = None
    seed: int = 0


def with_negatives(
    genome: Assembly, positives: Windows, options: NegativeOptions, avoid: Sequence[Places] = ()
) -> Draft:
    """Put examples (class 1) and what they are compared with (class 0) together.

    Parameters
    ----------
    genome : Assembly
        The genome.
    positives : Windows
        The examples.
    options : NegativeOptions
        What they are compared with.
    avoid : sequence of Places
        Places that matched background keeps away from, beside the examples.

    Returns
    -------
    Draft
        Examples, then matched places, then shuffles; the column ``negative`` tells which. A shuffle belongs to the
        parent of its example, so that a split by group keeps both on one side.

    Raises
    ------
    InputError
        If the genome has no free place.

    Examples
    --------
    >>> from genolect.data.tasks.windows import Sites, windows_around
    >>> from genolect.sequence.alphabet import encode
    >>> genome = Assembly.of_records({"I": encode("ACGTTACGGA" * 9)})
    >>> windows = windows_around(Sites.of([("I", 40, 1, "a"), ("I", 50, -1, "b")]), 4, 3)
    >>> draft = with_negatives(genome, windows, NegativeOptions(negatives="both", margin=0))
    >>> draft.target.values.tolist(), draft.columns["negative"].tolist()
    ([1, 1, 0, 0, 0, 0], ['', '', 'matched', 'matched', 'shuffled', 'shuffled'])
    """
    positives = Windows(positives.places, _parents(positives))
    parts, kinds = [positives], [np.full(len(positives), "", dtype="<U8")]
    sequences = [*genome.sequences(positives.places)]
    before, notes = None, []
    if options.negatives != "shuffled":
        lengths = positives.places.end - positives.places.start
        margin = int(lengths.max(initial=0)) if options.margin is None else options.margin
        found = matched_background(
            genome, positives.places, avoid=avoid, margin=margin, seed=options.seed, per_example=options.per_positive
        )
        parts.append(Windows(found.places, np.full(found.example.size, "", dtype=np.str_)))
        sequences += genome.sequences(found.places)
        kinds.append(np.full(found.example.size, "matched"))
        before, notes = found.candidates, found.notes()
    if options.negatives != "matched":
        rows = np.repeat(np.arange(len(positives)), options.per_positive)
        sequences += [
            shuffle_doublets(sequences[row], derived_generator(options.seed, "doublet shuffle", number))
            for number, row in enumerate(rows.tolist())
        ]
        parts.append(Windows(Places.unknown(rows.size), positives.parent[rows]))
        kinds.append(np.full(rows.size, "shuffled"))
    windows = joined(parts)
    return Draft(
        windows=windows,
        sequences=RaggedBases.of(sequences),
        target=two_classes(len(positives), len(windows) - len(positives)),
        columns={"negative": np.concatenate(kinds)},
        before=before,
        notes=tuple(notes),
    )


def _parents(windows: Windows) -> Texts:
    """Give every window a parent: where it has none, its own place."""
    places = windows.places
    spans = zip(places.name.tolist(), places.start.tolist(), places.end.tolist(), strict=True)
    own = np.array([f"{name}:{start}-{end}" for name, start, end in spans], dtype=np.str_)
    return np.where(windows.parent == "", own, windows.parent)
