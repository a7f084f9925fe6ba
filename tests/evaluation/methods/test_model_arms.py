"""Frozen arms: representations chosen on validation, strands averaged, twins drawn anew, vectors by their names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genolect.errors import InputError
from genolect.evaluation.methods.method import blind
from genolect.evaluation.methods.probe import REPRESENTATIONS, describe_sequences, embedding_arm, probe_arms, probed
from genolect.models.inference import this_machine
from tests.pretraining.panel_tasks import table_of, tiny_model


def test_sequences_are_described_alike_in_any_order_and_on_either_strand():
    sequences = table_of("length", n=40).sequences
    model, machine = tiny_model(), this_machine()
    whole = describe_sequences(model, sequences, "both", machine)
    order = np.random.Generator(np.random.Philox(1)).permutation(40)
    mixed = describe_sequences(model, sequences.select(order), "both", machine)
    np.testing.assert_allclose(mixed, whole[order], atol=2e-2)
    turned = describe_sequences(model, sequences.reverse_complement(), "both", machine)
    mean_and_most = [0, 2]  # of an even length the centre is not the same base from both ends
    np.testing.assert_allclose(turned[:, :, mean_and_most], whole[:, :, mean_and_most], atol=2e-2)
    one = describe_sequences(model, sequences, "one", machine)
    assert np.abs(one - whole).max() > 0.05
    assert whole.shape == (40, 3, 3, 16)


def test_the_representation_that_knows_is_chosen_on_validation_only():
    parts = blind(table_of("noise", n=300).parts())
    answers = {"train": 1, "validation": 1, "test": 0}

    def states(part):
        generator = np.random.Generator(np.random.Philox(len(part)))
        vectors = generator.normal(size=(len(part), 3, 3, 2)).astype(np.float32)
        if answers[str(part.split[0])]:
            vectors[:, 1, 2, 0] += 3 * part.target.values
        return vectors

    found = probed(states, parts)
    assert found.tried == len(REPRESENTATIONS) == 6
    assert found.setting.startswith("middle states, mean beside max, C = ")


def test_twins_differ_between_runs_and_the_model_runs_once():
    parts = blind(table_of("GC", n=120).parts())
    arms = probe_arms(tiny_model())
    first, second = arms["random_probe"](parts, [1, 2])
    assert not np.array_equal(first.test, second.test)
    assert len(arms["pretrained_probe"](parts, [1, 2])) == 1
    [again] = arms["random_probe"](parts, [1])
    np.testing.assert_array_equal(first.test, again.test)


def test_vectors_are_found_by_name():
    parts = blind(table_of("noise", n=200).parts())
    names = np.concatenate([part.identifier for part in parts])
    truth = np.concatenate([part.target.values for part in table_of("noise", n=200).parts()])
    vectors = np.stack([truth, np.ones(200)], axis=1).astype(np.float32)
    order = np.random.Generator(np.random.Philox(1)).permutation(200)
    [answers] = embedding_arm(names[order], vectors[order])(parts, [])
    assert (answers.test.argmax(axis=1) == truth[-len(parts.test) :]).all()
    with pytest.raises(InputError, match="the embeddings have no vector of 'noise 0'"):
        embedding_arm(names[1:], vectors[1:])(parts, [])
    with pytest.raises(InputError, match=r"199 ids and vectors of shape \(200, 2\)"):
        embedding_arm(names[1:], vectors)
    strange = parts._replace(test=replace(parts.test, identifier=np.array(["who"] * len(parts.test))))
    with pytest.raises(InputError, match="no vector of 'who'"):
        embedding_arm(names, vectors)(strange, [])
