"""Views: what they may change and what not, their rates, and that every draw is a function of the key."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare

from genolect.objectives.contrastive import composed, cropped, mutated, reverse_complemented, shifted
from genolect.sequence.alphabet import reverse_complement

B, W = 211, 97
KEYS = st.integers(0, 2**63 - 1)


def windows(rows: int = B, bases: int = W, seed: int = 1) -> torch.Tensor:
    """Bases with N and soft-mask."""
    generator = np.random.Generator(np.random.Philox(seed))
    return torch.from_numpy(generator.integers(0, 5, (rows, bases)) + 8 * generator.integers(0, 2, (rows, bases))).to(
        torch.uint8
    )


@settings(deadline=None, max_examples=30)
@given(key=KEYS, view=st.sampled_from([mutated(0.3), reverse_complemented(0.4), cropped(41), shifted(13)]))
def test_a_view_is_a_function_of_the_key_and_leaves_its_input_alone(key, view):
    given_bases = windows()
    kept = given_bases.clone()
    first, again, other = view(given_bases, key), view(given_bases, key), view(given_bases, key + 1)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(given_bases, kept)
    assert first.dtype == torch.uint8


def test_the_other_strand_is_the_reverse_complement_at_the_given_rate():
    bases = windows(rows=20_011)
    turned = reverse_complemented(0.3)(bases, 7)
    other = torch.from_numpy(reverse_complement(bases.numpy()).copy())
    is_turned = (turned == other).all(1)
    assert torch.equal(torch.where(is_turned[:, None], other, bases), turned)
    assert binomtest(int(is_turned.sum()), len(bases), 0.3).pvalue > 1e-4
    assert torch.equal(reverse_complemented(0.0)(bases, 7), bases)
    assert torch.equal(reverse_complemented(1.0)(bases, 7), other)


def test_a_crop_is_a_stretch_of_its_window_at_every_place_equally():
    bases = (torch.arange(11_003 * 17) % 17).view(-1, 17).to(torch.uint8)
    cut = cropped(5)(bases, 3)
    starts = cut[:, 0].long()
    assert torch.equal(cut.long(), starts[:, None] + torch.arange(5))
    assert chisquare(torch.bincount(starts, minlength=13).numpy()).pvalue > 1e-4
    assert torch.equal(cropped(17)(bases, 3), bases)


def test_two_shifted_views_are_apart_by_at_most_the_shift():
    bases = torch.arange(101).repeat(503, 1).to(torch.uint8)
    view = shifted(9)
    apart = view(bases, 1)[:, 0].long() - view(bases, 2)[:, 0].long()
    assert view(bases, 1).shape == (503, 92)
    assert (int(apart.min()), int(apart.max())) == (-9, 9)
    assert torch.equal(shifted(0)(bases, 1), bases)


@pytest.mark.parametrize("rate", [0.01, 0.37, 1.0])
def test_mutations_strike_at_their_rate_never_n_and_each_other_base_equally(rate):
    bases = windows(rows=10_007)
    struck = mutated(rate)(bases, 5)
    known = (bases & 7) < 4
    changed = struck != bases
    assert not changed[~known].any()
    assert ((struck & 7)[known] < 4).all()
    assert torch.equal(struck & 8, bases & 8)
    assert binomtest(int(changed.sum()), int(known.sum()), rate).pvalue > 1e-4
    steps = ((struck & 3).long() - (bases & 3).long())[changed] % 4
    assert chisquare(torch.bincount(steps, minlength=4)[1:].numpy()).pvalue > 1e-4


def test_a_row_of_a_smaller_batch_is_seen_the_same():
    bases = windows()
    for view in (mutated(0.3), reverse_complemented(0.4), cropped(41)):
        assert torch.equal(view(bases, 5)[:7], view(bases[:7], 5))


def test_composed_views_draw_with_keys_of_their_own():
    bases = windows()
    twice = composed(mutated(1.0), mutated(1.0))(bases, 11)
    steps = ((twice & 3).long() - (bases & 3).long())[(bases & 7) < 4] % 4
    # With one key for both, each base would be moved twice by the same step, and a third of them by 2 + 2 = 0.
    assert (steps == 0).double().mean().item() == pytest.approx(1 / 3, abs=0.02)
    assert (steps == 1).double().mean().item() == pytest.approx(2 / 9, abs=0.02)
    assert torch.equal(composed()(bases, 11), bases)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mutated(1.01), "rate 1.01"),
        (lambda: reverse_complemented(-0.5), "rate -0.5"),
        (lambda: cropped(0), "crop of 0"),
        (lambda: shifted(-3), "shift of -3"),
        (lambda: cropped(98)(windows(), 1), "98 bases cannot be cropped out of windows of 97"),
        (lambda: shifted(97)(windows(), 1), "crop of 0"),
        (lambda: mutated(0.5)(windows(), -1), "key -1"),
    ],
)
def test_what_makes_no_view_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
