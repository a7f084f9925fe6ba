"""``genolect convert``: there and back, and the line that a kind without a class there needs."""

from __future__ import annotations

import pytest

from genolect.encoders.build import encoder_config
from genolect.models.model import load_model, new_model, save_model
from genolect.tokenizers.kmer import KmerTokenizer
from tests.tiny import command

SHAPES = {"bert": {"heads": 2, "feed_forward": 9}, "sparse": {"heads": 2, "feed_forward": 9}}


@pytest.fixture(params=SHAPES)
def model(request, tmp_path):
    tokenizer = KmerTokenizer(3, 1)
    shape = {"vocabulary": len(tokenizer.vocabulary), "width": 12, "layers": 1, **SHAPES[request.param]}
    save_model(tmp_path / "model", new_model(encoder_config(request.param, shape, "x"), tokenizer, seed=3), {})
    return request.param, tmp_path / "model"


def test_a_model_goes_there_and_back(monkeypatch, capsys, tmp_path, model):
    kind, folder = model
    outcome = command(monkeypatch, capsys, "convert", folder, "--out", tmp_path / "hf", "--to", "hf")
    assert outcome.code == 0
    assert f"{kind}, " in outcome.stdout
    assert ("import genolect.automodel" in outcome.stdout) == (kind == "sparse")
    back = command(monkeypatch, capsys, "convert", tmp_path / "hf", "--out", tmp_path / "back")
    assert back.code == 0
    assert load_model(tmp_path / "back").config == load_model(folder).config


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [(["--to", "onnx"], 2, "there is no format 'onnx'"), (["--to", "hf"], 3, "nothing")],
)
def test_mistakes_end_in_one_line(monkeypatch, capsys, tmp_path, words, code, message):
    outcome = command(monkeypatch, capsys, "convert", tmp_path / "nothing", "--out", tmp_path / "out", *words)
    assert outcome.code == code
    assert message in outcome.stderr
    assert outcome.stderr.count("\n") == 1
