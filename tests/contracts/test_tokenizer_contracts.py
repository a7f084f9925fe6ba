"""What every tokenizer of bases holds to, whatever its words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import ConfigurationError
from genolect.sequence.alphabet import SOFT_MASK, encode, reverse_complement
from genolect.tokenizers.codon import CodonTokenizer
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.published import DnabertTokenizer, NucleotideTransformerTokenizer
from genolect.tokenizers.reading import description_of, tokenizer_from
from genolect.tokenizers.tokenizer import Tokenizer

WORDS = {k: KmerTokenizer(k, 1).words[: 4**k] for k in (3, 6)}
TOKENIZERS: dict[str, Tokenizer] = {
    "nucleotide": NucleotideTokenizer(),
    "overlapping 6-mers": KmerTokenizer(6, 1),
    "4-mers in steps of 3": KmerTokenizer(4, 3),
    "8-mers side by side": KmerTokenizer(8, 8),
    "codons": CodonTokenizer(11),
    "DNABERT": DnabertTokenizer([*DnabertTokenizer.special, *WORDS[3]]),
    "Nucleotide Transformer": NucleotideTransformerTokenizer(
        [*NucleotideTransformerTokenizer.special, *WORDS[6], *"ACGTN"]
    ),
}
BASES = (st.text("ACGTNacgtn", max_size=50) | st.text("ACGT", max_size=50)).map(encode)
every = pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS.keys())


@every
@settings(deadline=None)
@given(bases=BASES)
def test_each_token_has_a_span_in_order_and_an_id_of_the_vocabulary(tokenizer, bases):
    ids, spans = tokenizer.encode(bases), tokenizer.spans(bases)
    assert spans.shape == (len(ids), 2)
    assert np.issubdtype(ids.dtype, np.unsignedinteger)
    assert set(ids.tolist()) <= set(tokenizer.vocabulary.values())
    assert not {tokenizer.mask_id, tokenizer.padding_id} & set(ids.tolist())
    if len(ids):
        assert (np.diff(spans[:, 0]) > 0).all()
        assert 0 <= spans[0, 0] < spans[-1, 1] <= len(bases)


@every
@settings(deadline=None)
@given(bases=BASES)
def test_the_soft_mask_and_the_memory_do_not_matter(tokenizer, bases):
    ids = tokenizer.encode(bases)
    frozen = bases ^ np.uint8(SOFT_MASK)
    frozen.flags.writeable = False
    np.testing.assert_array_equal(tokenizer.encode(frozen), ids)
    np.testing.assert_array_equal(tokenizer.encode(bases[::-1].copy()[::-1]), ids)


@every
@settings(deadline=None)
@given(bases=BASES)
def test_the_other_strand_turned_again_is_the_first(tokenizer, bases):
    ids = tokenizer.encode(bases)
    if tokenizer.kind == "codon":
        with pytest.raises(ConfigurationError, match="no other strand"):
            tokenizer.reverse_complement(ids)
        return
    other = tokenizer.reverse_complement(ids)
    np.testing.assert_array_equal(tokenizer.reverse_complement(other), ids)
    covered = bases[: tokenizer.spans(bases)[-1, 1]] if len(ids) else bases[:0]
    np.testing.assert_array_equal(other, tokenizer.encode(reverse_complement(covered)))


@every
def test_what_can_be_predicted_is_made_of_known_bases(tokenizer):
    words = list(tokenizer.vocabulary)
    assert [tokenizer.vocabulary[word] for word in words] == list(range(len(words)))
    predictable = {words[token] for token in tokenizer.targets}
    assert predictable == {word for word in words if set(word) <= set("ACGT")}
    assert tokenizer.mask_id not in tokenizer.targets
    assert tokenizer.padding_id not in tokenizer.targets


@every
def test_it_comes_back_from_its_file_and_no_two_share_a_hash(tokenizer):
    again = tokenizer_from(tokenizer.to_ecosystem(), description_of(tokenizer))
    assert again.content_hash == tokenizer.content_hash
    assert len({other.content_hash for other in TOKENIZERS.values()}) == len(TOKENIZERS)
