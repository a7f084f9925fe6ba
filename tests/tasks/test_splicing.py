"""Splice sites: junctions in the middle of their windows, decoys that read like sites and are none."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genolect.errors import ConfigurationError, InputError
from genolect.sequence.alphabet import decode, encode, reverse_complement
from genolect.sequence.annotation import read_annotation
from genolect.sequence.fasta import read_fasta
from genolect.sequence.interval import Feature, Interval
from genolect.tasks.assembly import Assembly
from genolect.tasks.splicing import NONE, SpliceOptions, _joined, _spliced, signals, site_target, splicing
from tests.tasks.planted import bed, expect_read_as_elsewhere, fasta, gene, genome, letters


def turned(features, length: int):
    """The same gene on the other strand of the reversed sequence."""
    other = {"+": "-", "-": "+"}
    return gene(
        other[features[0].interval.strand], *((length - f.interval.end, length - f.interval.start) for f in features)
    )


def canonical_gene(strand: str):
    """Exons of a gene on sequence I whose introns begin with GT and end in AG as that strand is read."""
    text = letters()["I"] if strand == "+" else decode(reverse_complement(encode(letters()["I"])))
    exons, at = [], 1000
    for _ in range(4):
        donor = text.index("GT", at + 40)
        acceptor = text.index("AG", donor + 90) + 2
        exons.append((at, donor))
        at = acceptor
    exons.append((at, at + 50))
    rows = gene("+", *exons)
    return rows if strand == "+" else turned(rows, 9001)


@pytest.mark.parametrize("strand", ["+", "-"])
@pytest.mark.parametrize("sites", ["both", "donor", "acceptor"])
def test_windows_are_read_as_elsewhere_and_read_like_sites(tmp_path: Path, strand: str, sites: str) -> None:
    task = splicing(genome(), canonical_gene(strand), SpliceOptions(sites=sites, window=20, per_site=2))  # type: ignore[arg-type]
    expect_read_as_elsewhere(task.table, fasta(tmp_path))
    target, decoy = task.table.target, task.columns["decoy"]
    real = 4 * (2 if sites == "both" else 1)
    assert int((decoy == "").sum()) == real
    assert int((decoy != "").sum()) == 2 * real
    for row in range(len(task.table)):
        text, name = task.table.sequences.letters(row).upper(), target.names[int(target.values[row])]
        kind = decoy[row] or (name if sites == "both" else sites)
        assert (text[10:12] == "GT") if kind == "donor" else (text[8:10] == "AG")
        assert (name in (NONE, "0")) == (decoy[row] != "")


def test_both_strands_of_a_genome_give_the_same_sites() -> None:
    rows = canonical_gene("+")
    mirror = Assembly.of_records({"I": reverse_complement(genome().whole("I"))})
    ours = splicing(genome(), rows, SpliceOptions(window=20)).table
    theirs = splicing(mirror, turned(rows, 9001), SpliceOptions(window=20)).table

    def real(table) -> list[str]:
        none = table.target.names.index(NONE)
        return sorted(table.sequences.letters(row) for row in np.flatnonzero(table.target.values != none).tolist())

    assert real(ours) == real(theirs)


def test_decoys_are_no_sites_of_any_transcript() -> None:
    first = canonical_gene("+")
    text = letters()["I"]
    second = [(row.interval.start, row.interval.end) for row in first]
    second[1] = (second[1][0], text.index("GT", second[1][0] + 3))
    both = [*first, *gene("+", *second, identifier="t2")]
    known = set().union(*(locus.junctions.donor for locus in _joined(_spliced(both).genes)))
    assert len(known) == 5
    task = splicing(genome(), both, SpliceOptions(sites="donor", window=20, per_site=99))
    zero = task.table.target.values == 0
    assert not known & set((task.table.places.start[zero] + 10).tolist())
    whole = signals(genome().read("I", 1000, first[-1].interval.end), "donor", 1) + 1000
    assert set((task.table.places.start + 10).tolist()) == set(whole.tolist())
    assert any("decoys are missing" in note for note in task.notes)


def test_a_donor_behind_ag_is_no_decoy_of_an_acceptor() -> None:
    text = "CCAACCAACAG" + "GTCCAACAGTCCCAACAG" + "GTCAAGTCCA" * 3
    records = Assembly.of_records({"I": encode(text)})
    rows = gene("+", (2, 11), (29, 50))
    for sites, real in (("both", {"donor", "acceptor"}), ("acceptor", {"1"}), ("donor", {"1"})):
        task = splicing(records, rows, SpliceOptions(sites=sites, window=4, per_site=99))  # type: ignore[arg-type]
        labels: dict[int, set[str]] = {}
        for start, code in zip(task.table.places.start.tolist(), task.table.target.values.tolist(), strict=True):
            labels.setdefault(start + 2, set()).add(task.table.target.names[code])
        assert all(len(found) == 1 for found in labels.values())
        assert labels.get(11, set()) | labels.get(29, set()) == real


def test_signals_are_those_of_strings() -> None:
    text = letters()["II"].upper()
    places = range(len(text) - 1)
    other = encode(text)
    assert signals(other, "donor", 1).tolist() == [p for p in places if text[p : p + 2] == "GT"]
    assert signals(other, "acceptor", 1).tolist() == [p + 2 for p in places if text[p : p + 2] == "AG"]
    assert signals(other, "donor", -1).tolist() == [p + 2 for p in places if text[p : p + 2] == "AC"]
    assert signals(other, "acceptor", -1).tolist() == [p for p in places if text[p : p + 2] == "CT"]


def test_classes_of_sites_stand_in_the_order_of_their_names() -> None:
    label = np.array(["none", "donor", "acceptor", "donor"])
    three, two = site_target(label, "both"), site_target(label, "donor")
    assert [three.names[code] for code in three.values.tolist()] == label.tolist()
    assert (two.names, two.values.tolist()) == (("0", "1"), [0, 1, 1, 1])


def test_odd_sites_are_left_out_and_counted() -> None:
    rows = canonical_gene("+")
    moved = gene("+", *((row.interval.start, row.interval.end + (7 if n == 0 else 0)) for n, row in enumerate(rows)))
    odd = letters()["I"][rows[0].interval.end + 7 :][:2] != "GT"
    task = splicing(genome(), moved, SpliceOptions(window=20))
    assert odd
    assert "1 sites without GT or AG are left out" in task.notes


def test_sites_of_pseudogenes_are_left_out_and_counted() -> None:
    rows = canonical_gene("+")
    alone = splicing(genome(), rows, SpliceOptions(window=20))
    hull = Interval("II", 2000, 2600, "+")
    dead = [Feature(hull, "pseudogene", "dead", None, line=1)]
    dead += gene("+", (2000, 2100), (2300, 2350), (2500, 2600), name="II", identifier="dead")
    both = splicing(genome(), [*rows, *dead], SpliceOptions(window=20))
    assert both.table.target.count() == alone.table.target.count()
    assert set(both.notes) - set(alone.notes) == {
        "2 donors of pseudogenes and transposon genes are left out",
        "2 acceptors of pseudogenes and transposon genes are left out",
    }
    one = splicing(genome(), [*rows, *dead], SpliceOptions(window=20, sites="donor"))
    assert not any("acceptors" in note for note in one.notes)
    other = gene("+", (100, 200), (400, 500), identifier="free")
    strandless = [replace(row, interval=replace(row.interval, strand=".")) for row in other]
    notes = splicing(genome(), [*rows, *strandless], SpliceOptions(window=20)).notes
    assert "1 introns of transcripts without a strand are left out" in notes


def test_genes_without_introns_and_odd_windows_are_refused() -> None:
    with pytest.raises(InputError, match="the annotation has no intron"):
        splicing(genome(), gene("+", (100, 200)))
    with pytest.raises(ConfigurationError, match="window: Input should be a multiple of 2"):
        SpliceOptions.from_mapping({"window": 61}, "options")
    with pytest.raises(InputError, match="the annotation has no intron"):
        splicing(genome(), bed(("I", 3, 9, "", "+")))


def test_donors_of_yeast_and_arabidopsis_read_as_they_should(data_folder: Path) -> None:
    for name, suffix, most in (("yeast", "gtf", "GTATGT"), ("arabidopsis_1pct", "gff3", "GTAAGT")):
        records = {record.name: record.bases for record in read_fasta(data_folder / "genomes" / f"{name}.fa.gz")}
        lengths = {key: bases.size for key, bases in records.items()}
        rows = read_annotation(data_folder / "genomes" / f"{name}.{suffix}.gz", lengths).features
        task = splicing(Assembly.of_records(records), rows, SpliceOptions(sites="donor"))
        texts = [task.table.sequences.letters(row)[30:36].upper() for row in range(len(task.table))]
        label = task.table.target.values.tolist()
        real = Counter(text for text, value in zip(texts, label, strict=True) if value == 1)
        decoys = Counter(text for text, value in zip(texts, label, strict=True) if value == 0)
        assert real.most_common(1)[0][0] == most
        assert real[most] > 3 * decoys[most]
        assert all(text.startswith("GT") for text in texts)
