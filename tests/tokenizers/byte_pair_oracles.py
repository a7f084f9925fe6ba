"""Byte pairs said as plainly as they can be, and by the reference library."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import numpy as np
import tokenizers
from hypothesis import strategies as st

from genolect.sequence.alphabet import LETTERS

ALPHABETS = ("A", "AC", "ACG", "ACGT")

Merges = list[tuple[str, str]]


@st.composite
def repetitive(draw, *, letters: str = "", most: int = 120) -> str:
    """Sequences with long runs and tandem repeats, over few letters or all."""
    alphabet = draw(st.sampled_from(ALPHABETS)) + letters
    unit = st.text(alphabet, min_size=1, max_size=7)
    part = st.one_of(st.text(alphabet, max_size=most // 4), st.builds(lambda u, n: u * n, unit, st.integers(1, 20)))
    return "".join(draw(st.lists(part, max_size=6)))[:most]


@st.composite
def proper_merges(draw, *, most: int = 30) -> Merges:
    """Merges that nobody learned: any tokens that are there, each new token once."""
    words, merges = list(draw(st.sampled_from(ALPHABETS))), []
    for first, second in draw(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=most)):
        pair = (words[first % len(words)], words[second % len(words)])
        word = "".join(pair)
        if word not in words and len(word) <= 24:
            words.append(word)
            merges.append(pair)
    return merges


def merged_in_order(letters: str, merges: Merges) -> list[str]:
    """Apply each merge in turn, from left to right, to the whole sequence."""
    tokens = list(letters)
    for first, second in merges:
        place = 0
        while place + 1 < len(tokens):
            if (tokens[place], tokens[place + 1]) == (first, second):
                tokens[place : place + 2] = [first + second]
            place += 1
    return tokens


def learned_plainly(chunks: list[str], cycles: int, longest: int | None = None) -> Merges:
    """Count all pairs anew in every cycle."""
    words, merges = list("ACGT"), []
    texts = [list(chunk) for piece in chunks for chunk in piece.split("N")]
    for _ in range(cycles):
        counts = Counter(pair for text in texts for pair in pairwise(text))
        allowed = [pair for pair in counts if longest is None or len("".join(pair)) <= longest]
        if not allowed:
            break
        best = min(allowed, key=lambda pair: (-counts[pair], words.index(pair[0]), words.index(pair[1])))
        words.append("".join(best))
        merges.append(best)
        texts = [merged_in_order_of_tokens(text, best) for text in texts]
    return merges


def merged_in_order_of_tokens(tokens: list[str], pair: tuple[str, str]) -> list[str]:
    """Apply one merge to tokens, from left to right."""
    merged: list[str] = []
    place = 0
    while place < len(tokens):
        found = tuple(tokens[place : place + 2]) == pair
        merged.append("".join(pair) if found else tokens[place])
        place += 1 + found
    return merged


def learned_by_reference(chunks: list[str], cycles: int, longest: int | None = None) -> Merges:
    """Train the reference on the pieces between Ns; its limit is one more than its longest token."""
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=4 + cycles,
        initial_alphabet=list("ACGT"),
        show_progress=False,
        max_token_length=None if longest is None else longest + 1,
    )
    model = tokenizers.Tokenizer(tokenizers.models.BPE())
    model.train_from_iterator([piece for chunk in chunks for piece in chunk.split("N") if piece], trainer)
    return [tuple(merge) for merge in json.loads(model.to_str())["model"]["merges"]]


def reference_encoder(merges: Merges) -> tokenizers.Tokenizer:
    """Give the reference encoder with tokens A C G T N = 0 … 4 and one per merge from 5 on."""
    words = [*LETTERS, *map("".join, merges)]
    vocabulary = dict(zip(words, range(len(words)), strict=True))
    return tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=merges))


def random_bases(size: int, seed: int) -> np.ndarray:
    """Random bases without N."""
    generator = np.random.Generator(np.random.Philox(seed))
    return generator.integers(4, size=size, dtype=np.uint8)


def trained_elsewhere(chunks: list[str], cycles: int, *, special: list[str], n: bool = False) -> dict:
    """Lay out a file as the published models do: special tokens first, then letters, then merges."""
    model = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token=special[0]))
    model.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    letters = list("ACGNT" if n else "ACGT")
    size = len(special) + len(letters) + cycles
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=letters, show_progress=False
    )
    model.train_from_iterator(chunks, trainer)
    start, end = special[1], special[2]
    model.post_processor = tokenizers.processors.TemplateProcessing(
        single=f"{start} $A {end}", special_tokens=[(word, special.index(word)) for word in (start, end)]
    )
    content: dict = json.loads(model.to_str())
    return content
