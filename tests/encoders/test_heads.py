"""The token head: undecided at first, an affine map later."""

from __future__ import annotations

import torch

from genolect.encoders.heads import TokenHead

S, D, V = 11, 6, 4


def test_an_untrained_head_is_undecided():
    assert torch.equal(TokenHead(D, V)(torch.randn(S, D)), torch.zeros(S, V))


def test_a_trained_head_is_an_affine_map_of_each_token():
    head, hidden = TokenHead(D, V), torch.randn(S, D, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        head.predict.weight.copy_(torch.arange(V * D).view(V, D))
        head.predict.bias.copy_(torch.arange(V))
    logits = head(hidden)
    for token in (0, S - 1):
        expected = [sum((v * D + d) * hidden[token, d].item() for d in range(D)) + v for v in range(V)]
        torch.testing.assert_close(logits[token], torch.tensor(expected), atol=1e-4, rtol=1e-4)


def test_an_undecided_head_learns_at_once():
    head, hidden = TokenHead(D, V), torch.randn(S, D, generator=torch.Generator().manual_seed(1))
    torch.nn.functional.cross_entropy(head(hidden), torch.arange(S) % V).backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in head.parameters())
