"""Logistic regression with an L2 penalty, solved for many penalties on the same features.

L-BFGS needs hundreds of steps where features are correlated, and each step reads all features twice. Here every penalty
is solved in coordinates in which the loss is nearly round: with G = XᵀX and c a bound of the curvature of the loss,
weights are L⁻ᵀ v, where L Lᵀ = c G + 1/C. Then a few steps do. G is computed once.

Legend: n examples, D features, K classes.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.int64]

WIDEST_GRAM = 2_560
"""Wider features get the diagonal of G only: a Cholesky factor of all of it would cost more than it saves."""

MOST_IN_DOUBLE = 4_000_000
"""Larger features are multiplied in single precision, in half the time."""

MOST_STEPS = 500
FLATTEST = {np.float64: 3e-4, np.float32: 2e-3}
"""Of the gradient in the round coordinates, where a standard error is about 1: what is left to go, as a share of it.

Single precision does not see less.
"""


class LogisticFit(NamedTuple):
    """What was found for one penalty.

    Attributes
    ----------
    weights : ndarray of float64, shape (D, K)
        One column per class; for two classes the first is 0, for more they sum to 0.
    intercepts : ndarray of float64, shape (K,)
        The same for the intercepts, which no penalty holds.
    converged : bool
        Whether the gradient became flat.
    """

    weights: Floats
    intercepts: Floats
    converged: bool


class LogisticRegression:
    """Penalised logistic regression on fixed features; each solution starts from the one before.

    Parameters
    ----------
    features : ndarray of float, shape (n, D)
        Features; standardised ones make one penalty fair to all.
    labels : ndarray of int, shape (n,)
        Class codes 0 to K - 1.
    classes : int
        K.

    Examples
    --------
    >>> features = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    >>> fit = LogisticRegression(features, np.array([0, 1, 0, 1]), 2).solve(1.0)
    >>> fit.weights.round(3).tolist(), fit.converged
    ([[0.0, 0.291]], True)
    """

    def __init__(self, features: npt.NDArray[np.floating], labels: Integers, classes: int) -> None:
        self.precision: type[np.float64 | np.float32] = np.float64 if features.size <= MOST_IN_DOUBLE else np.float32
        self.features = cast(Numbers, np.ascontiguousarray(features, dtype=self.precision))
        self.columns = classes if classes > 2 else 1
        self.truth = cast(Numbers, np.eye(classes, dtype=self.precision)[labels][:, -self.columns :])
        self.labels = labels
        self.mean = self.features.mean(axis=0, dtype=np.float64)
        flattest = FLATTEST[self.precision]
        # On the diagonal alone the coordinates are less round, and a flat place may be further from the bottom.
        self.flattest = flattest if features.shape[1] <= WIDEST_GRAM else flattest / 10
        self.curvature = 0.25 if classes == 2 else (1 - 1 / classes) / classes
        self.gram = self._gram()
        self.point = np.zeros((self.features.shape[1] + 1, self.columns))

    def _gram(self) -> Floats:
        """XᵀX of features around their mean, or its diagonal."""
        if self.features.shape[1] > WIDEST_GRAM:
            squares: Floats = np.einsum("nd,nd->d", self.features, self.features, dtype=np.float64)
            scatter: Floats = squares - len(self.features) * self.mean**2
            return scatter
        gram: Floats = (self.features.T @ self.features).astype(np.float64)
        gram -= len(self.features) * np.outer(self.mean, self.mean)
        return gram

    def solve(self, inverse_penalty: float) -> LogisticFit:
        """Minimise the sum of losses plus the squared weights over 2 C.

        Parameters
        ----------
        inverse_penalty : float
            C, as in scikit-learn.

        Returns
        -------
        LogisticFit
            The weights.
        """
        coordinates = _Coordinates(self, inverse_penalty)
        found = minimize(
            coordinates.loss,
            coordinates.inwards(self.point).ravel(),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": MOST_STEPS, "ftol": 0.0, "gtol": self.flattest, "maxls": 40},
        )
        self.point = coordinates.outwards(found.x.reshape(self.point.shape))
        converged = bool(np.abs(found.jac).max() <= 10 * self.flattest)
        weights, intercepts = self.point[1:], self.point[0]
        if self.columns == 1:
            padded = np.pad(self.point, ((0, 0), (1, 0)))
            return LogisticFit(padded[1:], padded[0], converged)
        return LogisticFit(weights - weights.mean(axis=1, keepdims=True), intercepts - intercepts.mean(), converged)


class _Coordinates:
    """The coordinates v of one penalty, and the loss in them."""

    def __init__(self, problem: LogisticRegression, inverse_penalty: float) -> None:
        self.problem = problem
        self.penalty = 1 / inverse_penalty
        self.level = np.sqrt(problem.curvature * len(problem.features))
        if problem.gram.ndim == 1:
            self.factor = np.sqrt(problem.curvature * problem.gram + self.penalty)
        else:
            rounded = problem.curvature * problem.gram
            rounded[np.diag_indices_from(rounded)] += self.penalty + 1e-6 * rounded.diagonal().max()
            self.factor = cholesky(rounded, lower=True, overwrite_a=True, check_finite=False)

    def outwards(self, inner: Floats) -> Floats:
        """Give intercepts and weights, (1 + D, columns); the intercept meets features around their mean."""
        weights = self._solved(inner[1:], transposed=True)
        return np.vstack([inner[:1] / self.level - self.problem.mean @ weights, weights])

    def inwards(self, outer: Floats) -> Floats:
        """Undo `outwards`."""
        weights = outer[1:]
        inner = self.factor[:, None] * weights if self.factor.ndim == 1 else self.factor.T @ weights
        return np.vstack([(outer[:1] + self.problem.mean @ weights) * self.level, inner])

    def _solved(self, values: Floats, *, transposed: bool) -> Floats:
        if self.factor.ndim == 1:
            return values / self.factor[:, None]
        solved: Floats = solve_triangular(self.factor, values, lower=True, trans=int(transposed), check_finite=False)
        return solved

    def loss(self, flat: Floats) -> tuple[float, Floats]:
        """Give the loss and its gradient in the coordinates."""
        problem = self.problem
        outer = self.outwards(flat.reshape(problem.point.shape))
        weights = outer[1:]
        logits = problem.features @ weights.astype(problem.precision) + outer[0].astype(problem.precision)
        loss, surplus = _binary(logits, problem.truth) if problem.columns == 1 else _many(logits, problem)
        slope = (problem.features.T @ surplus).astype(np.float64)
        level = surplus.sum(axis=0, dtype=np.float64, keepdims=True)
        slope += self.penalty * weights - np.outer(problem.mean, level)
        gradient = np.vstack([level / self.level, self._solved(slope, transposed=False)])
        return loss + self.penalty * float((weights**2).sum()) / 2, gradient.ravel()


def _binary(logits: Numbers, truth: Numbers) -> tuple[float, Numbers]:
    """Sum of log(1 + exp(-z)) over right answers z, and its slope."""
    losses = np.logaddexp(0, logits) - truth * logits
    surplus: Numbers = 1 / (1 + np.exp(-np.clip(logits, -80, 80))) - truth
    return float(losses.sum(dtype=np.float64)), surplus


def _many(logits: Numbers, problem: LogisticRegression) -> tuple[float, Numbers]:
    told = log_softmax(logits, axis=1)[np.arange(len(logits)), problem.labels]
    surplus: Numbers = softmax(logits, axis=1) - problem.truth
    return -float(told.sum(dtype=np.float64)), surplus
