"""Shuffles that keep every count of two neighbouring bases: the same composition and doublets, another order."""

from __future__ import annotations

import numpy as np

from genolect.sequence.alphabet import BASE_BITS, LETTERS, Bases


def shuffle_doublets(bases: Bases, generator: np.random.Generator) -> Bases:
    """Shuffle a sequence so that every doublet occurs exactly as often as before.

    Bases are the vertices of a graph and doublets its edges; a shuffle is an Eulerian path. For every base but the last
    one, its last edge is drawn until these edges lead every base to the last one; all others are then permuted. Each
    sequence with these doublets, this first and this last base is equally likely.

    Parameters
    ----------
    bases : ndarray of uint8, shape (L,)
        Base codes; the soft-mask is dropped, N counts as a base.
    generator : numpy.random.Generator
        What is drawn from.

    Returns
    -------
    ndarray of uint8, shape (L,)
        A new sequence with the same first and last base.

    References
    ----------
    Altschul and Erickson 1985, doi:10.1093/oxfordjournals.molbev.a040370.

    Examples
    --------
    >>> from genolect.sequence.alphabet import decode, encode
    >>> drawn = {decode(shuffle_doublets(encode("ACAGA"), np.random.default_rng(seed))) for seed in range(20)}
    >>> sorted(drawn)
    ['ACAGA', 'AGACA']
    """
    plain = np.bitwise_and(bases, BASE_BITS, dtype=np.uint8)
    if plain.size < 4:
        return plain
    last = int(plain[-1])
    followers = [plain[1:][plain[:-1] == base] for base in range(len(LETTERS))]
    ends = _last_edges(followers, last, generator)
    queues: list[list[int]] = []
    for base, following in enumerate(followers):
        rest = np.delete(following, ends[base]) if base in ends else following
        queue = generator.permutation(rest).tolist()
        queues.append([*queue, int(following[ends[base]])] if base in ends else queue)
    return _walked(queues, int(plain[0]), plain.size)


def _last_edges(followers: list[Bases], last: int, generator: np.random.Generator) -> dict[int, int]:
    """Draw for each base that occurs, except the last one, which of its edges is used last, until all lead to it."""
    present = [base for base, following in enumerate(followers) if following.size and base != last]
    while True:
        ends = {base: int(generator.integers(followers[base].size)) for base in present}
        following = {base: int(followers[base][edge]) for base, edge in ends.items()}
        if all(_arrives(base, last, following) for base in present):
            return ends


def _arrives(base: int, last: int, following: dict[int, int]) -> bool:
    for _ in range(len(LETTERS)):
        if base == last:
            return True
        base = following[base]
    return base == last


def _walked(queues: list[list[int]], first: int, length: int) -> Bases:
    walked, used = [first], [0] * len(queues)
    for _ in range(length - 1):
        here = walked[-1]
        walked.append(queues[here][used[here]])
        used[here] += 1
    return np.array(walked, dtype=np.uint8)
