"""Promoters: the start at the same base of each, on both strands; scans that hold every start once."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from genolect.errors import ConfigurationError, InputError
from genolect.sequence.annotation import read_annotation
from genolect.sequence.fasta import read_fasta
from genolect.sequence.interval import Feature, Interval
from genolect.tasks.assembly import Assembly
from genolect.tasks.promoters import PromoterOptions, ScanOptions, promoter_scan, promoters, transcription_starts
from tests.tasks.planted import bed, expect_read_as_elsewhere, fasta, genome, starts


def test_promoters_are_read_as_elsewhere(tmp_path: Path) -> None:
    options = PromoterOptions(upstream=80, downstream=23, margin=20)
    sites = transcription_starts(starts(30)).sites
    table = promoters(genome(), sites, options).table
    expect_read_as_elsewhere(table, fasta(tmp_path))
    places, ones = table.places, table.target.values == 1
    assert int(ones.sum()) == len(sites)
    first = np.where(places.strand > 0, places.start + 80, places.end - 1 - 80)[ones]
    assert sorted(first.tolist()) == sorted(sites.position.tolist())


def test_background_keeps_away_from_starts_that_do_not_fit() -> None:
    rows = bed(("I", 5, 6, "edge", "+"), ("I", 4000, 4001, "inner", "-"))
    table = promoters(
        genome(), transcription_starts(rows).sites, PromoterOptions(upstream=50, downstream=9, margin=7)
    ).table
    assert table.target.count() == {"0": 1, "1": 1}
    assert table.places.start[1] >= 5 + 9 + 7


def test_starts_are_taken_from_transcripts_then_genes() -> None:
    def row(kind: str, start: int, identifier: str, strand: str = "+") -> Feature:
        return Feature(Interval("I", start, 99, strand), kind, identifier, None, line=4)  # type: ignore[arg-type]

    gene, first, second = row("gene", 3, "g"), row("transcript", 5, "t1"), row("mRNA", 9, "t2")
    found = transcription_starts([gene, first, second, second]).sites
    assert (found.position.tolist(), found.parent.tolist()) == ([5, 9], ["g", "g"])
    assert transcription_starts([gene]).sites.position.tolist() == [3]
    with pytest.raises(InputError, match="no row of a transcript or a gene"):
        transcription_starts([row("exon", 3, "t")])
    with pytest.raises(InputError, match="I:3 has no strand"):
        transcription_starts([row("gene", 3, "g", ".")])


@pytest.mark.parametrize("window", [50, 83])
def test_a_scan_marks_exactly_the_windows_with_a_start(tmp_path: Path, window: int) -> None:
    sites = transcription_starts(starts(30)).sites
    task = promoter_scan(genome(), sites, ScanOptions(window=window, windows=7))
    table, places = task.table, task.table.places
    expect_read_as_elsewhere(table, fasta(tmp_path))
    for row in range(len(table)):
        held = (
            (sites.name == places.name[row])
            & (sites.position >= places.start[row])
            & (sites.position < places.end[row])
        )
        assert bool(held.any()) == (table.target.values[row] == 1)
    for group in np.unique(table.group).tolist():
        whole = not group.startswith("III")  # a stretch there can lose windows, and its start with them, to Ns
        assert not whole or (table.group == group).sum() == 7
        assert not whole or table.target.values[table.group == group].sum() >= 1
    order = np.lexsort((places.start, places.name))
    same = places.name[order][1:] == places.name[order][:-1]
    assert (places.start[order][1:] >= places.end[order][:-1])[same].all()


def test_starts_lie_anywhere_in_their_stretch() -> None:
    """A start is as likely in the first window of its stretch as in the last: no place gives it away."""
    counts = np.zeros(4)
    for seed in range(40):
        table = promoter_scan(
            genome(), transcription_starts(starts(12)).sites, ScanOptions(window=40, windows=4, seed=seed)
        ).table
        first = np.array([int(parent.split(":")[1].split("-")[0]) for parent in table.group.tolist()])
        at = (table.places.start - first) // 40
        counts += np.bincount(at[table.target.values == 1], minlength=4)
    assert counts.min() / counts.sum() > 0.15


def test_starts_that_are_not_asked_about_are_counted() -> None:
    rows = starts(30)
    again = transcription_starts([*rows, rows[3], rows[3]])
    assert (again.repeated, again.notes) == (2, ("2 rows name a start of transcription that another row names",))
    assert again.sites.position.tolist() == transcription_starts(rows).sites.position.tolist()
    assert transcription_starts(rows).notes == ()
    task = promoter_scan(genome(), again.sites, ScanOptions(window=700, windows=9))
    unused = len(again.sites) - int(task.table.target.values.sum())
    (note,) = (note for note in task.notes if "no whole stretch" in note)
    assert 0 < int(note.split()[0]) <= unused  # two starts of one window are one example
    whole = promoter_scan(genome(), transcription_starts(starts(1)).sites, ScanOptions(window=40, windows=2))
    assert not any("no whole stretch" in note for note in whole.notes)


def test_stretches_longer_than_every_sequence_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="no stretch of 20,000 bases"):
        promoter_scan(genome(), transcription_starts(starts(5)).sites, ScanOptions(window=2000))


def test_yeast_promoters_have_their_tata_where_it_belongs(data_folder: Path) -> None:
    """Most TATA boxes of yeast lie 40 to 120 bases before the start: there promoters have more than background has."""
    records = read_fasta(data_folder / "genomes" / "yeast.fa.gz")
    small = {record.name: record.bases for record in records if record.name in ("I", "VI", "III", "IX")}
    lengths = {name: bases.size for name, bases in small.items()}
    rows = read_annotation(data_folder / "annotations" / "yeast_tss.bed.gz", lengths, allow_missing=True).features
    task = promoters(Assembly.of_records(small), transcription_starts(rows).sites)
    texts = [task.table.sequences.letters(row) for row in range(len(task.table))]

    def share(label: int, first: int) -> float:
        chosen = np.array(texts)[task.table.target.values == label].tolist()
        return sum(re.search("TATA[AT]A[AT]", text[first : first + 57]) is not None for text in chosen) / len(chosen)

    assert share(1, 150) > 2 * share(0, 150)
    assert share(1, 150) > 1.5 * share(1, 0)
    assert abs(task.balance.after["gc"]) < 0.1
