"""Parts of genes: the middle base decides, no two windows overlap, a gene is never torn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from genolect.errors import ConfigurationError, InputError
from genolect.genome.labels import label_bases
from genolect.sequence.annotation import read_annotation
from genolect.sequence.fasta import read_fasta
from genolect.sequence.interval import Feature, Interval
from genolect.tasks.assembly import Assembly
from genolect.tasks.gene_parts import GenePartOptions, gene_parts
from tests.tasks.planted import LENGTHS, bed, expect_read_as_elsewhere, fasta, genome


def genes() -> list[Feature]:
    rows = []
    for number in range(9):
        name, first, strand = [*LENGTHS][number % 3], 300 + 500 * number, "+-"[number % 2]
        for start, end in ((0, 99), (180, 270), (360, 420)):
            for kind, phase in (("exon", None), ("CDS", 0)):
                shift = 30 if kind == "CDS" and start == 0 else 0
                place = Interval(name, first + start + shift, first + end, strand)  # type: ignore[arg-type]
                rows.append(Feature(place, kind, f"t{number}", phase, line=1))
    return rows


@pytest.mark.parametrize("frames", [True, False])
def test_the_middle_base_decides(tmp_path: Path, frames: bool) -> None:
    task = gene_parts(genome(), genes(), GenePartOptions(window=24, frames=frames))
    expect_read_as_elsewhere(task.table, fasta(tmp_path))
    tracks = label_bases(genes(), LENGTHS)
    places = task.table.places
    for row in range(len(task.table)):
        middle = places.start[row] + 12 if places.strand[row] > 0 else places.end[row] - 1 - 12
        part = tracks.names[tracks.classes[str(places.name[row])][middle]]
        assert task.table.target.names[int(task.table.target.values[row])] == (
            part if frames else part.partition(" ")[0]
        )
        if tracks.strands[str(places.name[row])][middle]:
            assert places.strand[row] == tracks.strands[str(places.name[row])][middle]


def test_windows_of_a_gene_are_one_group() -> None:
    task = gene_parts(genome(), genes(), GenePartOptions(window=24))
    places, group = task.table.places, task.table.group
    for number in range(9):
        name, first = [*LENGTHS][number % 3], 300 + 500 * number
        inside = (places.name == name) & (places.start < first + 420) & (places.end > first)
        assert len(set(group[inside].tolist())) == 1
        assert int(inside.sum()) > 3


def test_pure_windows_hold_one_class() -> None:
    task = gene_parts(genome(), genes(), GenePartOptions(window=24, pure=True))
    tracks = label_bases(genes(), LENGTHS)
    for row in range(len(task.table)):
        place = task.table.places
        codes = tracks.classes[str(place.name[row])][place.start[row] : place.end[row]]
        assert len({tracks.names[code].partition(" ")[0] for code in np.unique(codes).tolist()}) == 1
    assert "windows hold more than one class" in " ".join(task.notes)


def test_no_class_is_larger_than_asked_for() -> None:
    counts = gene_parts(genome(), genes(), GenePartOptions(window=24, per_class=11)).table.target.count()
    assert max(counts.values()) == 11


def test_a_class_with_few_windows_is_left_out_and_said_to_be() -> None:
    everything = gene_parts(genome(), genes(), GenePartOptions(window=24, fewest=1)).table
    counts = everything.target.count()
    rarest = min(counts, key=lambda name: counts[name])
    task = gene_parts(genome(), genes(), GenePartOptions(window=24, fewest=counts[rarest] + 1))
    assert set(task.table.target.names) == set(counts) - {rarest}
    kept = everything.target.values != everything.target.names.index(rarest)
    assert task.table.places.start.tolist() == everything.places.start[kept].tolist()
    few = counts[rarest]
    assert f"classes with fewer than {few + 1} windows are left out: {rarest} ({few})" in task.notes
    assert (
        gene_parts(genome(), genes(), GenePartOptions(window=24, fewest=counts[rarest])).table.target.count() == counts
    )


def test_what_has_no_parts_is_refused() -> None:
    with pytest.raises(InputError, match="a BED file has no parts of genes"):
        gene_parts(genome(), bed(("I", 3, 9, "a", "+")))
    with pytest.raises(ConfigurationError, match="pure and frames: no window holds one codon position only"):
        GenePartOptions.from_mapping({"pure": True, "frames": True}, "options")


def test_coding_windows_of_e_coli_have_few_stops_in_frame(data_folder: Path) -> None:
    """Codon position 1 in the middle: read in its frame, a pure coding window has no stop codon, another frame has."""
    records = {record.name: record.bases for record in read_fasta(data_folder / "genomes" / "ecoli.fa.gz")}
    assembly = Assembly.of_records(records)
    rows = read_annotation(data_folder / "genomes" / "ecoli.gff.gz", assembly.lengths).features
    task = gene_parts(assembly, rows, GenePartOptions(window=90, frames=True, count=3000))
    first = task.table.target.values == task.table.target.names.index("coding 1")

    def stops(shift: int) -> float:
        texts = [task.table.sequences.letters(row)[45 + shift : 75 + shift] for row in np.flatnonzero(first).tolist()]
        return float(
            np.mean([any(text[at : at + 3] in ("TAA", "TAG", "TGA") for at in range(0, 30, 3)) for text in texts])
        )

    assert stops(0) < 0.05
    assert min(stops(1), stops(2)) > 0.25
