"""Protein FASTA: read strictly, and only where proteins are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genolect.errors import InputError, shown
from genolect.sequence.fasta import fasta_parts, joined_lines, read_header, refuse_character
from genolect.sequence.genetic_code import AMBIGUOUS, AMINO_ACIDS, PROTEIN_LETTERS, RARE, STOP, Letters
from genolect.sequence.source import Source, opened

_NUCLEOTIDES = b"ACGTUN"
# A protein of so many residues without any of the other 20 letters does not exist.
_SURE = 50
_INVALID = ~np.isin(np.arange(256), list((PROTEIN_LETTERS + PROTEIN_LETTERS.lower()).encode()))
_INVALID_BYTES = bytes(np.flatnonzero(_INVALID).tolist())


@dataclass(frozen=True, slots=True, eq=False)
class ProteinRecord:
    """A protein.

    Attributes
    ----------
    name : str
        First word of the header.
    description : str
        The rest of the header; may be empty.
    line : int
        1-based line of the header.
    residues : ndarray of uint8, shape (L,)
        Upper-case letters, ASCII: the 20 amino acids, U O, the ambiguous B Z J X, and ``*`` for stop.
    """

    name: str
    description: str
    line: int
    residues: Letters


def read_proteins(source: Source | Path | str) -> list[ProteinRecord]:
    r"""Read a protein FASTA file into memory, one byte per residue.

    Parameters
    ----------
    source : Source, Path or str
        The file (plain, gzip or BGZF), or ``-`` for standard input.

    Returns
    -------
    list of ProteinRecord
        The proteins, in the file's order.

    Raises
    ------
    InputError
        At the first thing that does not belong in a protein FASTA file, with its line; or if all of it are nucleotides.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b">thrL leader\nMKRisttit\nTTITITTGNGAG*\n"), file.flush()
    ...     (protein,) = read_proteins(file.name)
    >>> protein.name, protein.residues.tobytes()
    ('thrL', b'MKRISTTITTTITITTGNGAG*')
    """
    source = opened(source)
    headers: dict[str, tuple[str, int]] = {}
    residues: dict[str, bytearray] = {}
    name = ""
    for part in fasta_parts(source):
        if part.is_header:
            name, description = read_header(part, source.name)
            if name in headers:
                what = f"the name {shown(name)} appears again; it is already on line {headers[name][1]}"
                raise InputError(what, fix="give each protein its own first word", path=source.name, line=part.line)
            headers[name], residues[name] = (description, part.line), bytearray()
        elif headers:
            letters = joined_lines(part)
            if len(letters.translate(None, _INVALID_BYTES)) != len(letters):
                made_of = f"{AMINO_ACIDS} {RARE} {AMBIGUOUS} and {STOP}"
                refuse_character(part, name, source.name, invalid=_INVALID, made_of=made_of)
            residues[name] += letters.upper()
    if not headers:
        raise InputError("there is no sequence in the file", fix="name a file with proteins", path=source.name, line=1)
    for name, (_, line) in headers.items():
        if not residues[name]:
            what = f"the protein {shown(name)} is empty"
            raise InputError(what, fix="remove its header, or restore its residues", path=source.name, line=line)
    _refuse_nucleotides(residues, source.name)
    return [
        ProteinRecord(name, description, line, np.frombuffer(bytes(residues[name]), dtype=np.uint8))
        for name, (description, line) in headers.items()
    ]


def _refuse_nucleotides(residues: dict[str, bytearray], path: str) -> None:
    total = sum(map(len, residues.values()))
    if total >= _SURE and not any(letters.translate(None, _NUCLEOTIDES) for letters in residues.values()):
        what = f"this looks like nucleotides: all {total:,} letters are among A C G T U N"
        raise InputError(what, fix="read it as dna or coding, or give the translated sequences", path=path, line=1)
