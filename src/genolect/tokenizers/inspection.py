"""What a tokenizer makes of a genome: how long its tokens are, how evenly it uses them, what they are made of.

These are the figures by which GROVER's authors describe and choose a byte-pair vocabulary (Sanabria et al. 2024,
doi:10.1038/s42256-024-00872-0): token length in the vocabulary and in the genome, words of four to six bases, balance
of frequencies, GC, first letters. Formulae stand where they are computed.

Legend: V predictable tokens, n_i occurrences of token i, f_i = n_i / sum n its frequency.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from genolect.sequence.alphabet import BASE_BITS, LETTERS, Bases, N
from genolect.sequence.genetic_code import AMINO_ACIDS, RARE
from genolect.tokenizers.tokenizer import Tokenizer

MOST_FREQUENT = 20
NEVER_SEEN = 20
CURVE_POINTS = 80
GC_BINS = 10
BLOCK = 1 << 22
FORMAT = 1
RESIDUES = np.frombuffer((AMINO_ACIDS + RARE).encode(), dtype=np.uint8)
UPPER = 0xDF
"""Bits of a letter that both cases share."""

Counts = npt.NDArray[np.int64]


def inspect_tokenizers(
    tokenizers: Mapping[str, Tokenizer], stretches: Iterable[Bases], *, protein: bool = False
) -> dict[str, Any]:
    """Describe tokenizers by what they make of the same genome.

    Parameters
    ----------
    tokenizers : mapping of str to Tokenizer
        By the names that rows and plots will carry.
    stretches : iterable of ndarray of uint8, each of shape (L,)
        Base codes; each stretch is tokenized by itself, so whole records are best. Letters, where these are proteins.
    protein : bool
        Whether they are: residues are then counted as bases, stops and ambiguous letters as unknown.

    Returns
    -------
    dict
        JSON types: ``format``, ``stretches``, ``bases``, ``unknown_bases`` and ``tokenizers``, one row of figures each.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> row = inspect_tokenizers({"bases": NucleotideTokenizer()}, [encode("AACGNT"), encode("AT")])["tokenizers"][0]
    >>> row["tokens"], row["bases_per_token"], round(row["gc"], 3), row["never_seen"]
    (7, 1.0, 0.286, 0)
    """
    names = list(tokenizers)
    counts = {name: np.zeros(len(tokenizers[name].vocabulary), dtype=np.int64) for name in names}
    number = bases = unknown = 0
    for stretch in stretches:
        number, bases = number + 1, bases + len(stretch)
        known = np.isin(stretch & UPPER, RESIDUES) if protein else (stretch & BASE_BITS) != N
        unknown += len(stretch) - int(np.count_nonzero(known))
        for name in names:
            ids = tokenizers[name].encode(stretch)
            for start in range(0, len(ids), BLOCK):  # Counting widens the ids to eight bytes each.
                counts[name] += np.bincount(ids[start : start + BLOCK], minlength=len(counts[name]))
    rows = [_row(name, tokenizers[name], counts[name], bases - unknown) for name in names]
    return {"format": FORMAT, "stretches": number, "bases": bases, "unknown_bases": unknown, "tokenizers": rows}


def _row(name: str, tokenizer: Tokenizer, counts: Counts, bases: int) -> dict[str, Any]:
    targets = tokenizer.targets
    words = [word for word, number in tokenizer.vocabulary.items() if number in targets]
    seen = counts[targets.start : targets.stop]
    total = int(seen.sum())
    lengths = np.array([len(word) for word in words])
    unseen = [word for word, count in zip(words, seen, strict=True) if not count]
    return {
        "name": name,
        "kind": tokenizer.kind,
        "content_hash": tokenizer.content_hash,
        "vocabulary": len(tokenizer.vocabulary),
        "targets": len(words),
        "tokens": total,
        "other_tokens": int(counts.sum()) - total,
        "bases_per_token": bases / total if total else None,
        "mean_length": float(lengths @ seen / total) if total else None,
        "longest": int(lengths.max()),
        "lengths": _length_distribution(lengths, seen),
        **frequency_balance(seen),
        "never_seen": len(unseen),
        "never_seen_words": unseen[:NEVER_SEEN],
        "most_frequent": _most_frequent(words, seen),
        "rank_frequency": _rank_frequency(seen),
        **_composition(words, seen),
    }


def _length_distribution(lengths: npt.NDArray[np.int64], counts: Counts) -> list[dict[str, Any]]:
    """Give per length the tokens of the vocabulary, their occurrences, and both as shares."""
    occurring = np.bincount(lengths, weights=counts).astype(np.int64)
    listed = np.bincount(lengths)
    total = max(int(counts.sum()), 1)
    return [
        {
            "length": length,
            "tokens": int(listed[length]),
            "token_share": float(listed[length] / len(lengths)),
            "occurrences": int(occurring[length]),
            "occurrence_share": float(occurring[length] / total),
        }
        for length in range(1, len(listed))
    ]


def frequency_balance(counts: Counts) -> dict[str, float | None]:
    """Say how evenly a vocabulary is used.

    Parameters
    ----------
    counts : ndarray of int64, shape (V,)
        Occurrences n_i of every predictable token.

    Returns
    -------
    dict
        ``entropy_bits`` H = -sum f_i log2 f_i; ``evenness`` H / log2 V, 1 where all tokens are equally frequent;
        ``gini`` sum_i (2 i - V - 1) f_(i) / V over ascending frequencies, 0 where all are equally frequent;
        ``top_decile_share``, the occurrences that belong to the most frequent tenth of the tokens (rounded up).
        None where nothing occurs, or where a single token leaves nothing to balance.

    Examples
    --------
    >>> frequency_balance(np.array([2, 2, 0, 0]))["evenness"], frequency_balance(np.array([3, 3, 3]))["gini"]
    (0.5, 0.0)
    """
    size, total = len(counts), int(counts.sum())
    if not total:
        return dict.fromkeys(("entropy_bits", "evenness", "gini", "top_decile_share"))
    ascending = np.sort(counts / total)
    present = ascending[ascending > 0]
    entropy = float(-(present * np.log2(present)).sum()) + 0.0
    ranks = np.arange(1, size + 1)
    return {
        "entropy_bits": entropy,
        "evenness": entropy / float(np.log2(size)) if size > 1 else None,
        "gini": float(((2 * ranks - size - 1) * ascending).sum() / size),
        "top_decile_share": float(ascending[size - math.ceil(size / 10) :].sum()),
    }


def _most_frequent(words: list[str], counts: Counts) -> list[dict[str, Any]]:
    total = max(int(counts.sum()), 1)
    order = np.argsort(-counts, kind="stable")[:MOST_FREQUENT]
    return [{"token": words[k], "count": int(counts[k]), "share": float(counts[k] / total)} for k in order if counts[k]]


def _rank_frequency(counts: Counts) -> list[dict[str, Any]]:
    """Give the share of the most frequent token, of the second … of the last that occurs; ranks are spread in log."""
    descending = np.sort(counts[counts > 0])[::-1]
    if not len(descending):
        return []
    ranks = np.unique(np.geomspace(1, len(descending), CURVE_POINTS).round().astype(int))
    total = int(counts.sum())
    return [{"rank": int(rank), "share": float(descending[rank - 1] / total)} for rank in ranks]


def _composition(words: list[str], counts: Counts) -> dict[str, Any]:
    """Give what words of A C G T are made of; nothing where the tokens are other words, such as amino acids."""
    if any(set(word) - set(LETTERS) for word in words):
        return dict.fromkeys(("gc", "gc_histogram", "tokens_with_cg", "tokens_from_at"))
    known = np.array([LETTERS[N] not in word for word in words])
    words, counts = [word for word in words if LETTERS[N] not in word], counts[known]
    strong = np.array([word.count("G") + word.count("C") for word in words])
    lengths = np.array([len(word) for word in words])
    bases = int(lengths @ counts)
    shares = strong / lengths
    bins = np.minimum((shares * GC_BINS).astype(int), GC_BINS - 1)
    return {
        "gc": float(strong @ counts / bases) if bases else None,
        "gc_histogram": [
            {
                "low": place / GC_BINS,
                "high": (place + 1) / GC_BINS,
                "tokens": int((bins == place).sum()),
                "occurrence_share": float(counts[bins == place].sum() / max(int(counts.sum()), 1)),
            }
            for place in range(GC_BINS)
        ],
        "tokens_with_cg": sum("CG" in word for word in words),
        "tokens_from_at": sum(word[0] in "AT" for word in words),
    }
