"""Stored tokens: what encoding gives, on both strands, and never those of another genome or tokenizer."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from genolect import files
from genolect.errors import InputError, MachineError
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.token_store import TokenStore, store_tokens
from genolect.sequence.alphabet import decode, encode, reverse_complement
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.byte_pair_merging import learn_merges

STRANDS = ["+", "-"]


def genome_of(folder: Path, lengths: dict[str, int], seed: int = 1) -> PreparedGenome:
    generator = np.random.Generator(np.random.Philox(seed))
    records = {}
    for name, length in lengths.items():
        bases = generator.integers(4, size=length, dtype=np.uint8)
        bases[length // 3 : length // 3 + length // 20] = 4
        records[name] = decode(bases)
    path = folder / "genome.fa"
    path.write_text("".join(f">{name}\n{letters}\n" for name, letters in records.items()))
    return prepare_genome([path], folder / "prepared")


@pytest.fixture(scope="module")
def genome(tmp_path_factory) -> PreparedGenome:
    return genome_of(tmp_path_factory.mktemp("genome"), {"a": 5_003, "b": 1, "c": 2_411})


@pytest.fixture(scope="module")
def tokenizer(genome) -> BytePairTokenizer:
    return BytePairTokenizer(learn_merges([genome.bases(name) for name in genome.records], cycles=60))


@pytest.fixture(scope="module")
def store(genome, tokenizer, tmp_path_factory) -> TokenStore:
    return store_tokens(genome, tokenizer, tmp_path_factory.mktemp("stored") / "tokens")


def strand_of(genome: PreparedGenome, name: str, strand: str) -> np.ndarray:
    return reverse_complement(genome.bases(name)) if strand == "-" else genome.bases(name)


@pytest.mark.parametrize("strand", STRANDS)
@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_stored_tokens_are_those_of_encoding(genome, tokenizer, store, name, strand):
    ids = tokenizer.encode(strand_of(genome, name, strand))
    assert store.count(name, strand) == len(ids)
    np.testing.assert_array_equal(store.tokens(name, strand, 0, len(ids)), ids)
    middle = len(ids) // 2
    np.testing.assert_array_equal(store.tokens(name, strand, middle, len(ids) // 3), ids[middle:][: len(ids) // 3])


@pytest.mark.parametrize("strand", STRANDS)
@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_spans_are_places_on_the_forward_strand(genome, tokenizer, store, name, strand):
    length = genome.lengths[name]
    spans = tokenizer.spans(strand_of(genome, name, strand))
    expected = length - spans[:, ::-1] if strand == "-" else spans
    count = store.count(name, strand)
    np.testing.assert_array_equal(store.spans(name, strand, 0, count), expected)
    first = count // 4
    np.testing.assert_array_equal(store.spans(name, strand, first, count // 2), expected[first:][: count // 2])
    assert store.spans(name, strand, first, 0).shape == (0, 2)


@pytest.mark.parametrize("strand", STRANDS)
@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_every_base_leads_to_its_token(store, name, strand):
    spans = store.spans(name, strand, 0, store.count(name, strand))
    for number, (start, end) in enumerate(spans.tolist()):
        assert {store.token_at(name, strand, base) for base in (start, end - 1)} == {number}


def test_tokens_are_a_view_of_the_file(store):
    tokens = store.tokens("a", "+", 3, 7)
    assert tokens.base is not None
    assert not tokens.flags.writeable


@pytest.mark.parametrize(("first", "count"), [(-1, 2), (0, 9_999), (1_000_000, 0), (3, -1)])
def test_tokens_outside_the_record_are_refused(store, first, count):
    with pytest.raises(ValueError, match=rf"tokens {first}-{first + count} leave c \(-\), which has \d+ tokens"):
        store.tokens("c", "-", first, count)
    with pytest.raises(ValueError, match=rf"tokens {first}-{first + count} leave c"):
        store.spans("c", "-", first, count)


@pytest.mark.parametrize("base", [-1, 2_411])
def test_a_base_outside_the_record_is_refused(store, base):
    with pytest.raises(ValueError, match=rf"c:{base} leaves the record, which has 2411 bases"):
        store.token_at("c", "+", base)


def test_a_record_or_strand_that_is_none_is_refused(store):
    with pytest.raises(KeyError, match="d"):
        store.count("d", "+")
    with pytest.raises(KeyError, match=r"\."):
        store.tokens("a", ".", 0, 1)


# ---------------------------------------------------------------- identity


def test_the_same_tokens_are_not_made_twice(genome, tokenizer, store):
    before = {path.name: path.stat().st_mtime_ns for path in store.folder.iterdir()}
    told: list[int] = []
    again = store_tokens(genome, BytePairTokenizer(tokenizer.layout.merges), store.folder, progress=told.append)
    assert again.manifest == store.manifest
    assert {path.name: path.stat().st_mtime_ns for path in store.folder.iterdir()} == before
    assert told == []


def test_threads_and_names_of_files_change_nothing(genome, tokenizer, store, tmp_path):
    told: list[int] = []
    other = store_tokens(genome, tokenizer, tmp_path / "tokens", threads=2, progress=told.append)
    assert other.manifest == store.manifest
    assert told == [5_003, 1, 2_411] * 2


def test_tokens_of_another_genome_are_refused(tokenizer, store, tmp_path):
    other = genome_of(tmp_path, {"a": 5_003, "b": 1, "c": 2_411}, seed=2)
    with pytest.raises(InputError, match=r"these tokens are of another genome \(SHA-256 "):
        TokenStore(store.folder, genome=other, tokenizer=tokenizer)
    with pytest.raises(InputError, match="these tokens are of another genome"):
        store_tokens(other, tokenizer, store.folder)


def test_tokens_of_another_tokenizer_are_refused(genome, tokenizer, store):
    other = BytePairTokenizer(tokenizer.layout.merges[:-1])
    with pytest.raises(InputError, match=r"these tokens are of another tokenizer \(SHA-256 "):
        TokenStore(store.folder, genome=genome, tokenizer=other)


def test_another_folder_is_no_token_store(genome, tokenizer):
    with pytest.raises(InputError, match="not a token store of format 1"):
        TokenStore(genome.folder, genome=genome, tokenizer=tokenizer)


def test_a_changed_byte_is_found(genome, tokenizer, tmp_path):
    folder = store_tokens(genome, tokenizer, tmp_path / "tokens").folder
    path = folder / "reverse.u16"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"reverse\.u16: the content differs from its checksum"):
        TokenStore(folder, genome=genome, tokenizer=tokenizer)


def test_a_full_disk_leaves_nothing(genome, tokenizer, tmp_path, monkeypatch):
    def full(operation: str, path: Path) -> None:
        if path.name == "reverse.u16":
            raise OSError(28, os.strerror(28))

    monkeypatch.setattr(files, "before_operation", full)
    with pytest.raises(MachineError, match="No space left on device"):
        store_tokens(genome, tokenizer, tmp_path / "tokens")
    assert list(tmp_path.iterdir()) == []


def test_unknown_runs_of_a_tokenizer_from_elsewhere_are_stored_too(genome, tmp_path):
    words = ["[UNK]", "[PAD]", "[MASK]", *"ACGT", "TA"]
    model = {"type": "BPE", "merges": ["T A"], "unk_token": "[UNK]", "fuse_unk": True}
    model["vocab"] = {word: number for number, word in enumerate(words)}
    tokenizer = BytePairTokenizer.from_ecosystem({"model": model})
    store = store_tokens(genome, tokenizer, tmp_path / "tokens")
    ids = tokenizer.encode(encode(decode(genome.bases("a"))))
    assert ids.tolist().count(0) == 1
    np.testing.assert_array_equal(store.tokens("a", "+", 0, len(ids)), ids)
    middle = 5_003 // 3 + 7
    start, end = store.spans("a", "+", store.token_at("a", "+", middle), 1)[0]
    assert (start, end) == (5_003 // 3, 5_003 // 3 + 5_003 // 20)
