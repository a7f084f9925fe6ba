"""Ridge regression on fixed features, for a path of penalties; the linear probe of numbers.

Legend: n examples, D features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_factor, cho_solve

from genolect.errors import DivergenceError
from genolect.evaluation.probe import standardisation

Floats = npt.NDArray[np.float64]
Features = npt.NDArray[np.floating[Any]]

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

    def predict(self, features: Features) -> Floats:
        """Predict numbers from features as they were for training, not standardised: (n, D) to (n,)."""
        predicted: Floats = (features - self.mean) / self.scale @ self.weights + self.intercept
        return predicted


def fit_ridge(features: Features, numbers: Floats, validation_features: Features, validation_numbers: Floats) -> Ridge:
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
