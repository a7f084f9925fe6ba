"""Mutual information of continuous variables of few dimensions, from distances to nearest neighbours.

Legend: n examples, P entries of the first variable, Q entries of the second.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from scipy.special import digamma

from genolect.errors import ConfigurationError
from genolect.evaluation.information import Information
from genolect.evaluation.projection import embedding_map
from genolect.evaluation.statistics import Resamples, estimate, resampled_values
from genolect.evaluation.weighting import Floats, mean

NEIGHBOURS = 3


def neighbour_information(
    first: Floats, second: Floats, drawn: Resamples, *, neighbours: int = NEIGHBOURS, quantity: str = "I(Z;X)"
) -> Information:
    """Estimate mutual information by the first estimator of Kraskov, Stögbauer and Grassberger.

    On independent variables it is right on average. On dependent ones it errs downwards, the more so the stronger the
    dependence and the more dimensions: n examples cannot show much more than log2(n) bits (Gao et al. 2015,
    arXiv:1411.2003). A value below the truth is therefore to be expected, one above it is chance.

    Parameters
    ----------
    first : ndarray of float, shape (n, P)
        One variable; each entry is brought to unit variance.
    second : ndarray of float, shape (n, Q)
        The other one, of the same examples. P + Q above about six asks for more examples than there are.
    drawn : Resamples
        Groups of the examples. The interval resamples each example's contribution and leaves its neighbours: on
        Gaussians it holds the truth about nine times in ten, less often above four bits.
    neighbours : int
        How many neighbours set the scale: more make chance smaller and the error downwards larger.
    quantity : str
        How to call it.

    Returns
    -------
    Information
        An estimate in bits; may lie a little below 0.

    Raises
    ------
    ConfigurationError
        If there are too few examples, or some have as many identical copies as there are neighbours.

    References
    ----------
    Kraskov et al. (2004), doi:10.1103/PhysRevE.69.066138, equation 8.

    Examples
    --------
    >>> from genolect.evaluation.statistics import draw_blocks
    >>> one, other = np.random.Generator(np.random.Philox(3)).normal(size=(2, 2000, 1))
    >>> drawn = draw_blocks(np.arange(2000), seed=1, resamples=99)
    >>> [round(abs(neighbour_information(one, two, drawn).bits.value), 1) for two in (other, one + other)]
    [0.0, 0.5]
    """
    n = first.shape[0]
    if n <= neighbours:
        raise ConfigurationError(f"{n} examples for {neighbours} neighbours", fix="use more examples")
    first, second = _standardised(first), _standardised(second)
    together = np.concatenate([first, second], axis=1)
    reach = cKDTree(together).query(together, k=neighbours + 1, p=np.inf)[0][:, -1]
    copies = int((reach == 0).sum())
    if copies:
        raise ConfigurationError(
            f"{copies:,} examples have {neighbours} identical copies or more, so distances say nothing",
            fix="drop duplicates, or use genolect.objectives.mutual_information for discrete variables",
        )
    # Strictly nearer than the neighbour, the example itself included: that is the n_x + 1 of the equation.
    inside = np.nextafter(reach, 0)
    nearer = [cKDTree(one).query_ball_point(one, inside, p=np.inf, return_length=True) for one in (first, second)]
    local = digamma(neighbours) + digamma(n) - digamma(nearer[0]) - digamma(nearer[1])
    bits = np.asarray(local / np.log(2), dtype=np.float64)
    values = resampled_values(lambda weights: {"": mean(bits, weights)}, drawn)[""]
    return Information(estimate(float(bits.mean()), values, drawn.limits), "estimate", quantity)


def _standardised(values: Floats) -> Floats:
    wide = values.astype(np.float64)
    spread = wide.std(axis=0)
    standardised: Floats = (wide - wide.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return standardised


def kept_information(
    vectors: npt.NDArray[np.floating], inputs: npt.NDArray[np.floating], drawn: Resamples, *, seed: int = 0
) -> Information:
    """Estimate how much a model's vectors keep of the sequence, on two principal components of each.

    Components are functions of what they are made of, so their mutual information is at most I(Z;X): apart from chance,
    both the projection and the estimator err downwards.

    Parameters
    ----------
    vectors : ndarray of float, shape (n, width)
        The model's vectors Z.
    inputs : ndarray of float, shape (n, number of features)
        Features of the sequences X, such as frequencies of k-mers.
    drawn : Resamples
        Groups of the examples.
    seed : int
        Of `genolect.evaluation.projection.embedding_map`.

    Returns
    -------
    Information
        A lower bound of I(Z;X), apart from chance.

    Raises
    ------
    ConfigurationError
        As from `neighbour_information`.

    Examples
    --------
    >>> from genolect.evaluation.statistics import draw_blocks
    >>> inputs = np.random.Generator(np.random.Philox(2)).normal(size=(500, 7))
    >>> drawn = draw_blocks(np.arange(500), seed=1, resamples=9)
    >>> kept_information(inputs @ np.ones((7, 3)), inputs, drawn).direction
    'lower bound'
    """
    found = neighbour_information(embedding_map(vectors, seed), embedding_map(inputs, seed), drawn)
    return Information(found.bits, "lower bound", found.quantity)
