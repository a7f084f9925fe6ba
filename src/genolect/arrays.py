"""What every room knows of the arrays that it passes on: their types, and how many bases there are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

BASES = 4
"""A C G T have the codes 0 to 3; this is the code of N, and how many bases there are."""
