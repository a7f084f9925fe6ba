"""The finding about pretraining: which examples a model has read before, without their labels.

Axes: n examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from genolect.genome.genome import PreparedGenome
from genolect.sequence.interval import Interval
from genolect.tables.audit.finding import Examined, Finding, by_share, look, percent
from genolect.tables.audit.places import genome_finding
from genolect.tables.relatives import TableParts
from genolect.tables.shared_kmers import shared_share
from genolect.tables.table import LabelledTable

Mask = npt.NDArray[np.bool_]

MATCHING = 0.95
"""Share of the placed sequences that a genome must have there for its coordinates to be those of the table."""

SHARED = 0.5
"""Share of an example's words from which on it counts as read."""


def read_before(
    table: LabelledTable, genome: PreparedGenome, regions: Sequence[Interval]
) -> tuple[Mask, Literal["coordinates", "words"]]:
    r"""Tell which examples lie in stretches of a genome.

    Parameters
    ----------
    table : LabelledTable
        The table.
    genome : PreparedGenome
        The genome.
    regions : sequence of Interval
        The stretches, e.g. those that a model was trained on.

    Returns
    -------
    read : ndarray of bool, shape (n,)
        By coordinates, with any base in a stretch, where all examples are placed and the genome has 95 in 100 of them
        there; otherwise with half of the words of 21 bases in a stretch, on either strand.
    how : {'coordinates', 'words'}
        Which.
    """
    placed = table.places.known
    if placed.all():
        numbers = genome_finding(table, genome).numbers
        if numbers["different"] <= (1 - MATCHING) * numbers["placed"]:
            return _inside(table, regions), "coordinates"
    share = shared_share(table.sequences, genome, regions)
    return np.nan_to_num(share) >= SHARED, "words"


def _inside(table: LabelledTable, regions: Sequence[Interval]) -> Mask:
    read = np.zeros(len(table), dtype=np.bool_)
    places = table.places
    for region in regions:
        here = (places.name == region.name) & (places.start < region.end) & (places.end > region.start)
        read |= here
    return read


def pretraining_finding(
    table: LabelledTable, parts: TableParts, genome: PreparedGenome, regions: Sequence[Interval], *, chosen: str
) -> Finding:
    r"""Say how much of each part the stretches hold that a model is trained on.

    Parameters
    ----------
    table, parts
        The table and its parts.
    genome : PreparedGenome
        The genome of the model.
    regions : sequence of Interval
        Its training stretches.
    chosen : str
        Where they are written, for the sentence.

    Returns
    -------
    Finding
        A leak where one in a hundred of a tested part was read in pretraining; a note where the table has no parts.
    """
    read, how = read_before(table, genome, regions)
    shares = {parts.shown(part): float(read[parts.code == part].mean()) for part in range(len(parts.names))}
    largest = max(float(read[parts.code == part].mean()) for part in parts.tested)
    numbers = {"share_read": shares, "how": how, "genome": genome.content_hash, "stretches": chosen}
    name = "read in pretraining"
    judgement = by_share(largest, "leak" if parts.divided else "note")
    by = "by coordinates" if how == "coordinates" else "by shared 21-mers"
    if not read.any():
        return Finding(name, judgement, f"No example lies in the training stretches of {chosen} ({by}).", "", numbers)
    where = (
        ", ".join(f"{part} {percent(share)}" for part, share in shares.items()) if parts.divided else percent(largest)
    )
    sentence = f"In the training stretches of {chosen} ({by}): {where}. Sequences were read there, labels were not."
    fix = "test on what the model did not read: hold out the same chromosomes in both, or say so beside every figure"
    return Finding(name, judgement, sentence, fix if judgement != "ok" else "", numbers)


@look(70, says="comparing with what pretraining read", needs="pretraining")
def _pretraining(examined: Examined) -> list[Finding]:
    seen = examined.pretraining
    if seen is None:
        return []
    return [pretraining_finding(examined.table, examined.parts, seen.genome, seen.regions, chosen=seen.chosen)]
