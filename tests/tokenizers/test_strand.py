"""Partners of tokens, held to tokenizing the other strand's bases."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.errors import ConfigurationError
from genolect.sequence.alphabet import reverse_complement
from genolect.tokenizers.amino_acid import AminoAcidTokenizer
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.codon import CodonTokenizer
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.reading import target_partners, token_partners

TOKENIZERS = [NucleotideTokenizer(), KmerTokenizer(3, 1), KmerTokenizer(4, 4), KmerTokenizer(5, 2)]


@pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=lambda tokenizer: str(len(tokenizer.vocabulary)))
def test_tokens_of_the_other_strand_are_the_partners_turned_round(tokenizer):
    bases = np.random.default_rng(4).integers(5, size=(41 if len(tokenizer.vocabulary) != 259 else 40), dtype=np.uint8)
    ids, other = tokenizer.encode(bases), tokenizer.encode(reverse_complement(bases))
    assert token_partners(tokenizer)[ids[::-1].astype(int)].tolist() == other.tolist()


@pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=lambda tokenizer: str(len(tokenizer.vocabulary)))
def test_partners_are_mutual_and_special_tokens_their_own(tokenizer):
    partners, targets = token_partners(tokenizer), target_partners(tokenizer)
    assert partners[partners].tolist() == list(range(len(tokenizer.vocabulary)))
    assert [partners[token] for token in (tokenizer.mask_id, tokenizer.padding_id)] == [
        tokenizer.mask_id,
        tokenizer.padding_id,
    ]
    assert sorted(targets) == list(range(len(tokenizer.targets)))
    words = list(tokenizer.vocabulary)
    first = tokenizer.targets.start
    turned = words[first + 1][::-1].translate(str.maketrans("ACGT", "TGCA"))
    assert words[first + targets[1]] == turned


@pytest.mark.parametrize(
    ("tokenizer", "message"),
    [
        (BytePairTokenizer([("G", "A")]), "cut into different byte_pair tokens"),
        (AminoAcidTokenizer(), "cut into different amino_acid tokens"),
        (CodonTokenizer(), "codons have no other strand"),
    ],
)
def test_tokens_without_partners_are_refused(tokenizer, message):
    with pytest.raises(ConfigurationError, match=message):
        token_partners(tokenizer)
