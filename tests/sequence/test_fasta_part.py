"""Cutting FASTA text: nothing is lost, and line numbers are exact, wherever a block ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.sequence import source as source_module
from genolect.sequence.fasta import fasta_parts
from genolect.sequence.source import Source


@settings(deadline=None)
@given(
    lines=st.lists(st.sampled_from([">a", ">b c>d", "ACG", "", "T" * 30]), min_size=1, max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    block=st.integers(1, 40),
)
def test_the_parts_are_the_file(tmp_path_factory, lines, end, block):
    lines = [">first", *lines]
    path = tmp_path_factory.mktemp("parts") / "genome.fa"
    path.write_text(end.join(lines), newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_module, "BLOCK_BYTES", block)
        parts = list(fasta_parts(Source(path)))
    headers = [(part.line, part.text.decode()) for part in parts if part.is_header]
    assert headers == [(number, line[1:]) for number, line in enumerate(lines, 1) if line.startswith(">")]
    sequence = b"".join(part.text for part in parts if not part.is_header).decode().replace("\r\n", "\n")
    expected = "".join(line + "\n" for line in lines if not line.startswith(">"))
    assert sequence == (expected if lines[-1].startswith(">") else expected.removesuffix("\n"))


def test_a_part_begins_on_the_line_that_it_says(tmp_path, monkeypatch):
    path = tmp_path / "genome.fa"
    path.write_bytes(b"\n>a\nAC\nGT\nACG\n>b\nT")
    monkeypatch.setattr(source_module, "BLOCK_BYTES", 7)
    parts = [(part.text, part.line) for part in fasta_parts(Source(path))]
    assert parts == [(b"\n", 1), (b"a", 2), (b"AC\n", 3), (b"GT\nACG\n", 4), (b"b", 6), (b"T", 7)]


@pytest.mark.parametrize("block", [2, 3, 4, 8])
def test_a_mark_inside_a_line_is_refused_wherever_the_block_ends(tmp_path, monkeypatch, block):
    path = tmp_path / "genome.fa"
    path.write_bytes(b">a\nAC\nGT>b\nACG\n")
    monkeypatch.setattr(source_module, "BLOCK_BYTES", block)
    with pytest.raises(InputError, match=r"genome\.fa:3: '>' stands inside a line of sequence"):
        list(fasta_parts(Source(path)))
