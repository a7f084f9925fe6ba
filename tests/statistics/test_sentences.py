"""The sentences: every verdict, every sign, and nothing that the numbers do not say."""

from __future__ import annotations

import pytest

from genolect.statistics.bootstrap import Estimate, decide
from genolect.statistics.names import ARMS
from genolect.statistics.sentences import (
    arm_name,
    best_sentence,
    caution_sentences,
    comparison_sentence,
    finding_sentences,
)


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (
            Estimate(0.0421, 0.0211, 0.0633),
            "On genes, the pretrained probe beats k-mer counting by 0.042 AUROC (95 % interval 0.021 to 0.063).",
        ),
        (
            Estimate(-0.0421, -0.0633, -0.0211),
            "On genes, the pretrained probe LOSES to k-mer counting by 0.042 AUROC (95 % interval 0.021 to 0.063).",
        ),
        (
            Estimate(0.0021, -0.0041, 0.0083),
            "On genes, the pretrained probe and k-mer counting are equivalent: they differ by +0.002 AUROC "
            "(95 % interval −0.004 to +0.008), within the margin of 0.01.",
        ),
        (
            Estimate(-0.0051, -0.0083, -0.0021),
            "On genes, the pretrained probe and k-mer counting are equivalent: they differ by −0.005 AUROC "
            "(95 % interval −0.008 to −0.002), within the margin of 0.01.",
        ),
        (
            Estimate(-0.00001, -0.0004, 0.0003),
            "On genes, the pretrained probe and k-mer counting are equivalent: they differ by 0.000 AUROC "
            "(95 % interval 0.000 to 0.000), within the margin of 0.01.",
        ),
        (
            Estimate(0.021, -0.011, 0.051),
            "On genes, it is undecided whether the pretrained probe or k-mer counting is better: the difference is "
            "+0.021 AUROC (95 % interval −0.011 to +0.051).",
        ),
        (
            Estimate(-0.021, -0.051, 0.011),
            "On genes, it is undecided whether the pretrained probe or k-mer counting is better: the difference is "
            "−0.021 AUROC (95 % interval −0.051 to +0.011).",
        ),
        (
            Estimate(0.2, None, None),
            "On genes, it is undecided whether the pretrained probe or k-mer counting is better: the difference is "
            "+0.200 AUROC, without an interval.",
        ),
        (
            Estimate(None, None, None),
            "On genes, it is undecided whether the pretrained probe or k-mer counting is better: AUROC does not exist "
            "on these examples.",
        ),
    ],
)
def test_comparisons(difference: Estimate, said: str):
    verdict = decide(difference, margin=0.01)
    assert comparison_sentence("genes", "pretrained_probe", "kmer_logistic", difference, verdict, 0.01) == said


def test_every_arm_has_a_name_and_an_unknown_one_keeps_its_own():
    assert len({arm_name(arm) for arm in ARMS}) == len(ARMS)
    assert arm_name("gapped") == "“gapped”"


def test_the_best_arm_is_named_even_if_it_is_not_ours():
    values = {
        "majority": Estimate(0.5, 0.5, 0.5),
        "kmer_logistic": Estimate(0.8123, 0.7912, 0.8341),
        "pretrained_probe": Estimate(0.8123, 0.70, 0.90),
    }
    said = best_sentence("genes", values, examples=1_672, groups=40)
    assert said == (
        "On genes, k-mer counting has the highest AUROC, 0.812 "
        "(95 % interval 0.791 to 0.834; 1,672 examples in 40 blocks)."
    )
    values["pretrained_probe"] = Estimate(0.9, None, None)
    said = best_sentence("genes", values, examples=9, groups=9, words="examples", metric="pearson")
    assert (
        said == "On genes, the pretrained probe has the highest Pearson correlation, 0.900 (no interval; 9 examples)."
    )
    said = best_sentence("genes", {"majority": Estimate(None, None, None)}, examples=9, groups=7)
    assert said == "On genes, AUROC does not exist on the 9 test examples."


def test_weaknesses_are_said_and_sound_panels_have_none():
    assert caution_sentences(groups=20, refusal=None) == []
    assert caution_sentences(groups=19, refusal=None, words="groups") == [
        "The test set has only 19 groups, so the intervals are rough."
    ]
    assert caution_sentences(groups=4, refusal="4 groups, and an interval needs 5") == [
        "The test set gives no intervals: 4 groups, and an interval needs 5."
    ]


def found(chance: float = 0.5, **values: tuple[float, float, float]) -> list[str]:
    return finding_sentences("genes", {arm: Estimate(*one) for arm, one in values.items()}, chance=chance)


def test_tripwires_speak_where_they_come_far_and_only_there():
    best = (0.9, 0.88, 0.92)
    assert found(cnn=best, composition=(0.7, 0.66, 0.74), nearest_neighbour=(0.7, 0.6, 0.8)) == []
    assert found(cnn=best, composition=(0.9, 0.86, 0.94)) == [
        "On genes, base composition (GC, CpG, N, length) alone makes 100 % of the way from chance to the best arm."
    ]
    assert found(cnn=best, coordinate_memoriser=(0.62, 0.6, 0.65)) == [
        "On genes, the memoriser of places, which reads no sequence, makes 30 % of the way from chance to the best arm."
    ]
    assert found(cnn=best, nearest_neighbour=(0.95, 0.9, 0.97)) == [
        "On genes, the nearest neighbour, which understands nothing, makes 100 % of the way "
        "from chance to the best arm."
    ]
    assert found(cnn=(0.52, 0.45, 0.6), composition=(0.52, 0.48, 0.56)) == []
    assert found(cnn=(0.52, 0.45, 0.6), composition=(0.54, 0.505, 0.57)) == []


def test_a_tripwire_speaks_also_where_whatever_reads_sequence_is_below_chance():
    [said] = found(kmer_logistic=(0.48, 0.4, 0.56), composition=(0.99, 0.98, 1.0))
    assert said.startswith("On genes, base composition (GC, CpG, N, length) alone makes 100 % of the way")


def test_shuffled_labels_away_from_chance_are_an_alarm():
    assert found(permuted_labels=(0.52, 0.47, 0.57)) == []
    [said] = found(permuted_labels=(0.62, 0.57, 0.67))
    assert "learned from SHUFFLED labels is not at chance: AUROC 0.620 (95 % interval 0.570 to 0.670)" in said
    assert found(permuted_labels=(0.62, None, None)) == []
    assert found(chance=0.62, permuted_labels=(0.62, 0.57, 0.67)) == []
