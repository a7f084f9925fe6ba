"""Corpora as a user means them: prepare the genomes of a manifest, and see how often each species will be drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genolect.data.corpus import prepare_corpus
from genolect.data.corpus_manifest import read_corpus_manifest
from genolect.data.genome import PreparedGenome
from genolect.data.shares import normalised_shares, species_sizes, temperature_shares
from genolect.data.windows import WindowSampler
from genolect.errors import ConfigurationError
from genolect.sequence.interval import Interval


@dataclass(frozen=True)
class SpeciesShare:
    """How often one species is drawn.

    Attributes
    ----------
    species : str
        The species.
    bases : int
        Its bases in the corpus.
    expected : float
        Share of the windows that it should have; 0 where it has no record as long as a window.
    drawn : int
        Windows that it had in the trial.
    """

    species: str
    bases: int
    expected: float
    drawn: int


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
        A table of genomes (see `data.corpus_manifest`).
    out, processes, overwrite, progress
        As in `data.corpus.prepare_corpus`.

    Returns
    -------
    PreparedGenome
        The corpus.

    Raises
    ------
    GenolectError
        As the parts say.
    """
    genomes = read_corpus_manifest(manifest)
    return prepare_corpus(genomes, out, processes=processes, overwrite=overwrite, progress=progress)


def choose_shares(genome: PreparedGenome, *, temperature: float | None = None) -> dict[str, float]:
    """Decide how often each species is drawn: by a temperature if one is given, else by weights, else by size.

    Parameters
    ----------
    genome : PreparedGenome
        A corpus.
    temperature : float, optional
        T of size^(1/T); it replaces the weights of the manifest.

    Returns
    -------
    dict of str to float
        Shares that add to 1.

    Raises
    ------
    ConfigurationError
        If the temperature is below 1.
    """
    sizes = species_sizes(genome, _whole(genome))
    if temperature is None and genome.weights:
        return normalised_shares(genome.weights, sizes)
    return temperature_shares(sizes, 1.0 if temperature is None else temperature)


def describe_shares(
    genome: PreparedGenome, *, window: int, temperature: float | None = None, windows: int = 100_000, seed: int = 0
) -> list[SpeciesShare]:
    """Draw windows as a training would and count the species.

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
    list of SpeciesShare
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
    shares = choose_shares(genome, temperature=temperature)
    sampler = WindowSampler(genome, _whole(genome), length=window, seed=seed, purpose="shares", shares=shares)
    at_a_time = max(1, (1 << 20) // window)
    drawn: Counter[str] = Counter()
    for step, start in enumerate(range(0, windows, at_a_time)):
        drawn += sampler.species_drawn(step, min(at_a_time, windows - start))
    expected, sizes = sampler.shares(), species_sizes(genome, _whole(genome))
    return [SpeciesShare(name, bases, expected.get(name, 0.0), drawn[name]) for name, bases in sizes.items()]


def _whole(genome: PreparedGenome) -> list[Interval]:
    return [Interval(name, 0, length) for name, length in genome.lengths.items()]
