"""The one probe that every arm of the panel gets: standardised features, multinomial logistic regression.

Same grid, same choice on the validation windows, same everything: what differs between arms is the features alone.
The penalty is chosen by log loss. AUROC would not do: for a single feature it is the same at every penalty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from threadpoolctl import threadpool_limits

from genolect.arrays import Floats, Integers
from genolect.errors import ConfigurationError, DivergenceError
from genolect.statistics.metrics import auroc, macro

Numbers = npt.NDArray[np.floating[Any]]

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


Features = npt.NDArray[np.floating]

PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Grid of C, the inverse strength of the L2 penalty, from strong to weak."""

TURNED = 0.01
"""Nats by which validation log loss may rise above its lowest before weaker penalties are no longer tried."""

EDGE_GAIN = 0.005
"""Nats that an edge of the grid must gain over its neighbour to suggest that the grid is too short."""


@dataclass(frozen=True)
class LinearProbe:
    """A fitted probe.

    Attributes
    ----------
    mean, scale : ndarray of float64, shape (number of features,)
        Standardisation, from the training windows only.
    weights : ndarray of float64, shape (number of features, K)
        One column per class.
    intercepts : ndarray of float64, shape (K,)
        One per class.
    inverse_penalty : float
        The C that was chosen.
    validation_log_loss : float
        Mean log loss on the validation windows, in nats; the lowest of the grid.
    validation_auroc : float
        Macro AUROC on the validation windows.
    at_grid_edge : bool
        Whether it is the smallest or the largest of the grid and clearly better than its neighbour, so that a better
        one may lie outside.
    converged : bool
        Whether the solver finished for it.
    """

    mean: Floats
    scale: Floats
    weights: Floats
    intercepts: Floats
    inverse_penalty: float
    validation_log_loss: float
    validation_auroc: float
    at_grid_edge: bool
    converged: bool

    def probabilities(self, features: Features) -> Floats:
        """Predict class probabilities.

        Parameters
        ----------
        features : ndarray of float, shape (n, number of features)
            Features as they were for training, not standardised.

        Returns
        -------
        ndarray of float64, shape (n, K)
            Rows sum to 1.
        """
        logits = (features - self.mean) / self.scale @ self.weights + self.intercepts
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: Floats = odds / odds.sum(axis=1, keepdims=True)
        return probabilities


def fit_probe(
    features: Features,
    labels: Integers,
    validation_features: Features,
    validation_labels: Integers,
) -> LinearProbe:
    """Fit the probe on training windows and choose its penalty on validation windows.

    Parameters
    ----------
    features : ndarray of float, shape (n, number of features)
        Features of the training windows.
    labels : ndarray of int, shape (n,)
        Class codes 0 to K - 1, each of which must occur.
    validation_features : ndarray of float, shape (m, number of features)
        Features of the validation windows.
    validation_labels : ndarray of int, shape (m,)
        Their class codes.

    Returns
    -------
    LinearProbe
        The fitted probe.

    Raises
    ------
    ConfigurationError
        If a class has no training window, or validation has one class only.
    DivergenceError
        If a feature is not a finite number.

    Examples
    --------
    >>> generator = np.random.Generator(np.random.Philox(1))
    >>> labels = np.arange(60) % 2
    >>> features = generator.normal(size=(60, 3)) + 2 * labels[:, None]
    >>> fit_probe(features[:40], labels[:40], features[40:], labels[40:]).validation_auroc > 0.9
    True
    """
    n_classes = _check(features, labels, validation_features, validation_labels)
    mean, scale = standardisation(features)
    standardised = (features - mean.astype(features.dtype)) / scale.astype(features.dtype)
    candidates: list[LinearProbe] = []
    # One thread: the products are small, and threads that spin for each other took minutes beside other work.
    with threadpool_limits(1, "blas"):
        regression = LogisticRegression(standardised, labels, n_classes)
        for penalty in PENALTIES:
            fit = regression.solve(penalty)
            probe = LinearProbe(
                mean=mean,
                scale=scale,
                weights=fit.weights,
                intercepts=fit.intercepts,
                inverse_penalty=penalty,
                validation_log_loss=0.0,
                validation_auroc=0.0,
                at_grid_edge=False,
                converged=fit.converged,
            )
            candidates.append(_scored(probe, validation_features, validation_labels))
            lowest = min(candidate.validation_log_loss for candidate in candidates)
            if candidates[-1].validation_log_loss > lowest + TURNED:
                break
    return _chosen(candidates)


def standardisation(features: Features) -> tuple[Floats, Floats]:
    """Give the mean and the standard deviation of each feature; 1 for a constant one.

    Examples
    --------
    >>> [part.tolist() for part in standardisation(np.array([[1.0, 5.0], [3.0, 5.0]]))]
    [[2.0, 5.0], [1.0, 1.0]]
    """
    mean = features.mean(axis=0, dtype=np.float64)
    scale = features.std(axis=0, dtype=np.float64)
    # Rounding leaves the standard deviation of a constant feature a little above zero.
    scale[scale <= 1e-12 * np.maximum(np.abs(mean), 1)] = 1.0
    return mean, scale


def _chosen(candidates: list[LinearProbe]) -> LinearProbe:
    """Take the lowest log loss; of equals the strongest penalty."""
    losses = [probe.validation_log_loss for probe in candidates]
    best = losses.index(min(losses))
    neighbour = {0: 1, len(PENALTIES) - 1: -2}.get(best, best)
    return replace(candidates[best], at_grid_edge=losses[neighbour] - losses[best] > EDGE_GAIN)


def _check(features: Features, labels: Integers, others: Features, told: Integers) -> int:
    for name, array in (("training", features), ("validation", others)):
        if not np.isfinite(array).all():
            raise DivergenceError(
                f"{int((~np.isfinite(array)).sum())} of {array.size} {name} features are not finite numbers",
                fix="check the model that made them",
            )
    n_classes = int(max(labels.max(), told.max())) + 1
    absent = np.setdiff1d(np.arange(n_classes), labels)
    if absent.size:
        raise ConfigurationError(f"class {absent[0]} has no training window", fix="drop rare classes before the probe")
    if np.unique(told).size < 2:
        raise ConfigurationError("the validation windows are all of one class", fix="use a larger validation region")
    return n_classes


def _scored(probe: LinearProbe, features: Features, labels: Integers) -> LinearProbe:
    probabilities = probe.probabilities(features)
    told = np.maximum(probabilities[np.arange(labels.size), labels], np.finfo(np.float64).tiny)
    each = [auroc(labels == code, probabilities[:, code]) for code in range(probabilities.shape[1])]
    return replace(
        probe, validation_log_loss=float(-np.log(told).mean()), validation_auroc=float(macro(np.stack(each))[0])
    )


RidgeFeatures = npt.NDArray[np.floating[Any]]

SHARES = (10.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.001)
"""Penalties as a share of the examples, which the squares of a standardised feature sum to; from strong to weak."""


@dataclass(frozen=True)
class Ridge:
    """A fitted regression.

    Attributes
    ----------
    mean, scale : ndarray of float64, shape (D,)
        Standardisation, from the training examples only.
    weights : ndarray of float64, shape (D,)
        Of standardised features.
    intercept : float
        Mean of the training numbers.
    share : float
        The penalty that was chosen, as a share of the examples.
    validation_error : float
        Mean squared error on the validation examples; the lowest of the path.
    """

    mean: Floats
    scale: Floats
    weights: Floats
    intercept: float
    share: float
    validation_error: float

    def predict(self, features: RidgeFeatures) -> Floats:
        """Predict numbers from features as they were for training, not standardised: (n, D) to (n,)."""
        predicted: Floats = (features - self.mean) / self.scale @ self.weights + self.intercept
        return predicted


def fit_ridge(
    features: RidgeFeatures, numbers: Floats, validation_features: RidgeFeatures, validation_numbers: Floats
) -> Ridge:
    """Fit on training examples and choose the penalty on validation examples.

    Parameters
    ----------
    features : ndarray of float, shape (n, D)
        Features of the training examples.
    numbers : ndarray of float, shape (n,)
        What is to be predicted.
    validation_features, validation_numbers
        The same of the validation examples.

    Returns
    -------
    Ridge
        The fitted regression.

    Raises
    ------
    DivergenceError
        If a feature is not a finite number.

    Examples
    --------
    >>> features = np.arange(12.0)[:, None]
    >>> fit_ridge(features[::2], 3 * features[::2, 0], features[1::2], 3 * features[1::2, 0]).share
    0.001
    """
    for name, array in (("training", features), ("validation", validation_features)):
        if not np.isfinite(array).all():
            wrong = int((~np.isfinite(array)).sum())
            what = f"{wrong} of {array.size} {name} features are not finite numbers"
            raise DivergenceError(what, fix="check the model that made them")
    mean, scale = standardisation(features)
    standardised = (features - mean.astype(features.dtype)) / scale.astype(features.dtype)
    centre = float(numbers.mean())
    gram = (standardised.T @ standardised).astype(np.float64)
    moments = standardised.T.astype(np.float64) @ (numbers - centre)
    candidates = []
    for share in SHARES:
        penalised = gram.copy()
        penalised[np.diag_indices_from(penalised)] += share * len(features)
        weights = cho_solve(cho_factor(penalised, overwrite_a=True, check_finite=False), moments, check_finite=False)
        fitted = Ridge(mean, scale, weights, centre, share, 0.0)
        error = float(((fitted.predict(validation_features) - validation_numbers) ** 2).mean())
        candidates.append(Ridge(mean, scale, weights, centre, share, error))
    return min(candidates, key=lambda one: one.validation_error)
