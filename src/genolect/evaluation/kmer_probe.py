"""A linear probe for thousands of classes: which of the 4^k words comes next, from features of what came before.

A multinomial logistic regression, as every probe here, but for so many classes trained on mini-batches until validation
stops gaining. It begins at the words' frequencies in the genome, so that features that tell nothing leave it there and
it cannot lose to them by more than chance.

Legend: n questions, F features, P directions, C classes.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from genolect.encoders.layers import LinearFromZero
from genolect.errors import DivergenceError
from genolect.randomness import derived_generator

Features = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]

DIRECTIONS = 64
"""Principal components that are kept: 4,096 classes have a weight for each."""

LEAST_VARIANCE = 1e-9
"""Share of the largest component below which one is rounding."""

QUESTIONS = 256
EPOCHS, FEWEST_STEPS = 20, 1_500
"""Passes over the questions, at most; more where they are few."""

PATIENCE = 2
LEARNING_RATE = 3e-4
"""At 1e-3 and 128 directions the longest words were best after no pass at all; lower rates took longer for as much."""


@dataclass(frozen=True, eq=False)
class KmerProbe:
    """A fitted probe; `fit_kmer_probe` makes it.

    Attributes
    ----------
    mean : ndarray of float32, shape (F,)
        Of the training features.
    directions : ndarray of float32, shape (F, P)
        Principal components of the standardised features, scaled to unit variance.
    linear : Linear
        From P to C.
    epochs : int
        Passes over the training questions after which validation was best; 0 for none, which leaves the frequencies.
    validation_bits : float
        Mean bits per word on the validation questions.
    """

    mean: npt.NDArray[np.float32]
    directions: npt.NDArray[np.float32]
    linear: nn.Linear
    epochs: int
    validation_bits: float

    def log_probabilities(self, features: Features) -> npt.NDArray[np.float32]:
        """Predict.

        Parameters
        ----------
        features : ndarray of float, shape (n, F)
            Features as they were for training.

        Returns
        -------
        ndarray of float32, shape (n, C)
            Natural logarithms of probabilities.
        """
        with torch.inference_mode():
            logits = self.linear(_projected(features, self.mean, self.directions))
            answers: npt.NDArray[np.float32] = logits.log_softmax(dim=1).numpy()
        return answers


def fit_kmer_probe(
    features: Features,
    labels: Integers,
    validation_features: Features,
    validation_labels: Integers,
    *,
    log_prior: npt.NDArray[np.float64],
    seed: int,
) -> KmerProbe:
    """Fit the probe, and stop where validation questions say.

    Parameters
    ----------
    features : ndarray of float, shape (n, F)
        Features of the training questions.
    labels : ndarray of int64, shape (n,)
        Their classes; not every class has to occur.
    validation_features : ndarray of float, shape (m, F)
        Features of the validation questions.
    validation_labels : ndarray of int64, shape (m,)
        Their classes.
    log_prior : ndarray of float64, shape (C,)
        Natural logarithms of how frequent the classes are.
    seed : int
        Decides the order of the questions.

    Returns
    -------
    KmerProbe
        As it was when validation was best.

    Raises
    ------
    DivergenceError
        If a feature is not a finite number.

    Examples
    --------
    >>> labels = np.arange(900) % 4
    >>> features = np.eye(4)[labels] + np.random.default_rng(3).normal(size=(900, 4)) / 9
    >>> probe = fit_kmer_probe(
    ...     features[:600], labels[:600], features[600:], labels[600:], log_prior=np.log(np.full(4, 0.25)), seed=1
    ... )
    >>> bool((probe.log_probabilities(features[600:]).argmax(axis=1) == labels[600:]).all())
    True
    """
    for name, array in (("training", features), ("validation", validation_features)):
        if not np.isfinite(array).all():
            what = f"{int((~np.isfinite(array)).sum())} of {array.size} {name} features are not finite numbers"
            raise DivergenceError(what, fix="check the model that made them")
    mean, directions = _principal(features)
    given, asked = (_projected(part, mean, directions) for part in (features, validation_features))
    truth, told = torch.from_numpy(labels), torch.from_numpy(validation_labels)
    linear = LinearFromZero(directions.shape[1], len(log_prior))
    linear.bias.data = torch.from_numpy(log_prior).float()
    optimizer = torch.optim.Adam(linear.parameters(), lr=LEARNING_RATE)
    best, epochs, lowest = copy.deepcopy(linear), 0, _bits(linear, asked, told)
    for epoch in range(1, max(EPOCHS, FEWEST_STEPS * QUESTIONS // len(truth)) + 1):
        order = derived_generator(seed, "k-mer probe", epoch).permutation(len(truth))
        for start in range(0, len(order), QUESTIONS):
            part = torch.from_numpy(order[start : start + QUESTIONS])
            optimizer.zero_grad()
            functional.cross_entropy(linear(given[part]), truth[part]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        if (bits := _bits(linear, asked, told)) < lowest:
            best, epochs, lowest = copy.deepcopy(linear), epoch, bits
        elif epoch - epochs >= PATIENCE:
            break
    return KmerProbe(mean, directions, best, epochs, lowest)


def _principal(features: Features) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Give the mean and the whitened principal components of standardised features; constant ones play no part."""
    wide = features.astype(np.float64)
    mean, scale = wide.mean(axis=0), wide.std(axis=0)
    varies = scale > 1e-12 * np.maximum(np.abs(mean), 1)
    standardised = np.where(varies, (wide - mean) / np.where(varies, scale, 1.0), 0.0)
    variances, vectors = np.linalg.eigh(standardised.T @ standardised / len(wide))
    kept = np.argsort(variances)[::-1][:DIRECTIONS]
    kept = kept[variances[kept] > LEAST_VARIANCE * max(float(variances.max()), 1e-300)]
    whitened = vectors[:, kept] / np.sqrt(variances[kept]) / np.where(varies, scale, np.inf)[:, None]
    return mean.astype(np.float32), whitened.astype(np.float32)


def _projected(features: Features, mean: npt.NDArray[np.float32], directions: npt.NDArray[np.float32]) -> Tensor:
    return torch.from_numpy((features.astype(np.float32) - mean) @ directions)


def _bits(linear: nn.Linear, features: Tensor, labels: Tensor) -> float:
    with torch.inference_mode():
        return float(functional.cross_entropy(linear(features), labels)) / float(np.log(2))
