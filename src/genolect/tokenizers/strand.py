"""Which token stands for each token on the other strand, where tokens are paired one to one.

Legend: V tokens.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from genolect.errors import ConfigurationError
from genolect.tokenizers.foreign_words import DnabertTokenizer
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.tokenizer import Tokenizer

Partners = npt.NDArray[np.int64]


def token_partners(tokenizer: Tokenizer) -> Partners:
    """Give each token's partner on the other strand; special tokens and those with N are their own.

    Token i of a window and token L - 1 - i of its other strand are then partners, wherever the tokens cover the window.

    Parameters
    ----------
    tokenizer : Tokenizer
        One of single bases or of k-mers cut at fixed places.

    Returns
    -------
    ndarray of int64, shape (V,)
        Ids.

    Raises
    ------
    ConfigurationError
        If the tokens of the two strands are not the same words, cut at the same places.

    Examples
    --------
    >>> token_partners(NucleotideTokenizer()).tolist()
    [3, 2, 1, 0, 4, 5, 6]
    """
    if not isinstance(tokenizer, NucleotideTokenizer | KmerTokenizer | DnabertTokenizer):
        what = f"the two strands are cut into different {tokenizer.kind} tokens, which cannot be paired"
        raise ConfigurationError(what, fix="compare whole windows, or use nucleotide or k-mer tokens")
    ids = np.arange(len(tokenizer.vocabulary), dtype=np.uint32)[:, None]
    return tokenizer.reverse_complement(ids)[:, 0].astype(np.int64)


def target_partners(tokenizer: Tokenizer) -> Partners:
    """Give the partner of each predictable token, by its place among them: the order of logits on the other strand.

    Parameters
    ----------
    tokenizer : Tokenizer
        As in `token_partners`.

    Returns
    -------
    ndarray of int64, shape (number of predictable tokens,)
        Places, 0-based.

    Examples
    --------
    >>> target_partners(KmerTokenizer(1, 1)).tolist()
    [3, 2, 1, 0]
    """
    targets = tokenizer.targets
    return token_partners(tokenizer)[targets.start : targets.stop] - targets.start
