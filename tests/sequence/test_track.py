"""Tracks: equal to another reader, bin by bin; what does not fit the genome is refused."""

from __future__ import annotations

import numpy as np
import pybigtools
import pytest

from genolect.errors import InputError
from genolect.sequence.interval import Interval
from genolect.sequence.track import Track, read_bins

LENGTHS = {"I": 103, "II": 57}
ROWS = [("I", 3, 20, 2.5), ("I", 20, 21, 7.0), ("I", 40, 103, 0.125), ("II", 0, 9, 4.0)]


@pytest.fixture
def bigwig(tmp_path):
    path = tmp_path / "tiny.bw"
    pybigtools.open(str(path), "w").write(LENGTHS, ROWS)
    return path


def by_base(name: str) -> np.ndarray:
    values = np.zeros(LENGTHS[name])
    for sequence, start, end, value in ROWS:
        if sequence == name:
            values[start:end] = value
    return values


@pytest.mark.parametrize("place", [Interval("I", 0, 102), Interval("I", 13, 49, "+"), Interval("II", 3, 57)])
@pytest.mark.parametrize("bin_length", [1, 3])
def test_bins_add_up_what_the_rows_say(bigwig, place, bin_length):
    values = by_base(place.name)[place.start : place.end].reshape(-1, bin_length)
    track = Track(bigwig, LENGTHS)
    mean = track.bins(place, bin_length)
    assert mean.dtype == np.float32
    np.testing.assert_allclose(mean, values.mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(track.bins(place, bin_length, "sum"), values.sum(axis=1), rtol=1e-6)


def test_the_other_strand_is_read_the_other_way(bigwig):
    track = Track(bigwig, LENGTHS)
    forward = track.bins(Interval("I", 10, 50, "+"), 8)
    assert track.bins(Interval("I", 10, 50, "-"), 8).tolist() == forward.tolist()[::-1] != forward.tolist()


def test_whole_sequences_without_the_rest_behind_the_last_bin(bigwig):
    read = read_bins(bigwig, LENGTHS, 10, summary="sum")
    assert {name: bins.size for name, bins in read.items()} == {"I": 10, "II": 5}
    np.testing.assert_allclose(read["I"], by_base("I")[:100].reshape(-1, 10).sum(axis=1), rtol=1e-6)


def test_a_genome_may_be_a_part_of_the_track(bigwig):
    assert list(read_bins(bigwig, {"II": 57}, 19)) == ["II"]


def test_another_reader_gives_the_same(data_folder):
    pyBigWig = pytest.importorskip("pyBigWig")
    path = data_folder / "annotations" / "yeast_fragment_coverage.bw"
    with pyBigWig.open(str(path)) as theirs:
        track = Track(path, theirs.chroms())
        for name, start, bins in (("I", 0, 50), ("XII", 451_003, 40), ("Mito", 85_779 - 37 * 128, 37)):
            place = Interval(name, start, start + 128 * bins)
            expected = theirs.stats(name, place.start, place.end, nBins=bins, exact=True)
            np.testing.assert_allclose(track.bins(place, 128), np.array(expected, dtype=float), rtol=1e-6)
    assert read_bins(path, {"XII": 1_078_177}, 1, summary="sum")["XII"].sum(dtype=np.float64) == 21_226_718


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ({"I": 103, "III": 9}, r"tiny\.bw: the track has no sequence 'III'; it has 'I', 'II'\. Fix: .*this assembly"),
        ({"chrI": 103}, r"no sequence 'chrI'"),
        ({"I": 104}, r"tiny\.bw: 'I' has 103 bases in the track, 104 in the genome\. Fix: "),
    ],
)
def test_a_track_of_another_assembly_is_refused(bigwig, lengths, message):
    with pytest.raises(InputError, match=message) as refusal:
        Track(bigwig, lengths)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"I\t0\t9\t1.5\n", b"\x26\xfc\x8f\x88", b"\x00" * 5000])
@pytest.mark.parametrize("name", ["plain.txt", "named.bw", "named.bb"])
def test_what_is_no_bigwig_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name}: not a bigWig file.*Fix: give a \.bw file") as refusal:
        Track(tmp_path / name, {"I": 9})
    assert "\n" not in str(refusal.value)


def test_a_bigbed_is_refused(tmp_path):
    path = tmp_path / "rows.bb"
    pybigtools.open(str(path), "w").write({"I": 90}, [("I", 3, 20, "name")])
    with pytest.raises(InputError, match=r"rows\.bb: not a bigWig file"):
        Track(path, {"I": 90})


@pytest.mark.parametrize("name", ["absent.bw", "."])
def test_a_file_that_is_not_there_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="there is no such file"):
        Track(tmp_path / name, {"I": 9})


def test_an_address_is_never_fetched():
    with pytest.raises(InputError, match="there is no such file"):
        Track("http://localhost:9/a.bw", {"I": 9})


def test_a_cut_file_is_refused(bigwig, data_folder, tmp_path):
    whole = (data_folder / "annotations" / "yeast_fragment_coverage.bw").read_bytes()
    path = tmp_path / "cut.bw"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.bw: (damaged at XVI:0-948066|not a bigWig file)"):
        Track(path, {"XVI": 948_066}).bins(Interval("XVI", 0, 948_066), 1)


def test_a_value_that_is_not_finite_is_refused(tmp_path):
    path = tmp_path / "infinite.bw"
    pybigtools.open(str(path), "w").write({"I": 30}, [("I", 3, 9, float("inf"))])
    track = Track(path, {"I": 30})
    assert track.bins(Interval("I", 9, 30), 3).tolist() == [0.0] * 7
    with pytest.raises(InputError, match=r"infinite\.bw: a value at I:0-30 is not finite"):
        track.bins(Interval("I", 0, 30), 3)


@pytest.mark.parametrize(
    ("place", "bin_length", "message"),
    [
        (Interval("I", 90, 104), 7, r"I:90-104 is not inside the genome"),
        (Interval("III", 0, 7), 7, r"III:0-7 is not inside the genome"),
        (Interval("I", 0, 10), 4, r"10 bases are no whole number of bins of 4"),
    ],
)
def test_stretches_that_cannot_be_read_are_refused(bigwig, place, bin_length, message):
    with pytest.raises(ValueError, match=message):
        Track(bigwig, LENGTHS).bins(place, bin_length)


def test_a_sequence_shorter_than_a_bin_is_refused(bigwig):
    with pytest.raises(InputError, match=r"'II' has 57 bases, fewer than a bin's 58"):
        read_bins(bigwig, LENGTHS, 58)
