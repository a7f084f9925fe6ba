"""Tasks and suites as users write them."""

from __future__ import annotations

import pytest

from genolect.errors import ConfigurationError, InputError
from genolect.workflow.table_tasks import TableTask, read_suite
from tests.workflow.panel_tasks import table_of, write_table


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
