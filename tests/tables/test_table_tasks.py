"""Tasks and suites as users write them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genolect.errors import ConfigurationError, InputError, LeakError
from genolect.tables import table_file
from genolect.tables.task_file import TableTask, read_suite
from tests.pretraining.panel_tasks import table_of, write_table
from tests.tables.planted_table import RELATIVES, planted_table


def test_a_task_reads_its_table_under_its_name(tmp_path):
    path = write_table(tmp_path / "motif.tsv", table_of("motif"))
    assert TableTask(table=str(path)).read().table.name == "motif"
    assert TableTask(table=str(path)).read(name="mine").table.name == "mine"
    with pytest.raises(InputError, match="the table has no column 'score'"):
        TableTask(table=str(path), label=("score",)).read()


def test_a_table_without_roles_is_refused_by_its_file(tmp_path):
    path = write_table(tmp_path / "motif.tsv", table_of("motif"), split=[""] * 300)
    with pytest.raises(InputError, match=rf"^{path}: motif has the parts ''. Fix: divide it with genolect split"):
        TableTask(table=str(path)).read()


def test_a_suite_names_tasks_and_nothing_else(tmp_path):
    path = tmp_path / "suite.toml"
    path.write_text('[tasks.a]\ntable = "a.tsv"\n[tasks.b]\ntable = "/b.tsv"\nlabel = ["x", "y"]\nstrands = "one"\n')
    suite = read_suite(path)
    assert list(suite) == ["a", "b"]
    assert suite["a"].table == str(tmp_path / "a.tsv")
    assert (suite["b"].table, suite["b"].label, suite["b"].strands) == ("/b.tsv", ("x", "y"), "one")


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("", ConfigurationError, "holds nothing"),
        ("[models]\nx = 1", ConfigurationError, "holds 'models'"),
        ("[tasks]", ConfigurationError, "holds 'tasks'"),
        ("[tasks.a]\ntabel = 'x'", ConfigurationError, "tabel"),
        ("tasks = [", InputError, "the suite is no TOML"),
    ],
)
def test_other_content_is_refused(tmp_path, text, error, said):
    path = tmp_path / "suite.toml"
    path.write_text(text)
    with pytest.raises(error, match=said):
        read_suite(path)


def test_a_missing_suite_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no such suite"):
        read_suite(tmp_path / "none.toml")


def test_a_table_is_divided_anew_for_each_rule_and_a_published_split_says_what_it_is(tmp_path):
    given = table_of("motif")
    path = write_table(tmp_path / "motif.tsv", given)
    again, published = TableTask(table=str(path), by=("group", "published")).read_divided()
    assert again.table.name == "motif, divided by group"
    assert again.table.remarks == ()
    for group in set(again.table.group.tolist()):
        assert len(set(again.table.split[again.table.group == group].tolist())) == 1
    assert not np.array_equal(again.table.split, given.split)
    assert published.table.name == "motif, as published"
    assert published.table.split.tolist() == given.split.tolist()
    assert published.table.remarks[0] == "note: the published split, for comparison only"


def test_copies_across_a_published_split_stand_in_its_remarks(tmp_path):
    path = write_table(tmp_path / "copies.tsv", table_of("copies", n=600, length=90))
    [published] = TableTask(table=str(path), by=("published",)).read_divided()
    assert any(remark.startswith("leak: ") for remark in published.table.remarks)
    [clean] = TableTask(table=str(path), by=("cluster",)).read_divided()
    assert clean.table.remarks == ()


def of_relatives():
    """Near copies on other chromosomes, as transposons and duplicated genes leave them."""
    table = planted_table(RELATIVES[0], n=400, seed=2)
    name = np.array([f"chr{number % 17}" for number in range(400)])
    return replace(table, places=replace(planted_table("position", n=400).places, name=name))


def test_relatives_across_chromosomes_are_refused_or_left_out_and_counted(tmp_path):
    """A refusal names what `evaluate` has."""
    path = tmp_path / "near.tsv"
    table_file.write_table(path, of_relatives())
    with pytest.raises(LeakError, match="add --drop-relatives"):
        TableTask(table=str(path), by=("chromosome",)).read_divided()
    [clean] = TableTask(table=str(path), by=("chromosome",), drop_relatives=True).read_divided()
    given = len(of_relatives())
    assert given - len(clean.table) > 0
    assert f"note: {given - len(clean.table):,} examples left out: related to another part" in clean.table.remarks
    with pytest.raises(ConfigurationError, match="drop_relatives is about a table that is divided"):
        TableTask.from_mapping({"table": str(path), "drop_relatives": True}, "the options")
