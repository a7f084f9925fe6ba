"""The special tokens that published models expect around a sequence; `encode` does not add them.

DNABERT, GROVER and DNABERT-2 were trained on [CLS] … [SEP], Nucleotide Transformer on <cls> … with nothing behind.
Models trained here read windows of a genome, without any.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Frame(NamedTuple):
    """Token ids around a sequence.

    Attributes
    ----------
    before : tuple of int
        What stands before its first token; its hidden state may stand for the whole sequence.
    after : tuple of int
        What stands behind its last.
    """

    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()


def frame_of(vocabulary: Mapping[str, int]) -> Frame:
    """Find the frame in a vocabulary.

    Parameters
    ----------
    vocabulary : mapping of str to int
        Every token and its id.

    Returns
    -------
    Frame
        [CLS] and [SEP] where it has both, otherwise <cls> alone where it has that, otherwise nothing.

    Examples
    --------
    >>> frame_of({"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "A": 3})
    Frame(before=(1,), after=(2,))
    >>> frame_of({"A": 0, "C": 1})
    Frame(before=(), after=())
    """
    if {"[CLS]", "[SEP]"} <= vocabulary.keys():
        return Frame((vocabulary["[CLS]"],), (vocabulary["[SEP]"],))
    return Frame((vocabulary["<cls>"],)) if "<cls>" in vocabulary else Frame()
