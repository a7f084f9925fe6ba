"""Dividing a labelled table into train, validation and test so that what belongs together stays together.

Axes: n examples, G groups, R roles, K label columns.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genolect.data.labelled_table import ROLES, Target
from genolect.errors import InputError
from genolect.randomness import derived_generator

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NUMBER_BINS = 10
FEWEST_SHARE = 0.5
"""A role must get at least this part of the examples that it should have."""


def strata(target: Target) -> Floats:
    """Give what roles are balanced by: one column of ones, and one per class, label, or tenth of a number.

    Parameters
    ----------
    target : Target
        The labels.

    Returns
    -------
    ndarray of float64, shape (n, 1 + K)
        0 and 1.

    Examples
    --------
    >>> strata(Target("classes", ("a", "b"), np.array([1, 0]))).tolist()
    [[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
    """
    ones = np.ones((len(target), 1))
    if target.kind == "multilabel":
        return np.hstack([ones, np.nan_to_num(target.values)])
    codes = target.values
    if target.kind == "number":
        edges = np.unique(np.quantile(codes, np.arange(1, NUMBER_BINS) / NUMBER_BINS))
        codes = np.searchsorted(edges, codes)
    return np.hstack([ones, np.eye(int(codes.max(initial=0)) + 1)[codes.astype(np.int64)]])


def divide_groups(groups: Integers, balance: Floats, shares: tuple[float, float, float], *, seed: int = 0) -> Integers:
    """Give each group, whole, to the role that lacks most of what it brings; the largest groups first.

    Parameters
    ----------
    groups : ndarray of int64, shape (n,)
        Group of each example, 0-based without holes.
    balance : ndarray of float64, shape (n, K)
        From `strata`.
    shares : tuple of float
        Of train, validation and test; they add up to 1.
    seed : int
        Decides between groups of one size.

    Returns
    -------
    ndarray of int64, shape (n,)
        Place of the role in `ROLES`.

    Raises
    ------
    InputError
        If groups are so large that a role gets less than half of its share.

    References
    ----------
    Sechidis et al. (2011), doi:10.1007/978-3-642-23808-6_10, with groups in place of examples.

    Examples
    --------
    >>> balance = strata(Target("classes", ("a", "b"), np.arange(40) // 2 % 2))
    >>> roles = divide_groups(np.arange(40) // 2, balance, (0.7, 0.1, 0.2), seed=3)
    >>> np.bincount(roles).tolist(), np.bincount(roles[20:] * 2 + np.arange(20) // 2 % 2).size
    ([28, 4, 8], 6)
    """
    count = int(groups.max(initial=-1)) + 1
    brought = np.zeros((count, balance.shape[1]))
    np.add.at(brought, groups, balance)
    wanted = np.array(shares)[:, None] * balance.sum(axis=0)
    scale = 1 / np.maximum(balance.sum(axis=0), 1)
    scattered = derived_generator(seed, "table split").permutation(count)
    order = np.lexsort((scattered, -brought[:, 0]))
    role_of, lacking = np.empty(count, dtype=np.int64), wanted.copy()
    for group in order.tolist():
        # The squared distance from what is wanted, weighted by how rare a label is, falls most for the best role.
        gain = ((2 * lacking - brought[group]) * brought[group] * scale / wanted.clip(1e-9)).sum(axis=1)
        best = int(gain.argmax())
        role_of[group] = best
        lacking[best] -= brought[group]
    roles = role_of[groups]
    _require_roles(roles, shares, brought[:, 0])
    return roles


def _require_roles(roles: Integers, shares: tuple[float, float, float], sizes: Floats) -> None:
    got = np.bincount(roles, minlength=len(ROLES)) / max(1, roles.size)
    for role, share, reached in zip(ROLES, shares, got.tolist(), strict=True):
        if reached < FEWEST_SHARE * share:
            what = (
                f"{role} would get {reached:.1%} of the examples, not {share:.0%}: of {sizes.size:,} groups that must "
            )
            what += f"stay together the largest holds {sizes.max(initial=0) / max(1, roles.size):.1%}"
            raise InputError(what, fix="divide by something finer, or raise --threshold")


def losers(roles: Integers, first: Integers, second: Integers) -> npt.NDArray[np.bool_]:
    """Mark what must go so that no pair is torn apart: of two in different roles, the one that is not tested.

    Parameters
    ----------
    roles : ndarray of int64, shape (n,)
        Places of the roles in `ROLES`.
    first, second : ndarray of int64, shape (P,)
        Pairs of examples.

    Returns
    -------
    ndarray of bool, shape (n,)
        Of train and test or validation, the one to train; of validation and test, the one to validate.

    Examples
    --------
    >>> losers(np.array([0, 2, 0, 1]), np.array([0, 0, 3]), np.array([1, 2, 1])).tolist()
    [True, False, False, True]
    """
    gone = np.zeros(roles.size, dtype=np.bool_)
    gone[first[roles[first] < roles[second]]] = True
    gone[second[roles[second] < roles[first]]] = True
    return gone
