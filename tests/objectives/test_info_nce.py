"""InfoNCE against a plain float64 reference, its symmetries, and its gradients by finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from genolect.objectives.info_nce import Similarities, compared, info_nce

R, P = 23, 11


def pairs(rows: int = R, seed: int = 1, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    first = torch.randn((rows, P), generator=generator, dtype=torch.float64)
    return first.to(dtype), (first + torch.randn(first.shape, generator=generator, dtype=torch.float64)).to(dtype)


def reference(first, second, tau: float, symmetric: bool, left_out=None) -> float:
    """Mean loss in nats, one anchor and one candidate at a time."""
    losses = []
    for anchors, candidates in ((first, second), (second, first))[: 1 + symmetric]:
        for row, anchor in enumerate(anchors):
            weights = []
            for column, candidate in enumerate(candidates):
                cosine = sum(anchor * candidate) / math.sqrt(sum(anchor**2) * sum(candidate**2))
                spared = left_out is not None and left_out[row, column] and row != column
                weights.append(0.0 if spared else math.exp(cosine / tau))
            losses.append(-math.log(weights[row] / sum(weights)))
    return sum(losses) / len(losses)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("tau", [0.05, 0.5, 3.0])
@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_loss_is_that_of_a_plain_reference(symmetric, tau, guarded, dtype):
    first, second = pairs(dtype=dtype)
    left_out = torch.rand((R, R), generator=torch.Generator().manual_seed(2)) < 0.3 if guarded else None
    given = compared(first, second, symmetric=symmetric, left_out=left_out)
    expected = reference(first.double().numpy(), second.double().numpy(), tau, symmetric, left_out)
    tolerance = 1e-12 if dtype == torch.float64 else 1e-6 * max(1.0, expected) / min(1.0, tau)
    assert float(info_nce(given, tau).mean()) == pytest.approx(expected, abs=tolerance)


def test_gradients_are_those_of_finite_differences():
    first, second = (part[:5].clone().requires_grad_() for part in pairs())
    tau = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    left_out = torch.zeros((5, 5), dtype=torch.bool)
    left_out[1, 3] = left_out[3, 1] = True

    def loss(one, other, temperature):
        return info_nce(compared(one, other, left_out=left_out), temperature).mean()

    assert torch.autograd.gradcheck(loss, (first, second, tau))


def test_the_symmetric_loss_does_not_care_which_view_is_first():
    first, second = pairs()
    one, other = (float(info_nce(compared(*views), 0.2).mean()) for views in ((first, second), (second, first)))
    assert one == pytest.approx(other, abs=1e-13)
    lone, lone_other = (
        float(info_nce(compared(*views, symmetric=False), 0.2).mean()) for views in ((first, second), (second, first))
    )
    assert lone != pytest.approx(lone_other, abs=1e-6)
    assert (lone + lone_other) / 2 == pytest.approx(one, abs=1e-13)


def test_the_order_of_pairs_and_the_lengths_of_vectors_change_nothing():
    first, second = pairs()
    order = torch.randperm(R, generator=torch.Generator().manual_seed(3))
    plain = info_nce(compared(first, second, symmetric=False), 0.2)
    moved = info_nce(compared(first[order] * 7, second[order] / 3, symmetric=False), 0.2)
    torch.testing.assert_close(plain[order], moved, rtol=0, atol=1e-12)


def test_equal_vectors_cost_ln_c_and_a_single_pair_nothing():
    same = torch.ones((R, P))
    assert info_nce(compared(same, same), 0.1).tolist() == pytest.approx([math.log(R)] * 2 * R, abs=1e-6)
    assert info_nce(compared(same[:1], same[:1]), 0.1).tolist() == [0.0, 0.0]


def test_identical_views_that_are_orthogonal_to_all_others_have_the_analytic_loss():
    first = torch.eye(7, dtype=torch.float64)
    tau = 0.4
    expected = math.log(1 + 6 * math.exp(-1 / tau))
    np.testing.assert_allclose(info_nce(compared(first, first), tau).numpy(), expected, rtol=1e-12)


def test_low_precision_is_raised_and_a_vector_of_zeros_is_like_nothing():
    first, second = pairs(dtype=torch.bfloat16)
    assert compared(first, second).cosines.dtype == torch.float32
    first[0] = 0
    assert compared(first, second, symmetric=False).cosines[0].abs().max() == 0


def test_the_negatives_are_all_but_the_partner():
    given = Similarities(torch.tensor([[0.5, 0.2, 0.1], [0.3, 0.9, 0.4]]), torch.tensor([0, 1]))
    assert given.positive.tolist() == pytest.approx([0.5, 0.9])
    assert given.negative.isinf().int().tolist() == [[1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize("tau", [0, -0.1, math.inf, math.nan])
def test_a_temperature_that_is_none_is_refused(tau):
    with pytest.raises(ValueError, match=f"temperature {tau}"):
        info_nce(compared(*pairs()), tau)


def test_shapes_that_do_not_match_are_refused():
    first, second = pairs()
    with pytest.raises(ValueError, match=r"\[23, 11\] and \[22, 11\]"):
        compared(first, second[1:])
    with pytest.raises(ValueError, match=r"left_out is \[23, 22\]"):
        compared(first, second, left_out=torch.zeros((R, R - 1), dtype=torch.bool))
