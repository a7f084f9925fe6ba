"""The one alphabet: letters to base codes and back, and the only complement table.

One ``uint8`` per base. The low three bits hold the base, A C G T N = 0 1 2 3 4; bit 3 says that the
letter was lower case in the FASTA (a soft-masked repeat). IUPAC ambiguity codes become N.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bases = npt.NDArray[np.uint8]

LETTERS = "ACGTN"
A, C, G, T, N = range(5)
BASE_BITS = 0b0000_0111
SOFT_MASK = 0b0000_1000
INVALID = 0xFF
IUPAC = "RYSWKMBDHV"


def _encoding_table() -> Bases:
    table = np.full(256, INVALID, dtype=np.uint8)
    for letters, codes in ((LETTERS, range(5)), ("U", [T]), (IUPAC, [N] * len(IUPAC))):
        for letter, code in zip(letters, codes, strict=True):
            table[ord(letter)] = code
            table[ord(letter.lower())] = code | SOFT_MASK
    return table


def _complement_table() -> Bases:
    table = np.full(256, INVALID, dtype=np.uint8)
    for code, partner in ((A, T), (C, G), (G, C), (T, A), (N, N)):
        table[code] = partner
        table[code | SOFT_MASK] = partner | SOFT_MASK
    return table


ENCODING = _encoding_table()
COMPLEMENT = _complement_table()
_DECODING = np.frombuffer(b"ACGTN???acgtn???", dtype=np.uint8)


def encode(letters: bytes | str) -> Bases:
    """Turn sequence letters into base codes.

    Parameters
    ----------
    letters : bytes or str
        Bases as text, upper or lower case. U counts as T, IUPAC ambiguity codes as N.

    Returns
    -------
    ndarray of uint8, shape (L,)
        Base codes, soft-mask bit set where the letter was lower case; `INVALID` (255) where the letter
        is none of the alphabet's.

    Examples
    --------
    >>> encode("ACgtRN").tolist()
    [0, 1, 10, 11, 4, 4]
    """
    raw = letters.encode("latin-1") if isinstance(letters, str) else letters
    return ENCODING[np.frombuffer(raw, dtype=np.uint8)]


def decode(bases: Bases) -> str:
    """Turn base codes into letters, lower case where soft-masked.

    Parameters
    ----------
    bases : ndarray of uint8, shape (L,)
        Base codes.

    Returns
    -------
    str
        The letters.

    Examples
    --------
    >>> decode(encode("ACgtN"))
    'ACgtN'
    """
    letters: bytes = _DECODING[bases & (BASE_BITS | SOFT_MASK)].tobytes()
    return letters.decode("ascii")


def reverse_complement(bases: Bases) -> Bases:
    """Give the other strand, read 5' to 3'.

    Parameters
    ----------
    bases : ndarray of uint8, shape (..., L)
        Base codes; the last axis is the sequence.

    Returns
    -------
    ndarray of uint8, shape (..., L)
        A new array; the soft-mask travels with its base.

    Examples
    --------
    >>> decode(reverse_complement(encode("AACgt")))
    'acGTT'
    """
    return COMPLEMENT[bases[..., ::-1]]
