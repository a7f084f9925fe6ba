"""Examples with integer weights, for hypothesis, and the same examples written out that many times."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

CLOSE = {"rtol": 0, "atol": 1e-9}


@st.composite
def weighted(draw: st.DrawFn, elements: Callable[[st.DrawFn, int], np.ndarray]) -> tuple[np.ndarray, ...]:
    """Two columns of n examples and integer weights of shape (n, 3), none of whose columns is empty."""
    n = draw(st.integers(2, 30))
    weights = draw(arrays.arrays(np.int64, (n, 3), elements=st.integers(0, 3)))
    weights[draw(st.integers(0, n - 1))] += 1
    return elements(draw, n), elements(draw, n), weights.astype(float)


def codes(draw: st.DrawFn, n: int) -> np.ndarray:
    """Codes of up to four classes."""
    return draw(arrays.arrays(np.int64, n, elements=st.integers(0, 3)))


def tied_numbers(draw: st.DrawFn, n: int) -> np.ndarray:
    """Numbers with many ties, far from zero beside their spread."""
    return draw(arrays.arrays(np.int64, n, elements=st.integers(0, 7))) * 0.3 + 11.0
