"""Heads for tracks: above zero, at the level they are given, and each bin from its own tokens alone."""

from __future__ import annotations

import pytest
import torch

from genolect.encoders.heads import BinHead, TrackHead

B, D, T, TOKENS, BINS, CROP = 3, 7, 2, 5, 6, 1


def awake(*, tokens_per_bin: int = TOKENS, crop: int = CROP) -> BinHead:
    head = BinHead(D, T, tokens_per_bin=tokens_per_bin, crop=crop)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    return head


def hidden(rows: int = B) -> torch.Tensor:
    return torch.randn(rows, TOKENS * BINS, D, generator=torch.Generator().manual_seed(2))


@torch.no_grad()
def test_a_bin_is_the_mean_of_its_tokens_behind_the_crop():
    head, given = awake(), hidden()
    found = head(given)
    assert found.shape == (B, BINS - 2 * CROP, T)
    for place in range(BINS - 2 * CROP):
        first = (place + CROP) * TOKENS
        alone = TrackHead.forward(head, given[:, first : first + TOKENS].mean(dim=1, keepdim=True))
        torch.testing.assert_close(found[:, place : place + 1], alone)
    changed = given.clone()
    changed[:, 3 * TOKENS] += 1
    assert (head(changed) != found).any(-1).any(0).tolist() == [False, False, True, False]


@torch.no_grad()
def test_bins_of_the_encoder_are_read_as_they_are():
    given = hidden()
    assert torch.equal(
        awake(tokens_per_bin=1, crop=0)(given), TrackHead.forward(awake(tokens_per_bin=1, crop=0), given)
    )


@torch.no_grad()
def test_it_starts_at_the_levels_it_is_given_and_stays_above_zero():
    head, means = BinHead(D, T, tokens_per_bin=TOKENS, crop=0), torch.tensor([0.01, 40.0])
    head.start_at(means)
    torch.testing.assert_close(head(hidden()), means.expand(B, BINS, T), rtol=1e-5, atol=1e-6)
    assert (awake()(50 * hidden()) >= 0).all()


@torch.no_grad()
def test_counts_are_told_in_full_precision():
    head = awake()
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(head(hidden()), head(hidden()).float())
        assert head(hidden()).dtype == torch.float32


def test_a_window_of_no_whole_bins_is_refused():
    with pytest.raises(RuntimeError):
        awake()(torch.zeros(B, TOKENS * BINS + 1, D))
