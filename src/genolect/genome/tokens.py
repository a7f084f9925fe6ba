"""Tokenizers as a user means them: learn one from genomes, look at several on one genome, carry one over."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from pydantic import Field

from genolect import __version__, files
from genolect.config import Configuration
from genolect.errors import ConfigurationError, InputError, MachineError
from genolect.files import require_inputs
from genolect.folders import CONFIGURATION, MANIFEST, TOKENIZER
from genolect.genome.genome import PreparedGenome
from genolect.random import derived_generator
from genolect.report.token_page import write_token_page
from genolect.sequence.alphabet import Bases
from genolect.sequence.annotation import read_annotation
from genolect.sequence.coding import CodingSequences, join_coding, read_coding
from genolect.sequence.fasta import read_fasta
from genolect.sequence.genetic_code import STANDARD
from genolect.sequence.protein import read_proteins
from genolect.sequence.source import Source
from genolect.tokenizers.amino_acid import AminoAcidTokenizer
from genolect.tokenizers.byte_pair import BytePairTokenizer
from genolect.tokenizers.byte_pair_merging import MOST_CYCLES, learn_merges
from genolect.tokenizers.codon import CodonTokenizer
from genolect.tokenizers.inspection import inspect_tokenizers
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.reading import description_of, tokenizer_from
from genolect.tokenizers.tokenizer import Tokenizer
from genolect.tokenizers.tokenizer_json import AT_SPACES

Alphabet = Literal["dna", "coding", "protein"]
Rename = Mapping[str, str] | Literal["auto"] | None


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
    path: Path,
    alphabet: str = "dna",
    *,
    annotation: Path | None = None,
    code: int = STANDARD,
    rename: Rename = None,
    allow_missing: bool = False,
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
    rename, allow_missing
        As for `read_annotation`.

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
    if annotation is None:
        found, missing = read_coding(source, code), 0
    else:
        records = {record.name: record.bases for record in read_fasta(source)}
        lengths = {name: len(bases) for name, bases in records.items()}
        rows = read_annotation(annotation, lengths, rename=rename, allow_missing=allow_missing)
        found = join_coding(rows, lambda name, start, end: records[name][start:end], code)
        missing = sum(rows.missing.values())
    said = (f"{missing:,} rows lie on sequences that the genome lacks",) if missing else ()
    return Material("coding", [read.bases for read in found.sequences], _origin(source), (*_notes(found), *said))


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


def _notes(found: CodingSequences) -> tuple[str, ...]:
    """Say what is irregular, and what was left out."""
    number = len(found.sequences)
    counted = sorted(found.irregular.items(), key=lambda item: (-item[1], item[0]))
    notes = [f"{count:,} of {number:,} coding sequences: {kind}" for kind, count in counted]
    left = [f"{len(names):,} left out: {kind}" for kind, names in found.left_out.items()]
    return (*notes, *left)


def _origin(source: Source) -> dict[str, Any]:
    return {"path": source.name, "sha256": source.sha256}


SPECIAL = "tokenizer_config.json"
"""Which tokens are special: `transformers` looks for it there."""

PAGE = "tokens.html"
SAMPLED_STRETCH = 100_000
"""Bases that a sample takes side by side: long beside any token."""

NAMES = "nucleotide, kmer:6, kmer:6:6 (with a stride), codon, codon:11 (with a genetic code), amino_acid"


def _kmers(k: int = 6, stride: int = 1) -> KmerTokenizer:
    return KmerTokenizer(k, stride)


# How each is made, and from how many numbers at most.
_MAKERS: dict[str, tuple[Callable[..., Tokenizer], int]] = {
    "nucleotide": (NucleotideTokenizer, 0),
    "kmer": (_kmers, 2),
    "codon": (CodonTokenizer, 1),
    "amino_acid": (AminoAcidTokenizer, 0),
}


class ByteTraining(Configuration):
    """How a byte-pair vocabulary is learned.

    Attributes
    ----------
    cycles : int
        Merges to learn; GROVER's recipe is 600.
    longest : int or None
        Bases of the longest token.
    sample : int or None
        Bases to learn from, the same number of each genome; by default all of them.
    seed : int
        Which stretches a sample takes.
    """

    cycles: int = Field(600, ge=1, le=MOST_CYCLES)
    longest: int | None = Field(None, ge=2)
    sample: int | None = Field(None, ge=1)
    seed: int = Field(0, ge=0, lt=2**63)


def sample_stretches(stretches: Sequence[Bases], bases: int, *, seed: int, place: int) -> list[Bases]:
    """Take pieces of 100,000 bases at random, without repeats, in the order of the genome; neighbours stay together.

    Parameters
    ----------
    stretches : sequence of ndarray of uint8
        Whole records.
    bases : int
        How many bases are wanted; at most 100,000 more are taken.
    seed, place : int
        Of the draw: the run's seed, and which genome this is.

    Returns
    -------
    list of ndarray of uint8
        Views of the records; the records themselves, where there is no more than that.

    Examples
    --------
    >>> import numpy as np
    >>> record = np.zeros(250_000, dtype=np.uint8)
    >>> [len(piece) for piece in sample_stretches([record], 150_000, seed=0, place=0)]
    [200000]
    """
    pieces = [(number, start) for number, record in enumerate(stretches) for start in _starts(record)]
    chosen, taken = set(), 0
    for piece in derived_generator(seed, "sample of a genome", place).permutation(len(pieces)):
        if taken >= bases:
            break
        number, start = pieces[piece]
        chosen.add((number, start))
        taken += min(SAMPLED_STRETCH, len(stretches[number]) - start)
    begins = [(number, start) for number, start in sorted(chosen) if (number, start - SAMPLED_STRETCH) not in chosen]
    ends = [start for number, start in sorted(chosen) if (number, start + SAMPLED_STRETCH) not in chosen]
    return [
        stretches[number][begin : last + SAMPLED_STRETCH] for (number, begin), last in zip(begins, ends, strict=True)
    ]


def _starts(record: Bases) -> range:
    return range(0, len(record), SAMPLED_STRETCH)


def train_tokenizer(
    genomes: Sequence[Path],
    out: Path,
    options: ByteTraining,
    *,
    command: str = "",
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Learn a byte-pair vocabulary and publish it as a folder, with a page that describes it.

    Parameters
    ----------
    genomes : sequence of Path
        FASTA files or prepared folders.
    out : Path
        The folder: ``tokenizer.json``, ``tokens.html`` and ``manifest.json``.
    options : ByteTraining
        How.
    command : str
        For the record.
    overwrite : bool
        Whether a folder that genolect wrote gives way.
    progress : callable, optional
        Called after each cycle with the number of cycles done.

    Returns
    -------
    dict
        What `inspect_tokenizers` says of it on what it learned from; ``notes``, where fewer merges were found.

    Raises
    ------
    ConfigurationError
        If `overwrite` would delete a genome.
    InputError
        If a genome cannot be read.
    MachineError
        If the folder cannot be written.
    """
    require_inputs(genomes, out, overwrite=overwrite)
    with files.new_folder(out, replace=overwrite) as staging:
        stretches: list[Bases] = []
        origins: list[dict[str, Any]] = []
        for place, path in enumerate(genomes):
            material = read_material(path)
            if any(material.origin["sha256"] == before["sha256"] for before in origins):
                fix = "name each genome once; counting it twice would make its pairs look twice as frequent"
                raise InputError("this genome was given already", fix=fix, path=path)
            records = material.stretches
            if options.sample is not None:
                share = math.ceil(options.sample / len(genomes))
                records = sample_stretches(records, share, seed=options.seed, place=place)
            stretches += records
            origins.append({**material.origin, "bases": sum(map(len, records))})
        merges = learn_merges(stretches, cycles=options.cycles, longest=options.longest, progress=progress)
        tokenizer = BytePairTokenizer(merges)
        content = inspect_tokenizers({f"byte_pair:{len(merges)}": tokenizer}, stretches) | {"notes": []}
        if len(merges) < options.cycles:
            content["notes"] = [f"{len(merges):,} of {options.cycles:,} cycles: then no pair was left to merge"]
        write_token_page(content | {"title": ", ".join(path.name for path in genomes)}, staging / PAGE)
        record = {"options": options.to_mapping(), "cycles": len(merges), "inputs": origins}
        _write(staging, tokenizer, {"command": command} | record)
    return content


def convert_tokenizer(source: str, out: Path, *, command: str = "", overwrite: bool = False) -> Tokenizer:
    """Write a tokenizer as a folder with the ecosystem's ``tokenizer.json``.

    Parameters
    ----------
    source : str
        As for `named_tokenizer`.
    out : Path
        The folder.
    command : str
        For the record.
    overwrite : bool
        Whether a folder that genolect wrote gives way.

    Returns
    -------
    Tokenizer
        The tokenizer.

    Raises
    ------
    GenolectError
        As in `named_tokenizer`; or if the folder cannot be written, or `overwrite` would delete the source.
    """
    tokenizer = named_tokenizer(source)
    require_inputs([Path(source)] if Path(source).exists() else [], out, overwrite=overwrite)
    with files.new_folder(out, replace=overwrite) as staging:
        _write(staging, tokenizer, {"command": command, "source": source})
    return tokenizer


def takes_words(tokenizer: Tokenizer) -> bool:
    """Whether its ``tokenizer.json`` takes words with spaces between, as no other way is open to overlapping ones.

    Examples
    --------
    >>> takes_words(KmerTokenizer(6, 1)), takes_words(KmerTokenizer(6, 6))
    (True, False)
    """
    return bool(tokenizer.to_ecosystem()["pre_tokenizer"] == AT_SPACES)


def _write(staging: Path, tokenizer: Tokenizer, record: Mapping[str, Any]) -> None:
    content, words = tokenizer.to_ecosystem(), list(tokenizer.vocabulary)
    special = {"mask_token": words[tokenizer.mask_id], "pad_token": words[tokenizer.padding_id]}
    unknown = content["model"]["unk_token"]
    if any(token["content"] == unknown for token in content["added_tokens"]):
        # Were N…N called special, transformers would cut it out of the text wherever it stands, out of frame too.
        special |= {"unk_token": unknown}
    files.write_json(staging / TOKENIZER, content)
    files.write_json(staging / SPECIAL, {"tokenizer_class": "PreTrainedTokenizerFast", **special})
    facts = {"tokenizer": description_of(tokenizer), "tokenizer_sha256": tokenizer.content_hash, "record": dict(record)}
    files.write_facts(staging, {"kind": "tokenizer", "genolect": __version__, **facts})


def named_tokenizer(text: str) -> Tokenizer:
    """Give the tokenizer that a user names.

    Parameters
    ----------
    text : str
        ``nucleotide``, ``kmer:6`` (overlapping), ``kmer:6:6`` (with a stride), ``codon``, ``codon:11``,
        ``amino_acid``; or the path of a ``tokenizer.json``, of a ``vocab.txt``, of a folder made by
        ``genolect tokenizer``, or of a model.

    Returns
    -------
    Tokenizer
        The tokenizer.

    Raises
    ------
    ConfigurationError
        If it is neither a tokenizer's name nor a path.
    InputError
        If the file is no tokenizer.

    Examples
    --------
    >>> named_tokenizer("kmer:6:3").parameters
    {'k': 6, 'stride': 3}
    """
    path = Path(text)
    if path.is_dir():
        return _of_folder(path)
    if path.is_file():
        return tokenizer_from(path)
    kind, *numbers = text.split(":")
    if kind == BytePairTokenizer.kind:
        fix = "give genolect tokenizer train a genome, and name the folder that it makes"
        raise ConfigurationError(f"{text!r} is no tokenizer yet: byte-pair tokens are learned", fix=fix)
    maker, most = _MAKERS.get(kind, (None, 0))
    if maker is None or len(numbers) > most or not all(number.isdecimal() for number in numbers):
        fix = f"name one of {NAMES}, or the path of a tokenizer.json, a vocab.txt, or a folder with one"
        raise ConfigurationError(f"{text!r} is neither a tokenizer nor a path", fix=fix)
    made: Tokenizer = maker(*map(int, numbers))
    return made


def _of_folder(folder: Path) -> Tokenizer:
    """Read the tokenizer of a folder that genolect made, or of any that holds one."""
    if not (folder / TOKENIZER).is_file():
        vocabulary = folder / "vocab.txt"
        if vocabulary.is_file():
            return tokenizer_from(vocabulary)
        raise InputError(f"the folder holds no {TOKENIZER}", fix="name the folder of a tokenizer", path=folder)
    if not (folder / MANIFEST).is_file():
        return tokenizer_from(folder / TOKENIZER)
    facts = files.read_manifest(folder)
    if facts.get("kind") == "model":
        facts = json.loads((folder / CONFIGURATION).read_text("utf-8"))
    tokenizer = tokenizer_from(folder / TOKENIZER, facts.get("tokenizer"))
    if tokenizer.content_hash != facts.get("tokenizer_sha256"):
        raise InputError("the folder tells of another tokenizer", fix="make it again", path=folder / TOKENIZER)
    return tokenizer


def compare_tokenizers(
    names: Sequence[str],
    genome: Path,
    page: Path | None = None,
    *,
    alphabet: str = "dna",
    annotation: Path | None = None,
    code: int = STANDARD,
    rename: Rename = None,
    allow_missing: bool = False,
) -> dict[str, Any]:
    """Describe tokenizers by what they make of the same sequences.

    Parameters
    ----------
    names : sequence of str
        As for `named_tokenizer`.
    genome, alphabet, annotation, code, rename, allow_missing
        The sequences, as for `read_material`.
    page : Path, optional
        A new file for the page.

    Returns
    -------
    dict
        See `inspect_tokenizers`; ``alphabet`` and ``notes`` are the material's.

    Raises
    ------
    ConfigurationError, InputError
        If a tokenizer cannot be read, is named twice, or reads another alphabet; or as in `read_material`.
    MachineError
        If the page is there already, or cannot be written.
    """
    require_alphabet(alphabet, annotation=annotation, code=code)
    if len(set(names)) < len(names):
        raise ConfigurationError("a tokenizer is named twice", fix="name each once")
    if page is not None and page.exists():
        raise MachineError("the page is there already", fix="name another --out", path=page)
    tokenizers = {name: named_tokenizer(name) for name in names}
    for name, tokenizer in tokenizers.items():
        if (tokenizer.kind == AminoAcidTokenizer.kind) != (alphabet == "protein"):
            what = f"{name} does not read the alphabet {alphabet}"
            raise ConfigurationError(what, fix="amino_acid reads --alphabet protein, and everything else does not")
        if (tokenizer.kind == CodonTokenizer.kind) and alphabet == "dna":
            raise ConfigurationError(f"{name} reads coding sequences in frame", fix="add --alphabet coding")
    material = read_material(
        genome, alphabet, annotation=annotation, code=code, rename=rename, allow_missing=allow_missing
    )
    content = inspect_tokenizers(tokenizers, material.stretches, protein=alphabet == "protein")
    content |= {"title": Path(material.origin["path"]).name, "alphabet": alphabet, "notes": list(material.notes)}
    if page is not None:
        write_token_page(content, page)
    return content
