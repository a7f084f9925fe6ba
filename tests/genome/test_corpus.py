"""Corpora: one folder however many genomes, the same bytes however they were made, nothing done twice."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from Bio import SeqIO
from scipy.stats import chisquare

from genolect import files
from genolect.errors import InputError, MachineError
from genolect.genome import corpus as corpus_module
from genolect.genome.corpus import PARTS, CorpusGenome, prepare_corpus
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.windows import WindowSampler, species_sizes, temperature_shares
from genolect.sequence.alphabet import decode, encode
from genolect.sequence.interval import Interval
from tests.sequence.written import format_fasta


def random_letters(count: int, seed: int) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGTNacgt"), count))


def some_genomes(folder: Path, count: int = 5) -> list[CorpusGenome]:
    rows = []
    for number in range(count):
        path = folder / f"g{number}.fa"
        path.write_text(
            format_fasta("one", encode(random_letters(50 + number, seed=number)))
            + format_fasta("two [topology=circular]", encode(random_letters(70 + number, seed=99 - number)))
        )
        topology = ("", "circular", "linear")[number % 3]
        rows.append(CorpusGenome(f"n{number}", path, 1.0 + number, topology, f"Species {number // 2}"))
    return rows


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def genomes(tmp_path) -> list[CorpusGenome]:
    return some_genomes(tmp_path)


@pytest.fixture
def encoded(monkeypatch) -> list[str]:
    """Names of the files that were really encoded."""
    names = []

    def prepare(sources, folder, **options):
        names.append(Path(sources[0]).name)
        return prepare_genome(sources, folder, **options)

    monkeypatch.setattr(corpus_module, "prepare_genome", prepare)
    return names


# ---------------------------------------------------------------- content


def test_a_corpus_holds_what_its_files_hold(genomes, tmp_path):
    corpus = prepare_corpus(genomes, tmp_path / "corpus")
    expected = {
        f"{genome.name}:{record.id}": str(record.seq)
        for genome in genomes
        for record in SeqIO.parse(io.StringIO(genome.path.read_text()), "fasta")
    }
    assert {name: decode(corpus.bases(name)) for name in corpus.records} == {
        name: "".join(letter if letter in "ACGTNacgtn" else "N" for letter in letters)
        for name, letters in expected.items()
    }
    assert list(corpus.records) == list(expected)
    assert [record.species for record in corpus.records.values()][::2] == [genome.species for genome in genomes]
    circular = [record.circular for record in corpus.records.values()]
    assert circular == [False, True, True, True, False, False, False, True, True, True]
    assert corpus.weights == {"Species 0": 3.0, "Species 1": 7.0, "Species 2": 5.0}
    assert [item["path"] for item in corpus.inputs] == [str(genome.path) for genome in genomes]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["corpus"]
    assert sorted(content(tmp_path / "corpus")) == ["bases.u8", "manifest.json", "records.json"]


def test_each_record_can_be_a_species_that_shares_the_weight(genomes, tmp_path):
    rows = [replace(genomes[0], species="*"), genomes[1]]
    corpus = prepare_corpus(rows, tmp_path / "corpus")
    assert [record.species for record in corpus.records.values()] == ["one", "two", "Species 0", "Species 0"]
    assert corpus.weights == {"one": 0.5, "two": 0.5, "Species 0": 2.0}
    alone = prepare_corpus([replace(genomes[2], species="*", weight=None)], tmp_path / "alone")
    assert {record.name: record.species for record in alone.records.values()} == {"one": "one", "two": "two"}
    assert alone.weights == {}


def test_records_of_one_name_never_become_one_species(genomes, tmp_path):
    lone = [replace(genome, species="*") for genome in genomes[:2]]
    with pytest.raises(
        InputError, match=r"g1.fa: record 'one' would be a species of its own, and so would that of 'n0'"
    ):
        prepare_corpus(lone, tmp_path / "corpus")
    mixed = prepare_corpus([lone[0], genomes[1]], tmp_path / "mixed")
    assert {record.species for record in mixed.records.values()} == {"one", "two", "Species 0"}


def test_two_genomes_never_become_one_record(genomes, tmp_path):
    rows = [replace(genome, name="same") for genome in genomes[:2]]
    with pytest.raises(InputError, match=r"g1\.fa: record 'same:one' was already read from another file"):
        prepare_corpus(rows, tmp_path / "corpus")


# ---------------------------------------------------------------- processes, interruptions, reuse


def test_any_number_of_processes_gives_the_same_bytes(genomes, tmp_path):
    one, three = (prepare_corpus(genomes, tmp_path / f"corpus{count}", processes=count) for count in (1, 3))
    assert content(one.folder) == content(three.folder)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_bad_genome_is_named_and_the_finished_ones_are_kept(genomes, tmp_path, encoded, processes):
    good = genomes[3].path.read_text()
    genomes[3].path.write_text(">one\nACGT\n>two\nAC-EF\n")
    with pytest.raises(InputError, match=r"g3\.fa:4: ") as refusal:
        prepare_corpus(genomes, tmp_path / "corpus", processes=processes)
    assert refusal.value.line == 4
    assert not (tmp_path / "corpus").exists()
    genomes[3].path.write_text(good)
    encoded.clear()
    corpus = prepare_corpus(genomes, tmp_path / "corpus")
    assert "g0.fa" not in encoded
    assert encoded[:1] == ["g3.fa"]
    assert content(corpus.folder) == content(prepare_corpus(genomes, tmp_path / "fresh").folder)


def test_a_killed_run_goes_on_where_it_was(genomes, tmp_path, encoded):
    program = (
        "import os, signal, sys; from pathlib import Path; from tests.genome.test_corpus import *\n"
        "folder = Path(sys.argv[1]); rows = some_genomes(folder); seen = []\n"
        "def progress(bases):\n"
        "    seen.append(bases)\n"
        "    if len(seen) == 3: os.kill(os.getpid(), signal.SIGKILL)\n"
        "prepare_corpus(rows, folder / 'corpus', progress=progress)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program, tmp_path], cwd=root, env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "corpus").exists()
    corpus = prepare_corpus([genomes[4], *genomes[:4]], tmp_path / "corpus")
    assert encoded == ["g4.fa", "g3.fa"]
    assert not (tmp_path / f"corpus{PARTS}").exists()
    fresh = prepare_corpus([genomes[4], *genomes[:4]], tmp_path / "fresh")
    assert content(corpus.folder) == content(fresh.folder)


def test_a_part_that_is_damaged_or_out_of_date_is_made_again(genomes, tmp_path, encoded, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(corpus_module, "_join", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            prepare_corpus(genomes, tmp_path / "corpus")
    (damaged, *_) = sorted((tmp_path / f"corpus{PARTS}").glob("*/bases.u8"))
    name = Path(PreparedGenome(damaged.parent).inputs[0]["path"]).name
    content_before = damaged.read_bytes()
    damaged.write_bytes(content_before[:-1] + bytes([content_before[-1] ^ 1]))
    other = next(genome for genome in genomes if genome.path.name != name)
    other.path.write_text(">one\nGGGG\n")
    encoded.clear()
    corpus = prepare_corpus(genomes, tmp_path / "corpus")
    assert sorted(encoded) == sorted([name, other.path.name])
    assert decode(corpus.bases(f"{other.name}:one")) == "GGGG"


def test_the_same_corpus_is_reused_and_another_refused(genomes, tmp_path, encoded):
    before = content(prepare_corpus(genomes, tmp_path / "corpus").folder)
    encoded.clear()
    assert content(prepare_corpus(genomes, tmp_path / "corpus").folder) == before
    assert encoded == []
    heavier = [replace(genomes[0], weight=9.0), *genomes[1:]]
    genomes[4].path.write_text(">one\nCCCC\n")
    for other in (heavier, genomes, genomes[:4]):
        with pytest.raises(MachineError, match="something else than this corpus"):
            prepare_corpus(other, tmp_path / "corpus")
    assert content(tmp_path / "corpus") == before
    assert "n4:two" not in prepare_corpus(genomes, tmp_path / "corpus", overwrite=True).records
    with pytest.raises(MachineError, match="something else than this genome"):
        prepare_genome([genome.path for genome in genomes], tmp_path / "corpus")


def test_two_processes_do_not_make_the_same_corpus(genomes, tmp_path):
    with (
        files.exclusive(tmp_path / f"corpus{PARTS}"),
        pytest.raises(MachineError, match="another process is writing to this folder"),
    ):
        prepare_corpus(genomes, tmp_path / "corpus")


def test_a_folder_of_the_users_is_refused_before_anything_is_read(genomes, tmp_path, encoded):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "thesis.txt").write_text("years of work")
    with pytest.raises(MachineError, match="not empty"):
        prepare_corpus(genomes, tmp_path / "corpus")
    assert encoded == []


def test_progress_counts_every_base(genomes, tmp_path):
    told = []
    corpus = prepare_corpus(genomes, tmp_path / "corpus", progress=told.append)
    assert told == [120, 122, 124, 126, 128]
    assert sum(told) == sum(corpus.lengths.values())


# ---------------------------------------------------------------- 3,948 mitochondria


@pytest.fixture(scope="module")
def mitochondria(tmp_path_factory, data_folder) -> PreparedGenome:
    source = data_folder / "mitogenomes" / "genomes.fa.gz"
    return prepare_corpus(
        [CorpusGenome("genomes", source, None, "circular", "*")], tmp_path_factory.mktemp("mito") / "corpus"
    )


def test_thousands_of_species_are_sampled_from_one_open_file(mitochondria, data_folder):
    with (data_folder / "mitogenomes" / "taxonomy.tsv").open(encoding="utf-8") as file:
        lengths = {row["key"]: int(row["length"]) for row in csv.DictReader(file, delimiter="\t")}
    assert mitochondria.lengths == lengths
    assert len(lengths) == 3948
    regions = [Interval(name, 0, length) for name, length in lengths.items()]
    shares = temperature_shares(species_sizes(mitochondria, regions), 5)
    sampler = WindowSampler(mitochondria, regions, length=1000, seed=1, purpose="training", shares=shares)
    before = len(list(Path("/proc/self/fd").iterdir()))
    counted = sum((sampler.species_drawn(step, 4000) for step in range(10)), start=sampler.species_drawn(10, 4000))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before  # Fewer where garbage of an earlier test goes.
    assert len(counted) > 3900
    expected = sampler.shares()
    total = counted.total()
    assert chisquare([counted[name] for name in expected], [expected[name] * total for name in expected]).pvalue > 1e-3
