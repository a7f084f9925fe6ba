"""What a predicted word costs for its hidden bases alone.

Legend: S words, V predictable words, k bases per word.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

LETTERS = "ACGT"
LONGEST = 31


def word_codes(words: Iterable[str]) -> Tensor:
    """Write words of equal length as numbers with two bits per base, the leftmost most significant.

    Parameters
    ----------
    words : iterable of str
        Words of A C G T, at most 31 bases.

    Returns
    -------
    Tensor of int64, shape (V,)
        The numbers.

    Raises
    ------
    ValueError
        If words differ in length, are too long, or hold another letter.

    Examples
    --------
    >>> word_codes(["AA", "AT", "GC"]).tolist()
    [0, 3, 9]
    """
    words = list(words)
    if len({len(word) for word in words}) != 1 or len(words[0]) > LONGEST:
        raise ValueError(f"words need one length of at most {LONGEST} bases")
    digits = torch.tensor([[LETTERS.index(letter) for letter in word] for word in words])
    return (digits << 2 * torch.arange(digits.shape[1] - 1, -1, -1)).sum(1)


def hidden_word_nats(logits: Tensor, truth: Tensor, given: Tensor, codes: Tensor) -> Tensor:
    r"""Give the negative log-likelihood of a word's hidden bases, given those of its bases that are known.

    The prediction is renormalised over the words that agree with the known bases:

    .. math:: -\ln \frac{p(y)}{\sum_{w: w = y \text{ at the known bases}} p(w)}

    Parameters
    ----------
    logits : Tensor, shape (S, V)
        Predictions.
    truth : Tensor of int64, shape (S,)
        The true words, 0 to V - 1.
    given : Tensor of int64, shape (S,)
        The two bits of every known base set, as in `word_codes`.
    codes : Tensor of int64, shape (V,)
        The words.

    Returns
    -------
    Tensor, shape (S,)
        In nats.

    Examples
    --------
    >>> codes = word_codes(first + second for first in "ACGT" for second in "ACGT")
    >>> nats = hidden_word_nats(torch.zeros(3, 16), torch.tensor([0, 5, 7]), torch.tensor([0, 12, 15]), codes)
    >>> (nats / torch.tensor(2.0).log()).tolist()  # both bases unknown, the second unknown, none unknown
    [4.0, 2.0, 0.0]
    """
    agrees = ((codes[None] ^ codes[truth][:, None]) & given[:, None]) == 0
    known = logits.masked_fill(~agrees, -torch.inf).logsumexp(1)
    return known - logits.gather(1, truth[:, None])[:, 0]
