"""Expression: sequences around starts with the numbers of their rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genolect.errors import InputError
from genolect.tasks.expression import ExpressionOptions, Measured, expression, read_measured
from tests.tasks.planted import LENGTHS, expect_read_as_elsewhere, fasta, genome

HEAD = "id\tchrom\tstart\tend\tstrand\tfpkm\tgroup\n"


def written(folder: Path, rows: str, head: str = HEAD) -> Path:
    path = folder / "genes.tsv"
    path.write_text(head + rows)
    return path


def measured(folder: Path) -> Measured:
    rows = [
        f"g{n}\t{name}\t{700 * n}\t{700 * n + 31}\t{'+-'[n % 2]}\t{1.5 * n}\t\n" for n in range(1, 7) for name in ["I"]
    ]
    return read_measured(written(folder, "".join(rows) + "none\tI\t5\t9\t+\t\t\n"), "fpkm", LENGTHS)


@pytest.mark.parametrize("transform", ["log1p", "none"])
def test_each_start_has_its_own_number(tmp_path: Path, transform: str) -> None:
    options = ExpressionOptions(upstream=41, downstream=13, transform=transform)  # type: ignore[arg-type]
    task = expression(genome(), measured(tmp_path), options)
    expect_read_as_elsewhere(task.table, fasta(tmp_path))
    places = task.table.places
    for row in range(6):
        n = row + 1
        start = 700 * n if n % 2 == 0 else 700 * n + 30
        assert (places.start[row] + 41 if n % 2 == 0 else places.end[row] - 1 - 41) == start
        assert places.strand[row] == (1 if n % 2 == 0 else -1)
        assert task.table.target.values[row] == pytest.approx(np.log1p(1.5 * n) if transform == "log1p" else 1.5 * n)
    assert task.columns["gene"].tolist() == [f"g{n}" for n in range(1, 7)]
    assert task.notes == ("1 rows have no value",)


def test_negative_values_have_no_logarithm(tmp_path: Path) -> None:
    found = measured(tmp_path)._replace(values=np.linspace(-2.5, 3, 6))
    with pytest.raises(InputError, match=r"3 values are negative, the smallest is -2.5"):
        expression(genome(), found)
    assert len(expression(genome(), found, ExpressionOptions(transform="none")).table) == 6


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a\tIV\t5\t9\t+\t1\t\n", ":2: the genome has no 'IV'"),
        ("a\tI\t5\t9\t.\t1\t\n", ":2: the strand '.' is neither"),
        ("a\tI\t9\t9\t+\t1\t\n", ":2: the place 9-9 is none of 'I'"),
        ("a\tI\t5\t9002\t+\t1\t\n", ":2: the place 5-9002 is none of 'I', which has 9,001 bases"),
        ("a\tI\t5\t9\t+\thigh\t\n", ":2: the value 'high' is no finite number"),
        ("a\tI\t5\t9\t+\tinf\t\n", ":2: the value 'inf' is no finite number"),
        ("a\tI\tx\t9\t+\t1\t\n", ":2: the start 'x' is not a whole number"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_measured(written(tmp_path, row), "fpkm", LENGTHS)


def test_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r":1: the table has no column 'tpm'. Fix: it has 'id', 'chrom'"):
        read_measured(written(tmp_path, "a\tI\t5\t9\t+\t1\t\n"), "tpm", LENGTHS)
