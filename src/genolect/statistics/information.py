"""Mutual information between what a model makes of a sequence and what it should, or should not, tell.

Every figure says on which side of the truth it errs. Legend: Z the model's vectors, X the sequence, Y a label, N a
nuisance (batch, strand, shift, GC bin); n test examples, K classes, R resamples. All in bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from scipy.special import digamma

from genolect.arrays import Floats, Integers
from genolect.errors import ConfigurationError
from genolect.statistics.bootstrap import Estimate, Resamples, estimate, resampled_values
from genolect.statistics.metrics import columns, indicator, mean, quotient
from genolect.statistics.projection import embedding_map

Direction = Literal["lower bound", "upper bound", "estimate", "no bound"]

SMALLEST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Information:
    """A quantity in bits, and on which side of the truth it errs.

    Attributes
    ----------
    bits : Estimate
        Value and 95 % interval over groups of test examples.
    direction : {'lower bound', 'upper bound', 'estimate', 'no bound'}
        What the value is of the quantity, apart from chance: ``estimate`` is consistent but biased on small samples,
        ``no bound`` is a difference of bounds.
    quantity : str
        Of what.
    """

    bits: Estimate
    direction: Direction
    quantity: str


@dataclass(frozen=True)
class Invariance:
    """How much of a nuisance can be read from the vectors.

    Attributes
    ----------
    told : Information
        Lower bound of I(Z;N).
    entropy : float
        H(N): what there is to tell.
    share : Estimate
        Lower bound of I(Z;N) / H(N): well above 0 shows that Z is not invariant; near 0 shows only that this probe
        finds nothing.
    """

    told: Information
    entropy: float
    share: Estimate


@dataclass(frozen=True)
class Minimality:
    """How much the vectors keep of the sequence beyond the label.

    Attributes
    ----------
    excess : Information
        I(Z;X) - I(Z;Y) = I(Z;X|Y), by subtraction; the interval adds up both.
    at_least : Estimate
        I(Z;X) - H(Y): no label has more to tell than its entropy, so the excess errs on no side but that of I(Z;X).
    """

    excess: Information
    at_least: Estimate


def entropy(labels: Integers, weights: Floats | None = None) -> Floats:
    """Entropy of the labels as often as they occur.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        Codes, not negative.
    weights : ndarray of float, shape (n,) or (n, R), optional
        Weight of each example; ones by default.

    Returns
    -------
    ndarray of float64, shape (R,)
        In bits; below the truth by about (K - 1) / (2 n ln 2) on average.

    Examples
    --------
    >>> entropy(np.array([0, 1, 2, 3])).tolist(), entropy(np.array([4, 4])).tolist()
    ([2.0], [0.0])
    """
    weights = columns(weights, labels.size)
    counts = indicator(labels, int(labels.max()) + 1) @ weights
    shares = quotient(counts, np.broadcast_to(counts.sum(axis=0), counts.shape))
    bits: Floats = 0.0 - (shares * np.log2(np.maximum(shares, SMALLEST))).sum(axis=0)
    return bits


def cross_entropy(probabilities: Floats, labels: Integers, weights: Floats | None = None) -> Floats:
    """Bits that a label costs when it is told by its predicted probability.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n, K)
        Predicted probabilities; rows sum to 1.
    labels : ndarray of int, shape (n,)
        Codes below K.
    weights : ndarray of float, shape (n,) or (n, R), optional
        As in `entropy`.

    Returns
    -------
    ndarray of float64, shape (R,)
        Mean over examples.

    Examples
    --------
    >>> cross_entropy(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 0])).tolist()
    [1.5]
    """
    told = np.maximum(probabilities[np.arange(labels.size), labels], SMALLEST)
    return mean(-np.log2(told), weights)


def told_information(
    probabilities: Floats, labels: Integers, drawn: Resamples, *, quantity: str = "I(Z;Y)"
) -> Information:
    """Bound from below what vectors tell of a label, by a probe's predictions of examples that it never saw.

    I(Z;Y) = H(Y) - H(Y|Z), and no prediction from Z costs less than H(Y|Z): a better probe can only raise the value.
    Also for a nuisance in the place of the label.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n, K)
        A probe's probabilities for test examples (`genolect.statistics.linear.LinearProbe.probabilities`).
    labels : ndarray of int, shape (n,)
        Codes below K.
    drawn : Resamples
        Of the test examples.
    quantity : str
        How to call it.

    Returns
    -------
    Information
        A lower bound. Negative where the probe predicts worse than the frequencies of the test labels do; it then says
        no more than I(Z;Y) >= 0.

    Raises
    ------
    ConfigurationError
        If the predictions are no probabilities.

    References
    ----------
    Barber and Agakov (2003), "The IM algorithm"; McAllester and Stratos (2020), arXiv:1811.04251.

    Examples
    --------
    >>> from genolect.statistics.bootstrap import draw_blocks
    >>> labels, drawn = np.arange(40) % 2, draw_blocks(np.arange(40) // 4, seed=1, resamples=9)
    >>> told_information(np.eye(2)[labels], labels, drawn).bits.value
    1.0
    """
    _check(probabilities, labels)

    def bits(weights: Floats | None) -> Floats:
        return entropy(labels, weights) - cross_entropy(probabilities, labels, weights)

    return Information(_estimated(bits, drawn), "lower bound", quantity)


def sufficiency_gap(from_sequence: Floats, from_vectors: Floats, labels: Integers, drawn: Resamples) -> Information:
    """Compare what a probe of the sequence's features finds of a label with what a probe of the vectors finds.

    I(X;Y) is never below I(Z;Y), as Z is made of X. The value is the difference of two lower bounds, so it bounds
    I(X;Y) - I(Z;Y) on neither side. Clearly positive: Z hides from this probe what the sequence's features show.
    Clearly negative: Z makes plain what those features do not; that is no contradiction, since the sequence may tell
    more than its features do.

    Parameters
    ----------
    from_sequence, from_vectors : ndarray of float, shape (n, K)
        Probabilities for the same test examples: the best probe of features of X, and the probe of Z.
    labels : ndarray of int, shape (n,)
        Codes below K.
    drawn : Resamples
        Of the test examples; paired, as the entropy of the labels drops out.

    Returns
    -------
    Information
        Cross-entropy from Z minus that from X's features.

    Raises
    ------
    ConfigurationError
        As from `told_information`.

    Examples
    --------
    >>> from genolect.statistics.bootstrap import draw_blocks
    >>> labels, drawn = np.arange(40) % 2, draw_blocks(np.arange(40) // 4, seed=1, resamples=9)
    >>> sufficiency_gap(np.eye(2)[labels], np.full((40, 2), 0.5), labels, drawn).bits.value
    1.0
    """
    _check(from_sequence, labels)
    _check(from_vectors, labels)

    def bits(weights: Floats | None) -> Floats:
        return cross_entropy(from_vectors, labels, weights) - cross_entropy(from_sequence, labels, weights)

    return Information(_estimated(bits, drawn), "no bound", "I(X;Y) - I(Z;Y)")


def invariance(probabilities: Floats, nuisance: Integers, drawn: Resamples) -> Invariance:
    """Measure how much of a nuisance a probe reads from the vectors.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n, K)
        The probe's probabilities for the nuisance's codes.
    nuisance : ndarray of int, shape (n,)
        Batch, strand, shift or GC bin of each test example.
    drawn : Resamples
        Of the test examples.

    Returns
    -------
    Invariance
        In bits and as a share of the nuisance's entropy.

    Raises
    ------
    ConfigurationError
        If the nuisance has one value only, or as from `told_information`.

    Examples
    --------
    >>> from genolect.statistics.bootstrap import draw_blocks
    >>> strand, drawn = np.arange(40) % 2, draw_blocks(np.arange(40) // 4, seed=1, resamples=9)
    >>> invariance(np.full((40, 2), 0.5), strand, drawn).share.value
    0.0
    """
    if np.unique(nuisance).size < 2:
        raise ConfigurationError(
            "the nuisance has one value on all test examples", fix="use examples that differ in it"
        )
    told = told_information(probabilities, nuisance, drawn, quantity="I(Z;N)")

    def share(weights: Floats | None) -> Floats:
        there = entropy(nuisance, weights)
        return quotient(there - cross_entropy(probabilities, nuisance, weights), there)

    return Invariance(told, float(entropy(nuisance)[0]), _estimated(share, drawn))


def minimality(kept: Information, told: Information, labels: Integers) -> Minimality:
    """Subtract what the label needs from what the vectors keep of the sequence.

    Parameters
    ----------
    kept : Information
        I(Z;X), as from `genolect.statistics.information.kept_information`.
    told : Information
        I(Z;Y), from `told_information`.
    labels : ndarray of int, shape (n,)
        The labels, for their entropy.

    Returns
    -------
    Minimality
        Near 0 for vectors that hold the label and nothing else. Vectors that are a continuous function of the sequence
        keep without limit in principle; figures then compare models on the same examples, and are no absolute truth.

    Examples
    --------
    >>> three, one = (Information(Estimate(bits, bits, bits), "estimate", "") for bits in (3.0, 1.0))
    >>> found = minimality(three, one, np.arange(8) % 2)
    >>> found.excess.bits.value, found.at_least.value
    (2.0, 2.0)
    """
    there = float(entropy(labels)[0])
    floor = Estimate(*(None if bits is None else bits - there for bits in _parts(kept.bits)))
    (value, low, high), (other, other_low, other_high) = _parts(kept.bits), _parts(told.bits)
    excess = Estimate(_minus(value, other), _minus(low, other_high), _minus(high, other_low))
    return Minimality(Information(excess, "no bound", "I(Z;X) - I(Z;Y)"), floor)


def _parts(bits: Estimate) -> tuple[float | None, float | None, float | None]:
    return bits.value, bits.low, bits.high


def _minus(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second


def _check(probabilities: Floats, labels: Integers) -> None:
    sums = probabilities.sum(axis=1)
    if probabilities.min() < 0 or not np.allclose(sums, 1, rtol=0, atol=1e-4):
        worst = float(sums[np.abs(sums - 1).argmax()])
        raise ConfigurationError(
            f"predictions that sum to {worst:.4g} in some row are no probabilities", fix="give a probe's probabilities"
        )
    if labels.max() >= probabilities.shape[1]:
        raise ConfigurationError(
            f"class {int(labels.max())} has no column among {probabilities.shape[1]}", fix="predict every class"
        )


def _estimated(bits: Callable[[Floats | None], Floats], drawn: Resamples) -> Estimate:
    values = resampled_values(lambda weights: {"": bits(weights)}, drawn)[""]
    return estimate(float(bits(None)[0]), values, drawn.limits)


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
    >>> from genolect.statistics.bootstrap import draw_blocks
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
            fix="drop duplicates, or use genolect.objectives.leak for discrete variables",
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
        Of `genolect.statistics.projection.embedding_map`.

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
    >>> from genolect.statistics.bootstrap import draw_blocks
    >>> inputs = np.random.Generator(np.random.Philox(2)).normal(size=(500, 7))
    >>> drawn = draw_blocks(np.arange(500), seed=1, resamples=9)
    >>> kept_information(inputs @ np.ones((7, 3)), inputs, drawn).direction
    'lower bound'
    """
    found = neighbour_information(embedding_map(vectors, seed), embedding_map(inputs, seed), drawn)
    return Information(found.bits, "lower bound", found.quantity)
