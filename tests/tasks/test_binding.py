"""Binding: sites in peaks against sites far from them, chosen alike in score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genolect.errors import InputError
from genolect.sequence.alphabet import encode, reverse_complement
from genolect.sequence.annotation import read_annotation
from genolect.sequence.fasta import read_fasta
from genolect.sequence.motif import Motif, find_motif, read_motifs, scan, score_steps
from genolect.tasks.assembly import Assembly
from genolect.tasks.binding import BindingOptions, binding, composition, motif_sites
from tests.tasks.planted import bed, expect_read_as_elsewhere, fasta, genome

MOTIF = Motif("M1", "toy", np.random.default_rng(8).dirichlet(np.full(4, 0.3), size=7), 60.0)


def peaks(every: int = 3):
    found = motif_sites(genome(), MOTIF, 5e-3)
    rows = zip(found.sites.name.tolist(), found.start.tolist(), strict=True)
    return bed(
        *((name, start - 5, start + 12, "", ".") for number, (name, start) in enumerate(rows) if number % every == 0)
    )


def test_sites_are_the_best_of_overlapping_hits() -> None:
    found = motif_sites(genome(), MOTIF, 0.02)
    scores = score_steps(MOTIF, composition(genome()))
    hits = sum(scan(genome().whole(name), scores, scores.threshold(0.02)).start.size for name in genome().lengths)
    assert found.overlapping == hits - len(found.sites) > 0
    for name in genome().lengths:
        here = found.sites.name == name
        start = found.start[here]
        assert (np.diff(start) >= MOTIF.width).all()
        hits = scan(genome().whole(name), scores, scores.threshold(0.02))
        assert set(start.tolist()) <= set(hits.start.tolist())
        for place, score in zip(hits.start.tolist(), hits.score.tolist(), strict=True):
            near = here.copy()
            near[here] = abs(start - place) < MOTIF.width
            assert round(float(found.score[near].max()) * 100) >= score


def test_labels_follow_the_peaks_and_windows_the_sites(tmp_path: Path) -> None:
    options = BindingOptions(window=41, p_value=5e-3, margin=20, per_bound=0)
    rows = peaks()
    task = binding(genome(), rows, MOTIF, options)
    expect_read_as_elsewhere(task.table, fasta(tmp_path))
    places, steps = task.table.places, score_steps(MOTIF, composition(genome()))
    for row in range(len(task.table)):
        window = encode(task.table.sequences.letters(row))
        # The middle base of the motif is base 20 of the window, so the motif begins at 20 - 7 // 2 as it is read.
        hits = scan(window[17:24], steps, -(10**6))
        assert hits.score[hits.strand == 1][0] / 100 == pytest.approx(float(task.columns["score"][row]), abs=0.006)
        middle = places.start[row] + 20
        first = middle - 3
        inside = any(
            p.interval.name == places.name[row] and p.interval.start <= first and first + 7 <= p.interval.end
            for p in rows
        )
        near = any(
            p.interval.name == places.name[row] and first < p.interval.end + 20 and p.interval.start - 20 < first + 7
            for p in rows
        )
        assert inside == (task.table.target.values[row] == 1)
        assert inside or not near


def test_unbound_sites_are_chosen_alike() -> None:
    options = {"window": 40, "p_value": 0.01, "margin": 15}
    rows = peaks(4)
    everything = binding(genome(), rows, MOTIF, BindingOptions(**options, per_bound=0))
    chosen = binding(genome(), rows, MOTIF, BindingOptions(**options, per_bound=1))

    def gap(task) -> float:
        score, bound = task.columns["score"].astype(float), task.table.target.values == 1
        return abs(score[bound].mean() - score[~bound].mean())

    assert chosen.table.target.count()["0"] == chosen.table.target.count()["1"] == everything.table.target.count()["1"]
    assert gap(chosen) < gap(everything) / 2


def test_a_genome_without_bound_sites_is_refused() -> None:
    with pytest.raises(InputError, match=r"sites of toy 0 lie in a peak"):
        binding(genome(), bed(("I", 3, 5, "", ".")), MOTIF, BindingOptions(p_value=5e-3))


def test_the_other_strand_of_the_genome_has_the_same_sites() -> None:
    """Of overlapping hits with one score another may be kept, so only sites that nothing overlaps are compared."""
    turned = Assembly.of_records({name: reverse_complement(genome().whole(name)) for name in genome().lengths})
    ours, theirs = motif_sites(genome(), MOTIF, 1e-3), motif_sites(turned, MOTIF, 1e-3)
    lengths = genome().lengths
    mirrored = {
        (name, lengths[name] - MOTIF.width - start, -strand)
        for name, start, strand in zip(
            theirs.sites.name.tolist(), theirs.start.tolist(), theirs.sites.strand.tolist(), strict=True
        )
    }
    own = set(zip(ours.sites.name.tolist(), ours.start.tolist(), ours.sites.strand.tolist(), strict=True))
    assert len(own & mirrored) > 0.9 * len(own) > 5


def test_tata_boxes_of_yeast_are_found(data_folder: Path) -> None:
    """Boxes that were found in vivo are sites of TBP much more often than places beside them."""
    records = {record.name: record.bases for record in read_fasta(data_folder / "genomes" / "yeast.fa.gz")}
    small = Assembly.of_records({name: records[name] for name in ("III", "V")})
    motif = find_motif(read_motifs(data_folder / "motifs" / "jaspar2024_core.meme.gz"), "TBP")
    boxes = read_annotation(
        data_folder / "annotations" / "yeast_tata.bed.gz", small.lengths, allow_missing=True
    ).features
    found = motif_sites(small, motif, 1e-3)

    def hit(shift: int) -> int:
        return sum(
            bool(((found.sites.name == box.interval.name) & (abs(found.start - box.interval.start - shift) < 4)).any())
            for box in boxes
        )

    assert len(boxes) > 20
    assert hit(0) > 0.5 * len(boxes)
    assert hit(0) > 5 * hit(150)
