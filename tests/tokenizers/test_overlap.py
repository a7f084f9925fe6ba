"""Whether words overlap is read from any tokenizer."""

from __future__ import annotations

from itertools import product

import pytest

from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.codon import CodonTokenizer
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.published import DnabertTokenizer
from genolect.tokenizers.tokenizer import stride_of_overlap

DNABERT = DnabertTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map("".join, product("ATCG", repeat=3))])


@pytest.mark.parametrize(
    ("tokenizer", "stride"),
    [
        (NucleotideTokenizer(), None),
        (BytePairTokenizer([("A", "A"), ("AA", "AA")]), None),
        (CodonTokenizer(11), None),
        (KmerTokenizer(1, 1), None),
        (KmerTokenizer(6, 1), 1),
        (KmerTokenizer(8, 5), 5),
        (KmerTokenizer(5, 5), None),
        (DNABERT, 1),
    ],
    ids=lambda given: getattr(given, "kind", given),
)
def test_the_stride_of_overlapping_words(tokenizer, stride):
    assert stride_of_overlap(tokenizer) == stride
