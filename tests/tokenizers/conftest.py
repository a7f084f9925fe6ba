"""Compiled loops are compiled before the first test that measures its time."""

from __future__ import annotations

import pytest

from genolect.sequence.alphabet import encode
from genolect.tokenizers.byte_pair_merging import BytePairEncoding, learn_merges


@pytest.fixture(scope="session", autouse=True)
def compiled_byte_pairs() -> None:
    """Learn and encode a few bases once."""
    bases = encode("GATTACA")
    for writeable in (True, False):
        bases.flags.writeable = writeable
        BytePairEncoding(learn_merges([bases], cycles=2)).encode(bases)
