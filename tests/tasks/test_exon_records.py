"""Records of exon, intron and exon: read as they stand, chosen by their columns, drawn by whole genes."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import ConfigurationError, InputError
from genolect.tasks.junctions import Record, RecordColumns, draw_genes, read_records

HEAD = "id\tspecies\tgene\texon1\tintron\texon2\n"
ROWS = "x1\tfly\ta\tACCa\tGTTTAG\tGG\nx2\tworm\ta\tTT\tGCTTAG\tuRy\n"

GENES = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40)


def made(genes: list[str]) -> list[Record]:
    return [Record(gene, "ACGTTTAGGG", 2, 8, f"r{number}", "", kept=True) for number, gene in enumerate(genes)]


def written(folder: Path, text: str) -> Path:
    path = folder / "records.tsv"
    path.write_text(text)
    return path


def test_pieces_are_put_together_and_keep_their_case(tmp_path: Path) -> None:
    first, second = read_records(written(tmp_path, HEAD + ROWS))
    assert first == Record("fly:a", "ACCaGTTTAGGG", 4, 10, "x1", "fly", kept=True)
    assert second.letters == "TTGCTTAGtNn"
    assert (first.canonical, second.canonical) == (True, False)


def test_commas_gzip_and_other_names_say_the_same(tmp_path: Path) -> None:
    plain = read_records(written(tmp_path, HEAD + ROWS))
    other = tmp_path / "other.csv.gz"
    head = "id,organism,locus,left,middle,right\n"
    other.write_bytes(gzip.compress((head + ROWS.replace("\t", ",")).encode()))
    columns = RecordColumns(exon1="left", intron="middle", exon2="right", gene="locus", species="organism")
    assert read_records(other, columns) == plain


def test_species_and_identifiers_are_not_needed(tmp_path: Path) -> None:
    (record,) = read_records(written(tmp_path, "gene\texon1\tintron\texon2\na\tAC\tGTAG\tT\n"))
    assert (record.gene, record.species, record.name) == ("a", "", "row 2")


@pytest.mark.parametrize(
    ("intron", "canonical"),
    [("GTAG", True), ("gtccag", True), ("GTG", False), ("GTAC", False), ("GCAAAG", False), ("ATAAAC", False)],
)
def test_an_intron_is_canonical_from_gt_to_ag(intron: str, canonical: bool) -> None:
    assert Record("a", f"CCC{intron}TTT", 3, 3 + len(intron), "", "", kept=True).canonical is canonical


def test_choices_of_one_column_add_up_and_of_two_narrow_down(tmp_path: Path) -> None:
    rows = "".join(f"{s}{g}\t{s}\t{g}\tA\tGTAG\tA\n" for s in ("fly", "worm", "ant") for g in "ab")
    path = written(tmp_path, HEAD + rows)

    def kept(*keep: str) -> list[str]:
        return [record.name for record in read_records(path, keep=keep) if record.kept]

    assert len(kept()) == 6
    assert kept("species=fly") == ["flya", "flyb"]
    assert kept("species=fly", "species=ant") == ["flya", "flyb", "anta", "antb"]
    assert kept("species=fly", "gene=b") == ["flyb"]
    assert len(read_records(path, keep=["species=fly"])) == 6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD.replace("intron", "middle") + ROWS, r"records.tsv:1: the table has no column 'intron'. Fix: it has 'id'"),
        (HEAD + ROWS + "x3\tfly\ta\t\tGTAG\tA\n", r"records.tsv:4: the exon1 is empty. Fix: fill it in"),
        (HEAD + ROWS + "x3\tfly\t\tA\tGTAG\tA\n", r"records.tsv:4: the gene is empty"),
        (HEAD + "x3\tfly\ta\tA\tGT-AG\tA\n" + ROWS, r"records.tsv:2: '-' is no base"),
        (HEAD + ROWS + "x3\tfly\ta\tA\tGTAG\tA1\n", r"records.tsv:4: '1' is no base"),
        (HEAD + ROWS + "x3\tfly\ta\tA\tGTAG\n", r"records.tsv:4: the row has 5 cells"),
        ("", r"records.tsv.*empty"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_records(written(tmp_path, text))
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ("tissue=leaf", r"records.tsv:1: the table has no column 'tissue'"),
        ("species=fish", r"records.tsv: no row has 'fish' as 'species'. Fix: there are 'fly', 'worm'"),
    ],
)
def test_a_choice_that_nothing_meets_is_refused(tmp_path: Path, keep: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_records(written(tmp_path, HEAD + ROWS), keep=[keep])


@pytest.mark.parametrize("keep", ["fly", "=fly", "species="])
def test_a_choice_is_a_column_and_a_value(tmp_path: Path, keep: str) -> None:
    with pytest.raises(ConfigurationError, match="write it --keep COLUMN=VALUE"):
        read_records(written(tmp_path, HEAD + ROWS), keep=[keep])


def test_a_species_column_that_is_asked_for_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column 'organism'"):
        read_records(written(tmp_path, HEAD + ROWS), RecordColumns(species="organism"))


@given(genes=GENES, count=st.integers(1, 45), seed=st.integers(0, 9), data=st.data())
def test_genes_are_drawn_whole_and_by_the_seed_alone(genes, count, seed, data):
    records = made(genes)
    drawn = draw_genes(records, count, seed)
    taken = {record.gene for record in drawn}
    assert drawn == [record for record in records if record.gene in taken]
    # As many as were asked for, and without the gene that came last fewer.
    assert len(drawn) >= min(count, len(records))
    assert min(len(drawn) - genes.count(gene) for gene in taken) < count
    shuffled = data.draw(st.permutations(records))
    assert {record.name for record in draw_genes(shuffled, count, seed)} == {record.name for record in drawn}
    more = {record.gene for record in draw_genes(records, count + 5, seed)}
    assert taken <= more


def test_another_seed_draws_other_genes() -> None:
    records = made([letter for letter in "abcdefghijklmnop" for _ in range(3)])
    assert len({tuple(draw_genes(records, 12, seed)) for seed in range(8)}) > 4


def test_real_records_are_read_whole(data_folder: Path) -> None:
    records = read_records(data_folder / "tasks" / "splice_eie.tsv.gz", keep=["species=drosophila_melanogaster"])
    assert len(records) == 136_206
    assert sum(record.kept for record in records) == 19_886
    assert all(record.canonical for record in records)
    assert {record.donor for record in records} == {50}
