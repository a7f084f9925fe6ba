"""Motif files: read as Biopython reads them, and what is refused."""

from __future__ import annotations

import gzip
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from Bio import motifs as reference

from genolect.errors import ConfigurationError, InputError
from genolect.sequence.motif import Motif, find_motif, read_motifs

MATRIX = "MOTIF M1 toy\nletter-probability matrix: alength= 4 w= 2 nsites= 7 E= 0\n"


def test_jaspar_is_read_as_biopython_reads_it(data_folder: Path) -> None:
    path = data_folder / "motifs" / "jaspar2024_core.meme.gz"
    ours = read_motifs(path)
    with gzip.open(path, "rt") as file:
        text = file.read()
    theirs = reference.parse(StringIO(text), "minimal")
    assert len(ours) == len(theirs) == 2346
    for motif, other in list(zip(ours, theirs, strict=True))[::97]:
        columns = np.array([other.counts[letter] for letter in "ACGT"]).T
        assert np.allclose(motif.probabilities, columns / columns.sum(axis=1, keepdims=True), atol=2e-3)
        assert motif.width == other.length
    ctcf = find_motif(ours, "MA0139")
    assert "".join("ACGT"[base] for base in ctcf.probabilities.argmax(axis=1)) == "GCCACCAGGGGGCGC"


def test_log_odds_are_those_of_biopython() -> None:
    probabilities = np.array([[0.7, 0.1, 0.15, 0.05], [0.0, 0.0, 0.5, 0.5], [0.25, 0.25, 0.25, 0.25]])
    background, sites, pseudocount = (0.3, 0.2, 0.2, 0.3), 40.0, 0.8
    other = reference.Motif(alphabet="ACGT", counts=dict(zip("ACGT", (probabilities * sites).T.tolist(), strict=True)))
    shares = dict(zip("ACGT", background, strict=True))
    normal = other.counts.normalize({letter: pseudocount * share for letter, share in shares.items()})
    theirs = normal.log_odds(shares)
    ours = Motif("M", "", probabilities, sites).log_odds(background, pseudocount)
    assert np.allclose(ours.T, [theirs[letter] for letter in "ACGT"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("MEME version 4\n", "there is no motif in the file"),
        ("ALPHABET= ACDEFGHIKLMNPQRSTVWY\n", ":1: the alphabet is"),
        ("letter-probability matrix: w= 2\n", ":1: a matrix stands before any MOTIF line"),
        ("MOTIF\n", ":1: the motif has no name"),
        ("MOTIF M1\nletter-probability matrix: alength= 4\n", ":2: the matrix does not say how wide it is"),
        (MATRIX + "1 0 0 0\n0 0 0.5\n", ":4: '0 0 0.5' is no row of four probabilities"),
        (MATRIX + "1 0 0 0\n0 0 0.5 0.6\n", ":4: '0 0 0.5 0.6' is no row"),
        (MATRIX + "1 0 0 0\n", "is no row of four probabilities"),
        (MATRIX + "1 0 0 x\n", ":3: '1 0 0 x' is no row"),
    ],
)
def test_what_is_no_motif_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "motifs.meme"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_motifs(path)


def test_a_motif_is_found_by_any_of_its_names() -> None:
    toys = [
        Motif(identifier, name, np.full((3, 4), 0.25), 9) for identifier, name in (("M1.2", "Fos"), ("M1.3", "Jun"))
    ]
    assert find_motif(toys, "M1.3").name == find_motif(toys, "jun").name == "Jun"
    with pytest.raises(ConfigurationError, match=r"2 motifs are called 'M1'. Fix: name one of M1.2, M1.3"):
        find_motif(toys, "M1")
    with pytest.raises(ConfigurationError, match=r"no motif 'CTCF'. Fix: the file has M1.2 Fos, M1.3 Jun"):
        find_motif(toys, "CTCF")
