"""``genolect tokenizer`` as a user sees it."""

from __future__ import annotations

import doctest
import json
import re
import shutil
import time

import pytest
import tokenizers

from tests.tiny import REPOSITORY, command, synthetic_folder

GENOME = synthetic_folder() / "genome.fa"
PROTEINS = ">a\nMKVLLSAQRND*\n>b\nMKUXXLPW\n"
CODING = ">a\nATGGCTGCATAA\n>b\nATGGCTTAACC\n"


@pytest.fixture
def give(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    shutil.copy(GENOME, "genome.fa")
    (tmp_path / "proteins.fa").write_text(PROTEINS)
    (tmp_path / "cds.fa").write_text(CODING)
    return lambda *words: command(monkeypatch, capsys, "tokenizer", *words)


def rows(outcome):
    lines = outcome.stdout.splitlines()[1:]
    return {line.split()[0]: line.split()[1:] for line in lines if len(line.split()) == 10}


def test_train_prints_a_row_and_the_places(give, tmp_path):
    outcome = give("train", "genome.fa", "--cycles", 41, "--out", "out")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert rows(outcome)["byte_pair:41"][0] == "45"
    assert outcome.stdout.endswith("tokenizer: out/tokenizer.json\npage: out/tokens.html\n")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "manifest.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "tokens.html",
    ]
    record = json.loads((tmp_path / "out" / "manifest.json").read_text())["record"]
    assert record["command"] == "genolect tokenizer train genome.fa --cycles 41 --out out"


def test_what_was_learned_is_inspected_with_the_same_row(give):
    trained = rows(give("train", "genome.fa", "--cycles", 41, "--out", "out"))["byte_pair:41"]
    assert rows(give("inspect", "out", "--genome", "genome.fa"))["out"] == trained
    assert rows(give("inspect", "out/tokenizer.json", "--genome", "genome.fa"))["out/tokenizer.json"] == trained


def test_fewer_merges_than_asked_for_are_said(give, tmp_path):
    (tmp_path / "tiny.fa").write_text(">a\nACGT\n")
    assert (
        "3 of 9 cycles: then no pair was left to merge\n"
        in give("train", "tiny.fa", "--cycles", 9, "--out", "out").stdout
    )


def test_inspect_shows_every_tokenizer(give):
    outcome = give("inspect", "nucleotide", "kmer:3", "kmer:3:3", "--genome", "genome.fa", "--out", "tokens.html")
    assert outcome.code == 0
    shown = rows(outcome)
    assert list(shown) == ["nucleotide", "kmer:3", "kmer:3:3"]
    assert [cells[0] for cells in shown.values()] == ["4", "64", "64"]
    assert [cells[2] for cells in shown.values()] == ["1.00", "1.00", "3.00"]
    assert outcome.stdout.endswith("page: tokens.html\n")


def test_inspect_reads_codons_and_proteins(give):
    codons = give("inspect", "codon", "--genome", "cds.fa", "--alphabet", "coding")
    assert rows(codons)["codon"][:3] == ["64", "7", "3.00"]
    assert "1 of 2 coding sequences: ends inside a codon, which is dropped\n" in codons.stdout
    proteins = give("inspect", "amino_acid", "--genome", "proteins.fa", "--alphabet", "protein")
    assert "residues/token" in proteins.stdout
    assert rows(proteins)["amino_acid"] == ["22", "17", "1.00", "1", "0.0", "0.801", "0.521", "–", "9"]


def test_json_holds_the_figures_and_the_notes(give):
    outcome = give("inspect", "codon", "kmer:3:3", "--genome", "cds.fa", "--alphabet", "coding", "--json")
    content = json.loads(outcome.stdout)
    assert [row["name"] for row in content["tokenizers"]] == ["codon", "kmer:3:3"]
    assert content["notes"] == ["1 of 2 coding sequences: ends inside a codon, which is dropped"]
    assert content["alphabet"] == "coding"


def test_convert_says_what_was_written(give, tmp_path):
    side_by_side, overlapping = give("convert", "kmer:3:3", "--out", "a"), give("convert", "kmer:3", "--out", "b")
    assert side_by_side.stdout.startswith("a/tokenizer.json: kmer, 67 tokens, sha256 ")
    assert side_by_side.stdout.count("\n") == 1
    assert overlapping.stdout.endswith(
        "The file takes words with spaces between (ATG TGC GCT): the format cannot cut overlapping ones.\n"
    )
    saved = {name: tokenizers.Tokenizer.from_file(str(tmp_path / name / "tokenizer.json")) for name in "ab"}
    assert saved["a"].encode("AACAAGA").ids == [1, 2]
    assert saved["b"].encode("AAC ACA").ids == [1, 4]


MISTAKES = [
    ("train genome.fa --out full", 4, "full: the output folder is not empty. Fix: name another --out, or"),
    ("train genome.fa --out strange --overwrite", 4, "strange: the output folder holds files that genolect did not"),
    ("train full/none.fa --out new", 3, "full/none.fa: there is no such file"),
    ("train proteins.fa --out new", 3, "proteins.fa:2: the letter 'L', which is no nucleotide"),
    ("train genome.fa --cycles 0 --out new", 2, "cycles: Input should be greater than or equal to 1, given '0'"),
    ("train genome.fa --longest 1 --out new", 2, "longest: Input should be greater than or equal to 2, given '1'"),
    ("train genome.fa --sample 0 --out new", 2, "sample: Input should be greater than or equal to 1, given '0'"),
    ("train --out new", 2, "Missing argument 'genomes'"),
    ("train genome.fa", 2, "Missing option '--out'"),
    ("convert nucleotide --out full", 4, "full: the output folder is not empty"),
    ("convert full --out full --overwrite", 2, "full: --overwrite would delete full, which is to be read"),
    ("convert nowhere --out new", 2, "'nowhere' is neither a tokenizer nor a path"),
    ("convert strange --out new", 3, "strange: the folder holds no tokenizer.json"),
    ("convert cut/tokenizer.json --out new", 3, "the file is cut or malformed"),
    ("convert swapped --out new", 3, "swapped/tokenizer.json: the content differs from its checksum in manifest.json"),
    ("inspect kmers:6 --genome genome.fa", 2, "'kmers:6' is neither a tokenizer nor a path. Fix: name one of nucleo"),
    ("inspect kmer:9 --genome genome.fa", 2, "k is 9. Fix: choose words of 1 to 8 bases"),
    ("inspect codon --genome genome.fa", 2, "codon reads coding sequences in frame. Fix: add --alphabet coding"),
    ("inspect amino_acid --genome genome.fa", 2, "amino_acid does not read the alphabet dna"),
    ("inspect nucleotide --genome proteins.fa", 3, "this looks like protein"),
    ("inspect kmer:3 --genome proteins.fa --alphabet protein", 2, "kmer:3 does not read the alphabet protein"),
    ("inspect codon --genome cds.fa --alphabet rna", 2, "there is no alphabet 'rna'"),
    ("inspect nucleotide --genome genome.fa --code 11", 2, "--code is for coding sequences"),
    ("inspect nucleotide --genome genome.fa --annotation x.gtf", 2, "--annotation is for coding sequences"),
    ("inspect nucleotide nucleotide --genome genome.fa", 2, "a tokenizer is named twice"),
    ("inspect nucleotide --genome genome.fa --out cds.fa", 4, "cds.fa: the page is there already"),
    ("inspect nucleotide", 2, "Missing option '--genome'"),
    ("", 2, "Missing command"),
]


@pytest.mark.parametrize(("words", "code", "said"), MISTAKES, ids=[words for words, _, _ in MISTAKES])
def test_mistakes_end_in_one_line(give, tmp_path, words, code, said):
    assert give("convert", "kmer:2:2", "--out", "full").code == 0
    for folder in ("strange", "cut"):
        (tmp_path / folder).mkdir()
    (tmp_path / "strange" / "notes.txt").write_text("mine")
    (tmp_path / "cut" / "tokenizer.json").write_bytes((tmp_path / "full" / "tokenizer.json").read_bytes()[:300])
    shutil.copytree("full", "swapped")
    give("convert", "nucleotide", "--out", "other")
    shutil.copy("other/tokenizer.json", "swapped")
    before = sorted(tmp_path.rglob("*"))
    outcome = give(*words.split())
    assert outcome.code == code
    assert outcome.stdout == ""
    assert outcome.stderr.startswith("genolect: ")
    assert said in outcome.stderr
    assert ". Fix: " in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_grovers_recipe_on_yeast_as_the_manual_shows_it(give, data_folder):
    begun = time.perf_counter()
    outcome = give("train", data_folder / "genomes" / "yeast.fa.gz", "--out", "tok_yeast")
    taken = time.perf_counter() - begun
    words, tokens, bases_per_token, longest, four_and_five, *_ = rows(outcome)["byte_pair:600"]
    assert (words, tokens, bases_per_token, longest, four_and_five) == ("604", "3,017,145", "4.03", "8", "55.0")
    assert taken < 10
    pytest.importorskip("transformers")
    text = "".join(re.findall("```pycon\n(.*?)```", (REPOSITORY / "docs" / "tokens.md").read_text("utf-8"), re.DOTALL))
    examples = doctest.DocTestParser().get_doctest(text, {}, "docs/tokens.md", None, 0)
    assert len(examples.examples) > 10
    assert doctest.DocTestRunner().run(examples).failed == 0
