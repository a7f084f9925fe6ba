"""Tasks from files: what a table says of itself, that it is read back, and what is refused."""

from __future__ import annotations

import gc
import gzip
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pybigtools
import pytest
from pydantic import Field

from genolect.errors import ConfigurationError, InputError, MachineError
from genolect.genome.genome import prepare_genome
from genolect.tables.table_file import read_table
from genolect.tasks.binding import Binding
from genolect.tasks.built import BuiltTask
from genolect.tasks.expression import Expression
from genolect.tasks.gene_parts import GeneParts
from genolect.tasks.junctions import JunctionsOfRecords
from genolect.tasks.kind import Inputs, Naming, Output, TaskKind, task_kinds
from genolect.tasks.promoters import Promoters, PromoterScan
from genolect.tasks.regions import RegionOptions, Regions, regions
from genolect.tasks.signal import Signal
from genolect.tasks.splicing import Splicing
from genolect.tasks.variant_effects import Variants
from tests.tasks.planted import LENGTHS, fasta, letters, starts
from tests.tasks.test_splicing import canonical_gene
from tests.tiny import command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A genome with everything that is known of it."""
    fasta(tmp_path)
    rows = [row.interval for row in starts()]
    names = [row.identifier for row in starts()]
    (tmp_path / "starts.bed").write_text(
        "".join(f"{p.name}\t{p.start}\t{p.end}\t{name}\t0\t{p.strand}\n" for p, name in zip(rows, names, strict=True))
    )
    (tmp_path / "states.bed").write_text("I\t0\t3000\topen\nI\t3000\t9000\tclosed\nII\t0\t7000\topen\n")
    (tmp_path / "timing.bed").write_text("I\t0\t3000\t0.5\nI\t3000\t9000\t1.5\n")
    exons = [row.interval for row in canonical_gene("+")]
    (tmp_path / "genes.gtf").write_text(
        "".join(
            f'I\tx\t{kind}\t{e.start + 1}\t{e.end}\t.\t+\t{phase}\tgene_id "g"; transcript_id "t";\n'
            for e in exons
            for kind, phase in (("exon", "."), ("CDS", "0"))
        )
    )
    motif = "MOTIF M1 toy\nletter-probability matrix: alength= 4 w= 4 nsites= 50\n1 0 0 0\n0 0 1 0\n0 0 0 1\n0 1 0 0\n"
    (tmp_path / "motifs.meme").write_text(motif)
    (tmp_path / "genes.csv").write_text(
        "chrom,start,end,strand,fpkm\n" + "".join(f"I,{s},{s + 9},+,{s % 7}.5\n" for s in range(900, 4000, 300))
    )
    text = letters()["I"]
    (tmp_path / "effects.csv").write_text(
        "chrom,pos,ref,alt,label\n" + "".join(f"I,{s + 1},{text[s]},-,{s % 5}.5\n" for s in range(900, 4000, 300))
    )
    pybigtools.open(str(tmp_path / "a.bw"), "w").write(LENGTHS, [(name, 0, 4000, 2.0) for name in LENGTHS])
    return tmp_path


def task_of(kind: str, folder: Path) -> TaskKind:
    """A task of one kind, as the command line makes it."""
    starts, timing, genes = folder / "starts.bed", folder / "timing.bed", folder / "genes.gtf"
    match kind:
        case "promoters":
            return Promoters(starts=starts, upstream=40, downstream=9)
        case "scan":
            return PromoterScan(starts=starts, window=90)
        case "regions":
            return Regions(regions=(f"peak={starts}",), window=30)
        case "kinds":
            return Regions(regions=(f"start={starts}", f"closed={timing}"), window=30)
        case "binding":
            motifs = folder / "motifs.meme"
            return Binding(peaks=timing, motifs=motifs, motif="toy", window=30, p_value=0.02, margin=20)
        case "splice":
            return Splicing(annotation=genes, window=20)
        case "coding":
            return GeneParts(annotation=genes, window=24)
        case "expression":
            return Expression(genes=folder / "genes.csv", value="fpkm", upstream=40)
        case "states":
            return Signal(track=folder / "states.bed", window=70)
        case "timing":
            return Signal(track=timing, window=70, numbers=True)
        case "coverage":
            return Signal(track=folder / "a.bw", window=70)
        case _:
            return Variants(variants=folder / "effects.csv", window=40)


def build(kind: str, folder: Path, genome: Path, output: Output) -> list[str]:
    """Build the task of one kind."""
    return task_of(kind, folder).write(output, genome)


KINDS = [
    "promoters",
    "scan",
    "regions",
    "kinds",
    "binding",
    "splice",
    "coding",
    "expression",
    "states",
    "timing",
    "coverage",
    "variants",
]


def test_every_kind_is_tried() -> None:
    tried = {type(task_of(kind, Path())) for kind in KINDS} | {JunctionsOfRecords}
    assert tried == {kind for kind in task_kinds().values() if kind.__module__.startswith("genolect.")}


def test_a_kind_from_elsewhere_is_a_command_with_its_own_options(folder: Path, monkeypatch, capsys) -> None:
    class Everywhere(TaskKind, RegionOptions):
        """Regions of two bases."""

        verb: ClassVar = "toy-kind"
        places: Path = Field(description="BED.")
        least: int = Field(2, ge=2, description="The [least] bases.")

        def build(self, inputs: Inputs) -> BuiltTask:
            rows = inputs.annotation("places", self.places).features
            return regions(inputs.genome, [row for row in rows if row.interval.length >= self.least], self)

    monkeypatch.chdir(folder)
    files = ("--genome", "genome.fa", "--places", "timing.bed", "--out", "toy.tsv")
    begin = ("task", "toy-kind", *files, "--window", 30, "--negatives", "shuffled")
    done = command(monkeypatch, capsys, *begin)
    assert (done.code, done.stderr, done.stdout.splitlines()[-1]) == (0, "", "table: toy.tsv")
    assert "options: " in (folder / "toy.tsv").read_text()
    told = " ".join(command(monkeypatch, capsys, "task", "toy-kind", "--help").stdout.split())
    assert "Regions of two bases." in told
    assert "The [least] bases. [default: 2; x>=2]" in told
    refused = command(monkeypatch, capsys, *begin, "--least", 1, "--overwrite")
    assert (refused.code, "--least" in refused.stderr) == (2, True)
    del Everywhere
    gc.collect()  # no other test is to see it


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_written_and_read_back(folder: Path, kind: str) -> None:
    path = folder / "task.tsv.gz"
    genome = folder / "genome.fa"
    said = build(kind, folder, genome, Output(path, f"genolect task {kind}"))
    table = read_table(path).table
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    remarks = [line[2:] for line in lines if line.startswith("# ")]
    assert remarks[0].endswith(f"genolect task {kind}")
    assert remarks[1] == f"input genome: {genome} sha256 {hashlib.sha256(genome.read_bytes()).hexdigest()}"
    assert remarks[-len(said) :] == said
    assert any(line.startswith("balance:") for line in said)
    assert f"{len(table):,} examples in {len(set(table.group.tolist())):,} groups" in " ".join(said)
    names = next(line for line in lines if not line.startswith("#")).split("\t")
    assert names[:9] == ["id", "chrom", "start", "end", "strand", "sequence", "label", "split", "group"]
    assert {"parent", "block", "gc", "cpg", "n", "repeats"} <= set(names)
    assert (table.group != "").all()
    assert (table.split == "").all()


def test_the_same_command_gives_the_same_bytes_from_either_form_of_a_genome(folder: Path) -> None:
    prepare_genome([folder / "genome.fa"], folder / "prepared")
    first, second, third = (folder / f"{name}.tsv" for name in "abc")
    for genome, path in ((folder / "genome.fa", first), (folder / "genome.fa", second), (folder / "prepared", third)):
        build("promoters", folder, genome, Output(path, "the same"))
    assert first.read_bytes() == second.read_bytes()
    tables = [read_table(path).table for path in (first, third)]
    assert np.array_equal(tables[0].sequences.bases, tables[1].sequences.bases)


def test_records_need_no_genome(folder: Path) -> None:
    generator = np.random.default_rng(4)
    text = ["".join(generator.choice([*"ACGT"], 60)) for _ in range(80)]
    rows = [f"g{n // 4},{t[:20]},GT{t[22:40]}AG,{t[40:]},{'xy'[n // 40]}\n" for n, t in enumerate(text)]
    records = folder / "records.csv"
    records.write_text("locus,exon1,intron,exon2,tissue\n" + "".join(rows))
    path = folder / "task.tsv.gz"
    task = JunctionsOfRecords(records=records, window=20, count=12, gene="locus", keep=("tissue=y",))
    output = Output(path, "genolect task junctions")
    said = task.write(output)
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    remarks = [line[2:] for line in lines if line.startswith("# ")]
    assert remarks[1] == f"input records: {records} sha256 {hashlib.sha256(records.read_bytes()).hexdigest()}"
    assert remarks[2].startswith("options: ")
    recorded = set(remarks[2].split()[1:])
    assert {"keep=tissue=y", "sites=both", "window=20", "per_site=1", "apart=1", "count=12", "seed=0"} < recorded
    assert "gene=locus" in recorded
    assert remarks[-len(said) :] == said
    assert "note: 12 of 40 records are drawn at random, whole genes" in said
    table = read_table(path).table
    assert set(table.group.tolist()) <= {f"g{n}" for n in range(10, 20)}
    assert table.target.names == ("acceptor", "donor", "none")
    kept = path.read_bytes()
    with pytest.raises(MachineError, match="the table is there already"):
        task.write(output)
    with pytest.raises(ConfigurationError, match="--out would replace"):
        task.write(Output(records, "", overwrite=True))
    with pytest.raises(InputError, match=r"gone.csv: there is no such file"):
        JunctionsOfRecords(records=folder / "gone.csv").write(Output(folder / "b.tsv", ""))
    task.write(replace(output, overwrite=True))
    assert path.read_bytes() == kept


def test_a_vcf_is_read_too(folder: Path) -> None:
    text = letters()["I"]
    rows = "".join(
        f"I\t{s + 1}\t.\t{text[s : s + 2]}\t{text[s]},<DEL>\t.\t.\tAF={s % 5}.5\n" for s in range(900, 4000, 300)
    )
    (folder / "effects.vcf").write_text("##fileformat=VCFv4.2\n" + rows)
    path = folder / "task.tsv"
    task = Variants(variants=folder / "effects.vcf", label="AF", window=40)
    said = task.write(Output(path, ""), folder / "genome.fa")
    assert "note: 11 alternatives <DEL> are no bases" in said
    assert len(read_table(path).table) == 11


def test_a_table_that_is_there_is_kept(folder: Path) -> None:
    path = folder / "task.tsv"
    path.write_text("mine")
    with pytest.raises(MachineError, match="the table is there already"):
        build("states", folder, folder / "genome.fa", Output(path, ""))
    assert path.read_text() == "mine"
    build("states", folder, folder / "genome.fa", Output(path, "", overwrite=True))
    assert len(read_table(path).table) > 9


def test_an_input_is_never_replaced(folder: Path) -> None:
    path = folder / "starts.bed"
    kept = path.read_bytes()
    with pytest.raises(ConfigurationError, match="--out would replace"):
        build("promoters", folder, folder / "genome.fa", Output(path, "", overwrite=True))
    assert path.read_bytes() == kept
    genome = folder / "genome.fa"
    with pytest.raises(ConfigurationError, match="--out would replace"):
        build("promoters", folder, genome, Output(genome, "", overwrite=True))


def test_what_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match=r"no.bed: there is no such file"):
        Regions(regions=(str(folder / "no.bed"),)).write(Output(folder / "x.tsv", ""), folder / "genome.fa")
    with pytest.raises(MachineError, match="there is no such folder"):
        build("states", folder, folder / "genome.fa", Output(folder / "none" / "x.tsv", ""))
    kinds = (f"a={folder / 'starts.bed'}", f"a={folder / 'timing.bed'}")
    with pytest.raises(ConfigurationError, match="two kinds of regions have one name"):
        Regions(regions=kinds).write(Output(folder / "x.tsv", ""), folder / "genome.fa")


def test_names_that_differ_are_left_out_only_when_asked(folder: Path) -> None:
    with (folder / "starts.bed").open("a") as file:
        file.write("chrX\t5\t6\tx\t0\t+\n")
    output = Output(folder / "x.tsv", "")
    with pytest.raises(InputError, match="are not in the genome: 'chrX'"):
        build("promoters", folder, folder / "genome.fa", output)
    naming = Naming(allow_missing=True)
    said = Promoters(starts=folder / "starts.bed", upstream=40).write(output, folder / "genome.fa", naming)
    assert "note: 1 rows of starts.bed lie on sequences that the genome lacks" in said
