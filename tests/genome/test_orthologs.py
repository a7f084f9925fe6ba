"""Orthologues: strict reading, genes held out, pairs that are what they say and species that come out even."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from genolect.errors import ConfigurationError, InputError
from genolect.genome.orthologs import (
    OrthologPairSampler,
    Orthologs,
    held_out_genes,
    read_ortholog_fasta,
    read_ortholog_table,
)
from genolect.sequence.alphabet import decode, encode


def toy(genes: int = 11, species: int = 5, *, missing: tuple[tuple[int, int], ...] = ()) -> Orthologs:
    """Sequences whose first and last bases are their own gene and species, of lengths that differ by gene."""
    pairs = [(gene, kind) for gene in range(genes) for kind in range(species) if (gene, kind) not in missing]
    sequences = tuple(np.full(30 + gene, gene % 4, dtype=np.uint8) for gene, _ in pairs)
    columns = np.array(pairs).T
    names = tuple(f"g{gene:03}" for gene in range(genes)), tuple(f"s{kind}" for kind in range(species))
    return Orthologs(*names, columns[0], columns[1], sequences)


def written(folder, text: str, name: str = "table.tsv"):
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_fasta_and_text_with_tabs_give_the_same_table(tmp_path):
    rows = [("b", "Pan", "ACGTN"), ("a", "Homo", "acgR"), ("b", "Homo", "GGG"), ("a", "Pan", "U")]
    lines = ["species\tsequence\tgene", "", *(f"{kind}\t{bases}\t{gene}" for gene, kind, bases in rows)]
    tables = [read_ortholog_table(written(tmp_path, "\r\n".join(lines)))]
    for order, names in (("gene|species", "{0}|{1}"), ("species|gene", "{1}|{0}")):
        text = "".join(f">{names.format(*row)} more\n{row[2]}\n" for row in rows)
        tables.append(read_ortholog_fasta(written(tmp_path, text, "a.fa"), order))
    for table in tables:
        assert (table.genes, table.species) == (("a", "b"), ("Homo", "Pan"))
        assert table.rows.tolist() == [[1, 3], [2, 0]]
        assert [decode(bases) for bases in table.sequences] == ["ACGTN", "acgN", "GGG", "T"]
    part = tables[0].only(["b"])
    assert (part.genes, part.species, part.rows.tolist()) == (("b",), ("Homo", "Pan"), [[1, 0]])
    with pytest.raises(ConfigurationError, match="'c' is none of the 2 genes"):
        tables[0].only(["c"])


HEAD = "gene\tspecies\tsequence\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("gene\tspecies\n", 1, "the first line names 'gene', 'species'"),
        (HEAD + "a\tHomo\tACGT\tx\n", 2, "has 4 cells"),
        (HEAD + "a\t\tACGT\n", 2, "the species is empty"),
        (HEAD + "\n a\tHomo\tAC-GT\n", 3, "'-' is no base"),
        (HEAD + "a\tHomo\tACéGT\n", 2, "'é' is no base"),
        (HEAD + "a\tHomo\tAC\na\tPan\tAC\na\tHomo\tAC\n", 4, "already on line 2"),
        (HEAD + "a\tHomo\tAC\na\tPan\tAC\nb\tHomo\tAC\n", 4, "only one species has the gene 'b'"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_line(tmp_path, text, line, message):
    with pytest.raises(InputError, match=message) as caught:
        read_ortholog_table(written(tmp_path, text))
    assert f"table.tsv:{line}: " in str(caught.value)


@pytest.mark.parametrize("text", [HEAD, "\n\n"])
def test_a_table_without_genes_is_refused(tmp_path, text):
    with pytest.raises(InputError, match="no gene in the file"):
        read_ortholog_table(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (">a|Homo\nAC\n>a\nAC\n", 3, "'a' is not gene|species"),
        (">a|Homo|x\nAC\n", 1, "'a|Homo|x' is not gene|species"),
        (">|Homo\nAC\n", 1, "not gene|species"),
        (">a|Homo\nAC\n>a|Homo\nAC\n", 3, "already on line 1"),
        (">a|Homo\nAC\n>a|Pan\nAC\n>b|Pan\nAC\n", 5, "only one species has the gene 'b'"),
    ],
)
def test_records_that_are_none_are_refused_with_their_line(tmp_path, text, line, message):
    with pytest.raises(InputError, match=message.replace("|", r"\|")) as caught:
        read_ortholog_fasta(written(tmp_path, text, "a.fa"))
    assert f"a.fa:{line}: " in str(caught.value)


def test_held_out_genes_depend_on_names_alone():
    names = [f"gene{number}" for number in range(103)]
    chosen = held_out_genes(names, 0.25)
    assert len(chosen) == 26
    assert held_out_genes(names[::-1], 0.25) == chosen
    assert set(held_out_genes(names, 0.1)) < set(chosen)
    assert len(held_out_genes(["a", "b"], 0.99)) == len(held_out_genes(["a", "b"], 0.01)) == 1
    for genes, share in ((["a"], 0.5), (names, 0.0), (names, 1.0)):
        with pytest.raises(ConfigurationError, match=f"share of {share}"):
            held_out_genes(genes, share)


def test_a_batch_is_pairs_of_one_gene_in_two_species_and_genes_differ():
    table = toy()
    sampler = OrthologPairSampler(table, pairs=7, bases=13, seed=3)
    for step in range(20):
        drawn = sampler.batch(step)
        assert drawn.bases.shape == (14, 13)
        assert len(set(drawn.gene.tolist())) == 7
        assert (drawn.species[:, 0] != drawn.species[:, 1]).all()
        assert (drawn.bases == np.tile(drawn.gene % 4, 2)[:, None]).all()


def test_partners_come_from_the_same_relative_place():
    ramp = np.arange(200, dtype=np.uint8)
    table = Orthologs(("g",), ("a", "b"), np.array([0, 0]), np.array([0, 1]), (ramp[:110], ramp))
    sampler = OrthologPairSampler(table, pairs=1, bases=10, seed=1)
    starts = []
    for step in range(200):
        drawn = sampler.batch(step)
        by_species = drawn.bases[np.argsort(drawn.species[0]), 0].astype(int)
        assert abs(by_species[0] / 101 - by_species[1] / 191) < 0.01
        starts.append(by_species[1])
    assert min(starts) < 10
    assert max(starts) > 180


def test_batches_are_a_function_of_seed_step_and_rank_and_ranks_share_no_gene():
    sampler = OrthologPairSampler(toy(), pairs=5, bases=13, seed=3)
    first, again = sampler.batch(4, 1, 2), OrthologPairSampler(toy(), pairs=5, bases=13, seed=3).batch(4, 1, 2)
    assert np.array_equal(first.bases, again.bases)
    assert np.array_equal(first.species, again.species)
    assert not set(first.gene.tolist()) & set(sampler.batch(4, 0, 2).gene.tolist())
    joined = OrthologPairSampler(toy(), pairs=10, bases=13, seed=3).batch(4)
    assert np.array_equal(joined.gene[5:], first.gene)
    assert np.array_equal(joined.bases[15:], first.bases[5:])
    assert not np.array_equal(first.gene, sampler.batch(5, 1, 2).gene)
    assert not np.array_equal(first.gene, OrthologPairSampler(toy(), pairs=5, bases=13, seed=4).batch(4, 1, 2).gene)


def test_species_come_out_even_though_some_have_few_genes():
    missing = tuple((gene, kind) for gene in range(40) for kind in range(3) if (gene + kind) % 2)
    table = toy(40, 7, missing=missing)
    assert (table.rows >= 0).sum(0).tolist() == [20, 20, 20, 40, 40, 40, 40]
    sampler = OrthologPairSampler(table, pairs=20, bases=13, seed=3)
    used = np.bincount(np.concatenate([sampler.batch(step).species.ravel() for step in range(500)]), minlength=7)
    assert used / used.mean() == pytest.approx(np.ones(7), abs=0.06)


def test_a_balance_that_cannot_be_had_is_approached():
    missing = tuple((gene, 0) for gene in range(1, 30))
    sampler = OrthologPairSampler(toy(30, 4, missing=missing), pairs=30, bases=13, seed=3)
    used = sum(np.bincount(sampler.batch(step).species.ravel(), minlength=4) for step in range(100))
    assert used[0] == 100  # its only gene, every time
    assert used[1:] / used[1:].mean() == pytest.approx(np.ones(3), abs=0.08)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: OrthologPairSampler(toy(), pairs=3, bases=31, seed=1), InputError, "'g000 of s0' has 30 bases"),
        (lambda: OrthologPairSampler(toy(), pairs=0, bases=13, seed=1), ConfigurationError, "0 pairs of 13"),
        (
            lambda: OrthologPairSampler(toy(), pairs=6, bases=13, seed=1).batch(0, 0, 2),
            ConfigurationError,
            "12 pairs per step need as many genes, the table has 11",
        ),
    ],
)
def test_batches_that_cannot_be_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_real_tables_are_read_whole(data_folder):
    table = read_ortholog_fasta(data_folder / "orthologs" / "yeast8.fa.gz")
    assert (len(table.genes), len(table.species), len(table.sequences)) == (106, 8, 848)
    assert sum(map(len, table.sequences)) == 8 * 127_026
    with gzip.open(data_folder / "orthologs" / "yeast8.fa.gz", "rt") as file:
        letters = dict(record.split("\n", 1) for record in file.read().split(">")[1:])
    name = f"{table.genes[table.gene[77]]}|{table.species[table.of_species[77]]}"
    assert np.array_equal(table.sequences[77], encode(letters[name].replace("\n", "")))
    drawn = OrthologPairSampler(table, pairs=64, bases=256, seed=1).batch(0)
    alike = (drawn.bases[:64] == drawn.bases[64:]).mean()  # the published alignments: columns match
    shuffled = (drawn.bases[:64] == np.roll(drawn.bases[64:], 1, axis=0)).mean()
    assert alike > 0.6 > 0.4 > shuffled


def test_mitochondrial_genes_name_the_species_first(data_folder):
    table = read_ortholog_fasta(data_folder / "mitogenomes" / "cds.fa.gz", "species|gene")
    assert (len(table.genes), len(table.sequences)) == (13, 50_340)
    assert "Homo_sapiens" in table.species
