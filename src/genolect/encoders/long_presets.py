"""Long-range encoders by name: NucleoTransformer, which reads 1,024 kb at once, and small siblings."""

from __future__ import annotations

from genolect.encoders.hierarchical import HierarchicalConfig
from genolect.encoders.rotary_periods import HELIX
from genolect.encoders.sparse_transformer import SparseTransformerConfig

MEGABASE = 1_048_576
"""1,024 kb: 64 blocks of 16,384 bases."""


def nucleo_transformer(vocabulary: int) -> HierarchicalConfig:
    """Give the shape of about 350 million parameters for windows of 1,024 kb.

    The patches are 1,024 wide, that of 16 bases; with all 20 layers checkpointed it trains on one large GPU.

    Parameters
    ----------
    vocabulary : int
        Number of token ids.

    Returns
    -------
    HierarchicalConfig
        The shape.

    Examples
    --------
    >>> config = nucleo_transformer(7)
    >>> MEGABASE // config.block, config.patch * config.width, config.layers
    (64, 1024, 20)
    """
    return HierarchicalConfig(
        vocabulary=vocabulary,
        width=64,
        layers=20,
        heads=16,
        feed_forward=2944,
        periods=(HELIX,),
        checkpoint_every=1,
    )


def nucleo_transformer_tiny(vocabulary: int) -> HierarchicalConfig:
    """Give a sibling of NucleoTransformer with the same blocks that trains on a processor.

    Parameters
    ----------
    vocabulary : int
        Number of token ids.

    Returns
    -------
    HierarchicalConfig
        The shape.

    Examples
    --------
    >>> config = nucleo_transformer_tiny(7)
    >>> config.block, config.patch * config.width, config.layers
    (16384, 128, 2)
    """
    return HierarchicalConfig(
        vocabulary=vocabulary, width=8, layers=2, heads=4, feed_forward=352, periods=(HELIX,), checkpoint_every=1
    )


def sparse_small(vocabulary: int) -> SparseTransformerConfig:
    """Give a sparse transformer that reads every base at full resolution and trains on a processor.

    Parameters
    ----------
    vocabulary : int
        Number of token ids.

    Returns
    -------
    SparseTransformerConfig
        The shape.

    Examples
    --------
    >>> sparse_small(7).reach
    64
    """
    return SparseTransformerConfig(
        vocabulary=vocabulary, width=96, layers=2, heads=3, feed_forward=256, periods=(HELIX,), checkpoint_every=1
    )
