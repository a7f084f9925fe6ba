"""Remote relatives: the real program finds what was planted; of a stand-in nothing is believed blindly."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

from genolect.errors import MachineError
from genolect.sequence.ragged import RaggedBases
from genolect.tables.mmseqs import RemotePairs, remote_pairs, search_settings
from genolect.tables.similarity import near_pairs
from tests.mmseqs_program import alignments, families, needs_mmseqs, stand_in, without_programs

PLANTED = {(number, 120 + number) for number in range(40)}


def together(found: RemotePairs) -> set[tuple[int, int]]:
    return set(zip(found.first.tolist(), found.second.tolist(), strict=True))


def random_rows(seed: int, *sizes: int, gc: float = 0.5) -> list[np.ndarray]:
    generator = np.random.Generator(np.random.Philox(seed))
    shares = np.array([1 - gc, gc, gc, 1 - gc]) / 2
    return [generator.choice(4, size, p=shares).astype(np.uint8) for size in sizes]


@pytest.fixture(autouse=True)
def temporary(monkeypatch, tmp_path):
    """Watch the folder for temporary files: whatever happens, nothing stays there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert [*folder.iterdir()] == []


@needs_mmseqs
@pytest.mark.parametrize("changed", [0.2, 0.25])
def test_relatives_with_indels_are_found_where_words_miss_them(changed):
    for seed in range(3):
        sequences = families(changed, seed)
        words = near_pairs(sequences)
        assert len(set(zip(words.first.tolist(), words.second.tolist(), strict=True)) & PLANTED) < 8
        found = together(remote_pairs(sequences))
        assert len(found & PLANTED) >= 38
        assert found <= PLANTED


@needs_mmseqs
@pytest.mark.parametrize("gc", [0.5, 0.38, 0.25])
def test_unrelated_sequences_are_not_linked(gc):
    for seed in range(3):
        sizes = np.random.Generator(np.random.Philox(seed)).integers(200, 401, 700).tolist()
        assert together(remote_pairs(RaggedBases.of(random_rows(seed, *sizes, gc=gc)))) == set()


@needs_mmseqs
def test_mask_strand_order_and_environment_do_not_matter(monkeypatch):
    sequences = families(0.2, 7)
    found = together(remote_pairs(sequences))
    assert len(found) == 40
    masked = RaggedBases(sequences.bases | np.uint8(8), sequences.starts)
    assert together(remote_pairs(masked)) == found
    assert together(remote_pairs(sequences.reverse_complement())) == found
    order = np.random.Generator(np.random.Philox(1)).permutation(160)
    mixed = remote_pairs(sequences.select(order))
    assert {tuple(sorted(order[[one, two]].tolist())) for one, two in together(mixed)} == found
    for name, value in {"MMSEQS_NUM_THREADS": "7", "RUNNER": "false", "OMP_NUM_THREADS": "3", "LC_ALL": "C"}.items():
        monkeypatch.setenv(name, value)
    again = remote_pairs(sequences)
    assert together(again) == found
    version = subprocess.run(["mmseqs", "version"], capture_output=True, text=True, check=True).stdout.strip()
    assert again.made_by == f"MMseqs2 {version}, easy-search {' '.join(search_settings(int(sequences.starts[-1])))}"


@needs_mmseqs
def test_half_of_the_shorter_must_align():
    one, two, three, shared = random_rows(3, 400, 400, 150, 160)
    repeat = [np.concatenate([one[:120], shared, one[120:]]), np.concatenate([two[:300], shared, two[300:]])]
    assert together(remote_pairs(RaggedBases.of(repeat))) == set()
    half = [repeat[0], np.concatenate([three[:70], shared, three[70:]])]
    assert together(remote_pairs(RaggedBases.of(half))) == {(0, 1)}


@needs_mmseqs
def test_copies_are_compared_once_and_long_ones_in_pieces():
    one, two = random_rows(4, 300, 25_000)
    other = families(0.2, 1, unrelated=1, planted=1)
    generator = np.random.Generator(np.random.Philox(5))
    changed = np.where(generator.random(two.size) < 0.25, generator.integers(0, 4, two.size), two).astype(np.uint8)
    rows = [one, two, other[0], one.copy(), 3 - other[0][::-1], other[1], 3 - changed[::-1], other[1]]
    assert together(remote_pairs(RaggedBases.of(rows))) == {(1, 6), (2, 5)}


@needs_mmseqs
@pytest.mark.parametrize("filler", [[], [np.full(200, 4)], [np.full(200, 4)] * 2, [np.zeros(90), np.full(80, 3)]])
@pytest.mark.parametrize("related", [False, True])
def test_short_simple_and_unknown_sequences_are_no_obstacle(filler, related):
    short = random_rows(6, 0, 1, 9, 29)
    relatives = [*families(0.1, 2, unrelated=1, planted=1)] if related else []
    unknown = sum(int((row == 4).all()) for row in filler)
    rows = [row.astype(np.uint8) for row in [*short, *relatives, *filler, short[3], short[3][:28]]]
    found = remote_pairs(RaggedBases.of(rows))
    assert together(found) == ({(4, 5)} if related else set())
    assert found.short == 6 + unknown


def test_words_grow_with_the_bases_and_nothing_else_changes():
    lengths = [int(search_settings(1 << power)[5]) for power in range(36)]
    assert (lengths[0], lengths[-1]) == (9, 13)
    assert set(np.diff(lengths).tolist()) == {0, 1}
    assert [int(search_settings(bases)[5]) for bases in (4_000_000, 4_000_001, 8_000_001)] == [9, 10, 11]
    others = {tuple(word for place, word in enumerate(search_settings(10**power)) if place != 5) for power in range(12)}
    assert len(others) == 1


def test_the_program_sees_row_numbers_and_bases_and_nothing_else(monkeypatch, tmp_path):
    search = f'echo "$@" > {tmp_path}/words; cp rows.fa {tmp_path}/rows.fa; env > {tmp_path}/environment; : > pairs.tsv'
    stand_in(monkeypatch, tmp_path, search)
    monkeypatch.setenv("SECRET", "; rm -rf everything")
    rows = random_rows(8, 40, 12, 50, 30)
    rows[2][7] = 4 + 8
    sequences = RaggedBases.of([*rows, rows[0]])
    found = remote_pairs(sequences)
    assert (together(found), found.short) == (set(), 1)
    assert found.made_by.startswith("MMseqs2 99-test, easy-search --search-type 3 --strand 2 -k 9 ")
    fasta = "".join(f">{row}\n{sequences.letters(row).upper()}\n" for row in (0, 2, 3))
    assert (tmp_path / "rows.fa").read_text() == fasta
    words = (tmp_path / "words").read_text().split()
    assert words[:5] == ["easy-search", "rows.fa", "rows.fa", "pairs.tsv", "work"]
    assert " ".join(words[5:]) == f"{' '.join(search_settings(120))} --format-output {FIELDS} -v 1"
    assert "SECRET" not in (tmp_path / "environment").read_text()


FIELDS = "query,target,qstart,qend,tstart,tend"


def test_a_pair_counts_from_half_of_the_shorter_on(monkeypatch, tmp_path):
    rows = [(0, 0, 1, 100, 1, 100), (1, 0, 1, 30, 31, 60), (0, 2, 1, 29, 29, 1), (2, 3, 30, 1, 50, 90)]
    rows += [(0, 3, 1, 20, 60, 31), (3, 0, 60, 31, 1, 20), (1, 3, 1, 2, 1, 30), (1, 4, 9, 8, 4_000, 1)]
    rows += [(5, 4, 1, 4_000, 2, 3_000), (4, 6, 1, 3_999, 1, 3_999)]
    stand_in(monkeypatch, tmp_path, alignments(*rows))
    sequences = RaggedBases.of(random_rows(9, 100, 60, 60, 90, 20_000, 30_000, 9_000))
    assert together(remote_pairs(sequences)) == {(0, 1), (1, 3), (1, 4), (2, 3), (4, 5)}


def test_a_program_that_is_not_there_is_asked_for(monkeypatch, tmp_path):
    without_programs(monkeypatch, tmp_path)
    with pytest.raises(
        MachineError, match=r"mmseqs is not on the PATH. Fix: install it \(apt-get install mmseqs2"
    ) as no:
        remote_pairs(families(0.2, 1))
    assert no.value.exit_code == 4
    path = tmp_path / "mmseqs"
    path.write_bytes(b"\x00\x01 no program")
    path.chmod(0o755)
    with pytest.raises(MachineError, match="mmseqs cannot be started: Exec format error"):
        remote_pairs(families(0.2, 1))


@pytest.mark.parametrize(
    ("search", "said"),
    [
        (
            "echo starting; echo 'Cannot allocate \033[31mbuffer' >&2; echo; exit 1",
            r"failed: 'Cannot allocate \x1b[31mb",
        ),
        ("exit 3", "failed: exit status 3"),
        ("kill -9 $$", "failed: exit status -9"),
        ("exit 0", "ended without a result"),
        (alignments((0, 1, 1, 50, 1, 50), (0, 1, 1, 50, 1)), r"wrote what is no alignment: '0\t1\t1\t50\t1'"),
        (alignments((0, 1, 1, 50, 1, 50, 7)), "wrote what is no alignment: "),
        (alignments((0, "one", 1, 50, 1, 50)), "wrote what is no alignment: "),
        (alignments((0, 1, 1, 50.5, 1, 50)), "wrote what is no alignment: "),
        (alignments((0, 1, 1, 10**30, 1, 50)), "wrote what is no alignment: "),
        (alignments((0, 1, 1, 50, 1, 50), (0, 160, 1, 50, 1, 50), (0, 1, 1, 9, 1, 9)), r"alignment: '0\t160\t1"),
        (alignments((-1, 0, 1, 50, 1, 50)), r"wrote what is no alignment: '-1\t0"),
        (alignments((0, 1, 0, 50, 1, 50)), "wrote what is no alignment: "),
        (alignments((0, 1, 1, 50, 1, 401)), "wrote what is no alignment: "),
        ("printf '\\n' > pairs.tsv", "wrote what is no alignment"),
        ("head -c 99 /dev/zero > pairs.tsv", "wrote what is no alignment: "),
    ],
)
def test_failures_and_nonsense_become_one_line(monkeypatch, tmp_path, search, said):
    stand_in(monkeypatch, tmp_path, search)
    with pytest.raises(MachineError) as failure:
        remote_pairs(families(0.2, 1))
    message = str(failure.value)
    assert said in message
    assert message.endswith("Fix: mend that, or divide without MMseqs2.")
    assert message.isprintable()


@pytest.mark.parametrize("version", ["exit 1", "echo", "echo two words", "echo one; echo two", "echo '\033[31m'"])
def test_a_version_must_be_told(monkeypatch, tmp_path, version):
    stand_in(monkeypatch, tmp_path, version=version)
    with pytest.raises(MachineError, match="mmseqs does not tell its version"):
        remote_pairs(families(0.2, 1))


def test_a_full_or_missing_folder_is_one_line(monkeypatch, tmp_path):
    stand_in(monkeypatch, tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(MachineError, match="a temporary folder: writing failed: No such file or directory"):
        remote_pairs(families(0.2, 1))


def test_what_the_program_started_ends_with_us(monkeypatch, tmp_path):
    stand_in(monkeypatch, tmp_path, f"sleep 600 & echo $! > {tmp_path}/child; wait")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1)
        with pytest.raises(KeyboardInterrupt):
            remote_pairs(families(0.2, 1))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    child = int(Path(tmp_path, "child").read_text())
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True, text=True).stdout.strip()
    assert state in ("", "Z"), f"{child} is {state}; {os.getpid()} started it"
