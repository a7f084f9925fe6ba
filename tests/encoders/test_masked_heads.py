"""The masked head against its definition."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from genolect.encoders.heads import MaskedHead, PredictableHead

D, V = 6, 11


@torch.no_grad()
def test_logits_are_those_of_the_definition():
    head = MaskedHead(D, V, norm_epsilon=1e-3).eval()
    generator = torch.Generator().manual_seed(4)
    for parameter in head.parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator))
    hidden = torch.randn(3, 5, D, generator=generator)
    inner = hidden @ head.dense.weight.T + head.dense.bias
    inner = inner * 0.5 * (1 + torch.erf(inner / 2**0.5))
    normed = functional.layer_norm(inner, (D,), head.norm.weight, head.norm.bias, 1e-3)
    torch.testing.assert_close(head(hidden), normed @ head.decode.weight.T + head.decode.bias, atol=1e-5, rtol=1e-5)
    assert head(hidden)[1, 2].shape == (V,)
    torch.testing.assert_close(head(hidden[1]), head(hidden)[1])


def test_tied_vectors_are_trained_as_one():
    head, embedding = MaskedHead(D, V), nn.Embedding(V, D)
    assert head.decode.weight is not embedding.weight
    head.tie(embedding)
    head(torch.ones(2, D)).square().sum().backward()
    assert embedding.weight.grad.any()


def test_the_predictable_ids_are_a_slice_of_all():
    head = MaskedHead(D, V)
    hidden = torch.randn(3, D, generator=torch.Generator().manual_seed(4))
    assert torch.equal(PredictableHead(head, range(4, 9))(hidden), head(hidden)[:, 4:9])
