"""The information view on tasks whose truth is known: what is planted is found, what is not there is not."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.encoders.transformer import TransformerConfig
from genolect.errors import ConfigurationError
from genolect.evaluation.studies import information
from genolect.evaluation.studies.information import view_information
from genolect.models.model import SequenceModel, new_model
from genolect.sequence.ragged import RaggedBases
from genolect.tables.table import LabelledTable, Parts, Places, Target
from genolect.tokenizers.nucleotide import NucleotideTokenizer

N = 450


def parts_of(shares: np.ndarray, target: Target, *, groups: bool = True, seed: int = 2) -> Parts:
    """Sequences of 40 to 48 bases, each drawn with its own shares of A C G T."""
    generator = np.random.Generator(np.random.Philox(seed))
    rows = [generator.choice(4, size=40 + row % 9, p=share).astype(np.uint8) for row, share in enumerate(shares)]
    split = np.array(["train", "train", "train", "validation", "test"])[np.arange(N) % 5]
    group = (np.arange(N) // 5 % 20).astype(str) if groups else np.full(N, "")
    names = np.arange(N).astype(str)
    return LabelledTable("toy", names, RaggedBases.of(rows), target, split, group, Places.unknown(N)).parts()


@pytest.fixture(scope="module")
def model() -> SequenceModel:
    config = TransformerConfig(vocabulary=7, width=16, heads=2, layers=1, context_lengths=(), stem_reach=1)
    return new_model(config, NucleotideTokenizer(), seed=5)


@pytest.fixture(autouse=True)
def short_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words of six make seconds of a test and change nothing that is tested here."""
    monkeypatch.setattr(information, "WORD_LENGTHS", (2, 3))


def bits(parts: Parts, model: SequenceModel, **options: object) -> dict[tuple[str, str], float]:
    view = view_information({"model": model}, parts, **options)
    return {(row["arm"], row["metric"].split(" (bits)")[0].split(", of")[0]): row["value"] for row in view.rows}


def test_a_label_that_is_gc_is_told_almost_whole(model: SequenceModel) -> None:
    label = np.arange(N) % 2
    shares = np.where(label[:, None] == 1, [0.1, 0.4, 0.4, 0.1], [0.4, 0.1, 0.1, 0.4])
    parts = parts_of(shares, Target("classes", ("low", "high"), label))
    found = bits(parts, model)
    assert found["kmers", "I(Z;Y), label"] > 0.8
    assert found["model", "I(Z;Y), label"] > 0.8
    assert abs(found["model", "I(X;Y) - I(Z;Y)"]) < 0.15
    # The label is the composition, so what tells one tells most of the other's first bit.
    assert found["model", "I(Z;N), composition"] > 0.8
    # Where the batch is the label, nothing else is measured.
    again = bits(parts, model, batches=tuple(part.target.values for part in parts))
    assert again["kmers", "I(Z;N), batch"] == pytest.approx(again["kmers", "I(Z;Y), label"], abs=1e-9)


def test_noise_is_not_told(model: SequenceModel) -> None:
    noise = np.random.Generator(np.random.Philox(9)).integers(0, 2, N)
    found = bits(parts_of(np.full((N, 4), 0.25), Target("classes", ("a", "b"), noise)), model)
    for arm in ("kmers", "model"):
        assert found[arm, "I(Z;Y), label"] < 0.05
        assert found[arm, "I(Z;N), shift"] < 0.05


def test_the_strand_is_told_where_it_shows_and_never_by_canonical_words(model: SequenceModel) -> None:
    label = np.arange(N) % 2
    skewed = bits(parts_of(np.tile([0.7, 0.1, 0.1, 0.1], (N, 1)), Target("classes", ("a", "b"), label)), model)
    assert skewed["model", "I(Z;N), strand"] > 0.8
    assert abs(skewed["kmers", "I(Z;N), strand"]) < 1e-6
    even = bits(parts_of(np.full((N, 4), 0.25), Target("classes", ("a", "b"), label)), model)
    assert even["model", "I(Z;N), strand"] < 0.1


def test_numbers_become_quartiles_and_missing_groups_are_said(model: SequenceModel) -> None:
    gc = np.linspace(0.1, 0.9, N)
    shares = np.stack([(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2], axis=1)
    shuffled = np.random.Generator(np.random.Philox(3)).permutation(N)
    parts = parts_of(shares[shuffled], Target("number", ("gc",), gc[shuffled]), groups=False)
    view = view_information({"model": model}, parts)
    [told] = [row for row in view.rows if row["arm"] == "kmers" and row["metric"].startswith("I(Z;Y)")]
    assert 0.8 < told["value"] < 2
    assert any("numbers as 4 classes" in note for note in view.notes)
    assert any("one by one" in note for note in view.notes)


def test_batches_that_training_has_not_seen_are_left_out_and_said(model: SequenceModel) -> None:
    label = np.arange(N) % 2
    parts = parts_of(np.full((N, 4), 0.25), Target("classes", ("a", "b"), label))
    batches = tuple(np.full(len(part), number) for number, part in enumerate(parts))
    view = view_information({"model": model}, parts, batches=batches)
    assert not [row for row in view.rows if "batch" in row["metric"]]
    assert any("model, batch: fewer than 30 training examples" in note for note in view.notes)


def test_several_labels_are_refused(model: SequenceModel) -> None:
    target = Target("multilabel", ("a", "b"), np.zeros((N, 2)))
    with pytest.raises(ConfigurationError, match="toy has several labels"):
        view_information({"model": model}, parts_of(np.full((N, 4), 0.25), target))
