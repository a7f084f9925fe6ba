"""The one probe that every arm of the panel gets: standardised features, multinomial logistic regression.

Same grid, same choice on the validation windows, same everything: what differs between arms is the features alone.
The penalty is chosen by log loss. AUROC would not do: for a single feature it is the same at every penalty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from genolect.errors import ConfigurationError, DivergenceError
from genolect.evaluation.logistic import LogisticRegression
from genolect.evaluation.metrics import auroc, macro

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Features = npt.NDArray[np.floating]

PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Grid of C, the inverse strength of the L2 penalty, from strong to weak."""

TURNED = 0.01
"""Nats by which validation log loss may rise above its lowest before weaker penalties are no longer tried."""

EDGE_GAIN = 0.005
"""Nats that an edge of the grid must gain over its neighbour to suggest that the grid is too short."""


@dataclass(frozen=True)
class Probe:
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
) -> Probe:
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
    Probe
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
    candidates: list[Probe] = []
    # One thread: the products are small, and threads that spin for each other took minutes beside other work.
    with threadpool_limits(1, "blas"):
        regression = LogisticRegression(standardised, labels, n_classes)
        for penalty in PENALTIES:
            fit = regression.solve(penalty)
            probe = Probe(
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


def _chosen(candidates: list[Probe]) -> Probe:
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


def _scored(probe: Probe, features: Features, labels: Integers) -> Probe:
    probabilities = probe.probabilities(features)
    told = np.maximum(probabilities[np.arange(labels.size), labels], np.finfo(np.float64).tiny)
    each = [auroc(labels == code, probabilities[:, code]) for code in range(probabilities.shape[1])]
    return replace(
        probe, validation_log_loss=float(-np.log(told).mean()), validation_auroc=float(macro(np.stack(each))[0])
    )
