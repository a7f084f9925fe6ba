"""What is tokenized: the records of a genome, its coding sequences in frame, or proteins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from genolect.data.genome import PreparedGenome
from genolect.errors import ConfigurationError
from genolect.sequence.annotation import read_annotation
from genolect.sequence.coding import CodingSequences, join_coding, read_coding
from genolect.sequence.fasta import read_fasta
from genolect.sequence.genetic_code import STANDARD
from genolect.sequence.protein import read_proteins
from genolect.sequence.source import Source

Alphabet = Literal["dna", "coding", "protein"]


@dataclass(frozen=True)
class Material:
    """Sequences that tokenizers read.

    Attributes
    ----------
    alphabet : {'dna', 'coding', 'protein'}
        Base codes of records, base codes in frame, or protein letters.
    stretches : list of ndarray of uint8
        The sequences.
    origin : dict
        Path and SHA-256.
    notes : tuple of str
        What was irregular or left out, counted.
    """

    alphabet: Alphabet
    stretches: list[npt.NDArray[np.uint8]]
    origin: dict[str, Any]
    notes: tuple[str, ...] = ()


def read_material(
    path: Path, alphabet: str = "dna", *, annotation: Path | None = None, code: int = STANDARD
) -> Material:
    r"""Read sequences.

    Parameters
    ----------
    path : Path
        FASTA file; for ``dna`` also a folder made by ``genolect prepare``.
    alphabet : {'dna', 'coding', 'protein'}
        What to read: whole records, coding sequences in frame, proteins.
    annotation : Path, optional
        GTF or GFF3 whose CDS rows are joined; without it, each record of the file is a coding sequence.
    code : int
        Genetic code of the coding sequences (NCBI's number).

    Returns
    -------
    Material
        The sequences, with their origin.

    Raises
    ------
    ConfigurationError
        As in `require_alphabet`; or if there is no such code, or a prepared genome is to be read as something else.
    InputError
        If a file is not what it should be.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "cds.fa").write_bytes(b">a\nATGGCTTAA\n>b\nATGTAACC\n")
    ...     material = read_material(Path(folder, "cds.fa"), "coding")
    >>> [len(stretch) for stretch in material.stretches], material.notes[0]
    ([9, 6], '1 of 2 coding sequences: ends inside a codon, which is dropped')
    """
    require_alphabet(alphabet, annotation=annotation, code=code)
    if path.is_dir():
        return _prepared(path, alphabet)
    source = Source(str(path))
    if alphabet == "protein":
        return Material("protein", [record.residues for record in read_proteins(source)], _origin(source))
    if alphabet == "dna":
        return Material("dna", [record.bases for record in read_fasta(source)], _origin(source))
    found = read_coding(source, code) if annotation is None else _annotated(source, annotation, code)
    return Material("coding", [read.bases for read in found.sequences], _origin(source), _notes(found))


def require_alphabet(alphabet: str, *, annotation: Path | None = None, code: int = STANDARD) -> None:
    """Refuse options that contradict each other, before a file is read.

    Parameters
    ----------
    alphabet, annotation, code
        As for `read_material`.

    Raises
    ------
    ConfigurationError
        If there is no such alphabet, or an annotation or a genetic code is given without a use for it.

    Examples
    --------
    >>> require_alphabet("coding", code=11)
    """
    if alphabet not in get_args(Alphabet):
        raise ConfigurationError(f"there is no alphabet {alphabet!r}", fix=f"choose {', '.join(get_args(Alphabet))}")
    for option, given in (("annotation", annotation is not None), ("code", code != STANDARD)):
        if given and alphabet != "coding":
            raise ConfigurationError(f"--{option} is for coding sequences", fix="add --alphabet coding")


def _prepared(folder: Path, alphabet: str) -> Material:
    if alphabet != "dna":
        raise ConfigurationError(
            f"a prepared genome is read as dna, not as {alphabet}", fix="name the FASTA file", path=folder
        )
    genome = PreparedGenome(folder)
    origin = {"path": str(folder), "sha256": genome.content_hash}
    return Material("dna", [genome.bases(name) for name in genome.records], origin)


def _annotated(source: Source, annotation: Path, code: int) -> CodingSequences:
    records = {record.name: record.bases for record in read_fasta(source)}
    rows = read_annotation(annotation, {name: len(bases) for name, bases in records.items()})
    return join_coding(rows, lambda name, start, end: records[name][start:end], code)


def _notes(found: CodingSequences) -> tuple[str, ...]:
    """Say what is irregular, and what was left out."""
    number = len(found.sequences)
    counted = sorted(found.irregular.items(), key=lambda item: (-item[1], item[0]))
    notes = [f"{count:,} of {number:,} coding sequences: {kind}" for kind, count in counted]
    left = [f"{len(names):,} left out: {kind}" for kind, names in found.left_out.items()]
    return (*notes, *left)


def _origin(source: Source) -> dict[str, Any]:
    return {"path": source.name, "sha256": source.sha256}
