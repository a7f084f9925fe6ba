"""A new encoder is one file: a kind that is defined here, outside the package, trains and comes back like any other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from genolect.encoders.build import encoder_config, encoder_kinds
from genolect.encoders.encoder import KINDS, EncoderConfig
from genolect.errors import ConfigurationError
from genolect.models.embedding import layer_embeddings
from genolect.models.inference import Machine
from genolect.models.model import load_model
from genolect.sequence.alphabet import encode
from tests.gates.source import PACKAGE, modules
from tests.tiny import command, finished_run

CPU = Machine(torch.device("cpu"), reduced=False)


class ToyEncoder(nn.Module):
    """One convolution over the vectors of the tokens."""

    def __init__(self, config: ToyConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.mix = nn.Conv1d(config.width, config.width, config.reach, padding="same")

    def states(self, ids: Tensor, counted: Tensor | None = None) -> list[Tensor]:
        vectors = self.embedding(ids)
        return [vectors, vectors + torch.tanh(self.mix(vectors.mT).mT)]

    def forward(self, ids: Tensor, counted: Tensor | None = None) -> Tensor:
        return self.states(ids, counted)[-1]


@pytest.fixture
def toy() -> Iterator[type[EncoderConfig]]:
    """The kind, as long as a test needs it: defining it makes it known."""
    before = dict(KINDS)
    yield define()
    KINDS.clear()
    KINDS.update(before)


def define() -> type[EncoderConfig]:
    class Toy(ToyConfig):
        kind: ClassVar[str] = "toy"

    return Toy


class ToyConfig(EncoderConfig):
    """Its shape; only a class with a kind of its own is known by name."""

    described: ClassVar[str] = "one convolution"

    width: int = 8
    layers: int = 1
    reach: int = 5

    def build(self) -> ToyEncoder:
        return ToyEncoder(self)


def test_it_is_unknown_until_it_is_defined() -> None:
    with pytest.raises(ConfigurationError, match="no encoder of the kind 'toy'"):
        encoder_config("toy", {"vocabulary": 7}, "here")


def test_it_is_read_by_name_and_refused_by_field(toy: type[EncoderConfig]) -> None:
    assert encoder_config("toy", {"vocabulary": 7, "reach": 3}, "here") == toy(vocabulary=7, reach=3)
    with pytest.raises(ConfigurationError, match=r"unknown key 'raech'.*did you mean 'reach'"):
        encoder_config("toy", {"vocabulary": 7, "raech": 3}, "here")


def test_it_trains_and_comes_back(toy, tmp_path, monkeypatch, capsys) -> None:
    recipe = tmp_path / "toy.toml"
    recipe.write_text('[encoder]\nkind = "toy"\nreach = 7\n')
    words = ("pretrain", finished_run() / "prepared", "--config", recipe, "--steps", 4, "--out", tmp_path / "run")
    outcome = command(monkeypatch, capsys, *words)
    assert outcome.code == 0, outcome.stderr
    model = load_model(tmp_path / "run" / "model")
    assert model.config == toy(vocabulary=7, reach=7)
    sequences = [encode("ACGTTGCA" * 5), encode("TTGACA")]
    together = layer_embeddings(model, sequences, CPU)
    for row, sequence in enumerate(sequences):
        alone = layer_embeddings(model, [sequence], CPU)
        np.testing.assert_allclose(together[row], alone[0], atol=1e-6)


def test_no_other_file_of_the_package_names_a_kind() -> None:
    """But for the readers of other people's folders, of three layouts, and the planner, which times the default one."""
    classes = {config.__name__ for config in encoder_kinds().values()}
    allowed = ("encoders/", "models/huggingface/", "pretraining/cost/")
    found = []
    for module in modules(PACKAGE):
        if module.name.startswith(allowed):
            continue
        for node in module.nodes:
            if isinstance(node, ast.Name) and node.id in classes:
                found.append(module.at(node, node.id))
    assert found == []
