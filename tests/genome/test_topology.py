"""Circles: what declares one, and what only looks as if it did."""

from __future__ import annotations

import pytest

from genolect.errors import ConfigurationError, InputError
from genolect.genome.genome import circular_sequences, declares_circular, refuse_unknown_circular

REGION = "MT\t.\tregion\t1\t90\t.\t.\t.\t{}\n"


@pytest.mark.parametrize(
    ("description", "circular"),
    [
        ("[organism=Mus musculus] [location=mitochondrion] [topology=circular]", True),
        ("[Topology = Circular]", True),
        ("[topology=linear]", False),
        ("circular RNA-binding protein", False),
        ("plasmid, circular, complete sequence", False),
        ("topology=circular", False),
        ("", False),
    ],
)
def test_only_a_clear_statement_counts(description, circular):
    assert declares_circular(description) == circular


def test_region_rows_of_a_gff3_declare_circles_even_where_genes_cross_the_origin(tmp_path):
    path = tmp_path / "a.gff3"
    rows = [REGION.format("ID=MT;Is_circular=true"), "I\t.\tregion\t1\t70\t.\t.\t.\tID=I\n"]
    gene = "MT\t.\tgene\t80\t99\t.\t+\t.\tID=g\n"
    path.write_text(
        "##gff-version 3\n#Is_circular=true\n" + "".join([*rows, gene]) + "##FASTA\n>Is_circular=true\nAC\n"
    )
    assert circular_sequences(path) == {"MT"}


@pytest.mark.parametrize("attributes", ["ID=MT", "ID=MT;Is_circular=false", "Note=Is_circular=true"])
def test_a_file_that_declares_none_is_refused(tmp_path, attributes):
    path = tmp_path / "a.gff3"
    path.write_text(REGION.format(attributes))
    with pytest.raises(InputError, match=r"a\.gff3: no row says Is_circular=true"):
        circular_sequences(path)


def test_a_name_that_is_not_there_cannot_be_circular():
    names = [f"r{number}" for number in range(7)]
    refuse_unknown_circular(["r3"], names, "a.fa")
    refuse_unknown_circular("all", names, "a.fa")
    with pytest.raises(ConfigurationError, match=r"no record 'MT' .* choose among: r0, r1, r2, r3, r4 …"):
        refuse_unknown_circular(["r3", "MT"], names, "a.fa")
