"""Windows cut into tokens, and what an objective has to know of a tokenizer: for tests only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from genolect.models import inference
from genolect.objectives.masked import Vocabulary
from genolect.objectives.objective import Batch
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.byte_pair_merging import learn_merges
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.published import DnabertTokenizer, NucleotideTransformerTokenizer
from genolect.tokenizers.tokenizer import Tokenizer

MERGES = 60
SMALL = {k: KmerTokenizer(k, 1).words[: 4**k] for k in (3, 6)}


def some_bases(B: int, W: int, *, seed: int = 1, unknown: float = 0.0, weights=(1, 1, 1, 1)) -> torch.Tensor:
    shares = np.array([*(np.array(weights) / sum(weights) * (1 - unknown)), unknown])
    codes = np.random.default_rng(seed).choice(5, (B, W), p=shares).astype(np.uint8)
    codes[:, ::7] |= 8  # the soft-mask plays no part
    return torch.from_numpy(codes)


def byte_pair() -> BytePairTokenizer:
    learned = some_bases(1, 20_011, weights=(4, 2, 2, 4))[0].numpy() & 7
    return BytePairTokenizer(learn_merges([learned], cycles=MERGES))


def tokenizers() -> dict[str, Tokenizer]:
    return {
        "nucleotide": NucleotideTokenizer(),
        "overlapping 3-mers": KmerTokenizer(3, 1),
        "4-mers in steps of 3": KmerTokenizer(4, 3),
        "5-mers side by side": KmerTokenizer(5, 5),
        "byte-pair": byte_pair(),
        "DNABERT": DnabertTokenizer([*DnabertTokenizer.special, *SMALL[3]]),
        "Nucleotide Transformer": NucleotideTransformerTokenizer(
            [*NucleotideTransformerTokenizer.special, *SMALL[6], *"ACGTN"]
        ),
    }


def words_of(tokenizer: Tokenizer, **facts) -> Vocabulary:
    return replace(inference.words_of(tokenizer), **facts)


def batch_of(tokenizer: Tokenizer, bases: torch.Tensor, classes: torch.Tensor | None = None) -> Batch:
    """Cut windows into tokens; rows of fewer tokens are filled up with padding."""
    rows = [(tokenizer.encode(row).astype(np.int64), tokenizer.spans(row)) for row in bases.numpy()]
    longest = max(len(ids) for ids, _ in rows)
    ids = np.full((len(rows), longest), tokenizer.padding_id)
    spans = np.zeros((len(rows), longest, 2), dtype=np.int64)
    for number, (tokens, places) in enumerate(rows):
        ids[number, : len(tokens)], spans[number, : len(tokens)] = tokens, places
    alike = (spans == spans[0]).all()
    return Batch(bases, torch.from_numpy(ids), torch.from_numpy(spans[0] if alike else spans), classes)
