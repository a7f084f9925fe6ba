"""One kernel for all documents against the reference; on a processor torch computes it slowly, forward only."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from genolect.encoders.layers.attention import Documents
from genolect.encoders.layers.flex_packing import BLOCK, FlexDocuments, block_mask
from genolect.encoders.layers.positions import alibi

H, K, LENGTHS = 2, 16, (5, 130, 130, 1, 77)
CPU = torch.device("cpu")
slow = pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile:UserWarning")


def parts(device: torch.device, *, tokens: int = sum(LENGTHS)) -> list[Tensor]:
    generator = torch.Generator().manual_seed(3)
    drawn = (torch.randn(1, H, tokens, K, generator=generator) for _ in range(3))
    return [part.to(device).requires_grad_(device.type == "cuda") for part in drawn]  # torch has no gradients elsewhere


@slow
@torch.no_grad()
@pytest.mark.parametrize(("falling", "causal"), [(False, False), (False, True), (True, False)])
def test_the_kernel_gives_what_the_reference_gives(falling, causal):
    added = alibi(max(LENGTHS), H, CPU) if falling else None
    one, other = (kind(LENGTHS).attend(*parts(CPU), added, causal=causal) for kind in (Documents, FlexDocuments))
    torch.testing.assert_close(other, one, atol=3e-6, rtol=1e-5)
    elsewhere = FlexDocuments((sum(LENGTHS),)).attend(*parts(CPU), causal=causal)
    assert (elsewhere - one).abs().max() > 0.1


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.integers(1, 400), min_size=1, max_size=6).map(tuple), causal=st.booleans())
def test_a_block_is_read_where_two_of_its_tokens_see_each_other_and_nowhere_else(lengths, causal):
    number = torch.tensor([document for document, length in enumerate(lengths) for _ in range(length)])
    seen = number[:, None] == number
    if causal:
        seen = seen.tril()
    rest = -len(number) % BLOCK
    seen = torch.nn.functional.pad(seen, (0, rest, 0, rest))
    blocks = seen.view(seen.shape[0] // BLOCK, BLOCK, -1, BLOCK).any(3).any(1)
    mask = block_mask(FlexDocuments(lengths), CPU, causal=causal)
    assert torch.equal(mask.to_dense()[0, 0].bool(), blocks)
    assert mask.seq_lengths == (len(number), len(number))


def test_with_dropout_the_reference_answers():
    torch.manual_seed(5)
    one = FlexDocuments(LENGTHS).attend(*parts(CPU), dropout=0.4)
    torch.manual_seed(5)
    assert torch.equal(Documents(LENGTHS).attend(*parts(CPU), dropout=0.4), one)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("falling", [False, True])
def test_on_a_gpu_values_and_gradients_are_those_of_the_reference(falling):
    device = torch.device("cuda")
    added = alibi(max(LENGTHS), H, device) if falling else None
    found = []
    for kind in (Documents, FlexDocuments):
        given_parts = parts(device)
        mixed = kind(LENGTHS).attend(*given_parts, added)
        mixed.square().sum().backward()
        found.append([mixed, *(part.grad for part in given_parts)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(other, one, atol=1e-2, rtol=1e-2)
