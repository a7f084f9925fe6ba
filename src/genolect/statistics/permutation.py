"""Labels shuffled within groups: the control that must land at chance.

Shuffling among all examples would also destroy what every example of a chromosome shares, and so flatter the real
labels; within groups only what tells examples of one group apart is lost.

Axes: n examples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from genolect.errors import ConfigurationError
from genolect.random import derived_generator
from genolect.statistics.bootstrap import Estimate, Groups

Labels = npt.NDArray[Any]


def permuted_within(labels: Labels, groups: Groups, *, seed: int, draw: int = 0) -> Labels:
    """Shuffle labels among the examples of each group.

    Parameters
    ----------
    labels : ndarray, shape (n,) or (n, K)
        Labels of any kind; rows move as wholes.
    groups : ndarray of int or str, shape (n,)
        Group of each example.
    seed, draw : int
        Which shuffle.

    Returns
    -------
    ndarray
        Of that shape; each group holds what it held.

    Raises
    ------
    ConfigurationError
        If no group holds two different labels, so that nothing can move.

    Examples
    --------
    >>> permuted_within(np.array([0, 1, 5, 5]), np.array(["I", "I", "II", "II"]), seed=3)[2:].tolist()
    [5, 5]
    """
    group = np.unique(groups, return_inverse=True)[1]
    order = np.argsort(group, kind="stable")
    kinds = np.unique(labels, axis=0, return_inverse=True)[1].ravel()
    if np.unique(np.stack([group, kinds]), axis=1).shape[1] == group.max() + 1:
        raise ConfigurationError(
            f"each of the {int(group.max()) + 1:,} groups holds one label only, so shuffling within them moves nothing",
            fix="permute within larger groups, such as chromosomes",
        )
    key = derived_generator(seed, "permuted labels", draw).random(group.size)
    shuffled = np.empty_like(labels)
    # Both orders list the examples group by group, so a label stays in its group.
    shuffled[order] = labels[np.lexsort((key, group))]
    return shuffled


def at_chance(control: Estimate, chance: float) -> bool | None:
    """Say whether a control lands where it must.

    Parameters
    ----------
    control : Estimate
        The metric of an arm that was trained on shuffled labels.
    chance : float
        The metric's value for predictions that know nothing.

    Returns
    -------
    bool or None
        Whether the interval holds `chance`; None where there is no interval, which is no pass.

    Examples
    --------
    >>> at_chance(Estimate(0.51, 0.47, 0.55), 0.5), at_chance(Estimate(0.6, 0.55, 0.65), 0.5)
    (True, False)
    """
    if control.low is None or control.high is None:
        return None
    return control.low <= chance <= control.high
