"""Predictions: what is written is read again, and what is something else is refused."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.errors import InputError
from genolect.evaluation.methods.baselines import baseline_arms
from genolect.evaluation.panel import PanelOptions, run_panel
from genolect.evaluation.predictions import file_of, read_predictions, write_predictions
from tests.evaluation.tasks import table, targets


@pytest.mark.parametrize("kind", list(targets()))
def test_every_kind_survives(tmp_path, kind):
    given = table(targets()[kind])
    result = run_panel(given, baseline_arms(["majority", "composition"]), options=PanelOptions(resamples=20))
    path = write_predictions(tmp_path, given, result)
    assert path == file_of(tmp_path, "toy")
    found = read_predictions(path)
    test = given.parts().test
    assert found.identifier.tolist() == test.identifier.tolist()
    assert (found.kind, found.names) == (test.target.kind, test.target.names)
    np.testing.assert_array_equal(found.target().values, test.target.values)
    assert list(found.arms) == ["majority", "composition"]
    np.testing.assert_allclose(found.arms["composition"][0].test, result.arms["composition"].runs[0].test, rtol=1e-6)
    assert np.unique(found.group).size == result.blocks


def test_what_is_no_prediction_is_refused(tmp_path):
    path = tmp_path / "x.npz"
    with pytest.raises(InputError, match="there are no predictions here"):
        read_predictions(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(InputError, match="these are no predictions"):
        read_predictions(path)
    np.savez(path, id=np.arange(3))
    with pytest.raises(InputError, match="these are no predictions"):
        read_predictions(path)
    np.savez(path, kind=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(InputError, match="these are no predictions"):
        read_predictions(path)
