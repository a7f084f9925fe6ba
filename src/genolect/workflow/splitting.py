"""What is held out of a genome or a corpus, with the assurance that every role has something to read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genolect.data.genome import PreparedGenome
from genolect.data.species_split import choose_species_split
from genolect.data.split import Split, choose_split
from genolect.errors import InputError
from genolect.sequence.alphabet import BASE_BITS, N
from genolect.sequence.interval import Interval
from genolect.workflow.corpora import has_species

FEWEST_SPECIES = 3
"""One to train, one to validate and one to test."""

MOST_FILES_NAMED = 5
"""In a refusal; where a corpus has more, its folder is named."""


def split_genome(
    genome: PreparedGenome, *, window: int, validation: Sequence[str] = (), test: Sequence[str] = ()
) -> Split:
    """Choose what is held out, and make sure that every role has a window with bases in it.

    Parameters
    ----------
    genome : PreparedGenome
        What to split.
    window : int
        Bases per window.
    validation, test : sequence of str
        As in `data.species_split.choose_species_split` where there are species enough, else in
        `data.split.choose_split`.

    Returns
    -------
    Split
        The stretches.

    Raises
    ------
    InputError
        If the genome is too short, or a role has hardly any base that is not N.
    ConfigurationError
        If a record or species named does not exist.
    """
    files = [item["path"] for item in genome.inputs]
    names = ", ".join(files) if len(files) <= MOST_FILES_NAMED else str(genome.folder)
    records = genome.records.values()
    try:
        if has_species(genome) and len({record.species for record in records}) >= FEWEST_SPECIES:
            split = choose_species_split(records, validation=validation, test=test)
        else:
            split = choose_split(genome.lengths, validation=validation, test=test)
    except InputError as error:
        raise InputError(error.what, fix=error.fix, path=names) from error
    for role, regions in split.regions().items():
        longest = max(region.length for region in regions)
        if longest < window:
            raise InputError(
                f"the longest {role} stretch has {longest:,} bases, fewer than a window's {window:,}",
                fix="give a longer genome, hold out longer records, or shorten the --window of genolect pretrain",
                path=names,
            )
        known = sum(_known_bases(genome, region) for region in regions if region.length >= window)
        if known < window:
            raise InputError(
                f"all but {known:,} bases of the {role} stretches are N",
                fix="give a genome with sequence in it, or hold out other records with --validation and --test",
                path=names,
            )
    return split


def _known_bases(genome: PreparedGenome, region: Interval) -> int:
    bases = genome.bases(region.name, region.start, region.end)
    return int(np.count_nonzero((bases & BASE_BITS) < N))
