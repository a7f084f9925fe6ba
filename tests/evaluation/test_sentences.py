"""The sentences: every verdict, every sign, and nothing that the numbers do not say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genolect.evaluation.probe import Probe
from genolect.evaluation.sentences import ARM_NAMES, arm_name, best_sentence, caution_sentences, comparison_sentence
from genolect.evaluation.statistics import Estimate, decide

PROBE = Probe(np.zeros(1), np.ones(1), np.zeros((1, 2)), np.zeros(2), 0.1, 0.6, 0.7, at_grid_edge=False, converged=True)


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
            "on these windows.",
        ),
    ],
)
def test_comparisons(difference: Estimate, said: str):
    verdict = decide(difference, margin=0.01)
    assert comparison_sentence("genes", "pretrained_probe", "kmer_logistic", difference, verdict, 0.01) == said


def test_every_arm_has_a_name_and_an_unknown_one_keeps_its_own():
    assert len({arm_name(arm) for arm in ARM_NAMES}) == len(ARM_NAMES)
    assert arm_name("gapped") == "“gapped”"


def test_the_best_arm_is_named_even_if_it_is_not_ours():
    values = {
        "majority": Estimate(0.5, 0.5, 0.5),
        "kmer_logistic": Estimate(0.8123, 0.7912, 0.8341),
        "pretrained_probe": Estimate(0.8123, 0.70, 0.90),
    }
    said = best_sentence("genes", values, windows=1_672, blocks=40)
    assert said == (
        "On genes, k-mer counting has the highest AUROC, 0.812 "
        "(95 % interval 0.791 to 0.834; 1,672 windows in 40 blocks)."
    )
    values["pretrained_probe"] = Estimate(0.9, None, None)
    said = best_sentence("genes", values, windows=9, blocks=1)
    assert said == "On genes, the pretrained probe has the highest AUROC, 0.900 (no interval; 9 windows in 1 block)."
    said = best_sentence("genes", {"majority": Estimate(None, None, None)}, windows=9, blocks=7)
    assert said == "On genes, AUROC does not exist: the 9 windows are all of one class."


def test_weaknesses_are_said_and_sound_panels_have_none():
    assert caution_sentences({"composition": PROBE}, blocks=20) == []
    assert caution_sentences({}, blocks=19) == ["The test set has only 19 blocks, so the intervals are rough."]
    assert caution_sentences({}, blocks=4) == ["The test set has only 4 of the 5 blocks that an interval needs."]
    weak = replace(PROBE, at_grid_edge=True, converged=False)
    assert caution_sentences({"random_probe": weak}, blocks=20) == [
        "The probe of the random twin did not converge in 500 steps.",
        "The probe of the random twin is best at the edge of its penalties (C = 0.1), so it may be better than shown.",
    ]
