"""Frozen arms: twins drawn anew, vectors found by their names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genolect.errors import InputError
from genolect.evaluation.methods.method import blind
from genolect.evaluation.methods.probe import embedding_arm, probe_arms
from tests.pretraining.panel_tasks import table_of, tiny_model


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
