"""Hiding: exact rates in every class and at every place, the same on every device, blind to what the bases are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare, geom

from genolect.objectives import masking as module
from genolect.objectives.masking import HIDDEN, KEPT, REPLACED, Hiding, cumulative_limits, draw_fates
from tests.objectives.tokenized import some_bases

B, W = 1009, 1021  # more than a million bases
SHARES = ((0.12, 0.135, 0.15),)


def likely(count: int, of: int, rate: float) -> None:
    assert binomtest(count, of, rate).pvalue > 1e-4


@settings(deadline=None)
@given(
    key=st.integers(0, 2**64 - 1),
    span=st.sampled_from([1.0, 1.5, 4.0]),
    words=st.sampled_from(["none", "alike", "per window"]),
    classes=st.booleans(),
)
def test_every_device_draws_the_same(key, span, words, classes):
    bases = some_bases(5, 83, unknown=0.1, seed=key % 97)
    kinds = (bases % 2).contiguous() if classes else None
    firsts = torch.arange(83) // 6 * 6
    firsts = {"none": None, "alike": firsts, "per window": firsts.expand(5, 83)}[words]
    for shape in ("geometric", "fixed"):
        hiding = Hiding((*SHARES, (0.3, 0.6, 0.9)), round(span) if shape == "fixed" else span, shape, (1, 2, 3, 4))
        here = draw_fates(bases, key, hiding, classes=kinds, firsts=firsts)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "write_fates", None)
            patch.setattr(module, "HOST", "none")
            there = draw_fates(bases, key, hiding, classes=kinds, firsts=firsts)
        assert all(map(torch.equal, here, there))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_draws_the_same():
    bases = some_bases(37, 211, unknown=0.1)
    hiding = Hiding(SHARES, 3.0)
    for here, there in zip(draw_fates(bases, 9, hiding), draw_fates(bases.cuda(), 9, hiding), strict=True):
        assert torch.equal(here, there.cpu())


@pytest.mark.parametrize(("span", "shape"), [(1.0, "geometric"), (6.0, "geometric"), (6.0, "fixed")])
def test_a_million_bases_meet_their_fates_at_the_given_rates(span, shape):
    bases = some_bases(B, W)
    fates, shown = draw_fates(bases, 11, Hiding(SHARES, span, shape))
    # Bases of a block share a draw: what counts is one base of each, so every 50th base is looked at.
    apart = slice(None) if span == 1 else slice(0, None, 50)
    for fate, share in ((HIDDEN, 0.12), (REPLACED, 0.015), (KEPT, 0.015)):
        seen = fates[:, apart] == fate
        likely(int(seen.sum()), seen.numel(), share)
    assert (shown[fates == HIDDEN] == 4).all()
    same = (fates == KEPT) | (fates == 0)
    assert torch.equal(shown[same], bases[same] & 7)


@pytest.mark.parametrize("shape", ["geometric", "fixed"])
@pytest.mark.parametrize("place", [0, 3, 510, W - 1])
def test_the_rate_is_the_same_at_every_place_of_a_window(shape, place):
    bases = some_bases(40_009, place + 1)
    fates, _ = draw_fates(bases[:, : place + 1], 5, Hiding(SHARES, 7.0, shape))
    likely(int((fates[:, place] > 0).sum()), len(bases), 0.15)


def test_blocks_are_as_long_as_asked():
    bases = some_bases(1, 1 << 20)
    fates, _ = draw_fates(bases, 5, Hiding(((0.01, 0.01, 0.01),), 5.0))
    edges = np.diff(np.concatenate([[0], (fates[0] > 0).numpy().astype(int), [0]]))
    lengths = edges.nonzero()[0][1::2] - edges.nonzero()[0][::2]
    # Hidden blocks seldom stand side by side: runs are geometric with the mean 5 / (1 - 0.01).
    observed = np.bincount(np.minimum(lengths, 20), minlength=21)[1:]
    end = (1 - 0.01) / 5
    expected = np.append(geom.pmf(np.arange(1, 20), end), geom.sf(19, end)) * len(lengths)
    assert chisquare(observed, expected).pvalue > 1e-4


def test_fixed_blocks_are_cut_at_random_places():
    bases = some_bases(4001, 60)
    fates, _ = draw_fates(bases, 5, Hiding(((0.5, 0.5, 0.5),), 4.0, "fixed"))
    changes = (fates[:, 1:] != fates[:, :-1]).int()
    places = torch.arange(1, 60).expand_as(changes)
    for row in range(50):
        assert len({place % 4 for place in places[row][changes[row] > 0].tolist()}) <= 1
    assert chisquare(changes.sum(0)[:56].view(14, 4).sum(0).numpy()).pvalue > 1e-4


def test_every_class_has_its_own_rate_whatever_the_blocks():
    bases = some_bases(B, W)
    classes = (torch.arange(W) // 17 % 3).to(torch.uint8).expand(B, W)
    rates = (0.15, 0.03, 0.6)
    shares = tuple((rate * 0.8, rate * 0.9, rate) for rate in rates)
    fates, _ = draw_fates(bases, 7, Hiding(shares, 4.0), classes=classes)
    for code, rate in enumerate(rates):
        chosen = fates[:, (classes[0] == code).nonzero()[::17, 0]] > 0  # one base of each stretch
        likely(int(chosen.sum()), chosen.numel(), rate)


def test_words_are_hidden_whole_at_the_same_rate():
    bases, firsts = some_bases(B, W), torch.arange(W) // 6 * 6
    fates, _ = draw_fates(bases, 7, Hiding(SHARES), firsts=firsts)
    whole = fates[:, : W // 6 * 6].view(B, -1, 6)
    assert (whole == whole[..., :1]).all()
    likely(int((whole[..., 0] > 0).sum()), whole[..., 0].numel(), 0.15)


def test_n_is_never_selected_and_the_bases_decide_nothing():
    one, other = some_bases(31, 401, unknown=0.2, seed=1), some_bases(31, 401, unknown=0.2, seed=2)
    fates = [draw_fates(bases, 3, Hiding(((0.9, 0.95, 1.0),)))[0] for bases in (one, other)]
    for bases, fate in zip((one, other), fates, strict=True):
        assert torch.equal(fate == 0, (bases & 7) == 4)
    known = ((one & 7) < 4) & ((other & 7) < 4)
    assert torch.equal(fates[0][known], fates[1][known])


def test_replacements_follow_the_frequencies_and_not_the_truth():
    bases, frequencies = some_bases(B, W), (0.31, 0.19, 0.17, 0.33)
    fates, shown = draw_fates(bases, 3, Hiding(((0.0, 0.4, 0.4),), 3.0, "geometric", frequencies))
    chosen = fates == REPLACED
    pairs = torch.bincount((bases & 7)[chosen].long() * 4 + shown[chosen], minlength=16).view(4, 4)
    expected = pairs.sum(1, keepdim=True) * torch.tensor(frequencies, dtype=torch.float64)
    assert chisquare(pairs.flatten().numpy(), expected.flatten().numpy(), ddof=3).pvalue > 1e-4


def test_hidden_bases_cannot_be_read_from_what_is_shown():
    bases = some_bases(5, 301)
    fates, shown = draw_fates(bases, 3, Hiding(((0.3, 0.3, 0.3),)))
    other = torch.where(fates == HIDDEN, (bases & 7) ^ 3, bases)
    assert torch.equal(draw_fates(other, 3, Hiding(((0.3, 0.3, 0.3),)))[1], shown)


def test_words_without_frequency_have_no_stretch():
    assert cumulative_limits([0, 1, 0, 1]) == [0, 2**31, 2**31, 2**32]


def test_too_many_bases_are_refused():
    with pytest.raises(ValueError, match="4294967296 bases are too many"):
        draw_fates(torch.zeros(1, dtype=torch.uint8).expand(2**16, 2**16), 3, Hiding(SHARES))
