"""What a choice of tokenizer costs before anything is trained: tokens, embedding memory, and the formula over both.

Attention compares every token with every other, the embedding and the head hold a row per token of the vocabulary:

    C(N, V) = λ N² d + μ N V        embedding memory = V · d values

with N tokens in a window, V the vocabulary and d the width of the model. Longer words make N smaller and V larger, so
there is a best length; λ and μ say how dear the two kinds of work are on a machine (1 and 1: plain multiplications).

Legend: L bases of a window, N tokens, V vocabulary, d width of the model, k letters of a word.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from genolect.arrays import BASES
from genolect.errors import ConfigurationError
from genolect.tokenizers.byte_pair_merging import MOST_CYCLES
from genolect.tokenizers.nucleotide import VOCABULARY

SPECIAL_TOKENS: Final = len(VOCABULARY) - BASES
"""Words with N, the mask and padding."""

LONGEST_WORD = 8
BYTES_PER_VALUE = 4

# GROVER (Sanabria et al. 2024, doi:10.1038/s42256-024-00872-0): tokens of 4.07 bases on average in a vocabulary of 601;
# words of log4(601) = 4.62 bases would be as many. Sequence is no random text, so this share is a guess for others.
BYTE_PAIR_SHARE = 4.07 / math.log(601, BASES)

_SCHEME = re.compile(r"(nucleotide)|kmer:(\d+)(?::(\d+))?|byte_pair:(\d+)(?::(\d+(?:\.\d+)?))?")


@dataclass(frozen=True)
class Scheme:
    """A way of cutting sequence into tokens, as far as cost is concerned.

    Attributes
    ----------
    name : str
        As a user writes it: ``nucleotide``, ``kmer:6`` (overlapping), ``kmer:6:6`` (side by side), ``byte_pair:600``.
    targets : int
        Tokens that can be predicted.
    word : int or None
        Bases of a token; None where tokens differ.
    bases_per_token : float
        Bases from the start of one token to that of the next, on average.
    """

    name: str
    targets: int
    word: int | None
    bases_per_token: float

    @property
    def vocabulary(self) -> int:
        """V, with special tokens."""
        return self.targets + SPECIAL_TOKENS

    def tokens(self, bases: int) -> int:
        """Give N for a window of L bases.

        Words of k bases: 1 + (L - k) / stride, rounded down: L - k + 1 overlapping, L / k side by side, where a rest
        that fills no word has no token. Tokens of different lengths: L / their mean length, rounded up.
        """
        if self.word is None:
            return math.ceil(bases / self.bases_per_token)
        return max(0, math.floor((bases - self.word) / self.bases_per_token) + 1)


def read_scheme(text: str) -> Scheme:
    """Read what a user writes for a tokenizer.

    Parameters
    ----------
    text : str
        ``nucleotide``, ``kmer:K``, ``kmer:K:STRIDE``, ``byte_pair:CYCLES`` or ``byte_pair:CYCLES:BASES_PER_TOKEN``.

    Returns
    -------
    Scheme
        Its vocabulary and its tokens per base.

    Raises
    ------
    ConfigurationError
        If it is none of them, or a number is out of range.

    Examples
    --------
    >>> [read_scheme(text).tokens(512) for text in ("nucleotide", "kmer:6", "kmer:6:6", "byte_pair:600:4.07")]
    [512, 507, 85, 126]
    """
    match = _SCHEME.fullmatch(text)
    if match is None:
        fix = "write nucleotide, kmer:6, kmer:6:6 (word, stride), byte_pair:600 or byte_pair:600:4.07 (bases per token)"
        raise ConfigurationError(f"{text!r} is no tokenizer", fix=fix)
    nucleotide, word, stride, cycles, mean = match.groups()
    if nucleotide:
        return Scheme(text, BASES, 1, 1)
    if word:
        return kmer_scheme(int(word), stride=int(stride or 1))
    if int(cycles) > MOST_CYCLES:
        raise ConfigurationError(f"{text}: {int(cycles):,} cycles", fix=f"choose {MOST_CYCLES:,} at most")
    targets = BASES + int(cycles)
    bases_per_token = float(mean) if mean else max(1.0, BYTE_PAIR_SHARE * math.log(targets, BASES))
    if bases_per_token < 1:
        raise ConfigurationError(f"{text}: {mean} bases per token", fix="a token has one base at least")
    return Scheme(text, targets, None, bases_per_token)


def kmer_scheme(word: int, *, stride: int) -> Scheme:
    """Give the scheme of words of one length.

    Parameters
    ----------
    word : int
        k, 1 to 8.
    stride : int
        Bases from one word to the next, 1 to k.

    Returns
    -------
    Scheme
        With 4**k words and the special tokens.

    Raises
    ------
    ConfigurationError
        If a number is out of range.

    Examples
    --------
    >>> scheme = kmer_scheme(3, stride=1)
    >>> scheme.tokens(len("ATGCTAG")), scheme.vocabulary
    (5, 67)
    """
    if not 1 <= word <= LONGEST_WORD or not 1 <= stride <= word:
        fix = f"choose a word of 1 to {LONGEST_WORD} bases and a stride of 1 to the word's length"
        raise ConfigurationError(f"words of {word} bases at stride {stride}", fix=fix)
    return Scheme(f"kmer:{word}" if stride == 1 else f"kmer:{word}:{stride}", BASES**word, word, stride)


def cost(tokens: int, vocabulary: int, width: int, *, attention: float = 1.0, embedding: float = 1.0) -> float:
    """Evaluate C(N, V) = λ N² d + μ N V for one window.

    Parameters
    ----------
    tokens, vocabulary, width : int
        N, V and d.
    attention, embedding : float
        λ and μ.

    Returns
    -------
    float
        The cost, in the unit of λ and μ.

    Examples
    --------
    >>> cost(85, 4_099, 64), cost(512, 7, 64)
    (810815.0, 16780800.0)
    """
    return attention * tokens**2 * width + embedding * tokens * vocabulary


def embedding_bytes(vocabulary: int, width: int) -> int:
    """Give the memory of an embedding: V · d values of four bytes.

    Examples
    --------
    >>> embedding_bytes(4_099, 128)
    2098688
    """
    return vocabulary * width * BYTES_PER_VALUE
