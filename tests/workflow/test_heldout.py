"""The exam of hidden bases: the same positions for whoever sits it, and an interval that knows of blocks."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.data.context_counts import count_contexts
from genolect.data.genome import prepare_genome
from genolect.errors import InputError
from genolect.evaluation.context_model import ContextModel
from genolect.inference import masked_bits
from genolect.sequence.interval import Interval
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.workflow.heldout import Exam, set_exam
from tests.tiny import temporary_folder
from tests.toys import CPU, toy_model

WINDOW, LENGTH = 50, 7_013
MASK, TARGETS = NucleotideTokenizer.mask_id, NucleotideTokenizer.targets


@pytest.fixture(scope="module")
def genome():
    letters = np.random.Generator(np.random.Philox(2)).choice(list("acgtACGT"), LENGTH)
    letters[300:420] = "N"
    folder = temporary_folder()
    (folder / "genome.fa").write_text(f">one\n{''.join(letters)}\n>two\n{'N' * 900}\n")
    return prepare_genome([folder / "genome.fa"], folder / "prepared")


@pytest.fixture(scope="module")
def exam(genome):
    return set_exam(genome, [Interval("one", 100, 6_900)], window=WINDOW, most=999, seed=4)


def exam_of(blocks: list[int], hidden: list[int]) -> Exam:
    """Windows with so many hidden bases each."""
    truth = np.where(np.arange(9) < np.array(hidden)[:, None], 2, -100)
    return Exam(np.where(truth < 0, 1, MASK), truth, np.array(blocks))


def test_what_is_hidden_is_the_truth_and_everything_else_is_shown(genome, exam):
    tokens = NucleotideTokenizer().encode(np.array(genome.bases("one", 100, 6_900)).reshape(-1, WINDOW))
    hidden = exam.truth >= 0
    assert (exam.truth[hidden] == tokens[hidden]).all()
    assert (exam.shown[hidden] == MASK).all()
    assert (exam.shown[~hidden] == tokens[~hidden]).all()
    assert (tokens[hidden] < len(TARGETS)).all()


def test_about_15_percent_of_the_known_bases_are_hidden(exam):
    known = 6_800 - 120
    assert abs(exam.hidden - 0.15 * known) < 4 * np.sqrt(0.15 * 0.85 * known)


def test_both_contestants_answer_the_same_questions(genome, exam):
    counting = ContextModel(count_contexts(genome, [Interval("one", 0, 100)], 3))
    own = masked_bits(toy_model(), exam.shown, exam.truth, CPU)
    others = counting.bits(exam.shown, exam.truth)
    assert own.shape == others.shape == (exam.hidden,)
    asked = exam.truth[exam.truth >= 0]
    means = [others[asked == base].mean() for base in TARGETS]
    assert np.argmin(means) == np.argmax(counting.base_frequencies)


def test_the_exam_depends_on_the_seed_and_nothing_else(genome, exam):
    again, other = (
        set_exam(genome, [Interval("one", 100, 6_900)], window=WINDOW, most=999, seed=seed) for seed in (4, 5)
    )
    assert (again.truth == exam.truth).all()
    assert (other.truth != exam.truth).any()


def test_fewer_windows_are_spread_over_the_stretch(genome):
    exam = set_exam(genome, [Interval("one", 0, LENGTH)], window=WINDOW, most=30, seed=4)
    assert 20 <= len(exam.shown) <= 30
    assert len(np.unique(exam.blocks)) == len(exam.shown)


@pytest.mark.parametrize(
    ("region", "said"),
    [
        (Interval("two", 0, 900), r"18 held-out windows of 50 bases hold no base that could be hidden\. Fix: "),
        (Interval("one", 0, 49), r"no held-out stretch has 50 bases"),
    ],
)
def test_an_exam_without_questions_is_refused(genome, region, said):
    with pytest.raises(InputError, match=said):
        set_exam(genome, [region], window=WINDOW, most=99, seed=4)


def test_the_mean_counts_bases_not_windows_or_blocks():
    exam = exam_of([0, 0, 1, 2, 3, 4], [3, 1, 5, 2, 2, 7])
    bits = np.random.Generator(np.random.Philox(3)).normal(size=20)
    estimate = exam.mean_bits(bits, seed=1)
    assert estimate.value == pytest.approx(bits.mean())
    assert estimate.low < estimate.value < estimate.high


def test_the_interval_follows_the_blocks():
    """What differs between blocks widens it; what differs inside a block does not."""
    hidden, blocks = [4] * 60, list(np.arange(60) // 3)
    between = np.repeat(np.arange(20) % 2, 12) * 1.0
    inside = np.tile([0.0, 1.0], 120)
    exam = exam_of(blocks, hidden)
    wide, narrow = exam.mean_bits(between, seed=1), exam.mean_bits(inside, seed=1)
    assert wide.value == narrow.value == 0.5
    assert wide.high - wide.low == pytest.approx(4 * np.sqrt(0.25 / 20), rel=0.25)
    assert narrow.high - narrow.low < 1e-9


@pytest.mark.parametrize(("blocks", "known"), [([0, 9, 20, 31], False), ([0, 9, 20, 31, 44], True)])
def test_gaps_between_the_numbers_of_blocks_are_no_blocks(blocks, known):
    estimate = exam_of(blocks, [2] * len(blocks)).mean_bits(np.arange(2.0 * len(blocks)), seed=1)
    assert estimate.value == len(blocks) - 0.5
    assert (estimate.low is not None) == (estimate.high is not None) == known
