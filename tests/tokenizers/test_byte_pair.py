"""The byte-pair tokenizer: relations for any sequence; the tokenizers library and transformers read its saved form."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
import tokenizers
from Bio import SeqIO
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.sequence import alphabet
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.byte_pair_merging import learn_merges
from genolect.tokenizers.reading import tokenizer_from
from tests.tokenizers.byte_pair_oracles import proper_merges, random_bases, repetitive, trained_elsewhere

SPECIAL = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
TEXTS = ["".join("ACGT"[base] for base in random_bases(4_000, seed)) for seed in range(3)]
LEARNED = BytePairTokenizer(learn_merges([alphabet.encode(text) for text in TEXTS], cycles=90))
TOKENIZERS = st.one_of(st.just(LEARNED), st.builds(BytePairTokenizer, proper_merges(most=12)))
DNA = repetitive(letters="Nacgtn")


def elsewhere(*, n: bool = False, fused: bool = False) -> dict:
    content = trained_elsewhere(TEXTS, 90, special=SPECIAL, n=n)
    content["model"]["fuse_unk"] = fused
    return content


@given(TOKENIZERS, DNA)
def test_decoding_gives_the_letters_back_in_upper_case(tokenizer, letters):
    ids = tokenizer.encode(alphabet.encode(letters))
    assert ids.dtype == np.uint16
    assert tokenizer.decode(ids) == letters.upper()


@given(TOKENIZERS, DNA)
def test_spans_cover_every_base_once_and_spell_the_tokens(tokenizer, letters):
    bases = alphabet.encode(letters)
    spans, ids = tokenizer.spans(bases), tokenizer.encode(bases)
    assert spans.shape == (len(ids), 2)
    assert [base for start, end in spans.tolist() for base in range(start, end)] == list(range(len(letters)))
    assert [tokenizer.decode([token]) for token in ids] == [letters[start:end].upper() for start, end in spans]


@given(TOKENIZERS, DNA)
def test_the_other_strand_is_the_tokenized_other_strand(tokenizer, letters):
    bases = alphabet.encode(letters)
    other = tokenizer.reverse_complement(tokenizer.encode(bases))
    np.testing.assert_array_equal(other, tokenizer.encode(alphabet.reverse_complement(bases)))
    np.testing.assert_array_equal(tokenizer.reverse_complement(other), tokenizer.encode(bases))


@given(DNA, DNA)
def test_special_tokens_stay_whole_on_the_other_strand(before, after):
    parts = [LEARNED.encode(alphabet.encode(letters)) for letters in (before, after)]
    special = np.array([LEARNED.mask_id, LEARNED.padding_id], dtype=np.uint16)
    turned = LEARNED.reverse_complement(np.concatenate([parts[0], special, parts[1]]))
    expected = [LEARNED.reverse_complement(parts[1]), special[::-1], LEARNED.reverse_complement(parts[0])]
    np.testing.assert_array_equal(turned, np.concatenate(expected))


def test_every_n_is_a_token_and_stops_the_words_beside_it():
    tokenizer = BytePairTokenizer([("A", "C"), ("AC", "AC")])
    assert tokenizer.encode(alphabet.encode("ACACNACNNr")).tolist() == [5, 6, 4, 6, 6, 6]


def test_targets_are_the_words_of_the_four_bases():
    tokenizer = BytePairTokenizer([("A", "C"), ("AC", "AC")])
    assert [list(tokenizer.vocabulary)[number] for number in tokenizer.targets] == [*"ACGT", "AC", "ACAC"]
    assert (tokenizer.mask_id, tokenizer.padding_id) == (7, 8)
    assert BytePairTokenizer.from_ecosystem(elsewhere()).targets == range(5, 99)


def test_an_id_outside_the_vocabulary_has_no_word():
    with pytest.raises(IndexError):
        LEARNED.decode([0, len(LEARNED.vocabulary)])


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_nothing(threads):
    bases = random_bases(2_300_000, seed=9)
    np.testing.assert_array_equal(LEARNED.encode(bases, threads=threads), LEARNED.encode(bases))


# ---------------------------------------------------------------- identity


def test_hashes_are_equal_exactly_where_ids_are():
    merges = [("A", "C"), ("G", "T")]
    same, other = BytePairTokenizer(merges), BytePairTokenizer(merges[::-1])
    assert same.content_hash == BytePairTokenizer(iter(merges)).content_hash
    assert same.content_hash != other.content_hash
    assert same.content_hash != BytePairTokenizer(merges[:1]).content_hash
    unknown = [BytePairTokenizer.from_ecosystem(elsewhere(fused=fused)).content_hash for fused in (False, True)]
    assert unknown[0] != unknown[1]


@given(TOKENIZERS)
def test_the_saved_form_gives_the_same_tokenizer(tokenizer):
    again = BytePairTokenizer.from_ecosystem(json.loads(json.dumps(tokenizer.to_ecosystem())))
    assert again.content_hash == tokenizer.content_hash
    assert again.layout == tokenizer.layout


@pytest.mark.parametrize("content", [elsewhere(), elsewhere(n=True), elsewhere(fused=True)])
def test_a_layout_from_elsewhere_is_saved_as_it_is(content):
    tokenizer = BytePairTokenizer.from_ecosystem(content)
    again = BytePairTokenizer.from_ecosystem(tokenizer.to_ecosystem())
    assert again.content_hash == tokenizer.content_hash


# ---------------------------------------------------------------- the libraries of others


def reference(content: dict) -> tokenizers.Tokenizer:
    return tokenizers.Tokenizer.from_str(json.dumps(content))


@given(tokenizer=TOKENIZERS, letters=repetitive(letters="NUacgtnuRYSWKMBDHVryswkmbdhv", most=300))
def test_the_tokenizers_library_reads_the_same_ids(tokenizer, letters):
    oracle = reference(tokenizer.to_ecosystem())
    encoding = oracle.encode(letters)
    bases = alphabet.encode(letters)
    assert encoding.ids == tokenizer.encode(bases).tolist()
    assert encoding.offsets == [tuple(span) for span in tokenizer.spans(bases).tolist()]
    assert oracle.get_vocab() == tokenizer.vocabulary


def test_the_tokenizers_library_reads_special_tokens():
    oracle = reference(LEARNED.to_ecosystem())
    encoding = oracle.encode("ttagN[MASK]CC[MASK][PAD]")
    assert encoding.ids.count(LEARNED.mask_id) == 2
    assert encoding.ids[-1] == LEARNED.padding_id
    assert oracle.decode(encoding.ids, skip_special_tokens=False) == LEARNED.decode(encoding.ids)


def test_transformers_loads_the_file_with_the_same_ids(tmp_path):
    transformers = pytest.importorskip("transformers")
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(LEARNED.to_ecosystem()))
    loaded = transformers.PreTrainedTokenizerFast(tokenizer_file=str(path), mask_token="[MASK]", pad_token="[PAD]")
    text = "gattacaNN" + TEXTS[0][:777] + "u"
    assert loaded(text)["input_ids"] == LEARNED.encode(alphabet.encode(text)).tolist()
    assert (loaded.mask_token_id, loaded.pad_token_id) == (LEARNED.mask_id, LEARNED.padding_id)
    assert len(loaded) == len(LEARNED.vocabulary)


@given(letters=repetitive(letters="N", most=300), n=st.booleans(), fused=st.booleans())
def test_files_from_elsewhere_give_their_own_ids(letters, n, fused):
    content = CONTENTS[n, fused]
    tokenizer, oracle = BytePairTokenizer.from_ecosystem(content), reference(content)
    bases = alphabet.encode(letters)
    encoding = oracle.encode(letters, add_special_tokens=False)
    assert encoding.ids == tokenizer.encode(bases).tolist()
    assert encoding.offsets == [tuple(span) for span in tokenizer.spans(bases).tolist()]
    assert reference(tokenizer.to_ecosystem()).encode(letters.lower()).ids == encoding.ids


CONTENTS = {(n, fused): elsewhere(n=n, fused=fused) for n in (False, True) for fused in (False, True)}


def test_words_from_elsewhere_may_hold_n():
    content = trained_elsewhere(["ANNNNANNNNNCANNG" * 20], 5, special=SPECIAL, n=True)
    tokenizer, oracle = BytePairTokenizer.from_ecosystem(content), reference(content)
    text = "ANNNNNNNACNNGANNN"
    assert any("NN" in word for word in tokenizer.vocabulary)
    assert tokenizer.encode(alphabet.encode(text)).tolist() == oracle.encode(text, add_special_tokens=False).ids


def test_unknown_bases_come_back_as_n_from_the_other_strand():
    tokenizer = BytePairTokenizer.from_ecosystem(elsewhere())
    ids = tokenizer.encode(alphabet.encode("GGNA"))
    assert tokenizer.decode(tokenizer.reverse_complement(ids)) == "T[UNK]CC"


def test_a_real_chromosome_reads_alike(data_folder, tmp_path):
    with gzip.open(data_folder / "genomes" / "yeast.fa.gz", "rt") as file:
        letters = str(next(SeqIO.parse(file, "fasta")).seq)
    tokenizer = BytePairTokenizer(learn_merges([alphabet.encode(letters)], cycles=600))
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(tokenizer.to_ecosystem()))
    ids = tokenizers.Tokenizer.from_file(str(path)).encode(letters).ids
    assert tokenizer.encode(alphabet.encode(letters)).tolist() == ids
    assert tokenizer_from(path).content_hash == tokenizer.content_hash


def test_a_file_cut_off_is_refused(tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(LEARNED.to_ecosystem())[:-40])
    with pytest.raises(InputError, match=r"tokenizer\.json:1: the file is cut or malformed"):
        tokenizer_from(path)
