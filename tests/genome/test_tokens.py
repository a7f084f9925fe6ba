"""Tokenizers as a user means them: learned, named, saved, read back by us and by others, compared."""

from __future__ import annotations

import json
import shutil
from itertools import product
from math import ceil

import numpy as np
import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from genolect import files
from genolect.errors import ConfigurationError, InputError, MachineError
from genolect.folders import MANIFEST
from genolect.genome import tokens
from genolect.genome.genome import prepare_genome
from genolect.genome.tokens import (
    ByteTraining,
    convert_tokenizer,
    named_tokenizer,
    read_material,
    sample_stretches,
    takes_words,
    train_tokenizer,
)
from genolect.sequence.alphabet import decode, encode
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.byte_pair_merging import learn_merges
from genolect.tokenizers.published import DnabertTokenizer, NucleotideTransformerTokenizer
from tests.tiny import everything_in, finished_run, synthetic_folder, temporary_folder

GENOME = synthetic_folder() / "genome.fa"
BASES = sum(len(bases) for bases in read_material(GENOME).stretches)
TEXT = "ACGTNacgTATATAUUUNNGATTACAGCGC"


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


def train(genomes, out, **options):
    train_tokenizer(genomes, out, ByteTraining(**options), command="as typed")
    return named_tokenizer(str(out))


def vocabulary(special, last=""):
    """The lines of a vocab.txt as DNABERT's and Nucleotide Transformer's authors publish it."""
    return "\n".join([*special, *("".join(word) for word in product("ATCG", repeat=6)), *last]) + "\n"


@pytest.fixture(scope="module")
def learned():
    folder = temporary_folder() / "learned"
    train([GENOME], folder, cycles=37)
    return folder


@pytest.fixture
def reseal(tmp_path):
    """Copy a folder, change it, and make its manifest fit again."""

    def change(folder, alter):
        staging_facts = {key: value for key, value in manifest(folder).items() if key not in ("files", "sha256")}
        with files.new_folder(tmp_path / "resealed") as staging:
            for path in folder.iterdir():
                if path.name != MANIFEST:
                    shutil.copy(path, staging / path.name)
            alter(staging)
            files.write_facts(staging, staging_facts)
        return tmp_path / "resealed"

    return change


# ---------------------------------------------------------------- learning


def test_a_prepared_folder_gives_the_tokens_of_its_file(learned, tmp_path):
    prepare_genome([GENOME], tmp_path / "prepared")
    again = train([tmp_path / "prepared"], tmp_path / "again", cycles=37)
    assert (tmp_path / "again" / "tokenizer.json").read_bytes() == (learned / "tokenizer.json").read_bytes()
    assert again.content_hash == named_tokenizer(str(learned)).content_hash


def test_the_folder_says_how_it_was_made(learned):
    facts = manifest(learned)
    assert (facts["kind"], facts["tokenizer"]) == ("tokenizer", {"kind": "byte_pair"})
    assert facts["tokenizer_sha256"] == named_tokenizer(str(learned)).content_hash
    assert facts["record"] == {
        "command": "as typed",
        "options": {"cycles": 37, "longest": None, "sample": None, "seed": 0},
        "cycles": 37,
        "inputs": [{"path": str(GENOME), "sha256": files.sha256_of(GENOME), "bases": BASES}],
    }
    assert "37" in (learned / "tokens.html").read_text("utf-8")


def test_several_genomes_are_learned_from_together(tmp_path):
    parts = []
    for name, letters in (("a", "ACGT" * 50), ("b", "TTGAC" * 31)):
        parts.append(tmp_path / f"{name}.fa")
        parts[-1].write_text(f">{name}\n{letters}\n")
    both = train(parts, tmp_path / "both", cycles=5)
    assert (
        both.layout.merges
        == BytePairTokenizer(learn_merges([encode("ACGT" * 50), encode("TTGAC" * 31)], cycles=5)).layout.merges
    )
    assert [one["bases"] for one in manifest(tmp_path / "both")["record"]["inputs"]] == [200, 155]


def test_a_genome_that_is_named_twice_is_refused(tmp_path):
    path = tmp_path / "a.fa"
    path.write_bytes(b">a\nACGTACGTTTACG\n")
    again = tmp_path / "copy.fa"
    again.write_bytes(path.read_bytes())
    with pytest.raises(InputError, match=r"copy.fa: this genome was given already"):
        train_tokenizer([path, again], tmp_path / "out", ByteTraining(cycles=2))
    assert not (tmp_path / "out").exists()


def test_longest_holds(tmp_path):
    assert max(map(len, train([GENOME], tmp_path / "short", cycles=60, longest=3).layout.vocabulary)) == len("[MASK]")
    words = [word for word in named_tokenizer(str(tmp_path / "short")).vocabulary if "[" not in word]
    assert max(map(len, words)) == 3


def test_fewer_merges_than_asked_for_are_said(tmp_path):
    (tmp_path / "tiny.fa").write_text(">a\nACGT\n")
    content = train_tokenizer([tmp_path / "tiny.fa"], tmp_path / "out", ByteTraining(cycles=9))
    assert content["notes"] == ["3 of 9 cycles: then no pair was left to merge"]
    assert manifest(tmp_path / "out")["record"]["cycles"] == 3
    enough = train_tokenizer([tmp_path / "tiny.fa"], tmp_path / "enough", ByteTraining(cycles=3))
    assert enough["notes"] == []


# ---------------------------------------------------------------- samples


def test_a_sample_of_everything_is_everything(learned, tmp_path, monkeypatch):
    monkeypatch.setattr(tokens, "SAMPLED_STRETCH", 7_001)
    everything = train([GENOME], tmp_path / "everything", cycles=37, sample=BASES)
    assert everything.content_hash == named_tokenizer(str(learned)).content_hash


def test_a_sample_is_a_function_of_its_seed_and_stands_in_the_manifest(tmp_path, monkeypatch):
    monkeypatch.setattr(tokens, "SAMPLED_STRETCH", 1_000)
    hashes = {
        name: train([GENOME], tmp_path / name, cycles=30, sample=9_500, seed=seed).content_hash
        for name, seed in (("first", 5), ("again", 5), ("other", 6))
    }
    assert hashes["first"] == hashes["again"] != hashes["other"]
    record = manifest(tmp_path / "first")["record"]
    assert record["options"] == {"cycles": 30, "longest": None, "sample": 9_500, "seed": 5}
    assert record["inputs"][0]["bases"] == 10_000


def test_a_small_sample_takes_something_of_every_genome(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.fa").write_text(f">{name}\n{'ACGTT' * 7}\n")
    train([tmp_path / f"{name}.fa" for name in "abc"], tmp_path / "out", cycles=2, sample=1)
    assert [one["bases"] for one in manifest(tmp_path / "out")["record"]["inputs"]] == [35, 35, 35]


@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    wanted=st.integers(1, 250),
    seed=st.integers(0, 99),
)
def test_samples_are_parts_of_the_records_in_their_order(lengths, wanted, seed):
    every = np.arange(sum(lengths), dtype=np.uint16)
    records = np.split(every, np.cumsum(lengths)[:-1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "SAMPLED_STRETCH", 11)
        sampled = sample_stretches(records, wanted, seed=seed, place=0)
    taken = np.concatenate(sampled)
    assert (np.diff(taken.astype(int)) > 0).all()
    assert min(wanted, len(every)) <= len(taken) <= wanted + 11
    assert all((np.diff(piece) == 1).all() and np.shares_memory(piece, every) for piece in sampled)
    if wanted >= len(every):
        assert [len(piece) for piece in sampled] == lengths


def test_whole_records_come_back_whole_and_places_differ():
    records = [np.zeros(length, dtype=np.uint8) for length in (450_000, 120_000)]
    assert [len(one) for one in sample_stretches(records, 570_000, seed=0, place=0)] == [450_000, 120_000]
    some = {tuple(map(len, sample_stretches(records, 200_000, seed=0, place=place))) for place in range(9)}
    assert len(some) > 1
    assert all(ceil(sum(lengths) / 1e5) <= 3 for lengths in some)


# ---------------------------------------------------------------- reading back


def test_the_tokenizers_library_and_transformers_give_the_same_ids(learned):
    ours = named_tokenizer(str(learned)).encode(encode(TEXT.replace("U", "T"))).tolist()
    saved = learned / "tokenizer.json"
    assert tokenizers.Tokenizer.from_file(str(saved)).encode(TEXT).ids == ours
    transformers = pytest.importorskip("transformers")
    special = {"unk_token": "N", "pad_token": "[PAD]", "mask_token": "[MASK]"}
    for fast in (
        transformers.PreTrainedTokenizerFast(tokenizer_file=str(saved), **special),
        transformers.PreTrainedTokenizerFast.from_pretrained(str(learned), **special),
    ):
        assert fast(TEXT).input_ids == ours
        assert fast.pad_token_id == named_tokenizer(str(learned)).padding_id
        assert fast.mask_token_id == named_tokenizer(str(learned)).mask_id


@pytest.mark.parametrize("name", ["nucleotide", "kmer:3:3", "codon", "{learned}"])
def test_transformers_reads_and_writes_the_folder_with_the_same_ids(learned, tmp_path, name):
    transformers = pytest.importorskip("transformers")
    ours = convert_tokenizer(name.format(learned=learned), tmp_path / "ours")
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "ours")
    text = "ACNNNTACGGGNACNNNNNTT"  # Ns in frame, out of frame, and alone.
    assert theirs(text).input_ids == ours.encode(encode(text)).tolist()
    assert (theirs.mask_token_id, theirs.pad_token_id) == (ours.mask_id, ours.padding_id)
    theirs.save_pretrained(tmp_path / "theirs")
    back = named_tokenizer(str(tmp_path / "theirs"))
    assert back.encode(encode(text)).tolist() == ours.encode(encode(text)).tolist()


@pytest.mark.parametrize(
    "name", ["nucleotide", "kmer:6", "kmer:6:6", "kmer:5:2", "codon", "codon:11", "amino_acid", "{learned}"]
)
def test_what_is_converted_is_read_back_the_same(learned, tmp_path, name):
    source = name.format(learned=learned)
    given = convert_tokenizer(source, tmp_path / "first")
    convert_tokenizer(str(tmp_path / "first"), tmp_path / "second")
    back = named_tokenizer(str(tmp_path / "second"))
    assert (
        (back.kind, back.content_hash)
        == (given.kind, given.content_hash)
        == (
            named_tokenizer(source).kind,
            named_tokenizer(source).content_hash,
        )
    )
    assert dict(back.parameters) == dict(given.parameters)
    assert manifest(tmp_path / "first")["record"]["source"] == source


@pytest.mark.parametrize(
    ("special", "last", "kind", "text", "words"),
    [
        (DnabertTokenizer.special, "", "dnabert", "ATGCTAGG", ["ATGCTA", "TGCTAG", "GCTAGG"]),
        (
            NucleotideTransformerTokenizer.special,
            "ATCGN",
            "nucleotide_transformer",
            "ATGCTAGGN",
            [*"", "ATGCTA", "G", "G", "N"],
        ),
    ],
)
def test_vocabularies_of_others_keep_their_ids(tmp_path, special, last, kind, text, words):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "vocab.txt").write_text(vocabulary(special, last))
    lines = (tmp_path / "model" / "vocab.txt").read_text().split()
    tokenizer = convert_tokenizer(str(tmp_path / "model"), tmp_path / "ours")
    assert tokenizer.kind == kind
    assert tokenizer.encode(encode(text)).tolist() == [lines.index(word) for word in words]
    saved = tokenizers.Tokenizer.from_file(str(tmp_path / "ours" / "tokenizer.json"))
    assert saved.encode(" ".join(words) if takes_words(tokenizer) else text).ids == [
        lines.index(word) for word in words
    ]
    assert named_tokenizer(str(tmp_path / "ours")).content_hash == tokenizer.content_hash


def test_a_byte_pair_file_of_others_keeps_its_ids(tmp_path):
    text = decode(np.random.default_rng(7).integers(0, 4, 5_003).astype(np.uint8))
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="[UNK]"))
    special = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    theirs.train_from_iterator(
        [text], tokenizers.trainers.BpeTrainer(vocab_size=97, special_tokens=special, show_progress=False)
    )
    theirs.save(str(tmp_path / "theirs.json"))
    ours = convert_tokenizer(str(tmp_path / "theirs.json"), tmp_path / "ours")
    assert ours.encode(encode(text)).tolist() == theirs.encode(text).ids
    saved = tokenizers.Tokenizer.from_file(str(tmp_path / "ours" / "tokenizer.json"))
    assert saved.encode(text).ids == theirs.encode(text).ids


def test_the_tokenizer_of_a_model_is_read_from_its_folder():
    assert named_tokenizer(str(finished_run() / "model")).kind == "nucleotide"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("kmers:6", "'kmers:6' is neither a tokenizer nor a path"),
        ("kmer:6:6:6", "'kmer:6:6:6' is neither"),
        ("kmer:six", "'kmer:six' is neither"),
        ("nucleotide:1", "'nucleotide:1' is neither"),
        ("kmer:9", "k is 9. Fix: choose words of 1 to 8 bases"),
        ("kmer:6:7", "a stride of 7 with words of 6 bases"),
        ("codon:99", "there is no genetic code 99"),
    ],
)
def test_names_that_mean_nothing_are_refused(monkeypatch, tmp_path, name, what):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=what):
        named_tokenizer(name)


# ---------------------------------------------------------------- refusals of files


def test_folders_that_are_not_what_they_say_are_refused(learned, tmp_path, reseal):
    copy = tmp_path / "copy"
    shutil.copytree(learned, copy)
    (copy / "tokenizer.json").write_bytes((learned / "tokenizer.json").read_bytes()[:700])
    with pytest.raises(InputError, match=r"copy/tokenizer\.json: the content differs from its checksum"):
        named_tokenizer(str(copy))
    (copy / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"copy/tokenizer\.json:\d+: the file is cut or malformed"):
        named_tokenizer(str(copy))
    (copy / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"copy: the folder holds no tokenizer\.json"):
        named_tokenizer(str(copy))

    def swap(staging):
        other = BytePairTokenizer([("A", "A")]).to_ecosystem()
        (staging / "tokenizer.json").write_text(json.dumps(other))

    with pytest.raises(InputError, match=r"tokenizer\.json: the folder tells of another tokenizer"):
        named_tokenizer(str(reseal(learned, swap)))


def test_a_resealed_folder_without_a_change_is_read(learned, reseal):
    again = named_tokenizer(str(reseal(learned, lambda staging: None)))
    assert again.content_hash == named_tokenizer(str(learned)).content_hash


def test_what_is_there_stays(learned, tmp_path):
    before = everything_in(learned)
    with pytest.raises(MachineError, match="the output folder is not empty"):
        train([GENOME], learned, cycles=2)
    with pytest.raises(MachineError, match="the output folder is not empty"):
        convert_tokenizer("nucleotide", learned)
    assert everything_in(learned) == before
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to_mother.txt").write_text("Dear mother")
    for write in (
        lambda: train_tokenizer([GENOME], tmp_path / "letters", ByteTraining(cycles=2), overwrite=True),
        lambda: convert_tokenizer("nucleotide", tmp_path / "letters", overwrite=True),
    ):
        with pytest.raises(MachineError, match="holds files that genolect did not write"):
            write()
    assert (tmp_path / "letters" / "to_mother.txt").read_text() == "Dear mother"


def test_overwrite_replaces_our_own_folder_but_never_what_is_read(tmp_path):
    prepare_genome([GENOME], tmp_path / "prepared")
    convert_tokenizer("kmer:4:4", tmp_path / "out")
    before = everything_in(tmp_path)
    with pytest.raises(ConfigurationError, match=r"--overwrite would delete .*prepared, which is to be read"):
        train_tokenizer([tmp_path / "prepared"], tmp_path / "prepared", ByteTraining(cycles=2), overwrite=True)
    with pytest.raises(ConfigurationError, match=r"--overwrite would delete .*tokenizer\.json, which is to be read"):
        convert_tokenizer(str(tmp_path / "out" / "tokenizer.json"), tmp_path / "out", overwrite=True)
    assert everything_in(tmp_path) == before
    convert_tokenizer("nucleotide", tmp_path / "out", overwrite=True)
    assert named_tokenizer(str(tmp_path / "out")).kind == "nucleotide"


def test_a_genome_that_is_none_leaves_nothing(tmp_path):
    (tmp_path / "proteins.fa").write_text(">a\nMKVLLSAQRND\n")
    with pytest.raises(InputError, match=r"proteins\.fa:2: the letter 'L', which is no nucleotide"):
        train([tmp_path / "proteins.fa"], tmp_path / "out", cycles=2)
    with pytest.raises(InputError, match=r"absent\.fa: there is no such file"):
        train([tmp_path / "absent.fa"], tmp_path / "out", cycles=2)
    assert [path.name for path in tmp_path.iterdir()] == ["proteins.fa"]
