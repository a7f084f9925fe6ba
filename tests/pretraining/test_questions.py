"""What is asked, measured before training: shares and leaks for masked objectives, a sentence for every one."""

from __future__ import annotations

import pytest

from genolect.errors import ConfigurationError
from genolect.genome.genome import prepare_genome
from genolect.pretraining.questions import ask
from genolect.pretraining.recipe_file import read_recipe
from tests.tiny import shrink, synthetic_folder, temporary_folder


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    shrink(monkeypatch.setattr)


@pytest.fixture(scope="module")
def genome():
    return prepare_genome([synthetic_folder() / "genome.fa"], temporary_folder() / "prepared")


def asked(genome, *settings, windows=200):
    return ask(genome, read_recipe(None, settings)[0], windows=windows, window=64, seed=3)


def test_masked_bases_are_counted_and_their_leak_is_measured(genome):
    (ours,) = asked(genome)
    assert ours.sentence == "0.15 of the bases are selected: 80% hidden, 10% replaced, 10% shown as they are."
    assert ours.leak.bases_hidden.value == pytest.approx(0.15, abs=0.01)
    assert 0.06 < ours.leak.told_at_place.value < 0.12
    (hidden,) = asked(genome, "objectives.m.hidden_share=1.0", "objectives.m.random_share=0.0")
    assert hidden.leak.told_at_place.value == 0
    (dnabert,) = asked(genome, "tokenizer=kmer:6", "objectives.m.scheme=dnabert")
    assert dnabert.leak.bases_hidden.value < 0.06
    assert dnabert.leak.told_by_neighbours.low > 5
    assert "of the tokens are selected" in dnabert.sentence
    assert dnabert.to_mapping()["leak"]["unit"] == "base"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["objectives.n.kind=causal"], "nothing is hidden, the future is"),
        (["objectives.v.kind=contrastive", "objectives.v.shift=9"], "shift 9, crop none, mutations 0.05"),
    ],
)
def test_other_objectives_say_what_they_ask(genome, settings, sentence):
    (question,) = asked(genome, *settings)
    assert question.leak is None
    assert sentence in question.sentence


def test_too_few_windows_are_refused(genome):
    with pytest.raises(ConfigurationError, match="49 windows are too few for an interval"):
        asked(genome, windows=49)
