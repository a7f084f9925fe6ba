"""Variant effects: both sequences of a pair, the effect of its own row, and references that must agree."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genolect.errors import InputError
from genolect.sequence.fasta import read_fasta
from genolect.sequence.variant import variant_of
from genolect.tasks.assembly import Assembly
from genolect.tasks.variant_effects import VariantColumns, VariantOptions, read_variant_table, variant_effects
from tests.tasks.planted import genome, letters


def some(count: int = 12):
    text = letters()["I"]
    change = str.maketrans("ACGT", "CGTA")
    return [
        variant_of(
            "I",
            at + 1,
            (text[at], text[at].translate(change)),
            line=n + 2,
            facts={"effect": str(n / 4), "group": f"g{n % 3}"},
        )
        for n, at in enumerate(range(500, 500 + 700 * count, 700))
    ]


@pytest.mark.parametrize("window", [30, 41])
def test_a_pair_differs_in_the_variant_alone(window: int) -> None:
    task = variant_effects(genome(), some(), VariantOptions(label="effect", window=window))
    for row, variant in enumerate(some()):
        changed, plain = task.table.sequences.letters(row), str(task.columns["reference_sequence"][row])
        offset = int(task.columns["offset"][row])
        assert [place for place in range(window) if changed[place] != plain[place]] == [offset] == [window // 2]
        assert (plain[offset], changed[offset]) == (variant.reference, variant.alternative)
        assert plain == letters()["I"][task.table.places.start[row] : task.table.places.end[row]]
    assert task.table.target.values.tolist() == [n / 4 for n in range(12)]
    assert len(set(task.table.group.tolist())) == 3


def test_without_a_group_neighbours_stay_together() -> None:
    bare = [
        variant_of(v.name, v.position, (v.reference, v.alternative), facts={"effect": v.facts["effect"]})
        for v in some()
    ]
    task = variant_effects(genome(), bare, VariantOptions(label="effect", window=30))
    assert set(task.table.group.tolist()) == {"I:0"}


def test_what_cannot_be_used_is_counted() -> None:
    text = letters()["I"]
    edge = variant_of("I", 3, (text[2], "-"), facts={"effect": "1"})
    blank = variant_of("I", 900, (text[899], "-"), facts={"effect": ""})
    task = variant_effects(genome(), [*some(), edge, blank], VariantOptions(label="effect", window=30))
    assert task.notes == ("1 variants have no effect", "1 windows leave their sequence")
    with pytest.raises(InputError, match="no variant can be used: 12 variants have no score"):
        variant_effects(genome(), some(), VariantOptions(label="score"))


def test_the_wrong_genome_is_refused_with_the_line() -> None:
    with pytest.raises(InputError, match="I:501 is said to be") as refusal:
        variant_effects(
            genome(seed=4),
            [variant_of("I", 501, ("GATTACA", "G"), line=7, facts={"effect": "1"})],
            VariantOptions(label="effect"),
        )
    assert refusal.value.line == 7
    with pytest.raises(InputError, match="the genome has no 'V'"):
        variant_effects(
            genome(), [variant_of("V", 1, ("A", "G"), facts={"effect": "1"})], VariantOptions(label="effect")
        )


def test_a_mutagenesis_experiment_is_read_whole(data_folder: Path) -> None:
    folder = data_folder / "tasks"
    elements = Assembly.of_records({r.name: r.bases for r in read_fasta(folder / "mpra_satmut_elements.fa.gz")})
    columns = VariantColumns(chrom="element", pos="position", zero_based=True)
    variants = [
        v for v in read_variant_table(folder / "mpra_satmut.tsv.gz", columns) if v.name in ("HBB", "LDLR", "LDLR.2")
    ]
    task = variant_effects(elements, variants, VariantOptions(label="log2_effect"))
    assert Counter(task.table.group.tolist()) == {"HBB": 623, "LDLR": 1083 + 1093}
    assert task.table.target.kind == "number"
    lengths = task.table.sequences.lengths - np.array(
        [len(text) for text in task.columns["reference_sequence"].tolist()]
    )
    assert set(lengths.tolist()) == {0, -1}
    assert int((lengths == -1).sum()) == sum(v.alternative == "" for v in variants)


def test_a_position_counted_wrongly_is_found(data_folder: Path) -> None:
    """The same table read as if it counted from 1 disagrees with its elements."""
    folder = data_folder / "tasks"
    elements = Assembly.of_records({r.name: r.bases for r in read_fasta(folder / "mpra_satmut_elements.fa.gz")})
    with pytest.raises(InputError, match=r"mpra_satmut\.tsv\.gz:2: the position is 0"):
        read_variant_table(folder / "mpra_satmut.tsv.gz", VariantColumns(chrom="element", pos="position"))
    right = read_variant_table(
        folder / "mpra_satmut.tsv.gz", VariantColumns(chrom="element", pos="position", zero_based=True)
    )
    shifted = [replace(variant, position=variant.position - 1) for variant in right[9:]]
    with pytest.raises(InputError, match="is said to be"):
        variant_effects(elements, shifted, VariantOptions(label="log2_effect"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1\t0\tA\tG\n", ":2: the position is 0"),
        ("1\t3\tA\tA\n", ":2: reference and alternative"),
        ("1\tx\tA\tG\n", ":2: the position 'x'"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("chrom\tpos\tref\talt\n" + row)
    with pytest.raises(InputError, match=message):
        read_variant_table(path)
    path.write_text("chrom\tposition\tref\talt\n" + row)
    with pytest.raises(InputError, match=":1: the table has no column 'pos'"):
        read_variant_table(path)
