"""Vocabularies of others: their ids, their own programs as oracles, and faults named by line."""

from __future__ import annotations

import json
import re
from itertools import product

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import InputError
from genolect.sequence.alphabet import decode, encode, reverse_complement
from genolect.tokenizers.published import DnabertTokenizer, NucleotideTransformerTokenizer, read_words
from genolect.tokenizers.reading import tokenizer_from

DNA = st.text("ACGTacgtN", max_size=40) | st.text("ACGT", max_size=40)
WITH_CODES = st.text("ACGTUNacgtunRYSWKMBDHVryswkmbdhv", max_size=60)


def words_of(k: int) -> list[str]:
    """All words in the order of both projects, A T C G."""
    return ["".join(letters) for letters in product("ATCG", repeat=k)]


DNABERT_WORDS = {k: [*DnabertTokenizer.special, *words_of(k)] for k in (1, 3, 4, 5, 6)}
DNABERT = {k: DnabertTokenizer(words) for k, words in DNABERT_WORDS.items()}
TRANSFORMER_WORDS = [*NucleotideTransformerTokenizer.special, *words_of(6), *"ATCGN"]
TRANSFORMER = NucleotideTransformerTokenizer(TRANSFORMER_WORDS)


def written(folder, words):
    path = folder / "vocab.txt"
    path.write_text("\n".join(words))
    return path


# ---------------------------------------------------------------- DNABERT


def test_published_places_of_dnabert():
    assert [DNABERT[3].vocabulary[word] for word in ("AAA", "AAT", "ATA", "TAA", "GGG")] == [5, 6, 9, 21, 68]
    assert [len(DNABERT[k].vocabulary) for k in (3, 4, 5, 6)] == [69, 261, 1029, 4101]
    assert (DNABERT[6].padding_id, DNABERT[6].unknown_id, DNABERT[6].mask_id) == (0, 1, 4)
    assert DNABERT[3].targets == range(5, 69)


@settings(deadline=None)
@given(letters=DNA, k=st.sampled_from([*DNABERT]))
def test_dnabert_words_are_those_cut_from_the_text(letters, k):
    tokenizer, bases = DNABERT[k], encode(letters)
    words = [letters.upper()[start : start + k] for start in range(len(letters) - k + 1)]
    ids = tokenizer.encode(bases)
    assert [tokenizer.words[token] for token in ids] == ["[UNK]" if "N" in word else word for word in words]
    assert tokenizer.spans(bases).tolist() == [[start, start + k] for start in range(len(words))]
    if "N" not in letters and words:
        assert tokenizer.decode(ids) == letters.upper()


@settings(deadline=None)
@given(letters=DNA, k=st.sampled_from([*DNABERT]))
def test_the_other_strand_in_dnaberts_ids(letters, k):
    tokenizer, bases = DNABERT[k], encode(letters)
    ids = tokenizer.encode(bases)
    other = tokenizer.reverse_complement(ids)
    np.testing.assert_array_equal(other, tokenizer.encode(reverse_complement(bases)))
    np.testing.assert_array_equal(tokenizer.reverse_complement(other), ids)


def test_dnaberts_special_tokens_stand_as_themselves():
    ids = np.array([2, 5, 4, 1, 3], dtype=np.uint8)
    assert DNABERT[3].decode(ids) == "[CLS]AAA[MASK]NNN[SEP]"
    assert DNABERT[3].reverse_complement(ids).tolist() == [3, 1, 4, DNABERT[3].vocabulary["TTT"], 2]


@pytest.mark.parametrize("k", [3, 6])
def test_dnaberts_own_tokenizer_reads_the_same_ids(tmp_path, k):
    transformers = pytest.importorskip("transformers")
    path = written(tmp_path, DNABERT_WORDS[k])
    theirs = transformers.BertTokenizer(vocab=str(path), do_lower_case=False)
    letters = "ATGCTAGNNACGTTGCATTTAGGACCA"
    text = " ".join(letters[start : start + k] for start in range(len(letters) - k + 1))
    assert theirs(text, add_special_tokens=False)["input_ids"] == read_words(path).encode(encode(letters)).tolist()


# ---------------------------------------------------------------- Nucleotide Transformer


def test_published_places_of_nucleotide_transformer():
    vocabulary = TRANSFORMER.vocabulary
    assert [vocabulary[word] for word in ("AAAAAA", "AAAAAT", "GGGGGG", "A", "G", "N")] == [
        6,
        7,
        4101,
        4102,
        4105,
        4106,
    ]
    assert len(vocabulary) == 4107
    assert (TRANSFORMER.unknown_id, TRANSFORMER.padding_id, TRANSFORMER.mask_id) == (0, 1, 2)
    assert TRANSFORMER.targets == range(6, 4106)


@settings(deadline=None)
@given(letters=DNA)
def test_its_tokens_cover_every_base_once_by_its_rule(letters):
    bases = encode(letters)
    ids, spans = TRANSFORMER.encode(bases), TRANSFORMER.spans(bases)
    words = re.findall("[ACGT]{6}|.", letters.upper())
    assert [TRANSFORMER.words[token] for token in ids] == words
    assert [letters[a:b].upper() for a, b in spans] == words
    assert TRANSFORMER.decode(ids) == letters.upper()


@settings(deadline=None)
@given(letters=DNA)
def test_the_other_strand_is_tokenized_anew(letters):
    bases = encode(letters)
    ids = TRANSFORMER.encode(bases)
    other = TRANSFORMER.reverse_complement(ids)
    np.testing.assert_array_equal(other, TRANSFORMER.encode(reverse_complement(bases)))
    np.testing.assert_array_equal(TRANSFORMER.reverse_complement(other), ids)


def test_the_first_version_has_two_special_tokens_less(tmp_path):
    """4,105 ids, as its models have vectors."""
    first = [word for word in TRANSFORMER_WORDS if word not in NucleotideTransformerTokenizer.second_version]
    tokenizer = read_words(written(tmp_path, first))
    assert len(tokenizer.vocabulary) == 4105
    bases = encode("ATTCCGACNTT")
    assert tokenizer.encode(bases).tolist() == (TRANSFORMER.encode(bases) - 2).tolist()
    assert tokenizer_from(tokenizer.to_ecosystem()).content_hash == tokenizer.content_hash
    one_of_two = [word for word in TRANSFORMER_WORDS if word != "<eos>"]
    with pytest.raises(InputError, match="1 of 4,107 tokens are missing, '<eos>' first"):
        read_words(written(tmp_path, one_of_two))


def test_its_special_tokens_stand_as_themselves():
    ids = [TRANSFORMER.vocabulary[word] for word in ("<cls>", "AAAAAC", "A", "<mask>", "T")]
    assert TRANSFORMER.decode(ids) == "<cls>AAAAACA<mask>T"
    assert TRANSFORMER.decode(TRANSFORMER.reverse_complement(np.array(ids))) == "A<mask>TGTTTTT<cls>"


@pytest.mark.parametrize("letters", ["", "ACGTA", "ATTCCGACNTT", "NNACGTACGTACGTANACGTTG", "ACGTACG" * 11])
def test_its_own_tokenizer_reads_the_same_ids(tmp_path, letters):
    transformers = pytest.importorskip("transformers")
    path = written(tmp_path, TRANSFORMER_WORDS)
    theirs = transformers.EsmTokenizer(str(path), eos_token=None)
    assert theirs(letters)["input_ids"] == [3, *read_words(path).encode(encode(letters)).tolist()]


# ---------------------------------------------------------------- saved forms


@settings(deadline=None)
@given(letters=WITH_CODES)
def test_the_tokenizers_library_reads_the_same_ids(letters):
    for tokenizer in (DNABERT[1], DNABERT[3], TRANSFORMER):
        oracle = tokenizers.Tokenizer.from_str(json.dumps(tokenizer.to_ecosystem()))
        text = letters
        if tokenizer is not TRANSFORMER:
            text = " ".join(letters[at : at + tokenizer.k] for at in range(len(letters) - tokenizer.k + 1))
        assert oracle.encode(text).ids == tokenizer.encode(encode(letters)).tolist()


def test_all_hashes_differ():
    everyone = [*DNABERT.values(), TRANSFORMER]
    assert len({tokenizer.content_hash for tokenizer in everyone}) == len(everyone)
    swapped = DNABERT_WORDS[3].copy()
    swapped[7], swapped[8] = swapped[8], swapped[7]
    other = DnabertTokenizer(swapped)
    assert other.content_hash != DNABERT[3].content_hash
    assert decode(encode(other.decode(other.encode(encode("AACAAG"))))) == "AACAAG"


# ---------------------------------------------------------------- faults


def changed(words, *, drop=(), put=None, length=None):
    kept = [word for word in words if word not in drop]
    for place, word in (put or {}).items():
        kept.insert(place, word)
    return kept[:length]


THREE = DNABERT_WORDS[3]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (changed(THREE, length=60), r":60: the vocabulary is incomplete: 9 of 69 tokens are missing"),
        (changed(THREE, drop=["TAC"]), r":68: the vocabulary is incomplete: 1 of 69 tokens are missing, 'TAC' first"),
        (changed(THREE, drop=["GGG"], put={68: "GG"}), r":69: the token 'GG' is neither a word of 3 bases nor one of"),
        (changed(THREE, put={9: "AAT"}), r":10: the token 'AAT' appears again; it is already on line 7\. Fix: take"),
        (changed(THREE, put={30: "ANA"}), r":31: the token 'ANA' is neither"),
        (changed(THREE, put={30: "aca"}), r":31: the token 'aca' is neither"),
        (changed(THREE, put={30: ""}), r":31: the token '' is neither"),
        (changed(THREE, put={5: ""}), r":6: the token '' is neither"),
        (changed(THREE, drop=["[MASK]"]), r"1 of 69 tokens are missing, '\[MASK\]' first"),
        (changed(THREE, drop=["[MASK]"], put={30: "[MASK]"}), r":31: the token '\[MASK\]' stands between the words"),
        (changed(THREE, length=5), r":5: the vocabulary has no words"),
        (["[PAD]", "ACGTACGTA"], r":2: the token 'ACGTACGTA' is neither a word of 8"),
        (changed(TRANSFORMER_WORDS, length=4000), r":4000: the vocabulary is incomplete: 107 of 4,107"),
        (changed(TRANSFORMER_WORDS, drop=["N"]), r"1 of 4,107 tokens are missing, 'N' first"),
        (changed(TRANSFORMER_WORDS, drop=["N"], put={4102: "N"}), r":4103: the token 'N' stands between the words"),
        (changed(TRANSFORMER_WORDS, put={4107: "<sep>"}), r":4108: the token '<sep>' is neither a word of 6 bases nor"),
        (["the", "of"], r":1: the first token 'the' is neither DNABERT's nor Nucleotide Transformer's"),
    ],
)
def test_a_damaged_vocabulary_is_refused(tmp_path, words, message):
    with pytest.raises(InputError, match=r"vocab\.txt.*" + message):
        read_words(written(tmp_path, words))
