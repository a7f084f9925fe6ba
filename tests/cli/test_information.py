"""``genolect information`` from the outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from genolect.encoders.transformer import TransformerConfig
from genolect.model import new_model, save_model
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.tiny import Outcome, command


@pytest.fixture
def task(tmp_path: Path) -> Path:
    generator = np.random.Generator(np.random.Philox(4))
    lines = ["sequence\tlabel\tsplit\tgroup\tbatch"]
    for row in range(300):
        letters = generator.choice(list("ACGT"), size=50, p=[0.4, 0.1, 0.1, 0.4] if row % 2 else [0.1, 0.4, 0.4, 0.1])
        part = ("train", "train", "train", "validation", "test")[row % 5]
        lines.append(f"{''.join(letters)}\t{row % 2}\t{part}\tg{row % 20}\t{row % 3}")
    path = tmp_path / "task.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def information(
    task: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    config = TransformerConfig(vocabulary=7, width=8, heads=2, layers=1, context_lengths=())
    save_model(tmp_path / "model", new_model(config, NucleotideTokenizer(), seed=1), {})
    words = ("information", tmp_path / "model", "--task", task, "--out", tmp_path / "out")
    return lambda *more: command(monkeypatch, capsys, *words, *more)


def test_results_hold_every_quantity(information: Callable[..., Outcome], tmp_path: Path) -> None:
    done = information("--batch", "batch")
    assert done.code == 0, done.stderr
    assert "I(Z;N), strand" in done.stdout
    rows = json.loads((tmp_path / "out" / "results.json").read_text())["evaluation"]
    assert {row["arm"] for row in rows} == {"kmers", "pretrained", "random_twin"}
    label = {row["arm"]: row for row in rows if row["metric"].startswith("I(Z;Y)")}
    assert label["kmers"]["value"] > 0.8
    assert label["kmers"]["direction"] == "lower bound"
    batch = [row for row in rows if "batch" in row["metric"]]
    assert len(batch) == 3
    assert all(row["value"] < 0.1 for row in batch)


def test_an_undivided_table_is_refused(information: Callable[..., Outcome], task: Path, tmp_path: Path) -> None:
    task.write_text(task.read_text().replace("\ttest\t", "\ttrain\t"))
    done = information()
    assert done.code == 2
    assert "genolect split" in done.stderr
    assert not (tmp_path / "out").exists()
