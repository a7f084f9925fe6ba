"""The manifest: what a spreadsheet saves is read, what cannot be meant is refused on its line."""

from __future__ import annotations

import pytest

from genolect.errors import InputError
from genolect.genome.corpus import CorpusGenome, read_corpus_manifest


@pytest.fixture
def table(tmp_path):
    """Write a manifest beside three files that exist."""
    (tmp_path / "genomes").mkdir()
    for name in ("a.fa", "genomes/b.fa", "genomes/c.fa"):
        (tmp_path / name).write_text(">x\nACGT\n")

    def write(text: str | bytes):
        path = tmp_path / "corpus.tsv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_every_column_is_read(table, tmp_path):
    path = table(
        "# my corpus\n\nname\tpath\tweight\ttopology\tspecies\n"
        "a\ta.fa\t0.3\t\tHomo sapiens\n\t\t\t\t\n"
        f"b\t{tmp_path / 'genomes/b.fa'}\t2\tCircular\n"
        "c\tgenomes/c.fa\t0\tlinear\t*\n"
    )
    assert read_corpus_manifest(path) == [
        CorpusGenome("a", tmp_path / "a.fa", 0.3, "", "Homo sapiens"),
        CorpusGenome("b", tmp_path / "genomes" / "b.fa", 2.0, "circular", "b"),
        CorpusGenome("c", tmp_path / "genomes" / "c.fa", 0.0, "linear", "*"),
    ]


def test_what_spreadsheets_do_to_a_table_changes_nothing(table, tmp_path):
    plain = read_corpus_manifest(table("name\tpath\tspecies\na\ta.fa\tHomo, the wise\nb\tgenomes/b.fa\t\n"))
    saved = b'\xef\xbb\xbfPath \tNAME\tspecies\t\r\n"a.fa"\ta \t"Homo, the wise"\t\r\ngenomes/b.fa\tb\r\n\t\t\t\r\n'
    assert read_corpus_manifest(table(saved)) == plain
    assert plain[0] == CorpusGenome("a", tmp_path / "a.fa", None, "", "Homo, the wise")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\tfile\na\ta.fa\n", r"corpus\.tsv:1: there is no column 'file'\. Fix: name columns among name, path"),
        ("name,path\na,a.fa\n", r":1: there is no column 'name,path'"),
        ("name\tweight\na\t1\n", r":1: the column 'path' is missing"),
        ("name\tpath\tname\na\ta.fa\tb\n", r":1: the column 'name' appears twice"),
        ("name\tpath\na\ta.fa\t0.3\n", r":2: the row has 3 cells, the first line names 2"),
        ("name\tpath\na\t\n", r":2: the path is empty"),
        ("name\tpath\n\ta.fa\n", r":2: the name is empty"),
        ("name\tpath\na b\ta.fa\n", r":2: the name 'a b' holds a space"),
        ("name\tpath\na:b\ta.fa\n", r":2: the name 'a:b' holds a space, a colon"),
        ("name\tpath\tspecies\na\ta.fa\tb\x1b[31m\n", r":2: the species 'b\\x1b\[31m' holds an invisible"),
        ("name\tpath\ttopology\na\ta.fa\tring\n", r":2: the topology 'ring' is neither linear nor circular"),
        ("name\tpath\tweight\na\ta.fa\t-1\n", r":2: the weight '-1' is not allowed"),
        ("name\tpath\tweight\na\ta.fa\t0,3\n", r":2: the weight '0,3' is not allowed\. Fix: .* with a point"),
        ("name\tpath\tweight\na\ta.fa\tnan\n", r":2: the weight 'nan' is not allowed"),
        ("name\tpath\tweight\na\ta.fa\tinf\n", r":2: the weight 'inf' is not allowed"),
        ("name\tpath\tweight\na\ta.fa\t0\n", r"corpus\.tsv: every weight is 0"),
        ("name\tpath\tweight\na\ta.fa\t1e308\nb\tgenomes/b.fa\t1e308\n", r"the weights are too large to add"),
        ("name\tpath\tweight\na\ta.fa\t1\nb\tgenomes/b.fa\t\n", r":3: 1 of 2 genomes have no weight"),
        ("name\tpath\na\ta.fa\n\na\tgenomes/b.fa\n", r":4: the name of 'a' appears again; it is already on line 2"),
        ("name\tpath\na\ta.fa\nb\tgenomes/../a.fa\n", r":3: the file of 'b' appears again; .* line 2"),
        ('name\tpath\na\t"a.fa\n', r":2: the quotes of 'a\\t\"a\.fa' do not match"),
        ("name\tpath\n# nothing\n", r"there is no genome in the manifest"),
        ("name\tpath\n\xff".encode("latin-1"), r":2: the text is not UTF-8"),
    ],
)
def test_what_cannot_be_meant_is_refused_on_its_line(table, text, message):
    with pytest.raises(InputError, match=message):
        read_corpus_manifest(table(text))


def test_all_missing_files_are_named_at_once(table):
    path = table("name\tpath\na\ta.fa\nd\td.fa\nb\tgenomes/b.fa\ne\tgenomes/e.fa\n")
    with pytest.raises(InputError, match=r"corpus\.tsv:3: 2 of 4 files do not exist: \S*/d\.fa, \S*/genomes/e\.fa\."):
        read_corpus_manifest(path)
    rows = "".join(f"n{number}\tn{number}.fa\n" for number in range(12))
    with pytest.raises(InputError, match=r"12 of 12 files do not exist: .*n9\.fa …\."):
        read_corpus_manifest(table("name\tpath\n" + rows))
