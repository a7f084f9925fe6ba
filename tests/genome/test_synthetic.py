"""The synthetic genome, read back from its own files by other programs: is the truth true."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyfaidx
import pytest
from Bio.Seq import Seq
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import ConfigurationError, MachineError
from genolect.files import read_manifest
from genolect.genome.synthetic import (
    SyntheticConfig,
    SyntheticGenome,
    bed_text,
    chromosome,
    fasta_text,
    generate,
    gff_text,
    write_synthetic,
)
from genolect.sequence.alphabet import decode, encode
from tests.genome.synthetic_reading import CONFIG, REPEATS, Reading, example

SMALL = SyntheticConfig(seed=5, chromosomes=2, bases_per_chromosome=11_000)


@pytest.fixture(scope="module")
def reading() -> Reading:
    return example()


def texts(genome: SyntheticGenome) -> tuple[str, str, str]:
    return fasta_text(genome), gff_text(genome), bed_text(genome)


# ---------------------------------------------------------------- the same seed, the same genome


def test_the_same_configuration_gives_the_same_bytes_and_another_seed_other_ones() -> None:
    first, again, other = (texts(generate(config)) for config in (SMALL, replace(SMALL), replace(SMALL, seed=6)))
    assert first == again
    assert all(one != another for one, another in zip(first, other, strict=True))


def test_a_chromosome_does_not_depend_on_the_others(reading: Reading) -> None:
    fewer = generate(replace(CONFIG, chromosomes=2))
    alone = chromosome(CONFIG, fewer.families, 2, CONFIG.lengths[1])
    np.testing.assert_array_equal(alone.bases, reading.genome.chromosomes["synthetic_2"])
    np.testing.assert_array_equal(fewer.chromosomes["synthetic_1"], reading.genome.chromosomes["synthetic_1"])
    assert fewer.features == [row for row in reading.genome.features if row.interval.name != "synthetic_3"]
    assert not np.array_equal(alone.bases, chromosome(CONFIG, fewer.families, 3, CONFIG.lengths[1]).bases)


def test_only_repeats_recur_on_another_chromosome(reading: Reading) -> None:
    def words(name: str, letters: str) -> set[str]:
        """Give all words of 32 letters of the unmasked (or the masked) runs, on both strands."""
        both = reading.sequences[name], str(Seq(reading.sequences[name]).reverse_complement())
        runs = [run for strand in both for run in re.findall(f"[{letters}]{{32,}}", strand)]
        return {run[start : start + 32] for run in runs for start in range(len(run) - 31)}

    assert not words("synthetic_1", "ACGT") & words("synthetic_2", "ACGT")
    assert len(words("synthetic_1", "acgt") & words("synthetic_2", "acgt")) > 500


def test_lengths_differ_and_keep_when_chromosomes_are_added() -> None:
    lengths = SyntheticConfig(chromosomes=40, bases_per_chromosome=20_000).lengths
    assert len(set(lengths)) == 40
    assert SyntheticConfig(chromosomes=7, bases_per_chromosome=20_000).lengths == lengths[:7]
    assert 1_500_000 < sum(SyntheticConfig().lengths) < 2_000_000


# ---------------------------------------------------------------- what lies between the genes


def cpg_ratio(letters: str) -> float:
    cytosines, guanines = letters.count("C"), letters.count("G")
    return letters.count("CG") * len(letters) / (cytosines * guanines)


def test_islands_have_the_cpg_that_the_background_lost(reading: Reading) -> None:
    islands = "N".join(reading.letters(row) for row in reading.of_kind["CpG_island"])
    background_runs = []
    for name, sequence in reading.sequences.items():
        bare = np.where(reading.covered(name) == 0, np.frombuffer(sequence.encode(), dtype="S1"), b"N")
        background_runs.append(re.sub("N+", "N", bare.tobytes().decode()))
    bare = "N".join(background_runs)
    assert len(bare) > 100_000
    assert 0.9 < cpg_ratio(islands) < 1.1
    assert 0.2 < cpg_ratio(bare) < 0.3


def test_gc_content_drifts_along_the_chromosome() -> None:
    bare = SyntheticConfig(chromosomes=1, bases_per_chromosome=200_000, genes_per_kilobase=0.001, repeat_share=0)
    (bases,) = generate(replace(bare, tandem_share=0)).chromosomes.values()
    gc = [np.isin(block, encode("CG")).mean() for block in np.split(bases[:270_000], 18)]
    assert np.ptp(gc) > 0.04
    assert max(abs(one - other) for one, other in pairwise(gc)) < 0.06


def test_shares_and_densities_are_those_asked_for(reading: Reading) -> None:
    total = sum(map(len, reading.sequences.values()))
    masked = {kind: sum(row.end - row.start + 1 for row in reading.of_kind[kind]) / total for kind in REPEATS}
    assert masked["dispersed_repeat"] == pytest.approx(CONFIG.repeat_share, rel=0.05)
    assert masked["microsatellite"] + masked["minisatellite"] == pytest.approx(CONFIG.tandem_share, rel=0.1)
    assert len(reading.of_kind["gene"]) / total * 1_000 == pytest.approx(CONFIG.genes_per_kilobase, rel=0.15)
    assert len(reading.of_kind["gap"]) / total * 1e6 == pytest.approx(CONFIG.gaps_per_megabase, rel=0.5)


def test_what_is_asked_to_be_absent_is_absent() -> None:
    none = SyntheticConfig(chromosomes=1, bases_per_chromosome=60_000, island_share=0, ap1_share=0, repeat_share=0)
    genome = generate(replace(none, tandem_share=0, gaps_per_megabase=0))
    absent = {"CpG_island", "TF_binding_site", "gap", *REPEATS}
    assert not absent & {planted.kind for planted in genome.features}
    assert absent < {planted.kind for planted in generate(CONFIG).features}
    assert max(genome.chromosomes["synthetic_1"]) < 4


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**63), scale=st.integers(10_000, 13_000))
def test_the_grammar_holds_for_any_seed(seed: int, scale: int) -> None:
    config = SyntheticConfig(seed=seed, chromosomes=1, bases_per_chromosome=scale, gaps_per_megabase=100)
    small = Reading(generate(config))
    (sequence,) = small.sequences.values()
    assert (len(sequence),) == config.lengths
    for row in small.of_kind["mRNA"]:
        Seq(small.coding(row.attributes["ID"])).translate(cds=True)
    repeats = small.covered("synthetic_1", *REPEATS)
    assert [letter.islower() for letter in sequence] == (repeats == 1).tolist()


# ---------------------------------------------------------------- configuration and files


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", -1),
        ("chromosomes", 0),
        ("bases_per_chromosome", 9_999),
        ("genes_per_kilobase", 0.41),
        ("island_share", float("nan")),
        ("ap1_share", 1.5),
        ("repeat_share", -0.1),
        ("repeat_divergence", (0.3, 0.2)),
        ("tandem_share", 0.5),
        ("gaps_per_megabase", 101.0),
    ],
)
def test_values_out_of_range_are_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(f"{field} is {value}")):
        SyntheticConfig(**{field: value})


def test_the_folder_is_whole_and_says_that_it_is_synthetic(tmp_path: Path) -> None:
    paths = write_synthetic(SMALL, tmp_path / "genome")
    assert list(paths) == ["genome.fa", "genes.gff3", "truth.bed", "README.txt"]
    facts = read_manifest(tmp_path / "genome")
    assert facts["synthetic"] is True
    assert set(facts["files"]) == set(paths)
    for name in ("genome.fa", "genes.gff3", "README.txt"):
        assert "SYNTHETIC" in "".join(paths[name].read_text().splitlines(keepends=True)[:2])
    genome = generate(SMALL)
    (tmp_path / "copy.fa").write_bytes(paths["genome.fa"].read_bytes())
    with pyfaidx.Fasta(str(tmp_path / "copy.fa")) as indexed:
        assert {name: str(indexed[name]) for name in genome.chromosomes} == {
            name: decode(bases) for name, bases in genome.chromosomes.items()
        }


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(MachineError, match=re.escape(str(tmp_path))):
        write_synthetic(SMALL, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_bed_and_gff_tell_the_same(reading: Reading) -> None:
    stated = {
        (row.name, row.start - 1, row.end, row.attributes["Name"], row.strand)
        for row in reading.rows
        if "divergence" in row.attributes
    }
    rows = [line.split("\t") for line in bed_text(reading.genome).splitlines()]
    assert {(name, int(start), int(end), what, strand) for name, start, end, what, _, strand in rows} == stated
    assert len(rows) == len(stated)
    assert all(0 <= int(row[4]) <= 1_000 for row in rows)


def test_gff_identifiers_are_unique_and_parents_exist(reading: Reading) -> None:
    identifiers = [row.attributes["ID"] for row in reading.rows if "ID" in row.attributes]
    assert len(identifiers) == len(set(identifiers))
    assert {row.attributes["Parent"] for row in reading.rows if "Parent" in row.attributes} == set(identifiers)
    lines = gff_text(reading.genome).splitlines()
    assert lines[0] == "##gff-version 3"
    assert f"##sequence-region synthetic_3 1 {CONFIG.lengths[2]}" in lines
