"""K-mer tokens: relations for any sequence, k and stride; text cut by hand and two libraries as oracles."""

from __future__ import annotations

import gzip
import json
import re

import numpy as np
import pytest
import tokenizers
from Bio import SeqIO
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import ConfigurationError
from genolect.sequence.alphabet import decode, encode, reverse_complement
from genolect.tokenizers.kmer import LONGEST, KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer

SHAPES = [(k, stride) for k in range(1, LONGEST + 1) for stride in range(1, k + 1)]
TOKENIZERS = {shape: KmerTokenizer(*shape) for shape in SHAPES}
DNA = st.text("ACGTacgtN", max_size=40) | st.text("ACGT", max_size=40)
ANY = st.sampled_from(SHAPES)


def cut(letters: str, k: int, stride: int) -> list[str]:
    """Cut words out of text, as the documents of the field do."""
    words = [letters.upper()[start : start + k] for start in range(0, len(letters) - k + 1, stride)]
    return ["N" * k if "N" in word else word for word in words]


# ---------------------------------------------------------------- relations


def test_the_example_of_the_field():
    tokenizer = TOKENIZERS[3, 1]
    assert [tokenizer.words[token] for token in tokenizer.encode(encode("ATGCTAG"))] == [
        "ATG",
        "TGC",
        "GCT",
        "CTA",
        "TAG",
    ]


@settings(deadline=None)
@given(letters=DNA, shape=ANY)
def test_words_are_those_cut_from_the_text(letters, shape):
    tokenizer = TOKENIZERS[shape]
    ids = tokenizer.encode(encode(letters))
    assert [tokenizer.words[token] for token in ids] == cut(letters, *shape)
    assert ids.dtype == np.min_scalar_type(4 ** shape[0] + 2)


@settings(deadline=None)
@given(shape=ANY, letters=st.text("ACGT", min_size=LONGEST, max_size=LONGEST))
def test_an_id_is_the_words_number_in_base_4(shape, letters):
    word = letters[: shape[0]]
    (token,) = TOKENIZERS[shape].encode(encode(word)).tolist()
    assert token == int(word.translate(str.maketrans("ACGT", "0123")), 4)
    assert token in TOKENIZERS[shape].targets


@settings(deadline=None)
@given(letters=DNA, shape=ANY)
def test_spans_cover_the_words_and_leave_less_than_a_stride(letters, shape):
    k, stride = shape
    bases = encode(letters)
    spans = TOKENIZERS[shape].spans(bases)
    assert spans.shape == (len(TOKENIZERS[shape].encode(bases)), 2)
    assert cut(letters, k, stride) == [word for a, b in spans for word in cut(letters[a:b], k, 1)]
    covered = spans[-1, 1] if len(spans) else 0
    assert len(letters) - covered < (stride if len(spans) else k)


@settings(deadline=None)
@given(letters=DNA, shape=ANY)
def test_decoding_gives_the_covered_letters_back_where_a_known_word_covers_them(letters, shape):
    tokenizer = TOKENIZERS[shape]
    bases = encode(letters)
    spans = tokenizer.spans(bases)
    known = {base for a, b in spans for base in range(a, b) if "N" not in letters[a:b]}
    covered = spans[-1, 1] if len(spans) else 0
    expected = "".join(letter.upper() if place in known else "N" for place, letter in enumerate(letters[:covered]))
    assert tokenizer.decode(tokenizer.encode(bases)) == expected


@settings(deadline=None)
@given(letters=DNA, shape=ANY)
def test_the_other_strand_of_the_ids_is_the_ids_of_the_other_strand(letters, shape):
    tokenizer = TOKENIZERS[shape]
    bases = encode(letters)
    ids = tokenizer.encode(bases)
    other = tokenizer.reverse_complement(ids)
    covered = bases[: tokenizer.spans(bases)[-1, 1]] if len(ids) else bases[:0]
    np.testing.assert_array_equal(other, tokenizer.encode(reverse_complement(covered)))
    np.testing.assert_array_equal(tokenizer.reverse_complement(other), ids)
    if shape[1] == 1:
        np.testing.assert_array_equal(other, tokenizer.encode(reverse_complement(bases)))


def test_with_a_rest_the_other_strand_is_cut_elsewhere():
    tokenizer, bases = TOKENIZERS[3, 3], encode("ATGCTAG")
    other = tokenizer.reverse_complement(tokenizer.encode(bases))
    assert tokenizer.decode(other) == "TAGCAT"
    assert tokenizer.decode(tokenizer.encode(reverse_complement(bases))) == "CTAGCA"


def test_special_tokens_have_no_other_strand_and_stand_as_themselves():
    tokenizer = TOKENIZERS[2, 1]
    ids = np.array([[0, tokenizer.mask_id, 1], [tokenizer.padding_id, tokenizer.unknown_id, 4]], dtype=np.uint8)
    assert tokenizer.reverse_complement(ids).tolist() == [[11, 17, 15], [14, 16, 18]]
    assert tokenizer.decode(ids[0]) == "AA[MASK]AC"
    assert tokenizer.decode([]) == ""
    assert tokenizer.decode([0, 1, 6, tokenizer.unknown_id]) == "AACGN"


def test_where_words_disagree_the_earlier_one_counts():
    tokenizer = TOKENIZERS[3, 1]
    assert tokenizer.decode([tokenizer.vocabulary[word] for word in ("ACG", "TTT")]) == "ACGT"


@settings(deadline=None)
@given(shape=ANY, rows=st.integers(1, 4), length=st.integers(0, 21), seed=st.integers(0, 99))
def test_windows_are_tokenized_one_by_one(shape, rows, length, seed):
    bases = np.random.default_rng(seed).integers(5, size=(rows, 2, length), dtype=np.uint8)
    bases.flags.writeable = False
    together = TOKENIZERS[shape].encode(bases)
    alone = [[TOKENIZERS[shape].encode(row) for row in pair] for pair in bases]
    np.testing.assert_array_equal(together, np.array(alone, dtype=together.dtype).reshape(together.shape))
    turned = TOKENIZERS[shape].encode(bases[..., ::-1])
    np.testing.assert_array_equal(turned, TOKENIZERS[shape].encode(bases[..., ::-1].copy()))


def test_long_sequences_are_numbered_as_short_ones():
    bases = np.random.default_rng(3).choice(5, size=3 * 4096 + 7, p=[0.24] * 4 + [0.04]).astype(np.uint8)
    for shape in ((6, 1), (6, 6), (8, 3)):
        tokenizer = TOKENIZERS[shape]
        assert [tokenizer.words[token] for token in tokenizer.encode(bases)] == cut(decode(bases), *shape)


def test_single_bases_are_the_nucleotide_tokens():
    assert TOKENIZERS[1, 1].vocabulary == NucleotideTokenizer.vocabulary


def test_no_two_have_the_same_hash():
    assert len({tokenizer.content_hash for tokenizer in TOKENIZERS.values()}) == len(SHAPES)
    assert KmerTokenizer(4, 2).content_hash == TOKENIZERS[4, 2].content_hash


@pytest.mark.parametrize(
    ("k", "stride", "message"),
    [
        (0, 1, r"k is 0\. Fix: choose words of 1 to 8"),
        (9, 1, "k is 9"),
        (3, 0, "a stride of 0 with words of 3"),
        (3, 4, r"a stride of 4 with words of 3 bases\. Fix: choose a stride of 1 \(overlapping\) to 3"),
    ],
)
def test_senseless_shapes_are_refused(k, stride, message):
    with pytest.raises(ConfigurationError, match=message):
        KmerTokenizer(k, stride)


def test_an_id_outside_the_vocabulary_has_no_word():
    with pytest.raises(IndexError):
        TOKENIZERS[2, 1].decode([19])


# ---------------------------------------------------------------- the ecosystem


@pytest.fixture(scope="module", params=[(1, 1), (3, 3), (6, 6), (3, 1), (6, 1), (5, 2)], ids=str)
def saved(request):
    tokenizer = TOKENIZERS[request.param]
    return tokenizer, tokenizers.Tokenizer.from_str(json.dumps(tokenizer.to_ecosystem()))


def text_for(tokenizer, letters):
    """What the saved file reads: the sequence, or k-mer text where words overlap."""
    if tokenizer.stride == tokenizer.k:
        return letters
    starts = range(0, len(letters) - tokenizer.k + 1, tokenizer.stride)
    return " ".join(letters[start : start + tokenizer.k] for start in starts)


@settings(deadline=None)
@given(letters=st.text("ACGTUNacgtunRYSWKMBDHVryswkmbdhv", max_size=60))
def test_the_tokenizers_library_reads_the_same_ids(saved, letters):
    tokenizer, oracle = saved
    ids = tokenizer.encode(encode(letters)).tolist()
    assert oracle.encode(text_for(tokenizer, letters)).ids == ids


def test_the_tokenizers_library_reads_special_tokens(saved):
    tokenizer, oracle = saved
    word = "ACGTAC"[: tokenizer.k]
    encoding = oracle.encode(f"{word}[MASK]{word}[PAD]")
    token = tokenizer.vocabulary[word]
    assert encoding.ids == [token, tokenizer.mask_id, token, tokenizer.padding_id]
    assert re.sub(" ", "", oracle.decode(encoding.ids, skip_special_tokens=False)) == tokenizer.decode(encoding.ids)
    assert oracle.get_vocab() == tokenizer.vocabulary
    assert json.loads(oracle.to_str()) == tokenizer.to_ecosystem()


def test_transformers_reads_the_same_ids(saved, tmp_path):
    transformers = pytest.importorskip("transformers")
    tokenizer, _ = saved
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(tokenizer.to_ecosystem()))
    fast = transformers.PreTrainedTokenizerFast(tokenizer_file=str(path), mask_token="[MASK]", pad_token="[PAD]")
    letters = "acguRYNN" + "ACGTTGCA" * 7 + "gattaca"
    assert fast(text_for(tokenizer, letters))["input_ids"] == tokenizer.encode(encode(letters)).tolist()
    assert (fast.mask_token_id, fast.pad_token_id) == (tokenizer.mask_id, tokenizer.padding_id)


def test_real_sequence_reads_alike(saved, data_folder):
    tokenizer, oracle = saved
    with gzip.open(data_folder / "genomes" / "yeast.fa.gz", "rt") as file:
        letters = str(next(SeqIO.parse(file, "fasta")).seq[:20_001])
    assert oracle.encode(text_for(tokenizer, letters)).ids == tokenizer.encode(encode(letters)).tolist()
