"""Numbers of k-mers, compiled: the inner loop of k-mer and codon tokens.

Legend: R rows, L bases of a row, T windows of a row.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from genolect.sequence.alphabet import Bases

# Windows are numbered in blocks whose intermediate results stay in the processor's first cache.
_BLOCK = 4096


@njit(cache=True)
def number_windows(bases: Bases, k: int, stride: int, numbers: npt.NDArray[np.unsignedinteger]) -> None:
    """Write each window's number in base 4, leftmost base most significant; 4^k for a window that holds an N.

    Parameters
    ----------
    bases : ndarray of uint8, shape (R, L)
        Base codes; the soft-mask is ignored.
    k, stride : int
        Bases per window, and from one window to the next.
    numbers : ndarray of an unsigned integer type, shape (R, T)
        Where to write; T is 1 + (L - k) // stride.

    Examples
    --------
    >>> numbers = np.empty((1, 3), dtype=np.uint8)
    >>> number_windows(np.array([[0, 3, 1, 4]], dtype=np.uint8), 2, 1, numbers)
    >>> numbers.tolist()
    [[3, 13, 16]]
    """
    unknown = 4**k
    seen = np.empty(_BLOCK, dtype=np.uint8)
    for row in range(numbers.shape[0]):
        for first in range(0, numbers.shape[1], _BLOCK):
            count = min(_BLOCK, numbers.shape[1] - first)
            block = numbers[row, first : first + count]
            block[:] = 0
            seen[:] = 0
            for place in range(k):
                part = bases[row, first * stride + place :]
                # The two loops differ only in the step, which the compiler must know to handle many windows at once.
                if stride == 1:
                    for window in range(count):
                        block[window] = (block[window] << 2) | (part[window] & 3)
                        seen[window] |= part[window]
                else:
                    for window in range(count):
                        block[window] = (block[window] << 2) | (part[window * stride] & 3)
                        seen[window] |= part[window * stride]
            for window in range(count):
                if seen[window] & 4:
                    block[window] = unknown
