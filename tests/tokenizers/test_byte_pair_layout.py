"""Layouts: our own, those of published models, and every way in which a file can be wrong."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.tokenizers.byte_pair import MOST_TOKENS, byte_pair_layout, is_sequence, own_layout
from tests.tokenizers.byte_pair_oracles import proper_merges, trained_elsewhere

SPECIAL = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
TEXTS = ["GATTACAGATTACATTTTACGCG" * 9, "TTAGGGTTAGGGTTAGGG" * 5]
FILE = trained_elsewhere(TEXTS, 9, special=SPECIAL)


@given(proper_merges())
def test_our_layout_is_bases_then_words_then_n_and_special_tokens(merges):
    layout = own_layout(merges)
    assert list(layout.vocabulary) == [*"ACGT", *map("".join, merges), "N", "[MASK]", "[PAD]"]
    assert list(layout.vocabulary.values()) == list(range(len(merges) + 7))
    assert (layout.merges, layout.unknown, layout.fused) == (tuple(merges), "N", False)


@pytest.mark.parametrize("special", [SPECIAL, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]])
@pytest.mark.parametrize("n", [False, True])
def test_a_published_layout_keeps_its_ids(special, n):
    content = trained_elsewhere(TEXTS, 9, special=special, n=n)
    layout = byte_pair_layout(content)
    assert dict(layout.vocabulary) == content["model"]["vocab"]
    assert list(layout.vocabulary)[:5] == special
    assert list(map(list, layout.merges)) == content["model"]["merges"]
    assert (layout.mask, layout.padding) == ("[MASK]", "[PAD]")
    assert layout.unknown == ("N" if n else special[0])


def test_merges_may_be_lines_or_pairs_and_special_tokens_may_be_added_only():
    content = copy.deepcopy(FILE)
    content["model"]["merges"] = [" ".join(pair) for pair in FILE["model"]["merges"]]
    for word in SPECIAL:
        del content["model"]["vocab"][word]
    assert byte_pair_layout(content) == byte_pair_layout(FILE)


def test_other_names_of_mask_and_padding_are_known():
    content = json.loads(json.dumps(FILE).replace("[MASK]", "<mask>").replace("[PAD]", "<pad>"))
    layout = byte_pair_layout(content)
    assert (layout.mask, layout.padding) == ("<mask>", "<pad>")


def test_a_run_of_n_is_one_token_where_the_file_says_so():
    assert byte_pair_layout({**FILE, "model": {**FILE["model"], "fuse_unk": True}}).fused
    with_n = trained_elsewhere(TEXTS, 9, special=SPECIAL, n=True)
    assert not byte_pair_layout({**with_n, "model": {**with_n["model"], "fuse_unk": True}}).fused


def model(**changes: object) -> dict:
    return {**FILE, "model": {**FILE["model"], **changes}}


def vocabulary(**changes: object) -> dict:
    kept = {**FILE["model"]["vocab"], **changes}
    return {**model(vocab={word: number for word, number in kept.items() if number != "gone"}), "added_tokens": []}


MERGES = FILE["model"]["merges"]
SIZE = len(FILE["model"]["vocab"])
WORD = "".join(MERGES[-1])


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ({}, r"no byte-pair model \(model.type BPE\)"),
        ({"model": "BPE"}, "no byte-pair model"),
        (model(type="WordLevel"), "no byte-pair model"),
        (model(vocab=[1]), "model.vocab is no object"),
        ({**FILE, "added_tokens": {"a": 1}}, "added_tokens is no list"),
        ({**FILE, "added_tokens": [7]}, "added token 'None' has no text"),
        ({**FILE, "added_tokens": [{"content": "[PAD]", "id": 1}]}, r"added token '\[PAD\]' has no text, or two ids"),
        ({**FILE, "added_tokens": [{"content": WORD, "id": FILE["model"]["vocab"][WORD]}]}, "is cut out before the"),
        ({**FILE, "added_tokens": [{"content": "A", "id": FILE["model"]["vocab"]["A"]}]}, "is cut out before the"),
        (vocabulary(**{WORD: 6}), r"has id 6 where 7 is next: ids are missing or stand twice"),
        (vocabulary(**{WORD: SIZE + 3}), f"'{WORD}' has id {SIZE + 3} where {SIZE - 1} is next"),
        (vocabulary(**{WORD: -1}), f"'{WORD}' has id -1 where 0 is next"),
        (vocabulary(**{WORD: "7"}), f"the id of token '{WORD}' is no whole number"),
        (vocabulary(**{WORD: 7.0}), f"the id of token '{WORD}' is no whole number"),
        (vocabulary(**{WORD: True}), f"the id of token '{WORD}' is no whole number"),
        (vocabulary(**{WORD: None}), f"the id of token '{WORD}' is no whole number"),
        (vocabulary(**{WORD: "gone"}), f"makes '{WORD}', which has no id"),
        (vocabulary(**{"ACX": SIZE}), "token 'ACX' has other letters than A C G T N"),
        (vocabulary(**{"acg": SIZE}), "token 'acg' has other letters"),
        (vocabulary(**{"": SIZE}), "token '' has other letters"),
        (vocabulary(**{"GGGGG": SIZE}), "no merge makes token 'GGGGG'"),
        (vocabulary(**{f"A{n}": SIZE + n for n in range(MOST_TOKENS)}), "tokens are more, or longer, than"),
        (vocabulary(**{"A" * 5_000_000: SIZE}), "tokens are more, or longer, than"),
        (model(merges=None), "model.merges is no list"),
        (model(merges=[*MERGES, "AA"]), f"merge {len(MERGES) + 1} is 'AA', not two tokens"),
        (model(merges=[*MERGES, ["A", "C", "G"]]), "not two tokens"),
        (model(merges=[*MERGES, ["A", 7]]), "not two tokens"),
        (model(merges=[*MERGES, 7]), f"merge {len(MERGES) + 1} is '7', not two tokens"),
        (model(merges=[*MERGES, ["GGG", "A"]]), "needs 'GGG', which is no base and not made by then"),
        (model(merges=[["A", "[UNK]"], *MERGES]), r"merge 1 needs '\[UNK\]', which is no base"),
        (model(merges=[["A", ""], *MERGES]), "merge 1 needs '', which is no base"),
        (model(merges=MERGES[::-1]), "merge 1 needs '.*', which is no base and not made by then"),
        (model(merges=[*MERGES, MERGES[0]]), f"makes '{''.join(MERGES[0])}' a second time"),
        (model(merges=[*MERGES, [WORD, WORD]]), f"makes '{WORD}{WORD}', which has no id"),
        (model(merges=MERGES[:-2]), "no merge makes token"),
        (model(unk_token=None), "there is no token for N: neither N nor model.unk_token 'None' has an id"),
        (model(unk_token=["[UNK]"]), "there is no token for N"),
        (model(unk_token=WORD), f"neither N nor model.unk_token '{WORD}' has an id of its own"),
        (model(dropout=0.1), "model.dropout is '0.1', which genolect does not do"),
        (model(continuing_subword_prefix="##"), "model.continuing_subword_prefix is '##'"),
        (model(end_of_word_suffix="</w>"), "model.end_of_word_suffix is '</w>'"),
        (model(byte_fallback=True), "model.byte_fallback is 'True'"),
        (model(ignore_merges=True), "model.ignore_merges is 'True'"),
        ({**FILE, "pre_tokenizer": {"type": "ByteLevel"}}, "pre_tokenizer 'ByteLevel' changes or cuts the letters"),
        ({**FILE, "pre_tokenizer": "Whitespace"}, "pre_tokenizer '' changes or cuts"),
        ({**FILE, "normalizer": {"type": "Lowercase"}}, "normalizer 'Lowercase' changes or cuts the letters"),
        (
            {**FILE, "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Prepend"}]}},
            "normalizer 'Prepend' changes",
        ),
        (
            {**FILE, "normalizer": {"type": "Replace", "pattern": {"String": "T"}, "content": "U"}},
            "normalizer 'Replace' changes",
        ),
        (json.loads(json.dumps(FILE).replace("[MASK]", "[HIDE]")), r"there is no token \[MASK\] or <mask>"),
        (json.loads(json.dumps(FILE).replace("[PAD]", "[FILL]")), r"there is no token \[PAD\] or <pad>"),
    ],
)
def test_a_wrong_file_is_refused_with_its_fault(content, fault):
    with pytest.raises(InputError, match=fault) as refused:
        byte_pair_layout(content, Path("their", "tokenizer.json"))
    assert str(refused.value).startswith("their/tokenizer.json: ")


def test_a_missing_base_is_refused():
    content = trained_elsewhere(["ACAC" * 5], 2, special=SPECIAL)
    for letter in "GT":
        del content["model"]["vocab"][letter]
    words = {word: number for number, word in enumerate(content["model"]["vocab"])}
    with pytest.raises(InputError, match="base G T has no id"):
        byte_pair_layout({**content, "model": {**content["model"], "vocab": words}, "added_tokens": []})


@pytest.mark.parametrize(
    ("merges", "fault"),
    [
        ([("A", "CG")], "merge 1 needs 'CG'"),
        ([("A", "C"), ("A", "C")], "merge 2 makes 'AC' a second time"),
        ([("A", "C"), ("C", "G"), ("AC", "G"), ("A", "CG")], "merge 4 makes 'ACG' a second time"),
        ([("A", "x")], "merge 1 needs 'x'"),
    ],
)
def test_merges_that_nobody_can_have_learned_are_refused(merges, fault):
    with pytest.raises(InputError, match=fault):
        own_layout(merges)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 20), st.floats(), st.sampled_from(["", "A", "BPE", "A C"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("ACa", max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = [
    *(("model", key) for key in (*FILE["model"], "vocab", "merges")),
    *((key,) for key in FILE),
]


@given(st.sampled_from(PLACES), JSON)
def test_anything_anywhere_is_read_or_refused(place, value):
    content = copy.deepcopy(FILE)
    inner = content if len(place) == 1 else content["model"]
    inner[place[-1]] = value
    try:
        layout = byte_pair_layout(content)
    except InputError:
        return
    assert list(layout.vocabulary.values()) == list(range(len(layout.vocabulary)))


def test_sequences_are_told_from_special_tokens():
    assert [word for word in ["A", "NN", "", "[A]", "a", "AXA", "<s>"] if is_sequence(word)] == ["A", "NN"]
