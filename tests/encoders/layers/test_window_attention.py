"""Blocked attention against a plain softmax in float64: values, sums and all gradients, at odd sizes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from genolect.encoders.layers import sparse_attention as module
from genolect.encoders.layers.sparse_attention import (
    HIDDEN,
    Mixed,
    Pattern,
    group_attention,
    put_together,
    window_attention,
)

N, K = 3, 5


def vectors(*shape: int, seed: int = 1) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, dtype=torch.float64, generator=generator).requires_grad_() for _ in range(3)]


def plain(queries: Tensor, keys: Tensor, values: Tensor, seen: Tensor) -> Mixed:
    scores = (queries @ keys.transpose(-1, -2) / queries.shape[-1] ** 0.5).masked_fill(~seen, -torch.inf)
    return Mixed(scores.softmax(-1).nan_to_num() @ values, scores.logsumexp(-1))


def gradients(mixed: Mixed, given: list[Tensor]) -> tuple[Tensor, ...]:
    """Of a sum that hears the values and the sums, each place differently."""
    values, sums = mixed
    places = torch.arange(values.numel()).view(values.shape)
    return torch.autograd.grad((values * places.cos()).sum() + (sums * places[..., 0].sin()).sum(), given)


def seen_by(length: int, pattern: Pattern) -> Tensor:
    places = torch.arange(length)
    seen = (places[:, None] - places).abs() <= pattern.reach
    seen[:, pattern.anchors] = True
    return seen


@settings(deadline=None, max_examples=60)
@given(length=st.integers(1, 70), reach=st.integers(1, 20), data=st.data(), scores=st.sampled_from([1, 700, 1 << 19]))
def test_windows_and_anchors_equal_a_plain_softmax(length, reach, data, scores):
    anchors = sorted(data.draw(st.sets(st.integers(0, length - 1), max_size=4)))
    pattern = Pattern(reach, torch.tensor(anchors, dtype=torch.int64))
    given_vectors = vectors(N, length, K)
    expected = plain(*given_vectors, seen_by(length, pattern))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(module.SCORES, "cpu", scores)  # From a block at a time to all at once.
        found = window_attention(*given_vectors, pattern)
        towards = gradients(found, given_vectors)
    torch.testing.assert_close(found, expected, atol=1e-11, rtol=1e-11)
    torch.testing.assert_close(towards, gradients(expected, given_vectors), atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("scores", [1, 1 << 19])
def test_groups_equal_a_plain_softmax(monkeypatch, scores):
    monkeypatch.setitem(module.SCORES, "cpu", scores)
    G, Q, beyond = 4, 7, 9
    given_vectors = vectors(N, G, Q, K)
    asking = torch.arange(G * Q).view(Q, G).T.contiguous() * 2
    answering = torch.where(asking > 45, -1, asking.flip(0))
    seen = ((asking[..., None] - answering[:, None]).abs() > beyond) & (answering >= 0)[:, None]
    assert 0 < seen.sum() < seen.numel()
    assert seen.any(-1).all()
    found = group_attention(*given_vectors, (asking, answering), beyond)
    expected = plain(*given_vectors, seen)
    torch.testing.assert_close(found, expected, atol=1e-11, rtol=1e-11)
    torch.testing.assert_close(
        gradients(found, given_vectors), gradients(expected, given_vectors), atol=1e-10, rtol=1e-10
    )


def test_a_query_without_keys_weighs_nothing():
    places = torch.arange(3)[None]
    silent = group_attention(*vectors(N, 1, 3, K), (places, places), 5)
    assert (silent.log_sums < HIDDEN / 2).all()
    heard = Mixed(torch.ones(N, 1, 3, K).double(), torch.zeros(N, 1, 3).double())
    assert torch.equal(put_together(silent, heard), heard.values)
    assert torch.equal(put_together(heard, silent), heard.values)


def test_parts_over_disjoint_keys_make_the_whole():
    length = 23
    given_vectors = vectors(N, length, K)
    near = (torch.arange(length)[:, None] - torch.arange(length)).abs() <= 4
    parts = [plain(*given_vectors, seen) for seen in (near, ~near)]
    whole = plain(*given_vectors, torch.ones_like(near)).values
    torch.testing.assert_close(put_together(*parts), whole, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 60.0])
def test_large_scores_stay_finite(scale):
    given_vectors = [(scale * each).float().detach().requires_grad_() for each in vectors(N, 41, K)]
    found = window_attention(*given_vectors, Pattern(8, torch.tensor([20])))
    assert all(gradient.isfinite().all() for gradient in gradients(found, given_vectors))


def test_reduced_precision_keeps_exact_sums():
    exact = [each.detach().bfloat16() for each in vectors(N, 41, K)]
    pattern = Pattern(8, torch.tensor([20]))
    found = window_attention(*exact, pattern)
    expected = window_attention(*(each.double() for each in exact), pattern)
    assert (found.values.dtype, found.log_sums.dtype) == (torch.bfloat16, torch.float32)
    torch.testing.assert_close(found.values.double(), expected.values, atol=0.03, rtol=0.01)
    torch.testing.assert_close(found.log_sums.double(), expected.log_sums, atol=0.02, rtol=0.01)


def test_gradients_of_gradients_are_refused():
    given_vectors = vectors(N, 9, K)
    mixed = window_attention(*given_vectors, Pattern(2, torch.tensor([4]))).values
    (towards,) = torch.autograd.grad(mixed.square().sum(), given_vectors[:1], create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        towards.sum().backward()


def test_memory_for_the_backward_pass_is_that_of_the_input():
    length, kept = 2_000, {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    given_vectors = vectors(1, length, K)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        window_attention(*given_vectors, Pattern(64, torch.arange(0, length, 200)))
    saved = sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
    assert saved <= 8 * length * (4 * K + 2)
