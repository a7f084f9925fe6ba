"""The output folder: claimed, held, and left as it was found where a verb is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genolect import files as durable
from genolect.cli.output import BEGUN, output_folder
from genolect.errors import ConfigurationError, InputError, MachineError


class Stop(BaseException):
    """Neither an error nor an exit."""


def use(folder: Path, work: Callable[[], object] = lambda: pytest.fail("the folder was given"), **options: Any) -> None:
    """Hold a folder and do some work in it."""
    with output_folder(folder, **options):
        work()


def write(folder: Path, *files: str, end: BaseException) -> Callable[[], None]:
    """Work that makes two folders and some files, and then fails."""

    def work() -> None:
        for name in ("prepared", ".genolect-half"):
            (folder / name).mkdir(exist_ok=True)
            (folder / name / "bases.u8").write_bytes(b"x")
        for name in files:
            (folder / name).write_text("{}")
        raise end

    return work


def content(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.mark.parametrize("error", [InputError("no", fix="do"), KeyError("k"), KeyboardInterrupt(), Stop()])
@pytest.mark.parametrize("existed", [True, False])
def test_what_failed_before_it_began_leaves_nothing(out, existed, error):
    if existed:
        out.mkdir()
    with pytest.raises(type(error)):
        use(out, write(out, end=error))
    assert out.exists() == existed
    assert not existed or content(out) == set()
    use(out, lambda: None)


@pytest.mark.parametrize("mark", BEGUN)
def test_what_had_begun_is_kept(out, mark):
    kept = {durable.LOCK, ".genolect-half", "prepared", mark}
    with pytest.raises(Stop):
        use(out, write(out, mark, end=Stop()))
    assert content(out) == kept
    with pytest.raises(Stop):
        use(out, write(out, end=Stop()), resume=True)
    assert content(out) == kept


@pytest.mark.parametrize("name", ["prepared", "synthetic", "plan.json"])
def test_what_is_resumed_is_kept_even_before_it_began(out, name):
    (out / name).mkdir(parents=True)
    with pytest.raises(Stop):
        use(out, write(out, end=Stop()), resume=True)
    assert (out / name).exists()


def test_the_folder_is_held_while_the_verb_works(out):
    with output_folder(out):
        for resume in (True, False):
            with pytest.raises(MachineError, match="another process is writing to this folder"):
                use(out, resume=resume)
        (out / "plan.json").write_text("{}")
        with pytest.raises(MachineError, match="another process is writing to this folder"):
            use(out, overwrite=True)
    assert (out / "plan.json").exists()
    use(out, lambda: None, overwrite=True)
    assert content(out) == {durable.LOCK}


@pytest.mark.parametrize("options", [{}, {"overwrite": True}, {"resume": True}])
def test_a_folder_of_someone_else_is_refused(out, options):
    out.mkdir()
    (out / "chapter.txt").write_text("irreplaceable")
    with pytest.raises(MachineError, match=f"^{out}: ") as refusal:
        use(out, **options)
    assert refusal.value.fix.startswith("name another --out")
    assert content(out) == {"chapter.txt"}


@pytest.mark.parametrize("options", [{}, {"overwrite": True}, {"resume": True}])
def test_a_file_is_no_folder(out, options):
    out.write_text("x")
    with pytest.raises(MachineError, match=f"^{out}: "):
        use(out, **options)
    assert out.read_text() == "x"


def test_what_is_to_be_read_must_exist_and_stay(out):
    with pytest.raises(InputError, match=rf"^{out}: there is no such file or folder\. Fix: check the path"):
        use(out.parent / "other", inputs=[out])
    assert content(out.parent) == set()
    (out / "prepared").mkdir(parents=True)
    for path in (out, out / "prepared", out / ".." / "out" / "prepared"):
        with pytest.raises(ConfigurationError, match="--overwrite would delete"):
            use(out, inputs=[path], overwrite=True)
    assert (out / "prepared").exists()
    use(out.parent / "beside", lambda: None, inputs=[out], overwrite=True)


def test_standard_input_need_not_exist(out):
    use(out, lambda: None, inputs=[Path("-")])


def test_resume_and_overwrite_contradict_each_other(out):
    with pytest.raises(ConfigurationError, match="Fix: give one of them"):
        use(out, resume=True, overwrite=True)
    assert not out.exists()


def test_the_current_folder_will_do(out, monkeypatch):
    out.mkdir()
    monkeypatch.chdir(out)
    with pytest.raises(Stop):
        use(Path(), write(out, end=Stop()))
    assert content(out) == set()
