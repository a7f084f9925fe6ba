"""Every random draw is a function of (seed, purpose, place), never of a worker, a rank or what was drawn before."""

from __future__ import annotations

import hashlib

import numpy as np


def derived_key(seed: int, purpose: str, *place: int | str) -> int:
    """Mix a seed with what the draw is for and where it stands.

    Parameters
    ----------
    seed : int
        The run's seed.
    purpose : str
        What is drawn (``"windows"``, ``"corruption"`` …), so that two purposes never share a stream.
    *place : int or str
        Position: a step, a chromosome, an index.

    Returns
    -------
    int
        63 bits, the same on every machine and in every process.

    Examples
    --------
    >>> derived_key(7, "windows", 3) == derived_key(7, "windows", 3) != derived_key(7, "windows", 4)
    True
    """
    text = "\x1f".join(str(part) for part in (seed, purpose, *place))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def derived_generator(seed: int, purpose: str, *place: int | str) -> np.random.Generator:
    """Give the numpy generator that belongs to one purpose and place; parameters as in `derived_key`.

    Returns
    -------
    numpy.random.Generator
        A counter-based (Philox) generator.

    Examples
    --------
    >>> draws = [derived_generator(7, "windows", 3).integers(1000) for _ in range(2)]
    >>> draws[0] == draws[1]
    np.True_
    """
    return np.random.Generator(np.random.Philox(derived_key(seed, purpose, *place)))
