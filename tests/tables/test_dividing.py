"""A divided table: nothing leaks, nothing else changes, and what cannot be is refused."""

from __future__ import annotations

import csv
import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import ConfigurationError, InputError, LeakError, MachineError
from genolect.statistics.names import ROLES
from genolect.tables.audit.audit import audit
from genolect.tables.division import COMPARISON_ONLY, SplitOptions, divide_table, split_table, with_role
from genolect.tables.table import LabelledTable
from genolect.tables.table_file import TableColumns, read_table
from tests.mmseqs_program import alignments, families, needs_mmseqs, stand_in, without_programs
from tests.tables.planted_table import FAULTS, RELATIVES, planted_table


def quiet(_: str) -> None:
    return None


def told(table: LabelledTable, division) -> dict[str, str]:
    """Audit the division with fresh eyes."""
    kept = replace(table.select(division.kept), split=np.array(ROLES)[division.roles[division.kept]])
    return {finding.name: finding.judgement for finding in audit(kept).findings}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("seed", range(3))
def test_clusters_never_leak(fault, seed) -> None:
    table = planted_table(fault, n=400, length=90, seed=seed)
    division = divide_table(table, SplitOptions(by=("cluster",), seed=seed))
    judged = told(table, division)
    assert {judged[name] for name in ("copies", "near copies", "overlapping places")} == {"ok"}
    assert division.remarks == ()
    assert np.abs(np.bincount(division.roles, minlength=3) / 400 - (0.7, 0.1, 0.2)).max() < 0.02


def test_chromosomes_are_held_out_whole() -> None:
    table = planted_table("position", n=300)
    named = divide_table(table, SplitOptions(by=("chromosome",), test=("III",), validation=("I",)))
    assert [set(table.places.name[named.roles == role]) for role in range(3)] == [{"II"}, {"I"}, {"III"}]
    many = replace(table.places, name=np.array([f"chr{number % 23}" for number in range(300)]))
    chosen = divide_table(replace(table, places=many), SplitOptions(by=("chromosome",)))
    held = [set(many.name[chosen.roles == role]) for role in range(3)]
    assert not (held[0] & held[1])
    assert not (held[0] & held[2])
    assert not (held[1] & held[2])
    part = divide_table(replace(table, places=many), SplitOptions(by=("chromosome",), test=("chr3",)))
    assert set(many.name[part.roles == 2]) == {"chr3"}
    assert (part.roles == 1).any()


def test_groups_and_clusters_together_keep_both() -> None:
    table = planted_table("copies", n=400)
    table = replace(table, group=np.array([f"g{number // 3}" for number in range(400)]))
    with pytest.raises(LeakError, match="this split leaks"):
        divide_table(table, SplitOptions(by=("group",)))
    roles = divide_table(table, SplitOptions(by=("group", "cluster"))).roles
    assert all(np.unique(roles[table.group == name]).size == 1 for name in np.unique(table.group))
    assert np.array_equal(roles[280:292], roles[:12])


@pytest.mark.parametrize("fault", RELATIVES)
def test_relatives_across_chromosomes_leak_unless_dropped_or_allowed(fault) -> None:
    table = planted_table(fault, n=400, seed=2)
    other = planted_table("position", n=400).places
    name = np.array([f"chr{number % 17}" for number in range(400)])
    table = replace(table, places=replace(other, name=name))
    if fault == "overlapping places":
        table = replace(planted_table(fault, n=400), group=name)
        rule = {"by": ("group",)}
    else:
        rule = {"by": ("chromosome",)}
    with pytest.raises(LeakError, match=r"--drop-relatives, or accept it: genolect split --allow-leaks"):
        divide_table(table, SplitOptions(**rule))
    allowed = divide_table(table, SplitOptions(**rule, allow_leaks=True))
    assert allowed.remarks
    assert all(remark.startswith("# leak: ") for remark in allowed.remarks)
    dropped = divide_table(table, SplitOptions(**rule, drop_relatives=True))
    assert dropped.remarks == ()
    assert dropped.dropped["related to another part"] == (~dropped.kept).sum() > 0
    assert not (~dropped.kept & (dropped.roles == 2)).any()


def test_a_margin_leaves_neighbours_out() -> None:
    table = planted_table("position", n=300)
    division = divide_table(table, SplitOptions(by=("cluster",), margin=900))
    assert division.dropped["within 900 bases of another part"] == (~division.kept).sum()
    places, roles = table.places.select(division.kept), division.roles[division.kept]
    order = np.lexsort((places.start, places.name))
    near = (places.name[order][1:] == places.name[order][:-1]) & (
        places.start[order][1:] - places.end[order][:-1] < 900
    )
    assert (roles[order][1:] == roles[order][:-1])[near].all()
    assert divide_table(table, SplitOptions(by=("cluster",), margin=1)).kept.all()


def test_the_published_split_is_kept_for_comparison_only() -> None:
    table = planted_table("copies", n=400)
    parts = np.where(table.split == "train", "cv", "independent")
    published = replace(table, split=parts)
    with pytest.raises(InputError, match=r"'cv' is none of train, validation, test. Fix: .*cv=train"):
        divide_table(published, SplitOptions(by=("published",)))
    rule = SplitOptions(by=("published",), roles={"cv": "train", "independent": "test"}, allow_leaks=True)
    division = divide_table(published, rule)
    assert division.remarks[0] == COMPARISON_ONLY
    assert len(division.remarks) > 1
    assert np.array_equal(division.roles == 2, parts == "independent")
    assert 20 < (division.roles == 1).sum() < 60
    clean = planted_table(n=400)
    assert divide_table(clean, SplitOptions(by=("published",))).remarks == (COMPARISON_ONLY,)


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ({"by": ("published", "cluster")}, ConfigurationError, "is no rule"),
        ({"by": ()}, ConfigurationError, "is no rule"),
        ({"by": ("cluster",), "shares": (0.5, 0.5, 0.5)}, ConfigurationError, "no division"),
        ({"by": ("cluster",), "test": ("I",)}, ConfigurationError, "add --by chromosome"),
        ({"by": ("published",), "clusters": "mmseqs2"}, ConfigurationError, "makes no clusters. Fix: add --by cluster"),
        ({"by": ("chromosome", "group"), "clusters": "mmseqs2"}, ConfigurationError, "makes no clusters"),
        ({"by": ("chromosome",)}, InputError, "400 of 400 examples have no place"),
        ({"by": ("group",)}, InputError, "have no group"),
    ],
)
def test_rules_that_do_not_fit_are_refused(values, error, said) -> None:
    with pytest.raises(error, match=said):
        divide_table(planted_table(n=400, length=40), SplitOptions(**values))


def test_chromosomes_that_are_not_there_or_named_twice_are_refused() -> None:
    table = planted_table("position", n=90)
    with pytest.raises(InputError, match="no example lies on 'V'"):
        divide_table(table, SplitOptions(by=("chromosome",), test=("V",)))
    with pytest.raises(ConfigurationError, match="I is named for validation and for test"):
        divide_table(table, SplitOptions(by=("chromosome",), test=("I",), validation=("I",)))
    with pytest.raises(InputError, match="must stay together"):
        divide_table(table, SplitOptions(by=("chromosome",), test=("I",)))


def of_families(changed: float, seed: int) -> LabelledTable:
    """Make a table of 120 unrelated sequences, and a remote relative of each of the first 40."""
    table, rows = planted_table(n=160, seed=seed), families(changed, seed)
    return replace(table, sequences=rows)


@needs_mmseqs
@pytest.mark.parametrize("changed", [0.2, 0.25])
@pytest.mark.parametrize("seed", range(2))
def test_remote_relatives_are_torn_apart_unless_mmseqs2_links_them(changed, seed) -> None:
    table = of_families(changed, seed)
    torn = {}
    for clusters in ("own", "mmseqs2"):
        division = divide_table(table, SplitOptions(by=("cluster",), clusters=clusters, seed=seed))
        torn[clusters] = int((division.roles[:40] != division.roles[120:]).sum())
        assert np.abs(np.bincount(division.roles, minlength=3) / 160 - (0.7, 0.1, 0.2)).max() < 0.04
    assert torn["own"] > 8
    assert torn["mmseqs2"] <= (0 if changed == 0.2 else 1)


@needs_mmseqs
@pytest.mark.parametrize("fault", RELATIVES)
def test_what_words_and_places_link_stays_linked_beside_mmseqs2(fault) -> None:
    table = planted_table(fault, n=400, length=90)
    division = divide_table(table, SplitOptions(by=("cluster",), clusters="mmseqs2"))
    judged = told(table, division)
    assert {judged[name] for name in ("copies", "near copies", "overlapping places")} == {"ok"}
    assert "clusters, the largest" in division.clusters
    assert "mmseqs" not in repr(divide_table(table, SplitOptions(by=("cluster",)))).lower()


def test_a_link_adds_to_our_own_and_takes_none_away(monkeypatch, tmp_path: Path) -> None:
    table = planted_table("copies", n=400, length=90)
    own = divide_table(table, SplitOptions(by=("cluster",)))
    stand_in(monkeypatch, tmp_path)
    rule = SplitOptions(by=("cluster",), clusters="mmseqs2")
    silent = divide_table(table, rule)
    assert np.array_equal(silent.roles, own.roles)
    assert silent.clusters.startswith(
        "388 clusters, the largest 0.5 %; without MMseqs2 388 clusters, the largest 0.5 % ("
    )
    pairs = [(row, row + 1, 1, 60, 1, 60) for row in range(20, 60)]
    (tmp_path / "programs" / "mmseqs").unlink()
    (tmp_path / "programs").rmdir()
    stand_in(monkeypatch, tmp_path, alignments(*pairs))
    linked = divide_table(replace(table, group=np.where(np.arange(400) // 2 == 99, "gene", "")), rule)
    assert linked.clusters.startswith(
        "348 clusters, the largest 10.2 %; without MMseqs2 388 clusters, the largest 0.5 % ("
    )
    assert np.unique(linked.roles[20:61]).size == 1
    assert np.array_equal(linked.roles[280:292], linked.roles[:12])


def test_what_clusters_are_made_of_is_written_and_no_remark(monkeypatch, tmp_path: Path) -> None:
    path = written(tmp_path)
    stand_in(monkeypatch, tmp_path)
    rule = SplitOptions(by=("cluster",), clusters="mmseqs2")
    division = split_table(path, tmp_path / "one.tsv", TableColumns(), rule, say=quiet)
    lines = (tmp_path / "one.tsv").read_text().splitlines()
    assert lines[:2] == [f"# clusters: {division.clusters}", "# made by hand"]
    assert "(MMseqs2 99-test, easy-search --search-type 3 --strand 2 -k 9 " in lines[0]
    assert division.to_mapping()["clusters"] == division.clusters
    table, _ = read_table(tmp_path / "one.tsv")
    assert (len(table), table.remarks) == (60, ())
    split_table(tmp_path / "one.tsv", tmp_path / "two.tsv", TableColumns(), SplitOptions(by=("cluster",)), say=quiet)
    assert "# clusters" not in (tmp_path / "two.tsv").read_text()


def test_without_the_program_nothing_is_written(monkeypatch, tmp_path: Path) -> None:
    path = written(tmp_path)
    without_programs(monkeypatch, tmp_path)
    rule = SplitOptions(by=("cluster",), clusters="mmseqs2")
    with pytest.raises(MachineError, match="install it"):
        split_table(path, tmp_path / "out.tsv", TableColumns(), rule, say=quiet)
    assert not (tmp_path / "out.tsv").exists()


def written(folder: Path, *, delimiter: str = "\t", split: bool = True) -> Path:
    """Write a table with quotes, spaces, empty cells and comments."""
    table = planted_table(n=60, length=40)
    names = ["id", "note", "sequence", *(["split"] if split else []), "label", "extra"]
    lines = ["# made by hand", "# leak: an old remark", delimiter.join(names)]
    for row in range(60):
        cells = [f"e{row}", f'"a{delimiter} ""b"" {row}"', table.sequences.letters(row), *([" old "] if split else [])]
        lines.append(delimiter.join([*cells, str(row % 2), " 0.10 " if row % 3 else ""]))
    path = folder / ("table.tsv" if delimiter == "\t" else "table.csv")
    path.write_text("\n".join([*lines, ""]))
    return path


@pytest.mark.parametrize("delimiter", ["\t", ","])
@pytest.mark.parametrize("split", [True, False])
def test_every_other_cell_stays_byte_for_byte(tmp_path: Path, delimiter: str, split: bool) -> None:
    path, out = written(tmp_path, delimiter=delimiter, split=split), tmp_path / "new" / "out.tsv.gz"
    division = split_table(path, out, TableColumns(), SplitOptions(by=("cluster",)), say=quiet)
    old = [line for line in path.read_text().splitlines() if not line.startswith("# leak")]
    new = gzip.decompress(out.read_bytes()).decode().splitlines()
    assert new[0] == "# made by hand"
    assert len(new) == len(old)
    table, _ = read_table(out)
    assert table.remarks == ()
    assert sorted(set(table.split.tolist())) == sorted(ROLES)
    assert table.split.tolist() == np.array(ROLES)[division.roles].tolist()
    for before, after, role in zip(old[2:], new[2:], table.split.tolist(), strict=True):
        assert after == (before.replace(" old ", role) if split else f"{before}{delimiter}{role}")


def test_leaks_that_are_allowed_are_written_and_read_again(tmp_path: Path) -> None:
    table = planted_table("copies", n=400)
    rows = [f"{table.sequences.letters(row)}\t{row % 2}\tg{row}" for row in range(400)]
    (tmp_path / "t.tsv").write_text("\n".join(["sequence\tlabel\tgroup", *rows, ""]))
    rule = SplitOptions(by=("group",), allow_leaks=True)
    split_table(tmp_path / "t.tsv", tmp_path / "out.tsv", TableColumns(), rule, say=quiet)
    remarks = read_table(tmp_path / "out.tsv").table.remarks
    assert remarks
    assert remarks[0].startswith("leak: 12 of 400 examples repeat another one")
    with pytest.raises(LeakError):
        split_table(tmp_path / "t.tsv", tmp_path / "no.tsv", TableColumns(), SplitOptions(by=("group",)), say=quiet)
    assert not (tmp_path / "no.tsv").exists()


def test_files_are_not_replaced_unasked(tmp_path: Path) -> None:
    path, out, rule = written(tmp_path), tmp_path / "out.tsv", SplitOptions(by=("cluster",))
    out.write_text("mine")
    with pytest.raises(MachineError, match="the output exists"):
        split_table(path, out, TableColumns(), rule, say=quiet)
    split_table(path, out, TableColumns(), rule, overwrite=True, say=quiet)
    with pytest.raises(ConfigurationError, match="would replace the table that is read"):
        split_table(path, path, TableColumns(), rule, overwrite=True, say=quiet)


def test_rows_that_are_dropped_are_not_written(tmp_path: Path) -> None:
    table = planted_table("copies", n=400)
    rows = [f"e{row}\t{table.sequences.letters(row)}\t{row % 2}\tg{row}" for row in range(400)]
    (tmp_path / "t.tsv").write_text("\n".join(["id\tsequence\tlabel\tgroup", *rows, ""]))
    rule = SplitOptions(by=("group",), drop_relatives=True)
    division = split_table(tmp_path / "t.tsv", tmp_path / "out.tsv", TableColumns(), rule, say=quiet)
    kept = [f"e{row}" for row in np.flatnonzero(division.kept)]
    assert read_table(tmp_path / "out.tsv").table.identifier.tolist() == kept
    assert len(kept) < 400
    (tmp_path / "u.tsv").write_text("sequence\tlabel\nACGT\t1\nACGG\t\n")
    with pytest.raises(InputError, match="1 rows have no label"):
        split_table(tmp_path / "u.tsv", tmp_path / "v.tsv", TableColumns(unlabelled="drop"), rule, say=quiet)


CELL = st.text(st.characters(codec="ascii", exclude_characters='\t\n\r"'), max_size=5)


@given(st.lists(CELL, min_size=2, max_size=6), st.data())
def test_a_role_is_written_into_its_cell_alone(cells: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(cells) - 1))
    quoted = [f'"{cell}\t"' if data.draw(st.booleans()) else cell for cell in cells]
    line = with_role("\t".join(quoted), place, "\t", "test")
    expected = [*next(csv.reader(["\t".join(quoted)], delimiter="\t"))]
    expected[place] = "test"
    assert next(csv.reader([line], delimiter="\t")) == expected
