"""Selection: the same on every device, independent tokens at the given rates, whatever the shape."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare, geom

from genolect.objectives import masking
from genolect.objectives.masking import places_of, select_tokens

UNSELECTED = -100
MASK, TARGETS = 5, 4
B, L = 1009, 1021  # more than a million tokens


def select(ids, key, shares=(0.12, 0.135, 0.15), targets=range(4), **options):
    return select_tokens(ids, key, shares, targets, **{"mask_id": 5, "unselected": UNSELECTED, **options})


def some_ids(*shape: int, of: int = 7, seed: int = 1) -> torch.Tensor:
    return torch.randint(of, shape, generator=torch.Generator().manual_seed(seed))


def fates(rate: float, hidden: float, random: float) -> tuple[float, float, float]:
    return rate * hidden, min(rate, rate * (hidden + random)), rate


def likely(count: int, of: int, rate: float) -> None:
    assert binomtest(count, of, rate).pvalue > 1e-4


@pytest.fixture
def elsewhere(monkeypatch):
    """Select as another device would."""

    def select_there(ids, key, **options):
        with monkeypatch.context() as patch:
            patch.setattr(masking, "replace_selected", None)
            patch.setattr(masking, "HOST", "none")
            return select(ids, key, **options)

    return select_there


@pytest.mark.parametrize("key", [0, 1, 2**32 - 1, 2**32, 2**63 - 1, 2**64 - 1])
@pytest.mark.parametrize(("first", "many"), [(0, 4), (7, 4096)])
def test_every_device_selects_the_same(elsewhere, key, first, many):
    ids = some_ids(37, 211, of=many + 10)
    targets = range(first, first + many)
    for here, there in zip(select(ids, key, targets=targets), elsewhere(ids, key, targets=targets), strict=True):
        assert torch.equal(here, there)
        assert here.dtype == there.dtype == torch.int64


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_selects_the_same():
    ids = some_ids(37, 211)
    for here, there in zip(select(ids, 2**62 + 7), select(ids.cuda(), 2**62 + 7), strict=True):
        assert torch.equal(here, there.cpu())


def test_gaps_between_selected_tokens_are_geometric():
    _, truth = select(some_ids(1 << 20, of=4), 11)
    places = (truth != UNSELECTED).nonzero().view(-1).numpy()
    gaps = np.diff(places)
    assert binomtest(len(places), 1 << 20, 0.15).pvalue > 1e-4
    observed = np.bincount(np.minimum(gaps, 40), minlength=41)[1:]
    expected = np.append(geom.pmf(np.arange(1, 40), 0.15), geom.sf(39, 0.15)) * len(gaps)
    assert chisquare(observed, expected).pvalue > 1e-4


def test_neighbouring_keys_select_independently():
    chosen = [select(some_ids(1 << 18, of=4), key)[1] != UNSELECTED for key in (4, 5, 4 + 2**32)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        for shift in (0, 1):
            both = int((chosen[one] & chosen[other].roll(shift)).sum())
            assert binomtest(both, 1 << 18, 0.15**2).pvalue > 1e-4


def test_replacements_are_uniform_and_independent_of_the_truth():
    ids = some_ids(1 << 20, of=4)
    shown, truth = select(ids, 3, shares=(0.0, 0.3, 0.3), targets=range(4))
    chosen = truth != UNSELECTED
    pairs = torch.bincount(truth[chosen] * 4 + shown[chosen], minlength=16)
    counts = torch.bincount(truth[chosen], minlength=4)
    assert chisquare(pairs.numpy(), (counts[:, None] / 4).expand(4, 4).flatten().numpy()).pvalue > 1e-4


@settings(deadline=None)
@given(length=st.integers(0, 300), key=st.integers(0, 2**64 - 1))
def test_the_shape_plays_no_part(length, key):
    ids = some_ids(6 * length)
    flat = select(ids, key)
    for shaped, line in zip(select(ids.view(2, 3, length), key), flat, strict=True):
        assert shaped.shape == (2, 3, length)
        assert torch.equal(shaped.reshape(-1), line)
    turned = ids.view(6, length).t().contiguous().t()
    assert torch.equal(select(turned, key)[0].reshape(-1), flat[0])


def test_targets_with_gaps_are_refused():
    with pytest.raises(ValueError, match=r"targets range\(0, 8, 2\) need .* a step of 1"):
        select(some_ids(5), 1, targets=range(0, 8, 2))


@pytest.mark.parametrize(("rate", "hidden", "random"), [(0.15, 0.8, 0.1), (0.4, 0.5, 0.3)])
def test_a_million_tokens_meet_their_fates_at_the_given_rates(rate, hidden, random):
    ids = some_ids(B, L, of=TARGETS)
    inputs, targets = select(ids, 11, fates(rate, hidden, random))
    selected = targets != UNSELECTED
    count = int(selected.sum())
    masked, changed = inputs == MASK, (inputs != ids) & (inputs != MASK)
    likely(count, ids.numel(), rate)
    likely(int(masked.sum()), count, hidden)
    likely(int(changed.sum()), count, random * 3 / 4)  # one stranger in four is the base itself
    assert not (masked | changed)[~selected].any()
    pairs = torch.bincount(ids[changed] * TARGETS + inputs[changed], minlength=TARGETS**2).view(TARGETS, TARGETS)
    assert chisquare(pairs[~torch.eye(TARGETS, dtype=torch.bool)].numpy()).pvalue > 1e-4
    per_row, per_column = selected.sum(1).double(), selected.sum(0).double()
    for sums, trials in ((per_row, L), (per_column, B)):
        assert sums.var().item() == pytest.approx(trials * rate * (1 - rate), rel=0.25)


@settings(deadline=None)
@given(
    rate=st.floats(0.01, 0.99),
    hidden=st.floats(0, 1),
    key=st.integers(0, 2**63 - 1),
    seed=st.integers(0, 99),
)
def test_special_tokens_stay_and_targets_are_the_truth(rate, hidden, key, seed):
    ids = some_ids(7, 23, seed=seed)
    before = ids.clone()
    inputs, targets = select(ids, key, fates(rate, hidden, 1 - hidden))
    assert torch.equal(ids, before)
    assert inputs.dtype == targets.dtype == torch.int64
    selected = targets != UNSELECTED
    assert not selected[ids >= TARGETS].any()
    assert torch.equal(targets[selected], ids[selected])
    assert torch.equal(inputs[~selected], ids[~selected])
    assert (inputs[selected] < TARGETS).logical_or(inputs[selected] == MASK).all()


def test_which_tokens_are_selected_does_not_depend_on_what_they_are():
    one, other = (select(some_ids(5, 301, of=TARGETS, seed=seed), 9)[1] for seed in (1, 2))
    assert torch.equal(one == UNSELECTED, other == UNSELECTED)


def test_targets_may_begin_after_other_tokens():
    targets = range(3, 8)
    ids = some_ids(59, 61, of=11)
    inputs, truth = select(ids, 5, fates(0.6, 0.3, 0.6), targets, mask_id=1)
    selected = truth != UNSELECTED
    assert set(ids[selected].tolist()) == set(targets)
    assert set(inputs[inputs != ids].tolist()) == {1, *targets}


def test_places_are_found_alike_on_every_device(monkeypatch):
    for shape in ((0,), (5, 0), (37, 211), (3, 5, 7)):
        flags = torch.rand(shape, generator=torch.Generator().manual_seed(2)) < 0.3
        here = places_of(flags)
        assert here.dtype == torch.int64
        assert torch.equal(flags.flatten().nonzero().flatten(), here)
        with monkeypatch.context() as patch:
            patch.setattr(masking, "HOST", "none")
            assert torch.equal(places_of(flags), here)
        turned = flags.transpose(0, -1)  # not contiguous
        assert torch.equal(places_of(turned), turned.flatten().nonzero().flatten())
