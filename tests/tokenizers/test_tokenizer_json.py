"""Reading JSON that cannot be trusted."""

from __future__ import annotations

import json

import pytest

from genolect.errors import InputError
from genolect.tokenizers import tokenizer_json
from genolect.tokenizers.tokenizer_json import read_tokenizer_json


def test_content_comes_back_as_it_was(tmp_path):
    content = {"model": {"vocab": {"A": 0, "Ä": 1}, "merges": [["A", "A"]]}, "version": None}
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    assert read_tokenizer_json(tmp_path / "tokenizer.json") == content


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "the file is cut or malformed: Expecting value"),
        (b'{"model": {"vocab"', r"tokenizer\.json:1: the file is cut or malformed: Expecting ':' delimiter"),
        (b'{"a": 1,\n\n"b" 2}', r"tokenizer\.json:3: the file is cut or malformed"),
        (b"[1, 2]", "the file holds list, not an object"),
        (b"7", "the file holds int, not an object"),
        (b'{"a": "\xff"}', "the file is no text in UTF-8"),
        (b'{"vocab": {"AA": 1, "AA": 2}}', "'AA' stands twice"),
        (b"[" * 200_000, "JSON nested without end"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, content, fault):
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(InputError, match=fault):
        read_tokenizer_json(tmp_path / "tokenizer.json")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InputError, match="the file cannot be read"):
            read_tokenizer_json(path)


def test_a_file_of_a_hundred_megabytes_is_refused_unread(tmp_path):
    path = tmp_path / "tokenizer.json"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(InputError, match="100,000,000 bytes are too many for a tokenizer"):
        read_tokenizer_json(path)
    assert tokenizer_json.LARGEST_FILE < 100_000_000
