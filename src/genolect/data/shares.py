"""How often each species is drawn: by its size, by a temperature, or by given weights.

The temperature is that of multilingual language models (Conneau et al. 2020, doi:10.18653/v1/2020.acl-main.747): it
lies between "every base equally often", where a lily drowns a yeast, and "every species equally often".
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

from genolect.data.genome import PreparedGenome
from genolect.errors import ConfigurationError, shown
from genolect.sequence.interval import Interval


def species_sizes(genome: PreparedGenome, regions: Iterable[Interval]) -> dict[str, int]:
    r"""Add up the bases of each species.

    Parameters
    ----------
    genome : PreparedGenome
        A corpus.
    regions : iterable of Interval
        Stretches that count.

    Returns
    -------
    dict of str to int
        Bases per species, in the order of the stretches.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.data.genome import prepare_genome
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "tiny.fa").write_bytes(b">a\nACGTACGTAC\n")
    ...     species_sizes(prepare_genome([Path(folder, "tiny.fa")], Path(folder, "prepared")), [Interval("a", 2, 9)])
    {'': 7}
    """
    sizes: dict[str, int] = {}
    for region in regions:
        species = genome.records[region.name].species
        sizes[species] = sizes.get(species, 0) + region.length
    return sizes


def check_temperature(temperature: float) -> None:
    """Refuse what is no temperature.

    Parameters
    ----------
    temperature : float
        From 1, which draws every base equally often, to infinity, which draws every species equally often.

    Raises
    ------
    ConfigurationError
        If it is below 1 or no number.

    Examples
    --------
    >>> check_temperature(0.5)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    genolect.errors.ConfigurationError: a temperature of 0.5 would favour what is large already. Fix: give a number...
    """
    if not temperature >= 1:
        fix = "give a number from 1 (by size) to large (every species equally)"
        raise ConfigurationError(f"a temperature of {temperature} would favour what is large already", fix=fix)


def temperature_shares(sizes: Mapping[str, int], temperature: float) -> dict[str, float]:
    """Give each species a share in proportion to size^(1/T).

    Parameters
    ----------
    sizes : mapping of str to int
        Bases per species.
    temperature : float
        T: 1 draws every base equally often, infinity every species; between them lies, for example, 3.

    Returns
    -------
    dict of str to float
        Shares that add to 1.

    Raises
    ------
    ConfigurationError
        If the temperature is below 1 or no number.

    Examples
    --------
    >>> shares = temperature_shares({"human": 900, "yeast": 100}, 2)
    >>> {name: round(share, 6) for name, share in shares.items()}
    {'human': 0.75, 'yeast': 0.25}
    """
    check_temperature(temperature)
    logarithms = {name: math.log(size) / temperature for name, size in sizes.items()}
    largest = max(logarithms.values())
    return normalised_shares({name: math.exp(value - largest) for name, value in logarithms.items()}, sizes)


def normalised_shares(weights: Mapping[str, float], species: Collection[str]) -> dict[str, float]:
    """Turn weights into shares of the species that are there.

    Parameters
    ----------
    weights : mapping of str to float
        Weight per species; those of other species do not count.
    species : collection of str
        The species that are there.

    Returns
    -------
    dict of str to float
        Shares that add to 1, in the order of `species`.

    Raises
    ------
    ConfigurationError
        If a species has no weight, a weight is negative or not finite, or no species has a positive one.

    Examples
    --------
    >>> normalised_shares({"human": 3, "mouse": 1, "zebrafish": 2}, ["mouse", "human"])
    {'mouse': 0.25, 'human': 0.75}
    """
    for name in species:
        if name not in weights:
            fix = "give every species a weight; 0 means never"
            raise ConfigurationError(f"the species {shown(name)} has no weight", fix=fix)
        if not 0 <= weights[name] < math.inf:
            what = f"the weight of the species {shown(name)} is {weights[name]}"
            raise ConfigurationError(what, fix="give a number from 0 up")
    total = math.fsum(weights[name] for name in species)
    if not total:
        raise ConfigurationError("no species has a weight above 0", fix="give a positive weight to what is to be drawn")
    return {name: weights[name] / total for name in species}
