"""Packed rows against an oracle that sees everything: the whole table of scores, hidden between documents."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from genolect.encoders.layers.attention import Documents, attend, hide_padding
from tests.encoders.layers.documents import pack, unpack

H, K = 3, 5
LENGTHS = (4, 7, 7, 1, 11, 2)
lengths_of_documents = st.lists(st.integers(1, 9), min_size=1, max_size=7).map(tuple)


def parts(tokens: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(tokens)
    return [torch.randn(1, H, tokens, K, generator=generator, requires_grad=True) for _ in range(3)]


def between(lengths: tuple[int, ...]) -> Tensor:
    """Which tokens belong to different documents, (T, T)."""
    number = torch.tensor([document for document, length in enumerate(lengths) for _ in range(length)])
    return number[:, None] != number


def whole_table(queries: Tensor, keys: Tensor, values: Tensor, hidden: Tensor, added: Tensor | float = 0.0) -> Tensor:
    scores = queries @ keys.transpose(-1, -2) / K**0.5 + added
    return scores.masked_fill(hidden, -torch.inf).softmax(-1) @ values


@settings(max_examples=30, deadline=None)
@given(lengths=lengths_of_documents, causal=st.booleans())
def test_documents_attend_as_if_all_between_them_were_hidden(lengths, causal):
    given_parts, documents = parts(sum(lengths)), Documents(lengths)
    hidden = between(lengths)
    if causal:
        hidden = hidden | torch.ones_like(hidden).triu(1)
    expected = whole_table(*given_parts, hidden)
    found = attend(*given_parts, causal=causal, documents=documents)
    torch.testing.assert_close(found, expected, atol=2e-6, rtol=1e-5)
    target = torch.linspace(-1, 1, expected.numel()).view(expected.shape)
    gradients = [torch.autograd.grad((mixed * target).sum(), given_parts) for mixed in (expected, found)]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(other, one, atol=5e-6, rtol=1e-4)


def test_what_is_added_begins_anew_with_every_document():
    given_parts, documents = parts(sum(LENGTHS)), Documents(LENGTHS)
    added = torch.randn(H, documents.longest, documents.longest, generator=torch.Generator().manual_seed(2))
    places = torch.cat([torch.arange(length) for length in LENGTHS])
    expected = whole_table(*given_parts, between(LENGTHS), added[:, places[:, None], places])
    torch.testing.assert_close(attend(*given_parts, added, documents=documents), expected, atol=2e-6, rtol=1e-5)


def test_documents_that_are_one_leak():
    """The oracle is no blind one: without boundaries the answer is another."""
    given_parts = parts(sum(LENGTHS))
    hidden = between(LENGTHS)
    apart, together = (attend(*given_parts, documents=Documents(lengths)) for lengths in (LENGTHS, (sum(LENGTHS),)))
    assert (apart - together).abs().max() > 0.1
    torch.testing.assert_close(together, whole_table(*given_parts, torch.zeros_like(hidden)), atol=2e-6, rtol=1e-5)


def test_no_table_of_all_scores_is_made():
    """A row of 16 k tokens has a table of 1 GB per head; no tensor of the pass has more entries than the row."""
    documents = Documents((16,) * 1_024)
    largest = 0

    class Largest(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            nonlocal largest
            out = function(*args, **(kwargs or {}))
            made = out if isinstance(out, tuple | list) else [out]
            largest = max([largest, *(tensor.numel() for tensor in made if isinstance(tensor, Tensor))])
            return out

    with torch.no_grad(), Largest():
        documents.attend(*parts(documents.tokens))
    assert largest <= H * K * documents.tokens


@given(lengths=lengths_of_documents)
def test_documents_come_back_as_they_were_packed(lengths):
    generator = torch.Generator().manual_seed(sum(lengths))
    given_documents = [torch.randint(99, (length, 2), generator=generator) for length in lengths]
    row, documents = pack(given_documents)
    assert row.shape == (1, documents.tokens, 2)
    assert documents.lengths == lengths
    assert documents.longest == max(lengths)
    assert all(map(torch.equal, unpack(row, documents), given_documents))
    assert [length for count, length in documents.runs for _ in range(count)] == list(lengths)
    assert all(one[1] != other[1] for one, other in zip(documents.runs, documents.runs[1:], strict=False))


def test_each_document_is_read_alone_and_neighbours_of_one_length_together():
    row, seen = torch.arange(sum(LENGTHS))[None], []

    def read(windows: Tensor, nothing: None) -> Tensor:
        seen.append(tuple(windows.shape))
        return windows - windows[:, :1]

    found = Documents(LENGTHS).apart(read, row, None)
    assert seen == [(1, 4), (2, 7), (1, 1), (1, 11), (1, 2)]
    assert found.tolist() == [[place for length in LENGTHS for place in range(length)]]


def test_a_table_of_positions_learns_from_every_document():
    table = torch.zeros(13, 2, requires_grad=True)
    Documents(LENGTHS).along(table).sum().backward()
    expected = [sum(length > place for length in LENGTHS) for place in range(13)]
    assert table.grad[:, 0].tolist() == expected


def test_what_does_not_fit_is_refused():
    for lengths in ((), (3, 0)):
        with pytest.raises(ValueError, match="each needs one at least"):
            Documents(lengths)
    documents = Documents((2, 3))
    for shape in ((1, 6), (5,), (2, 5)):
        with pytest.raises(ValueError, match=r"5 tokens of documents need a row of the shape \(1, 5, ...\)"):
            documents.windows(torch.zeros(shape))
    padding = hide_padding(torch.tensor([[True, True, True, True, False]]))
    with pytest.raises(ValueError, match=r"ends on \(1, 5\), not twice 3"):
        attend(*parts(5), padding, documents=documents)
