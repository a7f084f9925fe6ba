"""What is to be read must be there, and must survive."""

from __future__ import annotations

from pathlib import Path

import pytest

from genolect.errors import ConfigurationError, InputError
from genolect.files import require_inputs


def test_an_input_must_be_there(tmp_path):
    with pytest.raises(InputError, match="there is no such file or folder"):
        require_inputs([tmp_path / "genome.fa"], tmp_path / "out", overwrite=False)


@pytest.mark.parametrize("place", ["", "genome.fa", "deep/genome.fa", "../out/genome.fa"])
def test_an_input_in_the_folder_forbids_to_overwrite_it(tmp_path, place):
    out = tmp_path / "out"
    (out / "deep").mkdir(parents=True)
    for path in (out / "genome.fa", out / "deep" / "genome.fa"):
        path.write_text(">a\nA\n")
    require_inputs([out / place], out, overwrite=False)
    with pytest.raises(ConfigurationError, match=r"--overwrite would delete .*, which is to be read"):
        require_inputs([out / place], out, overwrite=True)


def test_standard_input_is_no_file(tmp_path):
    require_inputs([Path("-")], tmp_path, overwrite=True)
