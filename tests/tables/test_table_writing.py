"""Tables that are written are read back as they were."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.sequence.alphabet import encode
from genolect.sequence.ragged import RaggedBases
from genolect.tables.table import LabelledTable, Places, Target
from genolect.tables.table_file import TableColumns, read_table, table_text, write_table


def table(target: Target, names: tuple[str, ...] = ("a", "b", "c")) -> LabelledTable:
    sequences = RaggedBases.of([encode("ACgTN"), encode("GG"), encode("TTA")])
    places = Places(
        np.array(["I", "", "II"]), np.array([3, -1, 0]), np.array([8, -1, 3]), np.array([-1, 0, 0], dtype=np.int8)
    )
    return LabelledTable(
        "toy", np.array(names), sequences, target, np.array(["", "", ""]), np.array(["g", "", "h"]), places
    )


TARGETS = [
    Target("classes", ("no", "yes"), np.array([1, 0, 1])),
    Target("number", ("label",), np.array([0.1, -1e-17, 1 / 3])),
    Target("multilabel", ("x", "y"), np.array([[0, 1.0], [np.nan, 1], [1, 0]])),
]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
@pytest.mark.parametrize("name", ["toy.tsv", "toy.tsv.gz"])
def test_what_is_written_is_read_back(tmp_path: Path, target: Target, name: str) -> None:
    path, first = tmp_path / name, table(target)
    write_table(path, first, {"gc": np.array(["0.5", "1", ""])}, ["made by hand", "of two\nlines"])
    label = target.names if target.kind == "multilabel" else ("label",)
    second = read_table(path, TableColumns(label=label)).table
    for key in ("identifier", "split", "group"):
        assert getattr(second, key).tolist() == getattr(first, key).tolist()
    assert np.array_equal(second.sequences.bases, first.sequences.bases)
    assert np.array_equal(second.sequences.starts, first.sequences.starts)
    assert (second.target.kind, second.target.names) == (first.target.kind, first.target.names)
    assert np.array_equal(second.target.values, first.target.values, equal_nan=True)
    for key in ("name", "start", "end", "strand"):
        assert getattr(second.places, key).tolist() == getattr(first.places, key).tolist()
    text = gzip.decompress(path.read_bytes()) if name.endswith("gz") else path.read_bytes()
    assert text.decode().splitlines()[:2] == ["# made by hand", "# of two lines"]


def test_a_strand_without_a_place_is_kept(tmp_path: Path) -> None:
    first = replace(table(TARGETS[0]), places=Places.unknown(3, strand=1))
    write_table(tmp_path / "a.tsv", first)
    assert (tmp_path / "a.tsv").read_text().splitlines()[1].startswith("a\t\t\t\t+\tACgTN\t")
    places = read_table(tmp_path / "a.tsv").table.places
    assert (places.strand.tolist(), places.known.any()) == ([1, 1, 1], False)


def test_the_same_table_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.tsv.gz", "b.tsv.gz"):
        write_table(tmp_path / name, table(TARGETS[0]))
    assert (tmp_path / "a.tsv.gz").read_bytes() == (tmp_path / "b.tsv.gz").read_bytes()


@given(name=st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=9))
def test_names_with_quotes_and_commas_survive_or_are_refused(name):
    import tempfile

    if name != name.strip() or name.startswith("#"):
        with pytest.raises(InputError):
            table_text(table(TARGETS[0], (name, "b2", "c2")))
        return
    text = table_text(table(TARGETS[0], (name, "b2", "c2")))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "toy.tsv")
        path.write_text(text, encoding="utf-8", newline="")
        assert read_table(path).table.identifier.tolist()[0] == name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a\tb", "'a.tb' holds a tab"),
        ("a\nb", "holds a tab, a line break"),
        ("#a", "the id '#a' begins with #"),
        (" a", "a space at an end"),
    ],
)
def test_what_would_not_be_read_back_is_refused(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        table_text(table(TARGETS[0], (name, "b", "c")))
