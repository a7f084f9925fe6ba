"""How large a model a budget can feed.

A larger model learns more from each base and sees fewer of them in the same time. The two small ones were tried beside
others on two cores (``docs/recipe.md``); the larger ones follow their proportions, for longer runs and for a GPU, and
were not tuned.
"""

from __future__ import annotations

from typing import NamedTuple

CPU_BASES_PER_MINUTE = 1.2e6
GPU_BASES_PER_MINUTE = 60e6
NUCLEOTIDE_STEM, WORD_STEM = 21, 1
"""Reach of the stem's convolution."""

HEAD_WIDTH = 64


class Size(NamedTuple):
    """The shape of a default model and its batch.

    Attributes
    ----------
    bases : float
        Budget, in bases seen, up to which it is chosen.
    width, layers, heads, feed_forward : int
        As in `encoders.transformer.TransformerConfig`.
    windows : int
        Windows per update.
    """

    bases: float
    width: int
    layers: int
    heads: int
    feed_forward: int
    windows: int


SIZES = (
    Size(24e6, width=128, layers=2, heads=2, feed_forward=320, windows=16),
    Size(60e6, width=128, layers=4, heads=2, feed_forward=320, windows=16),
    Size(400e6, width=192, layers=6, heads=3, feed_forward=512, windows=32),
    Size(float("inf"), width=384, layers=8, heads=6, feed_forward=1024, windows=64),
)


def size_for(*, minutes: float | None, bases: float | None, gpu: bool) -> Size:
    """Choose the default size for a budget.

    Parameters
    ----------
    minutes : float or None
        Budget in minutes; turned into bases by a rough rate.
    bases : float or None
        Budget in bases seen; goes before minutes.
    gpu : bool
        Whether there is a GPU.

    Returns
    -------
    Size
        The smallest size whose limit is not exceeded.

    Examples
    --------
    >>> size_for(minutes=10, bases=None, gpu=False).width, size_for(minutes=60, bases=None, gpu=False).width
    (128, 192)
    """
    if bases is None:
        bases = (minutes or 0.0) * (GPU_BASES_PER_MINUTE if gpu else CPU_BASES_PER_MINUTE)
    return next(size for size in SIZES if bases <= size.bases)


def default_shape(width: int, layers: int, *, single: bool) -> dict[str, int]:
    """Give the rest of an encoder's shape.

    Parameters
    ----------
    width, layers : int
        As in `encoders.transformer.TransformerConfig`.
    single : bool
        Whether tokens are single bases, whose stem sees 21 of them; a word holds its neighbours already.

    Returns
    -------
    dict of str to int
        Fields of `TransformerConfig`: one head per 64 channels, the proportions of the default models.

    Examples
    --------
    >>> default_shape(128, 2, single=False)
    {'width': 128, 'layers': 2, 'heads': 2, 'feed_forward': 320, 'stem_reach': 1}
    """
    proportions = {size.width: size.feed_forward for size in SIZES}
    return {
        "width": width,
        "layers": layers,
        "heads": max(1, width // HEAD_WIDTH),
        "feed_forward": proportions.get(width, 5 * width // 2),
        "stem_reach": NUCLEOTIDE_STEM if single else WORD_STEM,
    }
