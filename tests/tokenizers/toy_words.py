"""A tokenizer of words of different lengths, read greedily from the left: what a byte-pair vocabulary looks like."""

from __future__ import annotations

from itertools import product

import numpy as np

from genolect.sequence.alphabet import BASE_BITS, LETTERS
from genolect.tokenizers.tokenizer import MASK, PADDING


class ToyWords:
    """The longest word that fits, again and again; N is a token that is never predicted."""

    kind = "toy"
    content_hash = "toy"

    def __init__(self, words, *, overlapping=False):
        names = ["N", *words, MASK, PADDING]
        self.vocabulary = {name: number for number, name in enumerate(names)}
        self.targets = range(1, 1 + len(words))
        self.mask_id, self.padding_id = len(names) - 2, len(names) - 1
        self.overlapping = overlapping
        self._lengths = sorted({len(word) for word in words}, reverse=True)

    def encode(self, bases):
        text = "".join(LETTERS[base] for base in bases & BASE_BITS)
        ids, place = [], 0
        while place < len(text):
            found = (text[place : place + length] for length in [*self._lengths, 1])
            word = next((word for word in found if word in self.vocabulary), None)
            if word is None:
                break
            ids.append(self.vocabulary[word])
            place += 1 if self.overlapping else len(word)
        return np.array(ids, dtype=np.uint16)


def kmers(length):
    """Every word of a length."""
    return ["".join(letters) for letters in product("ACGT", repeat=length)]
