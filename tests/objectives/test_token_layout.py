"""How tokens lie on bases, against sets of bases."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import ConfigurationError
from genolect.objectives.token_layout import token_layout
from tests.objectives.tokenized import batch_of, some_bases, tokenizers

TOKENIZERS = tokenizers()
every = pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS.keys())


@every
def test_counts_and_covers_are_those_of_sets(tokenizer):
    W = 67
    batch = batch_of(tokenizer, some_bases(5, W, unknown=0.05))
    layout = token_layout(batch.spans, W)
    generator = torch.Generator().manual_seed(3)
    flags = torch.rand(5, W, generator=generator) < 0.3
    tokens = torch.rand(batch.ids.shape, generator=generator) < 0.4
    weights = torch.rand(5, W, generator=generator)
    counts, sums, covered = layout.count(flags), layout.count(weights), layout.covered(tokens)
    spans = batch.spans.expand(5, -1, 2).tolist()
    for row in range(5):
        shown = set()
        for token, (start, end) in enumerate(spans[row]):
            assert counts[row, token] == flags[row, start:end].sum()
            assert sums[row, token].item() == pytest.approx(weights[row, start:end].double().sum().item(), abs=1e-6)
            shown |= set(range(start, end)) if tokens[row, token] else set()
        assert set(covered[row].nonzero()[:, 0].tolist()) == shown


@every
def test_words_side_by_side_know_their_first_base(tokenizer):
    W = 53
    batch = batch_of(tokenizer, some_bases(3, W, unknown=0.05))
    layout = token_layout(batch.spans, W)
    if layout.firsts is None:
        assert layout.single == (tokenizer.kind == "nucleotide")
        assert (layout.tiles is None) == layout.single
        return
    for row, firsts in enumerate(layout.firsts.expand(3, W).tolist()):
        for start, end in batch.spans.expand(3, -1, 2)[row].tolist():
            assert firsts[start:end] == [start] * (end - start)
        last = int(batch.spans[..., 1].max())
        assert last == W or min(firsts[last:]) >= last


@settings(deadline=None)
@given(k=st.integers(2, 6), stride=st.integers(1, 5), W=st.integers(7, 60))
def test_tiles_count_every_base_once(k, stride, W):
    stride = min(stride, k - 1)
    starts = torch.arange(0, W - k + 1, stride)
    layout = token_layout(torch.stack([starts, starts + k], dim=1), W)
    if len(starts) == 1:
        assert layout.tiles is None
        return
    tiles = layout.tiles
    counted = tiles.places[tiles.fresh].tolist()
    assert counted == list(range(int(starts[-1]) + k))
    assert torch.equal(tiles.places[:, 0], starts[tiles.tokens])


@pytest.mark.parametrize("spans", [[[0, 3], [1, 5]], [[[0, 3], [1, 4]], [[0, 3], [2, 5]]]])
def test_irregular_overlaps_are_refused(spans):
    with pytest.raises(ConfigurationError, match="the tokens overlap, and are of different lengths"):
        token_layout(torch.tensor(spans), 5)
