"""Windows: functions of (seed, purpose, step), uniform over the stretches and both strands, never outside them."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, chisquare

from genolect.errors import ConfigurationError, InputError
from genolect.genome.corpus import CorpusGenome, prepare_corpus
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.windows import BLOCKS, WindowSampler, tile_windows
from genolect.sequence.alphabet import BASE_BITS, N, decode, encode, reverse_complement
from genolect.sequence.interval import Interval
from tests.sequence.written import format_fasta

LENGTH = 19


def random_letters(count: int, seed: int) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), count))


def make(folder, records: dict[str, str]) -> PreparedGenome:
    source = folder / "genome.fa"
    source.write_text("".join(format_fasta(name, encode(letters)) for name, letters in records.items()))
    return prepare_genome([source], folder / "prepared")


@pytest.fixture(scope="module")
def genome(tmp_path_factory) -> PreparedGenome:
    records = {"a": random_letters(611, seed=1), "b": random_letters(307, seed=2).lower()}
    return make(tmp_path_factory.mktemp("windows"), records)


def sampler(genome, *regions, length=LENGTH, seed=3, purpose="training") -> WindowSampler:
    return WindowSampler(genome, regions or WHOLE, length=length, seed=seed, purpose=purpose)


WHOLE = (Interval("a", 0, 611), Interval("b", 0, 307))
REGIONS = (Interval("a", 100, 250), Interval("b", 40, 100), Interval("a", 500, 560))


def places(genome, length=LENGTH) -> dict[bytes, tuple[str, int, str]]:
    """Where each window of the genome lies; its bases are random, so no two places look alike."""
    found: dict[bytes, tuple[str, int, str]] = {}
    for name, count in genome.lengths.items():
        for start in range(count - length + 1):
            window = genome.bases(name, start, start + length)
            found[window.tobytes()] = (name, start, "+")
            found[reverse_complement(window).tobytes()] = (name, start, "-")
    assert len(found) == 2 * sum(count - length + 1 for count in genome.lengths.values())
    return found


def test_a_step_gives_the_same_windows_whatever_was_drawn_before(genome):
    first = sampler(genome)
    later = [first.draw(step, 7).copy() for step in (5, 0, 5)]
    fresh = sampler(genome)
    np.testing.assert_array_equal(later[0], later[2])
    np.testing.assert_array_equal(later[0], fresh.draw(5, 7))
    np.testing.assert_array_equal(fresh.draw(5, 3), later[0][:3])
    assert not np.array_equal(later[0], later[1])


@pytest.mark.parametrize("change", [{"seed": 4}, {"purpose": "validation"}])
def test_another_seed_or_purpose_draws_other_windows(genome, change):
    assert not np.array_equal(sampler(genome).draw(0, 5), sampler(genome, **change).draw(0, 5))


def test_global_generators_play_no_part(genome):
    np.random.seed(1)
    one, state = sampler(genome).draw(2, 5), np.random.get_state()[1].copy()
    np.random.seed(2)
    np.testing.assert_array_equal(sampler(genome).draw(2, 5), one)
    np.random.seed(1)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_windows_come_from_the_stretches_uniformly_and_from_both_strands(genome):
    where = places(genome)
    windows = np.concatenate([sampler(genome, *REGIONS).draw(step, 400) for step in range(25)])
    found = [where[window.tobytes()] for window in windows]
    drawn = Counter((name, start) for name, start, _ in found)
    allowed = [(region.name, start) for region in REGIONS for start in range(region.start, region.end - LENGTH + 1)]
    assert set(drawn) == set(allowed)
    assert chisquare([drawn[place] for place in allowed]).pvalue > 0.001
    forward = sum(strand == "+" for *_, strand in found)
    assert binomtest(forward, len(found)).pvalue > 0.001


def test_the_last_window_of_a_stretch_can_be_drawn(genome):
    exact = sampler(genome, Interval("b", 50, 50 + LENGTH), Interval("a", 3, 3 + LENGTH - 1))
    assert exact.regions == [Interval("b", 50, 50 + LENGTH)]
    window = genome.bases("b", 50, 50 + LENGTH)
    strands = {window.tobytes(), reverse_complement(window).tobytes()}
    assert {drawn.tobytes() for drawn in exact.draw(0, 23)} == strands


def test_soft_masked_bases_stay_marked(genome):
    assert all(decode(window).islower() for window in sampler(genome, Interval("b", 0, 307)).draw(0, 5))


def test_windows_of_n_are_drawn_again(tmp_path):
    letters = random_letters(60, seed=5) + "N" * 500 + random_letters(60, seed=6) + "n" * 40
    genome = make(tmp_path, {"a": letters})
    windows = np.concatenate([sampler(genome, Interval("a", 0, 660), length=20).draw(step, 50) for step in range(9)])
    unknown = ((windows & BASE_BITS) == N).sum(axis=1)
    assert (unknown <= 10).mean() > 0.95  # each of twenty tries succeeds with 0.175
    assert (unknown == 10).any()
    assert (unknown == 0).any()
    only = sampler(genome, Interval("a", 60, 560), length=20).draw(0, 3)
    assert (only == N).all()


def test_stretches_shorter_than_a_window_are_refused(genome):
    with pytest.raises(InputError, match="the longest training stretch has 150 bases, fewer than a window's 1,151"):
        sampler(genome, *REGIONS, length=1151)
    with pytest.raises(InputError, match="the longest test stretch has 0 bases"):
        WindowSampler(genome, [], length=7, seed=0, purpose="test")


# ---------------------------------------------------------------- tiles


def test_tiles_lie_side_by_side(genome):
    windows, blocks = tile_windows(genome, REGIONS, length=LENGTH, most=10**6)
    expected = [
        genome.bases(region.name, region.start + LENGTH * number, region.start + LENGTH * (number + 1))
        for region in REGIONS
        for number in range(region.length // LENGTH)
    ]
    np.testing.assert_array_equal(windows, expected)
    assert len(blocks) == len(windows) == 7 + 3 + 3


@pytest.mark.parametrize("most", [1, 4, 7, 12, 29, 30, 31, 57, 58])
def test_a_limit_thins_the_tiles_evenly(genome, most):
    where = places(genome, length=10)
    starts = [where[window.tobytes()][1] for window in tile_windows(genome, WHOLE[:1], length=10, most=most)[0]]
    assert most / 2 < len(starts) <= most
    steps = set(np.diff(starts)) or {610}
    assert len(steps) == 1
    assert starts[0] == 0
    assert starts[-1] + max(steps) > 600  # the next one would lie behind the end


@pytest.mark.parametrize("count", [1, 3, 49, 50, 51, 173])
def test_blocks_are_contiguous_and_none_is_empty(genome, count):
    _, blocks = tile_windows(genome, [Interval("a", 0, 3 * count)], length=3, most=count)
    assert len(blocks) == count
    assert (np.diff(blocks) >= 0).all()
    sizes = np.bincount(blocks)
    assert len(sizes) == min(count, BLOCKS)
    assert sizes.max() - sizes.min() <= 1


def test_stretches_without_a_tile_are_refused(genome):
    with pytest.raises(InputError, match="no held-out stretch has 151 bases"):
        tile_windows(genome, REGIONS, length=151, most=5)


# ---------------------------------------------------------------- ranks, processes


def test_each_rank_draws_its_own_windows(genome):
    drawn = [sampler(genome).draw(4, 6, rank) for rank in (0, 1, 2)]
    np.testing.assert_array_equal(drawn[0], sampler(genome).draw(4, 6))
    assert len({window.tobytes() for part in drawn for window in part}) > 12


def draw_elsewhere(folder: str, steps: list[int]) -> list[bytes]:
    whole = sampler(PreparedGenome(Path(folder)))
    return [whole.draw(step, 7, rank=1).tobytes() for step in steps]


@pytest.mark.parametrize("processes", [1, 3])
def test_any_number_of_processes_gives_the_same_batches(genome, processes):
    here = draw_elsewhere(str(genome.folder), [*range(12)])
    parts = [[*range(first, 12, processes)] for first in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        there = [*pool.map(draw_elsewhere, [str(genome.folder)] * processes, [part[::-1] for part in parts])]
    for part, batches in zip(parts, there, strict=True):
        assert batches[::-1] == [here[step] for step in part]


def test_places_say_where_the_windows_are(genome):
    where = places(genome)
    drawn = sampler(genome, *REGIONS)
    found = [where[window.tobytes()] for window in drawn.draw(3, 41, 2)]
    assert found == [(place.name, place.start, place.strand) for place in drawn.places(3, 41, 2)]
    assert all(place.length == LENGTH for place in drawn.places(3, 41, 2))


def test_the_soft_mask_is_dropped_when_asked(genome):
    with_mask = sampler(genome, Interval("b", 0, 307)).draw(0, 5)
    without = WindowSampler(genome, WHOLE[1:], length=LENGTH, seed=3, purpose="training", soft_mask=False).draw(0, 5)
    np.testing.assert_array_equal(without, with_mask & BASE_BITS)
    assert not np.array_equal(without, with_mask)


# ---------------------------------------------------------------- circles and species


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> PreparedGenome:
    """Three species: one circle, two lines with a gap, one too short for a window of 50."""
    folder = tmp_path_factory.mktemp("corpus")
    records = {
        "ring": {"r": random_letters(90, seed=7)},
        "line": {"l": random_letters(400, seed=8) + "N" * 300, "m": random_letters(200, seed=9)},
        "short": {"s": random_letters(40, seed=10)},
    }
    rows = []
    for name, own in records.items():
        text = "".join(format_fasta(record, encode(letters)) for record, letters in own.items())
        (folder / f"{name}.fa").write_text(text)
        topology = "circular" if name == "ring" else ""
        rows.append(CorpusGenome(name, folder / f"{name}.fa", None, topology, name))
    return prepare_corpus(rows, folder / "corpus")


def over(corpus, length: int, shares=None) -> WindowSampler:
    regions = [Interval(name, 0, count) for name, count in corpus.lengths.items()]
    return WindowSampler(corpus, regions, length=length, seed=5, purpose="training", shares=shares)


def test_windows_wrap_on_a_circle_and_every_base_of_it_is_equally_likely(corpus):
    ring = Interval("ring:r", 0, 90)
    drawn = WindowSampler(corpus, [ring], length=50, seed=5, purpose="training")
    starts = Counter(place.start for step in range(9) for place in drawn.places(step, 1000))
    assert set(starts) == set(range(90))
    assert chisquare([starts[start] for start in range(90)]).pvalue > 0.001
    for window, place in zip(drawn.draw(0, 99), drawn.places(0, 99), strict=True):
        expected = corpus.bases("ring:r", place.start, place.end)
        np.testing.assert_array_equal(window, reverse_complement(expected) if place.strand == "-" else expected)


def test_an_arc_of_a_circle_does_not_wrap(corpus):
    arc = WindowSampler(corpus, [Interval("ring:r", 10, 80)], length=50, seed=5, purpose="training")
    starts = {place.start for place in arc.places(0, 2000)}
    assert starts == set(range(10, 31))


def test_by_default_every_position_is_equally_likely(corpus):
    drawn = over(corpus, 30)
    positions = {"ring": 90, "line": 671 + 171, "short": 11}
    assert drawn.shares() == pytest.approx({name: count / 943 for name, count in positions.items()})
    assert drawn.too_short == []


@pytest.mark.parametrize("shares", [{"ring": 3.0, "line": 1.0, "short": 1.0}, {"ring": 0.0, "line": 1.0, "short": 9.0}])
def test_drawn_shares_match_the_wanted_ones_although_gaps_are_drawn_again(corpus, shares):
    drawn = over(corpus, 30, shares)
    expected = drawn.shares()
    assert expected == pytest.approx({name: share / sum(shares.values()) for name, share in shares.items()})
    counted = sum((drawn.species_drawn(step, 1000, rank) for step in range(5) for rank in range(2)), Counter())
    assert counted.total() == 10_000
    assert set(counted) == {name for name, share in shares.items() if share}
    observed = [counted[name] for name in counted]
    assert chisquare(observed, [expected[name] * 10_000 for name in counted]).pvalue > 0.001
    windows = drawn.draw(0, 1000)
    assert (np.count_nonzero((windows & BASE_BITS) == N, axis=1) <= 15).mean() > 0.99


def test_a_species_without_a_long_enough_record_is_named(corpus):
    drawn = over(corpus, 50, {"ring": 1.0, "line": 1.0, "short": 2.0})
    assert drawn.too_short == ["short"]
    assert drawn.shares() == {"ring": 0.5, "line": 0.5}
    with pytest.raises(ConfigurationError, match="no species has a weight above 0"):
        over(corpus, 50, {"ring": 0.0, "line": 0.0, "short": 1.0})
    with pytest.raises(ConfigurationError, match="the species 'line' has no weight"):
        over(corpus, 30, {"ring": 1.0})
