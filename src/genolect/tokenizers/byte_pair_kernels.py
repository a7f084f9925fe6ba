"""Compiled loops of byte-pair learning and encoding.

Legend: L places of a genome, V tokens.

While merges are learned, a genome is one array of L places in which a token stands on its first and on its last place;
a token's neighbours are therefore found in one step, without links. `NONE` stands before, between and after the
stretches, on N, and where a token began that is now the right half of a longer one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from genolect.sequence.alphabet import Bases

Function = TypeVar("Function", bound=Callable[..., object])
Integers = npt.NDArray[np.int64]

NONE = 0xFFFF
"""No token."""


def _compiled(function: Function) -> Function:
    """Compile once per machine; other threads run meanwhile."""
    return cast(Function, numba.njit(cache=True, nogil=True)(function))


@_compiled
def merge_everywhere(
    tokens: npt.NDArray[np.uint16],
    places: npt.NDArray[np.unsignedinteger[Any]],
    merge: tuple[int, int, int],
    by_second: bool,
    lengths: Integers,
    beside: Integers,
) -> tuple[npt.NDArray[np.unsignedinteger[Any]], int]:
    """Merge one pair wherever it stands, from left to right.

    Parameters
    ----------
    tokens : ndarray of uint16, shape (L,)
        The genome; changed.
    places : ndarray of uint32 or uint64
        Where the first token of the pair once began, ascending; changed: where it still begins goes to the front.
    merge : tuple of int
        The two tokens and their new one.
    by_second : bool
        Whether `places` are those of the second token instead; not where the two are the same.
    lengths : ndarray of int64, shape (V,)
        Bases per token.
    beside : ndarray of int64, shape (2, V)
        Receives how often each token stood before and after the pair.

    Returns
    -------
    found : ndarray of uint32 or uint64
        Where the new token begins, ascending.
    kept : int
        How many of `places` remain.

    Examples
    --------
    >>> genome = np.array([NONE, 0, 0, 0, 2, NONE], dtype=np.uint16)
    >>> places, lengths = np.array([1, 2, 3], dtype=np.uint32), np.array([1, 1, 1, 1, 2])
    >>> merge_everywhere(genome, places, (0, 0, 4), False, lengths, np.zeros((2, 5), dtype=np.int64))
    (array([1], dtype=uint32), 1)
    """
    first, second, merged = merge
    half, whole = lengths[first], lengths[merged]
    anchor = second if by_second else first
    found = np.empty_like(places)
    count = 0
    kept = 0
    for place in places:
        here = np.int64(place)
        if tokens[here] != anchor:
            continue
        start = here - half if by_second else here
        if (tokens[here - 1] != first) if by_second else (tokens[here + half] != second):
            places[kept] = place
            kept += 1
            continue
        before, after = tokens[start - 1], tokens[start + whole]
        if before != NONE:
            beside[0, before] += 1
        if after != NONE:
            beside[1, after] += 1
        tokens[start + half] = NONE
        tokens[start] = merged
        tokens[start + whole - 1] = merged
        found[count] = place if not by_second else np.uint64(start)
        count += 1
    return found[:count].copy(), kept


@_compiled
def encode_from_left(
    bases: Bases,
    branches: npt.NDArray[np.int32],
    lengths: Integers,
    shorter: npt.NDArray[np.int32],
    apart: npt.NDArray[np.uint8],
) -> npt.NDArray[np.uint16]:
    """Find the one sequence of tokens in which no two neighbours would have been merged.

    The longest token that may stand after its left neighbour is taken first, then shorter ones; where none may, the
    left neighbour was wrong, and nothing that ends where it ended is tried again. Each place is left at most once, so
    the time is linear.

    Parameters
    ----------
    bases : ndarray of uint8, shape (L,)
        Base codes.
    branches : ndarray of int32, shape (nodes, 8)
        The tree of the tokens' letters: the node that each of the five base codes leads to, 0 where none, and last the
        node's own token, -1 where its letters are none.
    lengths : ndarray of int64, shape (V,)
        Bases per token.
    shorter : ndarray of int32, shape (V,)
        The next shorter token with which each token begins, -1 for a single base.
    apart : ndarray of uint8, shape (V, V / 8)
        One bit per pair: set where the second token never stands after the first.

    Returns
    -------
    ndarray of uint16
        Tokens; one token 65535 where a base code is none.

    Examples
    --------
    >>> tree = np.zeros((6, 8), dtype=np.int32)
    >>> tree[0, :5], tree[:, 7] = range(1, 6), range(-1, 5)
    >>> alone = np.full(5, -1, dtype=np.int32)
    >>> pairs = np.zeros((5, 1), dtype=np.uint8)
    >>> encode_from_left(np.array([2, 0, 4], dtype=np.uint8), tree, np.ones(5, dtype=np.int64), alone, pairs)
    array([2, 0, 4], dtype=uint16)
    """
    size = len(bases)
    found = np.empty(size, dtype=np.uint16)
    closed = np.zeros(size + 1, dtype=np.bool_)
    count = 0
    place = 0
    token = np.int64(-1)
    while place < size:
        if token < 0:
            node = 0
            reach = place
            while reach < size:
                code = bases[reach] & 7
                node = branches[node, code] if code < 5 else 0
                if node == 0:
                    break
                if branches[node, 7] >= 0:
                    token = branches[node, 7]
                reach += 1
            if token < 0:
                found[0] = NONE
                return found[:1].copy()
        left = np.int64(found[count - 1]) if count else -1
        while token >= 0 and (
            closed[place + lengths[token]] or (left >= 0 and apart[left, token >> 3] >> (token & 7) & 1)
        ):
            token = shorter[token]
        if token >= 0:
            found[count] = token
            count += 1
            place += lengths[token]
            token = np.int64(-1)
        else:
            closed[place] = True
            count -= 1
            token = np.int64(found[count])
            place -= lengths[token]
            token = shorter[token]
    return found[:count].copy()
