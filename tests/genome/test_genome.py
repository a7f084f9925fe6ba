"""The prepared genome: what independent readers see it holds, it is made once, and no half of it is ever seen."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyfaidx
import pytest
from Bio import SeqIO
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect import files
from genolect.errors import ConfigurationError, InputError, MachineError
from genolect.genome import genome as genome_module
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.sequence import source as source_module
from genolect.sequence.alphabet import decode, encode
from tests.sequence.packing import PACKINGS, pack
from tests.sequence.written import format_fasta

TINY = b">chr1 first one\nACGTacgtNN\nRYn\n>chr2\nGGGCCCAt\n"
LENGTHS = {"chr1": 13, "chr2": 8}


def write(folder: Path, content: bytes, name: str = "tiny.fa") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def ages(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


@pytest.fixture
def prepared(tmp_path) -> PreparedGenome:
    return prepare_genome([write(tmp_path, TINY)], tmp_path / "prepared")


# ---------------------------------------------------------------- content


def test_records_tell_what_the_file_held(prepared):
    first, second = prepared.records.values()
    assert (first.name, first.description, first.offset, first.length) == ("chr1", "first one", 0, 13)
    assert (first.n, first.ambiguous, first.soft_masked) == (5, 2, 5)
    assert (second.name, second.description, second.offset, second.length) == ("chr2", "", 13, 8)
    assert (second.n, second.ambiguous, second.soft_masked) == (0, 0, 1)
    assert prepared.lengths == LENGTHS
    assert decode(prepared.bases("chr1")) == "ACGTacgtNNNNn"
    assert decode(prepared.bases("chr2", 3, 8)) == "CCCAt"


@settings(deadline=None, max_examples=40)
@given(
    records=st.dictionaries(
        st.text("abcXYZ019._|", min_size=1, max_size=5),
        st.text("ACGTNacgtn", min_size=1, max_size=50),
        min_size=1,
        max_size=5,
    ),
    how=st.sampled_from(PACKINGS),
)
def test_what_biopython_reads_is_prepared(tmp_path_factory, records, how):
    folder = tmp_path_factory.mktemp("oracle")
    text = "".join(format_fasta(name, encode(letters), 17) for name, letters in records.items())
    genome = prepare_genome([write(folder, pack(text.encode(), how))], folder / "prepared")
    expected = {record.id: str(record.seq) for record in SeqIO.parse(io.StringIO(text), "fasta")}
    assert {name: decode(genome.bases(name)) for name in genome.records} == expected
    for name, record in genome.records.items():
        assert record.length == genome.lengths[name] == len(expected[name])
        assert record.n == expected[name].upper().count("N")
        assert record.soft_masked == sum(letter.islower() for letter in expected[name])


def test_real_genome_equals_what_pyfaidx_reads(tmp_path, data_folder):
    compressed = data_folder / "genomes" / "yeast.fa.gz"
    oracle = pyfaidx.Fasta(str(write(tmp_path, gzip.decompress(compressed.read_bytes()), "yeast.fa")))
    told: list[int] = []
    genome = prepare_genome([compressed], tmp_path / "prepared", progress=told.append)
    assert genome.lengths == {name: len(oracle[name]) for name in oracle.keys()}  # noqa: SIM118
    for name in genome.lengths:
        assert decode(genome.bases(name)) == str(oracle[name])
    assert sum(told) == sum(genome.lengths.values()) == 12_157_105
    assert genome.inputs == [
        {"path": str(compressed), "bytes": compressed.stat().st_size, "sha256": files.sha256_of(compressed)}
    ]


@settings(deadline=None, max_examples=30)
@given(data=st.data(), block=st.integers(20, 2_000), how=st.sampled_from(PACKINGS))
def test_blocks_of_any_size_prepare_the_same_folder(tmp_path_factory, data, block, how):
    folder = tmp_path_factory.mktemp("blocks")
    lines = data.draw(st.lists(st.text("ACGTacgtNnRYk", min_size=1, max_size=70), min_size=1, max_size=30))
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    text = end.join([">a", *lines[: len(lines) // 2], "A", ">b", *lines[len(lines) // 2 :], ""])
    path = write(folder, pack(text.encode(), how))
    whole = prepare_genome([path], folder / "whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_module, "BLOCK_BYTES", block)
        patch.setattr(source_module, "_PIECE_BYTES", 19)
        patch.setattr(files, "_WORTH_A_THREAD", 64)
        streamed = prepare_genome([path], folder / "streamed")
    assert streamed.manifest == whole.manifest
    assert PreparedGenome(folder / "streamed").records == whole.records
    letters = "".join(decode(whole.bases(name)) for name in whole.records)
    assert letters == decode(encode("".join(line for line in text.split(end) if not line.startswith(">"))))
    assert sum(record.n for record in whole.records.values()) == letters.upper().count("N")
    assert sum(record.soft_masked for record in whole.records.values()) == sum(map(str.islower, letters))


def test_several_files_give_prefixes(tmp_path):
    one = write(tmp_path, b">I\nAC\n", "yeast.fa")
    other = write(tmp_path, gzip.compress(b">I\nGGG\n>II\nT\n"), "worm.fna.gz")
    genome = prepare_genome([one, other], tmp_path / "prepared")
    assert genome.lengths == {"yeast:I": 2, "worm:I": 3, "worm:II": 1}
    assert decode(genome.bases("worm:I")) == "GGG"
    assert [Path(item["path"]).name for item in genome.inputs] == ["yeast.fa", "worm.fna.gz"]


def test_a_record_that_two_files_hold_is_refused(tmp_path):
    one = write(tmp_path / "a", b">I\nAC\n>II\nAC\n", "yeast.fa")
    other = write(tmp_path / "b", b">III\nG\n>II\nAC\n", "yeast.fasta")
    with pytest.raises(InputError, match=r"yeast\.fasta:3: record 'yeast:II' was already read from another file"):
        prepare_genome([one, other], tmp_path / "prepared")
    assert visible(tmp_path) == ["a", "b", "yeast.fa", "yeast.fasta"]


def test_standard_input_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(TINY))))
    genome = prepare_genome(["-"], tmp_path / "prepared")
    assert genome.lengths == LENGTHS
    with pytest.raises(MachineError, match="the folder holds something else than this genome"):
        prepare_genome(["-"], tmp_path / "prepared")


# ---------------------------------------------------------------- made once


def test_the_same_bytes_are_not_prepared_again(prepared, tmp_path):
    before = ages(prepared.folder)
    again = prepare_genome([write(tmp_path, TINY, "renamed.fa")], prepared.folder)
    assert ages(prepared.folder) == before
    assert again.content_hash == prepared.content_hash


def test_other_bytes_are_refused_and_replaced_when_asked(prepared, tmp_path):
    before = ages(prepared.folder)
    other = write(tmp_path, TINY.replace(b"GGGCCC", b"GGGCCA"), "other.fa")
    with pytest.raises(MachineError, match=r"prepared: the folder holds something else than this genome.*--overwrite"):
        prepare_genome([other], prepared.folder)
    assert ages(prepared.folder) == before
    assert decode(prepare_genome([other], prepared.folder, overwrite=True).bases("chr2")) == "GGGCCAAt"
    assert PreparedGenome(prepared.folder).content_hash != prepared.content_hash
    assert visible(tmp_path) == [
        *("bases.u8", "manifest.json", "other.fa", "prepared"),
        *("records.json", "tiny.fa"),
    ]


def test_files_that_changed_places_or_names_are_other_files(tmp_path):
    one, other = write(tmp_path, b">I\nAC\n", "a.fa"), write(tmp_path, b">I\nGGG\n", "b.fa")
    folder = tmp_path / "prepared"
    before = prepare_genome([one, other], folder).content_hash
    renamed = write(tmp_path, b">I\nGGG\n", "c.fa")
    for sources in ([other, one], [one, renamed], [one], [one, other, renamed]):
        with pytest.raises(MachineError, match="something else than this genome"):
            prepare_genome(sources, folder)
    assert prepare_genome([one, other], folder).content_hash == before


def test_a_missing_file_is_named_even_if_the_folder_exists(prepared, tmp_path):
    with pytest.raises(InputError, match=r"gone\.fa: there is no such file"):
        prepare_genome([tmp_path / "gone.fa"], prepared.folder)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_failure_in_the_middle_leaves_nothing_behind(tmp_path, overwrite):
    good, bad = write(tmp_path, TINY), write(tmp_path, b">I\nAC!GT\n", "bad.fa")
    with pytest.raises(InputError, match=r"bad\.fa:2"):
        prepare_genome([good, bad], tmp_path / "prepared", overwrite=overwrite)
    assert visible(tmp_path) == ["bad.fa", "tiny.fa"]


def test_a_failure_in_the_middle_leaves_the_old_genome_as_it_was(prepared, tmp_path):
    before = ages(prepared.folder)
    bad = write(tmp_path, b">I\nAC!GT\n", "bad.fa")
    with pytest.raises(InputError, match=r"bad\.fa:2"):
        prepare_genome([bad], prepared.folder, overwrite=True)
    assert ages(prepared.folder) == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_the_users_is_never_touched(tmp_path, overwrite):
    source = write(tmp_path, TINY)
    home = write(tmp_path / "home", b"years of work", "thesis.txt").parent
    with pytest.raises(MachineError, match="not empty" if not overwrite else "files that genolect did not write"):
        prepare_genome([source], home, overwrite=overwrite)
    with pytest.raises(MachineError, match="the output is an existing file"):
        prepare_genome([source], home / "thesis.txt", overwrite=overwrite)
    assert (home / "thesis.txt").read_bytes() == b"years of work"


def test_a_model_folder_is_no_genome(tmp_path):
    folder = tmp_path / "model"
    with files.new_folder(folder) as staging:
        files.write_facts(staging, {"kind": "model"})
    with pytest.raises(InputError, match="not a prepared genome of format 1 or 2"):
        PreparedGenome(folder)
    with pytest.raises(MachineError, match="something else than this genome"):
        prepare_genome([write(tmp_path, TINY)], folder)


def test_another_format_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(genome_module, "PLAIN_FORMAT", 3)
    folder = prepare_genome([write(tmp_path, TINY)], tmp_path / "prepared").folder
    monkeypatch.undo()
    with pytest.raises(InputError, match="not a prepared genome of format 1 or 2"):
        PreparedGenome(folder)


def test_an_empty_folder_is_used(tmp_path):
    (tmp_path / "prepared").mkdir()
    assert prepare_genome([write(tmp_path, TINY)], tmp_path / "prepared").lengths == LENGTHS


# ---------------------------------------------------------------- damage


@pytest.mark.parametrize("name", ["bases.u8", "records.json"])
def test_damage_is_found_and_mended_by_overwriting(prepared, tmp_path, name):
    content = bytearray((prepared.folder / name).read_bytes())
    content[7] ^= 1
    (prepared.folder / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name}: the content differs from its checksum"):
        PreparedGenome(prepared.folder)
    with pytest.raises(InputError, match=rf"{name}: the content differs from its checksum"):
        prepare_genome([tmp_path / "tiny.fa"], prepared.folder)
    mended = prepare_genome([tmp_path / "tiny.fa"], prepared.folder, overwrite=True)
    assert mended.content_hash == prepared.content_hash
    assert decode(PreparedGenome(prepared.folder).bases("chr2")) == "GGGCCCAt"


def test_a_cut_file_is_found_without_reading_it(prepared):
    path = prepared.folder / "bases.u8"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"bases\.u8"):
        PreparedGenome(prepared.folder, verify=False)


@pytest.mark.parametrize("name", ["bases.u8", "records.json", "manifest.json"])
def test_a_missing_file_is_named(prepared, name):
    (prepared.folder / name).unlink()
    with pytest.raises(InputError, match=name):
        PreparedGenome(prepared.folder)


# ---------------------------------------------------------------- reading


def test_a_window_is_a_view_that_cannot_be_written(prepared):
    whole, window = prepared.bases("chr2"), prepared.bases("chr2", 2, 5)
    assert np.shares_memory(whole, window)
    assert window.base is not None
    assert type(window) is np.ndarray
    for stretch in (whole, window):
        with pytest.raises(ValueError, match="read-only"):
            stretch[0] = 1
    with pytest.raises(ValueError, match="cannot set WRITEABLE flag"):
        window.flags.writeable = True


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (4, 9), (9, None), (5, 4), (0, 14)])
def test_a_stretch_outside_its_record_is_refused(prepared, start, end):
    with pytest.raises(
        ValueError, match=rf"chr2:{start}-{8 if end is None else end} leaves the record, which has 8 bases"
    ):
        prepared.bases("chr2", start, end)


def test_the_ends_of_a_record_are_inside_it(prepared):
    assert prepared.bases("chr2", 8).tolist() == prepared.bases("chr2", 0, 0).tolist() == []
    assert decode(prepared.bases("chr1", 12, 13)) == "n"
    with pytest.raises(KeyError, match="chr3"):
        prepared.bases("chr3")


def test_another_process_reads_the_same_genome(prepared):
    program = (
        "import sys; from pathlib import Path; from genolect.genome.genome import PreparedGenome;"
        "genome = PreparedGenome(Path(sys.argv[1]));"
        "print(genome.content_hash, genome.bases('chr2', 3, 8).tolist(), 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(prepared.folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert answer.split(maxsplit=1) == [prepared.content_hash, f"{prepared.bases('chr2', 3, 8).tolist()} False\n"]


def test_the_content_hash_ignores_paths_and_sees_names_and_bases(tmp_path):
    hashes = [
        prepare_genome([write(tmp_path, text, f"{number}.fa")], tmp_path / f"prepared {number}").content_hash
        for number, text in enumerate((TINY, TINY, TINY.replace(b"chr2", b"chr3"), TINY.replace(b"CCCAt", b"CCCAT")))
    ]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_the_manifest_says_what_it_is(prepared):
    manifest = json.loads((prepared.folder / "manifest.json").read_text("utf-8"))
    assert (manifest["kind"], manifest["format"]) == ("genome", 1)
    assert set(manifest["files"]) == {"bases.u8", "records.json"}


# ---------------------------------------------------------------- circles and species


def test_a_circle_goes_on_behind_its_end(tmp_path):
    genome = prepare_genome([write(tmp_path, TINY)], tmp_path / "prepared", circular=["chr1"])
    assert [record.circular for record in genome.records.values()] == [True, False]
    assert decode(genome.bases("chr1", 10, 16)) == "NNnACG"
    assert decode(genome.bases("chr1", 12, 25)) == "nACGTacgtNNNN"
    assert decode(genome.bases("chr1", 5, 13)) == "cgtNNNNn"
    for name, start, end in (("chr1", 12, 26), ("chr1", 13, 14), ("chr1", -1, 3), ("chr2", 5, 9)):
        with pytest.raises(ValueError, match=f"{name}:{start}-{end} leaves the record"):
            genome.bases(name, start, end)


@pytest.mark.parametrize(("circular", "expected"), [((), [True, False]), ("all", [True, True]), (["b"], [True, True])])
def test_headers_and_the_user_say_what_is_circular(tmp_path, circular, expected):
    source = write(tmp_path, b">a [topology=circular]\nACG\n>b [topology=linear]\nAC\n")
    genome = prepare_genome([source], tmp_path / "prepared", circular=circular)
    assert [record.circular for record in genome.records.values()] == expected
    assert [record.circular for record in PreparedGenome(genome.folder).records.values()] == expected


def test_a_circle_that_is_not_there_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(ConfigurationError, match=r"tiny\.fa: there is no record 'MT' .* choose among: chr1, chr2"):
        prepare_genome([write(tmp_path, TINY)], tmp_path / "prepared", circular=["MT"])
    assert visible(tmp_path) == ["tiny.fa"]


def test_a_folder_with_other_circles_is_another_genome(prepared, tmp_path):
    source = tmp_path / "tiny.fa"
    with pytest.raises(MachineError, match="something else than this genome"):
        prepare_genome([source], prepared.folder, circular=["chr1"])
    circles = prepare_genome([source], prepared.folder, circular=["chr2", "chr1"], overwrite=True)
    ages_before = ages(circles.folder)
    prepare_genome([source], prepared.folder, circular=["chr1", "chr2"])
    assert ages(circles.folder) == ages_before
    with pytest.raises(MachineError, match="something else than this genome"):
        prepare_genome([source], prepared.folder, circular="all")


def test_a_genome_without_circles_or_species_is_as_it_always_was(prepared, tmp_path):
    rows = json.loads((prepared.folder / "records.json").read_text())
    assert set(rows[0]) == {"name", "description", "offset", "length", "n", "ambiguous", "soft_masked"}
    assert prepared.manifest["format"] == 1
    circle = prepare_genome([tmp_path / "tiny.fa"], tmp_path / "circle", circular=["chr2"])
    assert circle.manifest["format"] == 2
    assert circle.content_hash != prepared.content_hash
    assert (circle.weights, circle.records["chr2"].species) == ({}, "")
