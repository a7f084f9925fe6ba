"""Whether the words of a tokenizer overlap, so that a word repeats what the one before it has said."""

from __future__ import annotations

import numpy as np

from genolect.tokenizers.tokenizer import Tokenizer

_PROBE_BASES = 64


def stride_of_overlap(tokenizer: Tokenizer) -> int | None:
    """Give the bases from one overlapping word to the next.

    Parameters
    ----------
    tokenizer : Tokenizer
        Any.

    Returns
    -------
    int or None
        New bases of each word; None where words stand side by side.

    Examples
    --------
    >>> from genolect.tokenizers.kmer import KmerTokenizer
    >>> [stride_of_overlap(KmerTokenizer(3, stride)) for stride in (1, 2, 3)]
    [1, 2, None]
    """
    first, second = tokenizer.spans(np.zeros(_PROBE_BASES, dtype=np.uint8))[:2]
    return int(second[0] - first[0]) if second[0] < first[1] else None
