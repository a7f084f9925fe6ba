"""What a masking policy tells of what it asks for, by calculation.

Legend: V words, k tokens that hold a base.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import factorial

import numpy as np
import numpy.typing as npt

Frequencies = npt.NDArray[np.float64]


def kept_information(words: Sequence[float], replacements: Sequence[float], shares: tuple[float, float]) -> float:
    r"""Give the bits that what is shown at a selected place tells of the true word there.

    With Y the true word, distributed as :math:`\pi`, hidden with probability h, replaced by a word drawn from
    :math:`\rho` with probability s, and kept otherwise, what is shown is, unless it is hidden,

    .. math:: P(z | y) = \frac{s}{1 - h} \rho(z) + \frac{1 - h - s}{1 - h} [z = y]

    and being hidden depends on no word, so that

    .. math:: I(Y; \tilde X | \text{selected}) = (1 - h) (H(\sum_y \pi(y) P(\cdot | y)) - \sum_y \pi(y) H(P(\cdot | y)))

    It is 0 where nothing is kept. For V words, all equally frequent, with :math:`a = s / (1 - h)` and
    :math:`d = 1 - a + a / V`, it is :math:`(1 - h)(\log_2 V + d \log_2 d + (V - 1) \frac{a}{V} \log_2 \frac{a}{V})`.

    Parameters
    ----------
    words : sequence of float, shape (V,)
        Frequencies of the true words, up to a common factor.
    replacements : sequence of float, shape (V,)
        Frequencies of the random words, up to a common factor.
    shares : tuple of float
        h and s.

    Returns
    -------
    float
        In bits.

    Examples
    --------
    >>> round(kept_information([1] * 4, [1] * 4, (0.8, 0.1)), 4), kept_information([1] * 4, [1] * 4, (0.8, 0.2))
    (0.0902, 0.0)
    """
    hidden, random = shares
    kept = max(0.0, 1 - hidden - random)
    if kept == 0:
        return 0.0
    truth, drawn = (np.array(given, dtype=np.float64) / np.sum(given) for given in (words, replacements))
    shown = (random * drawn[None] + kept * np.eye(len(truth))) / (1 - hidden)
    return (1 - hidden) * _information(truth, shown)


def copies_information(words: Sequence[float], shares: tuple[float, float], k: int) -> float:
    r"""Give the bits that k tokens tell of a base that all of them hold, each hidden, random or kept on its own.

    This is DNABERT's masking: a base that no other token shows lies in exactly k masked ones. A kept token shows the
    base y; a random one shows each base with probability 1/4; so each of the k tokens says nothing with probability h,
    and else base b with probability :math:`s / 4 + (1 - h - s) [b = y]`. How many say A, C, G, T is multinomial, and

    .. math:: I = \sum_y \pi(y) \sum_n P(n | y) \log_2 \frac{P(n | y)}{\sum_{y'} \pi(y') P(n | y')}

    Parameters
    ----------
    words : sequence of float, shape (4,)
        Frequencies of A C G T, up to a common factor.
    shares : tuple of float
        h and s.
    k : int
        Tokens that hold the base.

    Returns
    -------
    float
        In bits.

    Examples
    --------
    >>> [round(copies_information([1] * 4, (0.8, 0.1), k), 4) for k in (1, 3, 6)]
    [0.0902, 0.2567, 0.4764]
    """
    hidden, random = shares
    truth = np.array(words, dtype=np.float64) / np.sum(words)
    says = random / 4 + max(0.0, 1 - hidden - random) * np.eye(4)
    counts = np.array([said for said in product(range(k + 1), repeat=4) if sum(said) <= k])
    silent = k - counts.sum(1)
    ways = np.array([factorial(k) // np.prod([factorial(n) for n in row]) for row in np.c_[counts, silent]])
    shown = ways * hidden**silent * (says[:, None] ** counts[None]).prod(2)
    return _information(truth, shown)


def _information(truth: Frequencies, shown: Frequencies) -> float:
    """Mutual information in bits, from the distribution of the truth and that of what is shown given each truth."""
    overall = truth @ shown
    possible = shown > 0
    ratio = np.where(possible, shown, 1) / np.where(possible, overall, 1)
    return float((truth[:, None] * shown * np.log2(ratio)).sum())
