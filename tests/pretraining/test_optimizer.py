"""How weights move, against the formulas of the two methods and relations of the schedule."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genolect.pretraining.optimizer import ADAM_BETAS, GRADIENT_CLIP, TwoOptimizers, share_of_peak
from genolect.random import derived_generator
from tests.toys import toy_model

MATRICES = {
    "encoder.blocks.0.attention.project.weight": (24, 8),
    "encoder.blocks.0.attention.merge.weight": (8, 8),
    "encoder.blocks.0.feed_forward.project.weight": (24, 8),
    "encoder.blocks.0.feed_forward.merge.weight": (8, 12),
}
RATES = {"matrix_learning_rate": 0.02, "learning_rate": 0.003}


def toy_optimizer() -> tuple[dict[str, torch.nn.Parameter], TwoOptimizers]:
    model = toy_model()
    return dict(model.named_parameters()), TwoOptimizers(model, **RATES)


def set_gradients(parameters: dict[str, torch.nn.Parameter], step: int, scale: float = 1.0) -> None:
    for name, parameter in parameters.items():
        gradient = derived_generator(3, name, step).normal(scale=scale, size=tuple(parameter.shape))
        parameter.grad = torch.from_numpy(gradient.astype(np.float32))


def values(parameters: dict[str, torch.nn.Parameter]) -> dict[str, np.ndarray]:
    return {name: parameter.detach().double().numpy().copy() for name, parameter in parameters.items()}


# ---------------------------------------------------------------- who goes where


def test_matrices_of_blocks_go_to_muon_and_every_other_weight_to_adamw():
    parameters, optimizer = toy_optimizer()
    names = {id(parameter): name for name, parameter in parameters.items()}
    assert {names[id(weight)]: tuple(weight.shape) for weight in optimizer.matrices} == MATRICES
    assert {names[id(weight)] for weight in optimizer.others} == set(parameters) - set(MATRICES)
    assert len(optimizer.matrices) + len(optimizer.others) == len(parameters)


# ---------------------------------------------------------------- one step


def test_a_matrix_moves_by_its_orthogonalised_gradient():
    """The first step is the polar factor of the gradient, U V^T, times the rate (and √(rows/columns) if tall).

    Five Newton-Schulz steps in bfloat16 leave singular values between 0.7 and 1.2, not at 1.
    """
    parameters, optimizer = toy_optimizer()
    before = values(parameters)
    set_gradients(parameters, 0)
    gradients = {name: parameters[name].grad.double().numpy() for name in MATRICES}
    optimizer.step(0.5)
    for name, (rows, columns) in MATRICES.items():
        moved = (before[name] - values(parameters)[name]) / (0.5 * RATES["matrix_learning_rate"])
        moved /= math.sqrt(max(1, rows / columns))
        left, _, right = np.linalg.svd(gradients[name], full_matrices=False)
        strengths = np.linalg.svd(moved, compute_uv=False)
        assert strengths.min() > 0.6, name
        assert strengths.max() < 1.3, name
        polar = left @ right
        assert (moved * polar).sum() / np.linalg.norm(moved) / np.linalg.norm(polar) > 0.97, name


def test_other_weights_move_as_adamw_says():
    """The recursion of Kingma & Ba 2015 (arXiv:1412.6980), algorithm 1, in float64; gradients are clipped together."""
    parameters, optimizer = toy_optimizer()
    others = [name for name in parameters if name not in MATRICES]
    expected = values(parameters)
    first = {name: np.zeros_like(expected[name]) for name in others}
    second = {name: np.zeros_like(expected[name]) for name in others}
    one, two = ADAM_BETAS
    for step, (share, scale) in enumerate([(0.5, 3.0), (1.0, 1e-3), (0.25, 0.7)]):
        set_gradients(parameters, step, scale)
        gradients = {name: parameters[name].grad.double().numpy() for name in others}
        norm = math.sqrt(sum((gradient**2).sum() for gradient in gradients.values()))
        assert (norm > GRADIENT_CLIP) == (scale > 0.1)
        for name in others:
            gradient = gradients[name] * min(1, GRADIENT_CLIP / norm)
            first[name] = one * first[name] + (1 - one) * gradient
            second[name] = two * second[name] + (1 - two) * gradient**2
            mean, spread = first[name] / (1 - one ** (step + 1)), second[name] / (1 - two ** (step + 1))
            expected[name] -= share * RATES["learning_rate"] * mean / (np.sqrt(spread) + 1e-8)
        optimizer.step(share)
    now = values(parameters)
    for name in others:
        np.testing.assert_allclose(now[name], expected[name], rtol=1e-4, atol=2e-6, err_msg=name)


def test_a_share_of_zero_moves_nothing_and_gradients_are_cleared():
    parameters, optimizer = toy_optimizer()
    before = values(parameters)
    set_gradients(parameters, 0)
    optimizer.step(0.0)
    for name, parameter in parameters.items():
        np.testing.assert_array_equal(values(parameters)[name], before[name])
        assert parameter.grad is None


@pytest.mark.parametrize("name", [*MATRICES, "head.predict.bias", "encoder.stem.convolution.weight"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_the_norm_covers_every_gradient(name, value):
    parameters, optimizer = toy_optimizer()
    set_gradients(parameters, 0)
    norm = math.sqrt(sum(float((weight.grad.double() ** 2).sum()) for weight in parameters.values()))
    assert optimizer.gradient_norm() == pytest.approx(norm)
    parameters[name].grad.view(-1)[-1] = value
    assert not math.isfinite(optimizer.gradient_norm())


# ---------------------------------------------------------------- the state


def test_the_state_comes_back_bit_for_bit():
    parameters, optimizer = toy_optimizer()
    for step in range(2):
        set_gradients(parameters, step)
        optimizer.step(1.0)
    kept = {name: tensor.clone() for name, tensor in optimizer.tensors().items()}
    assert len(kept) == len(optimizer.matrices) + 3 * len(optimizer.others)

    again, other = toy_optimizer()
    with torch.no_grad():
        for name, parameter in again.items():
            parameter.copy_(parameters[name])
    other.load_tensors({name: tensor.clone() for name, tensor in kept.items()})
    assert other.tensors().keys() == kept.keys()
    assert all(torch.equal(tensor, kept[name]) for name, tensor in other.tensors().items())
    for step in (2, 3):
        for weights, own in ((parameters, optimizer), (again, other)):
            set_gradients(weights, step)
            own.step(0.5)
    assert all(torch.equal(parameters[name], again[name]) for name in parameters)
    assert not all(torch.equal(tensor, kept[name]) for name, tensor in other.tensors().items())


def test_a_new_optimizer_has_no_state():
    assert toy_optimizer()[1].tensors() == {}


# ---------------------------------------------------------------- the schedule

STEPS = st.integers(1, 5_000)
SHARES = st.floats(0, 1, exclude_max=True)


@given(STEPS, SHARES)
def test_the_rate_rises_then_falls_within_its_peak(steps, warmup_share):
    shares = np.array([share_of_peak(step, steps, warmup_share) for step in range(steps)])
    assert (shares > 0).all()
    assert (shares <= 1).all()
    top = int(shares.argmax())
    assert (np.diff(shares[: top + 1]) > 0).all()
    assert (np.diff(shares[top:]) < 0).all()
    assert abs(top + 1 - max(1, warmup_share * steps)) <= 1


@given(STEPS, SHARES)
def test_both_slopes_are_straight_and_meet_zero_one_step_outside(steps, warmup_share):
    warmup = max(1.0, warmup_share * steps)
    for step in {0, int(warmup) - 1, min(int(warmup), steps - 1), steps - 1}:
        rising, falling = (step + 1) / warmup, (steps - step) / (steps + 1 - warmup)
        assert share_of_peak(step, steps, warmup_share) == pytest.approx(min(rising, falling), rel=1e-9)


@pytest.mark.parametrize(("steps", "warmup_share", "expected"), [(1, 0.0, [1]), (4, 0.5, [1 / 2, 1, 2 / 3, 1 / 3])])
def test_schedules_by_hand(steps, warmup_share, expected):
    assert [share_of_peak(step, steps, warmup_share) for step in range(steps)] == pytest.approx(expected)
