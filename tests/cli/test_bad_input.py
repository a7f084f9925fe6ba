"""Whatever a file is instead of a genome or an annotation: one line that names it, exit code 3, nothing left behind."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest

from genolect.pretraining.loop import Training
from tests.sequence.packing import bgzf_blocks
from tests.tiny import command, finished_run, synthetic_folder

GENES = 'chr1\t.\texon\t3\t900\t.\t+\t.\tgene_id "g";\n'


def letters(count: int) -> str:
    return "".join(np.random.Generator(np.random.Philox(5)).choice(list("ACGT"), count))


def fasta(text: str) -> bytes:
    return f">chr1\n{text}\n".encode()


def cut(content: bytes, share: float) -> bytes:
    return content[: int(share * len(content))]


# What is wrong, the file, what the message says of it, and the line that it names.
GENOMES: dict[str, tuple[bytes | None, str, int | None]] = {
    "missing": (None, "there is no such file", None),
    "empty": (b"", "the file is empty", None),
    "protein": (b">sp|P69905\nMVLSPADKTNVKAAWGKVGAHAGEYGAEALERMFLSFPTTKTYFPHFDLSH\n", "protein", 2),
    "FASTQ": (b"@read1\nACGT\n+\nIIII\n", "FASTQ", 1),
    "HTML": (b"<!DOCTYPE html>\n<html><body>404</body></html>\n", "HTML", 1),
    "annotation": (GENES.encode() * 3, "no '>' header", 1),
    "truncated gzip": (cut(gzip.compress(fasta(letters(9_000)), mtime=0), 0.6), "cut after", None),
    "BGZF cut between blocks": (b"".join(bgzf_blocks(fasta(letters(9_000)), 4_000)[:2]), "end marker is missing", None),
    "duplicate names": (fasta(letters(70)) + b">chr2\nA\n" + fasta("ACG"), "'chr1'", 5),
}
# These are genomes, but no model can be learnt from them.
POOR_GENOMES: dict[str, tuple[bytes, str]] = {
    "a few bases": (fasta("ACGT"), "the longest record, 'chr1', has 4 bases, too few"),
    "too short to hold out": (fasta(letters(2_500)), "validation stretch has 250 bases, fewer than a window's 256"),
    "all N": (fasta("N" * 9_000), "all but 0 bases of the train stretches are N"),
    "held out N": (fasta(letters(5_400) + "N" * 2_700 + letters(900)), "all but 0 bases of the test stretches are N"),
}
ANNOTATIONS: dict[str, tuple[bytes | None, str, int | None]] = {
    "missing": (None, "there is no such file", None),
    "empty": (b"", "the file is empty", None),
    "comments only": (b"##gff-version 3\n# nothing\n", "no feature", 1),
    "FASTA": (fasta(letters(90)), "this is a FASTA file, not an annotation", 1),
    "HTML": (b"<html>\n", "HTML", 1),
    "truncated gzip": (cut(gzip.compress(GENES.encode() * 999, mtime=0), 0.5), "cut after", None),
    "beyond the end": (b"synthetic_1\t10\t999999\tpeak\n", "ends at 999999", 1),
    "malformed row": (b'synthetic_1\t.\texon\t9\tx\t.\t+\t.\tgene_id "g";\n', "'x'", 1),
    "other names": (b"chromosome_1\t10\t90\tpeak\n", "chromosome_1", 1),
    "no genes": (
        b"##gff-version 3\nsynthetic_1\t.\tbinding_site\t9\t90\t.\t+\t.\tID=b\n",
        "neither exon nor CDS",
        None,
    ),
    "hardly any feature": (b"synthetic_1\t10\t90\tpeak\n", "only 1 of 2 classes", None),
}


@pytest.fixture
def no_training(monkeypatch):
    """Training must not begin; the model to be evaluated was trained before."""
    finished_run()

    def step(_training):
        pytest.fail("a training step was made")

    monkeypatch.setattr(Training, "step", step)


@pytest.fixture
def given(tmp_path):
    """Write a file unless there is none to write."""

    def write(content: bytes | None, name: str) -> Path:
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        return path

    return write


def expect_refusal(outcome, out: Path, path: Path, what: str, line: int | None = None) -> None:
    place = re.escape(str(path)) + (f":{line}: " if line else r"(:\d+)?: ")
    assert outcome.code == 3
    (said,) = [row for row in outcome.stderr.splitlines() if row.startswith("genolect: ")]
    assert re.match(f"genolect: {place}.+ Fix: .+", said)
    assert what in said
    assert outcome.stderr.endswith(f"{said}\n")
    assert "Traceback" not in outcome.stderr
    assert outcome.stdout == ""
    assert not out.exists()


def verb(name: str, genome: Path, annotation: Path, out: Path) -> list[object]:
    """A command that would do, if the files were good."""
    return {
        "prepare": ["prepare", genome, "--out", out],
        "learn": ["learn", genome, "--annotation", annotation, "--steps", 3, "--out", out],
        "evaluate": [
            *("evaluate", finished_run() / "model", "--genome", genome, "--annotation", annotation, "--out", out)
        ],
    }[name]


GENES_FILE = "genes.gff3"


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("name", ["prepare", "learn", "evaluate"])
@pytest.mark.parametrize("fault", GENOMES)
def test_what_is_no_genome_is_refused(monkeypatch, capsys, tmp_path, given, name, fault):
    content, what, line = GENOMES[fault]
    genome, out = given(content, "genome.fa"), tmp_path / "out"
    outcome = command(monkeypatch, capsys, *verb(name, genome, synthetic_folder() / GENES_FILE, out))
    expect_refusal(outcome, out, genome, what, line)


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("name", ["prepare", "learn"])
def test_a_folder_is_no_genome(monkeypatch, capsys, tmp_path, name):
    folder, out = tmp_path / "folder", tmp_path / "out"
    folder.mkdir()
    outcome = command(monkeypatch, capsys, *verb(name, folder, synthetic_folder() / GENES_FILE, out))
    expect_refusal(outcome, out, folder, "this is a folder")


def test_a_folder_that_is_no_prepared_genome_is_refused(monkeypatch, capsys, tmp_path):
    folder, out = tmp_path / "folder", tmp_path / "out"
    folder.mkdir()
    outcome = command(monkeypatch, capsys, *verb("evaluate", folder, synthetic_folder() / GENES_FILE, out))
    expect_refusal(outcome, out, folder, "manifest.json")


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("annotated", [True, False])
@pytest.mark.parametrize("fault", POOR_GENOMES)
def test_a_genome_that_nothing_can_be_learnt_from_is_refused(monkeypatch, capsys, tmp_path, given, fault, annotated):
    content, what = POOR_GENOMES[fault]
    genome, annotation, out = given(content, "genome.fa"), given(GENES.encode(), "genes.gtf"), tmp_path / "out"
    words = verb("learn", genome, annotation, out)
    outcome = command(monkeypatch, capsys, *(words if annotated else [*words[:2], *words[4:]]))
    expect_refusal(outcome, out, genome, what)


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize("name", ["learn", "evaluate"])
@pytest.mark.parametrize("fault", ANNOTATIONS)
def test_what_is_no_annotation_is_refused(monkeypatch, capsys, tmp_path, given, name, fault):
    content, what, line = ANNOTATIONS[fault]
    annotation, out = given(content, "genes.gtf"), tmp_path / "out"
    outcome = command(monkeypatch, capsys, *verb(name, synthetic_folder() / "genome.fa", annotation, out))
    expect_refusal(outcome, out, annotation, what, line)


@pytest.mark.parametrize("name", ["learn", "evaluate"])
def test_other_names_are_explained_and_the_same_command_then_works(monkeypatch, capsys, tmp_path, name):
    genome, annotation, out = tmp_path / "genome.fa", tmp_path / "genes.gff3", tmp_path / "out"
    genome.write_text((synthetic_folder() / "genome.fa").read_text().replace(">synthetic_", ">"))
    text = (synthetic_folder() / GENES_FILE).read_text()
    annotation.write_text(re.sub(r"\bsynthetic_(\d)(?=\t| )", r"chr\1", text))
    words = verb(name, genome, annotation, out)
    outcome = command(monkeypatch, capsys, *words)
    expect_refusal(outcome, out, annotation, "--rename auto")
    again = command(monkeypatch, capsys, *words, "--rename", "auto")
    assert (again.code, out.is_dir()) == (0, True)


def test_a_damaged_model_is_refused(monkeypatch, capsys, tmp_path):
    out, model = tmp_path / "out", tmp_path / "model"
    model.mkdir()
    for file in (finished_run() / "model").iterdir():
        (model / file.name).write_bytes(file.read_bytes())
    (model / "model.safetensors").write_bytes(b"x" + (model / "model.safetensors").read_bytes()[1:])
    words = ["evaluate", model, "--genome", synthetic_folder() / "genome.fa"]
    outcome = command(monkeypatch, capsys, *words, "--annotation", synthetic_folder() / GENES_FILE, "--out", out)
    expect_refusal(outcome, out, model / "model.safetensors", "checksum")
