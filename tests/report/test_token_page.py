"""The page about tokenizers: it says what was inspected, fits every screen and asks for nothing."""

from __future__ import annotations

import numpy as np
import pytest

from genolect.errors import MachineError
from genolect.report.token_page import MOST_DRAWN, render_tokens, write_token_page
from genolect.sequence.alphabet import encode
from genolect.tokenizers.amino_acid import AminoAcidTokenizer
from genolect.tokenizers.inspection import inspect_tokenizers
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.report.browser import Browser, find_browser
from tests.report.test_page import HOSTILE
from tests.tokenizers.toy_words import ToyWords, kmers

GENOME = [encode("ACGGTCATTTGACCGATAGGCTAACGTTTTTTTT" * 7), encode("GGGCATNNACGTA")]
WORDS = ["A", "C", "G", "T", *kmers(2), *kmers(4)[::7], "T" * 30]


def content(**others):
    tokenizers = {"single bases": NucleotideTokenizer(), "pairs": ToyWords(WORDS), "3-mers": ToyWords(kmers(3))}
    return inspect_tokenizers(tokenizers | others, GENOME)


def test_every_tokenizer_has_a_row_and_its_figures():
    html = render_tokens(content() | {"title": "Tokens of yeast"})
    assert html.count("Tokens of yeast") == 2
    for name in ("single bases", "pairs", "3-mers"):
        assert f'<th scope="row" class="name"><bdi>{name}</bdi></th>' in html
    assert "24+" in html
    assert html.count('class="plot bars"') == 1 + 3
    assert html.count('class="line-') == 3
    assert "<bdi>single bases</bdi>: all of 1 base; <bdi>3-mers</bdi>: all of 3 bases." in html


def test_notes_are_shown_as_text():
    html = render_tokens(content() | {"notes": ["1 of 2 <b>: ends"]})
    assert '<p class="note">1 of 2 &lt;b&gt;: ends.</p>' in html


def test_proteins_are_made_of_residues():
    letters = [np.frombuffer(b"MKVLLSAQRND*", dtype=np.uint8)]
    content = inspect_tokenizers({"amino acids": AminoAcidTokenizer()}, letters, protein=True)
    html = render_tokens(content | {"alphabet": "protein"})
    assert "1 tokenizer on 12 residues, 1 of them stops or ambiguous, in 1 sequence." in html
    assert "all of 1 residue." in html
    assert "base" not in html[html.index("<main>") :]


def test_amino_acids_have_no_gc_chart():
    html = render_tokens(inspect_tokenizers({"amino acids": ToyWords(["A", "C", "Q"])}, GENOME))
    assert "GC of tokens" not in html


def test_a_genome_without_tokens_has_a_page_too():
    html = render_tokens(inspect_tokenizers({"pairs": ToyWords(WORDS)}, []))
    assert "<svg" not in html
    assert "pairs" in html


def test_only_as_many_are_drawn_as_there_are_colours():
    many = {f"tokenizer {number}": NucleotideTokenizer() for number in range(MOST_DRAWN + 3)}
    html = render_tokens(inspect_tokenizers(many, GENOME))
    assert f"The first {MOST_DRAWN} tokenizers with tokens are drawn below." in html
    assert html.count('class="line-') == MOST_DRAWN


def test_the_page_is_written_or_the_disk_is_named(tmp_path):
    write_token_page(content(), tmp_path / "tokens.html")
    assert (tmp_path / "tokens.html").read_text("utf-8") == render_tokens(content())
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match=r"file"):
        write_token_page(content(), tmp_path / "file" / "tokens.html")


@pytest.mark.browser
def test_the_page_fits_asks_for_nothing_and_complains_of_nothing(tmp_path):
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine")
    named = content(**{" ".join(HOSTILE): NucleotideTokenizer(), "A" * 300: ToyWords(WORDS)})
    with Browser(program) as browser:
        for pages in (content(), named, {**content(), "title": "A" * 900}, inspect_tokenizers({}, [])):
            write_token_page(pages, tmp_path / "tokens.html")
            for width in (360, 1440):
                visits = [browser.visit(tmp_path / "tokens.html", width=width, dark=dark) for dark in (False, True)]
                for visit in visits:
                    assert visit.requests == ((tmp_path / "tokens.html").as_uri(),)
                    assert visit.complaints == ()
                    assert visit.overflowing == ()
                assert len({visit.background for visit in visits}) == 2
