"""Saved tokenizers: what is written is read, whoever wrote it last, and a damaged file is refused with its fault."""

from __future__ import annotations

import copy
import json
from itertools import product

import pytest
import tokenizers

from genolect.errors import InputError
from genolect.tokenizers.amino_acid import AminoAcidTokenizer
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.codon import CodonTokenizer
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.published import DnabertTokenizer, NucleotideTransformerTokenizer
from genolect.tokenizers.reading import description_of, tokenizer_from

DNABERT = DnabertTokenizer([*DnabertTokenizer.special, *map("".join, product("ATCG", repeat=3))])
TRANSFORMER = NucleotideTransformerTokenizer(
    [*NucleotideTransformerTokenizer.special, *map("".join, product("ATCG", repeat=6)), *"ATCGN"]
)
TOLD = [KmerTokenizer(1, 1), KmerTokenizer(5, 2), CodonTokenizer(11)]
PAIRS = BytePairTokenizer([("A", "A"), ("C", "G"), ("AA", "T"), ("AAT", "CG")])
UNTOLD = [
    PAIRS,
    NucleotideTokenizer(),
    KmerTokenizer(6, 6),
    KmerTokenizer(4, 1),
    AminoAcidTokenizer(),
    DNABERT,
    TRANSFORMER,
]
EVERY = [*TOLD, *UNTOLD]


def name(tokenizer):
    return " ".join(map(str, description_of(tokenizer).values()))


def same(one, other):
    return type(one) is type(other) and one.content_hash == other.content_hash


@pytest.mark.parametrize("tokenizer", EVERY, ids=name)
def test_what_is_written_is_read(tmp_path, tokenizer):
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(tokenizer.to_ecosystem()))
    assert same(tokenizer_from(path, json.loads(json.dumps(description_of(tokenizer)))), tokenizer)


@pytest.mark.parametrize("tokenizer", UNTOLD, ids=name)
def test_most_need_no_description(tokenizer):
    assert same(tokenizer_from(tokenizer.to_ecosystem()), tokenizer)


@pytest.mark.parametrize(
    ("tokenizer", "read_as"),
    [(TOLD[0], NucleotideTokenizer()), (TOLD[1], KmerTokenizer(5, 1)), (TOLD[2], KmerTokenizer(3, 3))],
)
def test_what_the_content_does_not_tell_is_read_as_the_usual(tokenizer, read_as):
    assert same(tokenizer_from(tokenizer.to_ecosystem()), read_as)


@pytest.mark.parametrize("tokenizer", EVERY, ids=name)
def test_what_the_tokenizers_library_writes_is_read(tmp_path, tokenizer):
    path = tmp_path / "tokenizer.json"
    tokenizers.Tokenizer.from_str(json.dumps(tokenizer.to_ecosystem())).save(str(path))
    assert same(tokenizer_from(path, description_of(tokenizer)), tokenizer)


@pytest.mark.parametrize("tokenizer", [NucleotideTokenizer(), KmerTokenizer(4, 4)], ids=name)
def test_what_transformers_writes_is_read(tmp_path, tokenizer):
    transformers = pytest.importorskip("transformers")
    (tmp_path / "ours.json").write_text(json.dumps(tokenizer.to_ecosystem()))
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(tmp_path / "ours.json"), mask_token="[MASK]", pad_token="[PAD]"
    )
    fast.save_pretrained(tmp_path)
    assert same(tokenizer_from(tmp_path / "tokenizer.json"), tokenizer)


def test_a_vocabulary_of_words_is_read(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join(DNABERT.words))
    assert same(tokenizer_from(tmp_path / "vocab.txt"), DNABERT)


# ---------------------------------------------------------------- the format


def test_the_format_refuses_keys_of_our_own():
    content = {**NucleotideTokenizer().to_ecosystem(), "genolect": {"kind": "nucleotide"}}
    with pytest.raises(Exception, match="expected"):
        tokenizers.Tokenizer.from_str(json.dumps(content))


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_cut_file_is_refused(tmp_path, share):
    text = json.dumps(KmerTokenizer(3, 1).to_ecosystem(), indent=1)
    (tmp_path / "tokenizer.json").write_text(text[: int(len(text) * share)])
    with pytest.raises(InputError, match=r"tokenizer\.json:\d+: the file is cut or malformed"):
        tokenizer_from(tmp_path / "tokenizer.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"model": {"vocab": {"A": 0, "C": 1, "A": 2}}}', "'A' stands twice"),
        ("{}", r"no vocabulary \(model\.vocab\)"),
        ('{"model": 3}', "no vocabulary"),
        ('{"model": {"vocab": {}}}', "no vocabulary"),
        ('{"model": {"vocab": {"A": "0"}}}', "the token 'A' has the id '0'; ids are 0 to 0"),
        ('{"model": {"vocab": {"A": true}}}', "the token 'A' has the id 'True'"),
        ('{"model": {"vocab": {"A": 0, "C": 0}}}', "the tokens 'A' and 'C' both have the id 0"),
        ('{"model": {"vocab": {"A": 0, "C": 99999999999}}}', "'C' has the id '99999999999'; ids are 0 to 1"),
        (
            '{"model": {"type": "Unigram", "vocab": {"A": 0}}}',
            "type 'Unigram' that begins with 'A' is none that is known",
        ),
        ('{"model": {"type": "WordLevel", "vocab": {"the": 0}}}', "begins with 'the' is none"),
        ('{"a":' * 100_000, "cut or malformed"),
        ("", "cut or malformed"),
        ("[1]", "holds list, not an object"),
    ],
)
def test_what_is_no_tokenizer_is_refused(tmp_path, text, message):
    (tmp_path / "tokenizer.json").write_text(text)
    with pytest.raises(InputError, match=rf"tokenizer\.json.*: .*({message})"):
        tokenizer_from(tmp_path / "tokenizer.json")


def without(content, *keys):
    part = content
    for key in keys[:-1]:
        part = part[key]
    del part[keys[-1]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c["model"]["vocab"].update(AC=2, AG=1),
            r"the token 'AC' has the id 2, not 1 as in kmer k 2 stride 2",
        ),
        (lambda c: c["model"]["vocab"].update(XY=19), "the token 'XY' has the id 19, not None"),
        (lambda c: without(c, "model", "vocab", "[PAD]"), r"the token '\[PAD\]' has the id None, not 18"),
        (lambda c: c["model"].update(unk_token="AA"), "the part model.unk_token is 'AA', not 'NN'"),
        (lambda c: c["normalizer"]["normalizers"].pop(), "the part normalizer is .* not that of kmer k 2 stride 2"),
        (lambda c: without(c, "pre_tokenizer"), "the part pre_tokenizer is 'null'"),
        (lambda c: c["added_tokens"].clear(), r"the part added_tokens is '\[\]'"),
        (lambda c: c.update(post_processor={"type": "Sequence"}), "the part post_processor is"),
    ],
)
def test_every_change_of_what_decides_ids_is_refused(change, message):
    content = copy.deepcopy(KmerTokenizer(2, 2).to_ecosystem())
    change(content)
    with pytest.raises(InputError, match=message):
        tokenizer_from(content)


def test_what_does_not_decide_ids_may_change():
    content = {**KmerTokenizer(2, 2).to_ecosystem(), "padding": {"pad_id": 18}, "decoder": None}
    assert same(tokenizer_from(content), KmerTokenizer(2, 2))


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"kind": "kmer", "k": 4, "stride": 4}, "'AAAA' has the id None, not 0 as in kmer k 4"),
        ({"kind": "kmer", "k": 3, "stride": 1}, "the part pre_tokenizer"),
        ({"kind": "kmer", "k": 3}, r"described by 'k = 3'\. Fix: give whole numbers for: k, stride"),
        ({"kind": "kmer", "k": 3, "stride": "3"}, "give whole numbers"),
        ({"kind": "kmer", "k": 3, "stride": 9}, "a stride of 9"),
        ({"kind": "codon", "code": 7}, "no genetic code 7"),
        ({"kind": "nucleotide", "k": 1}, "give whole numbers for: nothing"),
        ({"kind": "words"}, r"no tokenizer of the kind 'words'\. Fix: known are byte_pair, nucleotide, kmer"),
        ({"k": 3}, "no tokenizer of the kind 'None'"),
        ({"kind": "dnabert"}, "the token 'NNN' is neither a word of 3 bases"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(description, message):
    with pytest.raises(InputError, match=message):
        tokenizer_from(KmerTokenizer(3, 3).to_ecosystem(), description)
