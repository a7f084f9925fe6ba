"""Ridge regression on words: equal to scikit-learn's, on either strand, and chosen where nothing is tested."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from genolect.genome.genome import prepare_genome
from genolect.pretraining.kinds import kmer_ridge
from genolect.pretraining.kinds.kmer_ridge import KmerRidge
from genolect.sequence.alphabet import decode, reverse_complement
from genolect.sequence.interval import Interval

LENGTH, SPAN = 4_003, 60


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ridge")
    letters = np.random.default_rng(3).choice(list("ACGTacgt"), LENGTH)
    letters[::97] = "N"
    (folder / "genome.fa").write_text(f">one\n{''.join(letters)}\n")
    return prepare_genome([folder / "genome.fa"], folder / "prepared")


def places(first: int, end: int, strand: str = "+") -> list[Interval]:
    return [Interval("one", start, start + 7, strand) for start in range(first, end, 13)]


def counted(genome, place, word, *, stranded):
    """Count words letter by letter."""
    middle = (place.start + place.end) // 2
    around = genome.bases("one", max(0, middle - SPAN // 2), min(LENGTH, middle + SPAN // 2))
    texts = [decode(around).upper(), decode(reverse_complement(around)).upper()]
    kept = texts[place.strand == "-" :][:1] if stranded else texts
    return [sum(text[at : at + word] == name for text in kept for at in range(len(text))) for name in names(word)]


def names(word: int) -> list[str]:
    return [""] if word == 0 else [letter + rest for letter in "ACGT" for rest in names(word - 1)]


@pytest.mark.parametrize("stranded", [False, True])
def test_predictions_are_those_of_scikit_learn_on_words_counted_by_hand(genome, monkeypatch, stranded):
    monkeypatch.setattr(kmer_ridge, "PENALTIES", np.array([10.0]))
    at = {"train": places(50, 2_500) + places(60, 900, "-"), "validation": places(2_600, 3_900, "-")}
    generator = np.random.default_rng(4)
    truth = {role: generator.normal(size=len(found)) for role, found in at.items()}
    ours = KmerRidge(genome, spans=(SPAN,), words=(2,), stranded=stranded)
    ours.fit(at, truth)
    inputs = {
        role: np.array([counted(genome, one, 2, stranded=stranded) for one in found]) for role, found in at.items()
    }
    keep = [number for number, name in enumerate(names(2)) if stranded or name <= reverse(name)]
    training = inputs["train"][:, keep]
    mean, deviation = training.mean(axis=0), training.std(axis=0) + 1e-6
    theirs = Ridge(alpha=10.0).fit((training - mean) / deviation, truth["train"])
    expected = theirs.predict((inputs["validation"][:, keep] - mean) / deviation)
    np.testing.assert_allclose(ours.predict(at["validation"]), expected, atol=1e-4)


def reverse(name: str) -> str:
    return name[::-1].translate(str.maketrans("ACGT", "TGCA"))


def test_what_follows_from_words_is_found_and_the_shape_is_chosen_on_validation(genome):
    at = {role: places(*ends) for role, ends in {"train": (50, 2_400), "validation": (2_500, 3_200)}.items()}
    bases = genome.bases("one") & 7
    truth = {
        role: np.array([(np.isin(bases[one.start - 7 : one.end + 6], (1, 2))).mean() for one in found])
        for role, found in at.items()
    }
    ridge = KmerRidge(genome, spans=(20, 300), words=(1, 3), stranded=False)
    ridge.fit(at, truth)
    assert ridge.name == "ridge regression on 1-mers of 20 bases"
    test = places(3_300, 3_900)
    expected = [(np.isin(bases[one.start - 7 : one.end + 6], (1, 2))).mean() for one in test]
    assert np.corrcoef(ridge.predict(test), expected)[0, 1] > 0.95
