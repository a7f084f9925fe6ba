"""The common part of saved tokenizers: what the tokenizers library makes of it."""

from __future__ import annotations

import json

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from genolect.sequence.alphabet import decode, encode
from genolect.tokenizers.tokenizer_json import AT_SPACES, every, normalizer, special_tokens, word_file

VOCABULARY = {"AC": 0, "GT": 1, "NN": 2, "[MASK]": 3}


@pytest.mark.parametrize(
    ("pieces", "text", "ids"),
    [
        (every(2), "ACGTA", [0, 1]),
        (every(2), "A[MASK]uuAC", [3, 2, 0]),
        (AT_SPACES, "AC gt\nXY", [0, 1, 2]),
        (AT_SPACES, "ACGT", [2]),
    ],
)
def test_text_is_cut_as_asked(pieces, text, ids):
    content = word_file(VOCABULARY, pieces, unknown="NN", special=("[MASK]",))
    assert tokenizers.Tokenizer.from_str(json.dumps(content)).encode(text).ids == ids


def test_letters_are_kept_where_nothing_is_to_be_replaced():
    content = word_file(VOCABULARY, every(2), unknown="NN", special=(), replaced={})
    assert tokenizers.Tokenizer.from_str(json.dumps(content)).encode("gt").ids == [2]


@given(st.text("ACGTNUacgtnu", max_size=50))
def test_the_normalizer_reads_letters_as_the_alphabet_does(letters):
    content = {"model": {"type": "BPE", "vocab": {}, "merges": []}, "normalizer": normalizer()}
    oracle = tokenizers.Tokenizer.from_str(json.dumps({"version": "1.0", "added_tokens": [], **content}))
    assert oracle.normalizer.normalize_str(letters) == decode(encode(letters)).upper()


def test_special_tokens_stand_by_id():
    assert [(token["id"], token["content"]) for token in special_tokens({"[PAD]": 9, "[MASK]": 8})] == [
        (8, "[MASK]"),
        (9, "[PAD]"),
    ]
