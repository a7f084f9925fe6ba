"""Corpora as a user means them: prepare the genomes of a manifest, and see how often each species is drawn."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genolect.errors import ConfigurationError
from genolect.files import require_inputs
from genolect.genome.corpus import prepare_corpus, read_corpus_manifest
from genolect.genome.genome import PreparedGenome, circular_sequences, prepare_genome
from genolect.genome.windows import WindowSampler, normalised_shares, species_sizes, temperature_shares
from genolect.sequence.interval import Interval

TRIAL_WINDOWS = 100_000
BASES_AT_A_TIME = 1 << 20
_ANNOTATION = re.compile(r"\.gff3?(\.b?gz)?$", re.IGNORECASE)


@dataclass(frozen=True)
class SpeciesWeight:
    """How often one species is drawn.

    Attributes
    ----------
    species : str
        The species.
    bases : int
        Its bases that windows are drawn from.
    expected : float
        Share of the windows that it should have; 0 where it has no record as long as a window.
    drawn : int
        Windows that it had.
    """

    species: str
    bases: int
    expected: float
    drawn: int


def prepare_files(
    files: Sequence[str],
    out: Path,
    *,
    circular: str | None = None,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> PreparedGenome:
    """Prepare FASTA files into one folder.

    Parameters
    ----------
    files : sequence of str
        As in `genome.genome.prepare_genome`.
    out, overwrite, progress
        As there.
    circular : str, optional
        As in `circular_records`.

    Returns
    -------
    PreparedGenome
        The genome.

    Raises
    ------
    GenolectError
        As the parts say; or if `overwrite` would delete a file that is read.
    """
    annotation = [circular] if circular is not None and _ANNOTATION.search(circular) else []
    require_inputs(map(Path, [*files, *annotation]), out, overwrite=overwrite)
    named = () if circular is None else circular_records(circular)
    return prepare_genome(files, out, overwrite=overwrite, circular=named, progress=progress)


def prepare_many(
    manifest: Path,
    out: Path,
    *,
    processes: int = 1,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> PreparedGenome:
    """Prepare the genomes of a manifest into one folder; a run that was killed goes on where it was.

    Parameters
    ----------
    manifest : Path
        A table of genomes (see `genome.corpus`).
    out, processes, overwrite, progress
        As in `genome.corpus.prepare_corpus`.

    Returns
    -------
    PreparedGenome
        The corpus.

    Raises
    ------
    GenolectError
        As the parts say; or if `overwrite` would delete the manifest or a genome.
    """
    if processes < 1:
        raise ConfigurationError(f"{processes} processes prepare nothing", fix="give a number from 1 up")
    genomes = read_corpus_manifest(manifest)
    require_inputs([manifest, *(genome.path for genome in genomes)], out, overwrite=overwrite)
    return prepare_corpus(genomes, out, processes=processes, overwrite=overwrite, progress=progress)


def circular_records(text: str) -> frozenset[str] | Literal["all"]:
    """Read which records a user calls circular.

    Parameters
    ----------
    text : str
        ``all``, names separated by commas, or the path of a GFF3, which ends with ``.gff`` or ``.gff3`` (``.gz``).

    Returns
    -------
    frozenset of str, or 'all'
        The records.

    Raises
    ------
    InputError
        If the GFF3 cannot be read, or calls nothing circular.

    Examples
    --------
    >>> sorted(circular_records("Mito, 2-micron")), circular_records("all")
    (['2-micron', 'Mito'], 'all')
    """
    if text == "all":
        return "all"
    if _ANNOTATION.search(text):
        return circular_sequences(text)
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def has_species(genome: PreparedGenome) -> bool:
    """Tell whether it is known of every record whose it is."""
    return all(record.species for record in genome.records.values())


def choose_shares(
    genome: PreparedGenome, regions: Sequence[Interval], *, temperature: float | None = None
) -> dict[str, float] | None:
    """Decide how often each species is drawn: by a temperature if one is given, else by weights, else by size.

    Parameters
    ----------
    genome : PreparedGenome
        A genome or a corpus.
    regions : sequence of Interval
        Stretches that windows are drawn from.
    temperature : float, optional
        T of size^(1/T); it replaces the weights of the manifest.

    Returns
    -------
    dict of str to float, or None
        Shares that add to 1; None where every position is drawn equally often.

    Raises
    ------
    ConfigurationError
        If the temperature is below 1, or no species are known.
    """
    if temperature is None and not genome.weights:
        return None
    sizes = species_sizes(genome, regions)
    if temperature is None:
        return normalised_shares(genome.weights, sizes)
    if not has_species(genome):
        what = "a temperature balances species, and the records of this genome have none"
        fix = "leave the temperature out, or prepare a table that names the species: genolect prepare --corpus"
        raise ConfigurationError(what, fix=fix, path=genome.folder)
    return temperature_shares(sizes, temperature)


def describe_shares(
    genome: PreparedGenome,
    *,
    window: int,
    temperature: float | None = None,
    windows: int = TRIAL_WINDOWS,
    seed: int = 0,
) -> list[SpeciesWeight]:
    """Draw windows as a training on the whole corpus would, and count the species.

    Parameters
    ----------
    genome : PreparedGenome
        A corpus.
    window : int
        Bases per window.
    temperature : float, optional
        As in `choose_shares`.
    windows : int
        How many windows are drawn.
    seed : int
        Which.

    Returns
    -------
    list of SpeciesWeight
        One for each species, in the order of the corpus.

    Raises
    ------
    InputError
        If no record is as long as a window.
    ConfigurationError
        If there is nothing to draw, or as in `choose_shares`.
    """
    if windows < 1:
        raise ConfigurationError(f"{windows} windows are nothing to count", fix="draw at least one")
    whole = [Interval(name, 0, length) for name, length in genome.lengths.items()]
    shares = choose_shares(genome, whole, temperature=temperature)
    sampler = WindowSampler(genome, whole, length=window, seed=seed, purpose="shares", shares=shares)
    at_a_time = max(1, BASES_AT_A_TIME // window)
    return count_species(sampler, whole, (min(at_a_time, windows - start) for start in range(0, windows, at_a_time)))


def count_species(sampler: WindowSampler, regions: Sequence[Interval], batches: Iterable[int]) -> list[SpeciesWeight]:
    """Count the species of the windows that a sampler gives.

    Parameters
    ----------
    sampler : WindowSampler
        What gives them.
    regions : sequence of Interval
        The stretches it was made for.
    batches : iterable of int
        Number of windows at step 0, 1, 2 and so on.

    Returns
    -------
    list of SpeciesWeight
        One for each species, in the order of the stretches.
    """
    drawn: Counter[str] = Counter()
    for step, count in enumerate(batches):
        drawn.update(sampler.species_drawn(step, count))
    expected = sampler.shares()
    return [
        # A sum of floating-point shares may pass 1 by a rounding.
        SpeciesWeight(species, bases, min(1.0, expected.get(species, 0.0)), drawn[species])
        for species, bases in species_sizes(sampler.genome, regions).items()
    ]


def largest_shares(shares: Sequence[SpeciesWeight], most: int) -> list[SpeciesWeight]:
    """Order shares by size, and add up those that a table has no row for.

    Parameters
    ----------
    shares : sequence of SpeciesWeight
        All of them.
    most : int
        Rows of the table.

    Returns
    -------
    list of SpeciesWeight
        At most `most`, largest first; where there are more, the last one is the sum of the others.

    Examples
    --------
    >>> rows = [("fly", 12, 0.2, 19), ("man", 99, 0.7, 72), ("yeast", 9, 0.1, 9)]
    >>> shares = [SpeciesWeight(*row) for row in rows]
    >>> [(row.species, row.drawn) for row in largest_shares(shares, 2)]
    [('man', 72), ('2 others', 28)]
    """
    ordered = sorted(shares, key=lambda share: share.expected, reverse=True)
    if len(ordered) <= most:
        return ordered
    shown, others = ordered[: most - 1], ordered[most - 1 :]
    rest = SpeciesWeight(
        f"{len(others):,} others",
        sum(share.bases for share in others),
        sum(share.expected for share in others),
        sum(share.drawn for share in others),
    )
    return [*shown, rest]
