"""``genolect pretrain`` as a user and a scheduler see it: budgets, folders, and stopping at any moment."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from genolect import files
from genolect.genome.genome import prepare_genome
from genolect.pretraining import assembly
from tests.tiny import command, everything_in, finish, start, synthetic_folder, temporary_folder, weights

STEPS = 100


@pytest.fixture(scope="module")
def prepared():
    folder = temporary_folder() / "prepared"
    prepare_genome([synthetic_folder() / "genome.fa"], folder)
    return folder


@pytest.fixture
def pretrain(monkeypatch, capsys, prepared):
    """Give ``genolect pretrain`` in this process."""
    return lambda out, *options: command(monkeypatch, capsys, "pretrain", prepared, "--out", out, *options)


@pytest.fixture
def resume(monkeypatch, capsys, prepared):
    """Go on with a run of another process in this one."""
    return lambda run: command(monkeypatch, capsys, *words(prepared, run, "--resume"))


@pytest.fixture(scope="module")
def uninterrupted(prepared):
    """Weights of a run of a process that nothing stopped, and the seconds it took."""
    run = temporary_folder() / "run"
    started = time.monotonic()
    assert finish(start(*words(prepared, run))).code == 0
    return weights(run), time.monotonic() - started


def words(prepared: Path, run: Path, *more: str) -> list[object]:
    return ["pretrain", prepared, "--out", run, "--steps", STEPS, "--seed", 4, "--checkpoint-every", 7, *more]


def steps_saved(run: Path) -> int:
    saved = [int(path.name.removeprefix("step-")) for path in (run / "checkpoints").glob("step-*")]
    return max(saved, default=0)


def test_it_says_how_it_ended_and_where_the_model_is(pretrain, tmp_path):
    outcome = pretrain(tmp_path / "run", "--steps", 2, "--window", 60)
    verdict, model = outcome.stdout.splitlines()
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert verdict == results["pretraining"]["verdict"]
    assert model == f"model: {tmp_path / 'run' / 'model'}"
    assert results["model"]["configuration"]["training"]["window"] == 60
    assert results["pretraining"]["bases_seen"] == 2 * 3 * 60


def test_the_same_seed_gives_the_same_weights_and_another_does_not(pretrain, tmp_path):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        assert pretrain(tmp_path / name, "--steps", 3, "--seed", seed).code == 0
    first, second, third = (weights(tmp_path / name) for name in "abc")
    assert first == second
    assert first != third


def test_a_temperature_needs_a_corpus(pretrain, tmp_path):
    outcome = pretrain(tmp_path / "run", "--steps", 3, "--temperature", 3)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert (
        "a temperature balances species, and the records of this genome have none. Fix: leave the temperature out"
        in outcome.stderr
    )
    outcome = pretrain(tmp_path / "other", "--steps", 3, "--temperature", 0.5)
    assert outcome.code == 2
    assert "temperature: " in outcome.stderr


def test_learn_knows_no_temperature(monkeypatch, capsys, tmp_path):
    outcome = command(monkeypatch, capsys, "learn", "--temperature", 3, "--out", tmp_path / "run")
    assert outcome.code == 2
    assert "No such option: --temperature" in outcome.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_the_run_goes_on_exactly(resume, prepared, uninterrupted, tmp_path, number):
    run = tmp_path / "run"
    process = start(*words(prepared, run))
    assert process.stderr is not None
    said = [process.stderr.readline() for _ in range(5)]
    assert said[4].startswith("step ")
    process.send_signal(number)
    outcome = finish(process)
    last = outcome.stderr.splitlines()[-1]
    assert outcome.code == 128 + number
    assert last.startswith(f"genolect: {run / 'checkpoints'}: stopped by request after step ")
    assert last.endswith("genolect learn and pretrain go on with --resume.")
    assert f"step {steps_saved(run)} of {STEPS}" in last
    assert 0 < steps_saved(run) < STEPS
    assert not (run / "model").exists()
    assert resume(run).code == 0
    assert weights(run) == uninterrupted[0]
    assert not (run / "checkpoints").exists()


@pytest.mark.parametrize("trial", range(3))
def test_a_kill_at_any_moment_loses_nothing(resume, prepared, uninterrupted, tmp_path, trial):
    expected, seconds = uninterrupted
    run = tmp_path / "run"
    share = np.random.Generator(np.random.Philox(trial)).uniform(trial / 3, (trial + 1) / 3)
    process = start(*words(prepared, run))
    time.sleep(share * seconds)
    process.kill()
    killed = finish(process)
    assert killed.code in {0, -signal.SIGKILL}
    assert resume(run).code == 0
    assert weights(run) == expected
    assert {path.name for path in run.iterdir()} == {".lock", "model", "plan.json", "results.json"}


def test_numbers_that_are_not_finite_end_with_5(monkeypatch, pretrain, tmp_path):
    def diverging(*given, **named):
        model = new_model(*given, **named)
        next(model.head.parameters()).data.fill_(np.nan)
        return model

    new_model = assembly.new_model
    monkeypatch.setattr(assembly, "new_model", diverging)
    outcome = pretrain(tmp_path / "run", "--steps", 3)
    assert outcome.code == 5
    assert outcome.stderr.splitlines()[-1].startswith("genolect: the loss of step 0 is nan. Fix: ")
    assert not (tmp_path / "run" / "model").exists()


def test_a_folder_in_use_is_refused_and_not_touched(pretrain, tmp_path):
    run = tmp_path / "run"
    assert pretrain(run, "--steps", 1).code == 0
    before = everything_in(run)
    with files.exclusive(run):
        for option in ("--resume", "--overwrite"):
            outcome = pretrain(run, "--steps", 1, option)
            assert outcome.code == 4
            assert f"genolect: {run}: another process is writing to this folder. Fix: " in outcome.stderr
    assert everything_in(run) == before


def test_a_folder_that_holds_something_is_refused(pretrain, tmp_path):
    run = tmp_path / "run"
    assert pretrain(run, "--steps", 1).code == 0
    before = everything_in(run)
    outcome = pretrain(run, "--steps", 2)
    assert outcome.code == 4
    assert f"genolect: {run}: the output folder is not empty. Fix: " in outcome.stderr
    assert everything_in(run) == before
    assert pretrain(run, "--steps", 2, "--overwrite").code == 0
    assert json.loads((run / "plan.json").read_text())["training"]["steps"] == 2


@pytest.mark.parametrize("option", ["--overwrite", "--resume"])
def test_a_folder_of_someone_else_is_never_written_to(pretrain, tmp_path, option):
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    (thesis / "chapter.txt").write_text("irreplaceable")
    assert pretrain(thesis, "--steps", 2, option).code == 4
    assert [path.name for path in thesis.iterdir()] == ["chapter.txt"]


def test_what_is_to_be_read_is_never_deleted(monkeypatch, capsys, prepared):
    before = everything_in(prepared)
    for out in (prepared, prepared.parent):
        outcome = command(monkeypatch, capsys, "pretrain", prepared, "--steps", 2, "--out", out, "--overwrite")
        assert outcome.code == 2
        assert f"--overwrite would delete {prepared}, which is to be read. Fix: name another --out." in outcome.stderr
    assert everything_in(prepared) == before


def test_a_finished_run_is_not_made_again(monkeypatch, pretrain, tmp_path):
    assert pretrain(tmp_path / "run", "--steps", 2).code == 0
    before = everything_in(tmp_path / "run")
    monkeypatch.setattr(assembly, "Training", None)
    assert pretrain(tmp_path / "run", "--steps", 2, "--resume").code == 0
    assert everything_in(tmp_path / "run") == before


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--steps", 3], "steps: 2 then, 3 now"),
        (["--steps", 2, "--seed", 8], "seed: 0 then, 8 now"),
        (["--bases", 99], "steps: 2 then, None now; bases: None then, 99 now"),
        (["--steps", 2, "--window", 99], "window: 256 then, 99 now"),
        (["--steps", 2, "--test", "synthetic_4"], "test: [] then, ['synthetic_4'] now"),
    ],
)
def test_a_run_goes_on_only_with_its_own_options(pretrain, tmp_path, option, said):
    run = tmp_path / "run"
    assert pretrain(run, "--steps", 2).code == 0
    outcome = pretrain(run, *option, "--resume")
    assert outcome.code == 2
    assert f"genolect: {run}: the run was begun with other settings ({said}). Fix: " in outcome.stderr


def test_resuming_nothing_begins(pretrain, tmp_path):
    assert pretrain(tmp_path / "run", "--steps", 1, "--resume").code == 0
    assert (tmp_path / "run" / "model").is_dir()
