r"""Variants: rows of a VCF, and what they make of a sequence.

A variant is 1-based as in VCF; `Variant.start` is the same place 0-based, and nowhere else is one turned into
the other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from genolect.errors import InputError, shown
from genolect.sequence.alphabet import BASE_BITS, Bases, decode, encode
from genolect.sequence.annotation import coordinate
from genolect.sequence.source import Source, opened, text_lines

VCF_COLUMNS = 8
_LETTERS = re.compile(r"[ACGTNacgtn]*")
_NO_BASES = ("-", ".")
_PER_ALLELE = re.compile(r"##INFO=<.*?\bID=([^,>]+),.*?\bNumber=([AR])\b")


@dataclass(frozen=True, slots=True)
class Variant:
    """One change of one sequence.

    Attributes
    ----------
    name : str
        The sequence.
    position : int
        1-based place of the first base of `reference`; of an insertion, the base before which it goes.
    reference, alternative : str
        Bases as they are in the genome, and instead; upper case, either may be empty but not both.
    identifier : str
        Name; may be empty.
    line : int
        1-based line of the file.
    facts : dict of str to str
        What else the row says: the INFO of a VCF by key, of values for each allele that of the alternative.
    """

    name: str
    position: int
    reference: str
    alternative: str
    identifier: str = ""
    line: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def start(self) -> int:
        """First base that is replaced, 0-based."""
        return self.position - 1

    @property
    def end(self) -> int:
        """One past the last base that is replaced, 0-based."""
        return self.start + len(self.reference)


@dataclass(frozen=True)
class Variants:
    """What was read.

    Attributes
    ----------
    variants : list of Variant
        In the file's order, one for each alternative.
    left_out : Counter of str
        Alternatives that are no bases (``<DEL>``, ``*``, breakends), by what they are.
    """

    variants: list[Variant]
    left_out: Counter[str]


def read_vcf(source: Source | Path | str) -> Variants:
    r"""Read a VCF file, one variant for each alternative.

    Parameters
    ----------
    source : Source, Path or str
        The file, plain, gzip or BGZF.

    Returns
    -------
    Variants
        The variants, and what was left out.

    Raises
    ------
    InputError
        If a row is malformed, or there is none.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b"##fileformat=VCFv4.2\n1\t7\trs1\tA\tG,<DEL>\t.\t.\tAF=0.1;DB\n"), file.flush()
    ...     found = read_vcf(file.name)
    >>> found.variants[0].start, found.variants[0].alternative, found.variants[0].facts, dict(found.left_out)
    (6, 'G', {'AF': '0.1', 'DB': '1'}, {'<DEL>': 1})
    """
    source = opened(source)
    variants: list[Variant] = []
    left_out: Counter[str] = Counter()
    first: dict[str, int] = {}
    for line, text in text_lines(source):
        if declared := _PER_ALLELE.match(text):
            first[declared[1]] = "AR".index(declared[2])
        if not text.strip() or text.startswith("#"):
            continue
        try:
            variants += _of_row(text.split("\t"), line, first, left_out)
        except InputError as error:
            raise InputError(error.what, fix=error.fix, path=source.name, line=line) from error
    if not variants:
        raise InputError("there is no variant in the file", fix="give a VCF file with rows", path=source.name)
    return Variants(variants, left_out)


def _of_row(columns: list[str], line: int, first: Mapping[str, int], left_out: Counter[str]) -> list[Variant]:
    """Read a row; `first` tells where the alternatives begin in the values that have one for each allele."""
    if len(columns) < VCF_COLUMNS:
        what = f"the row has {len(columns)} columns separated by tabs, VCF has {VCF_COLUMNS} or more"
        raise InputError(what, fix="give a VCF file, or a table with a line of names that ends in .tsv")
    name, position, identifier, reference, alternatives, _, _, information = columns[:VCF_COLUMNS]
    facts = dict(_fact(part) for part in information.split(";") if part not in ("", "."))
    found = []
    for number, alternative in enumerate(alternatives.split(",")):
        if alternative != "." and not _LETTERS.fullmatch(alternative):
            left_out[alternative if alternative[0] in "<*" else "breakend"] += 1
            continue
        place = coordinate(position, "position")
        named = "" if identifier == "." else identifier
        own = {key: _own(value, number + first[key]) if key in first else value for key, value in facts.items()}
        found.append(variant_of(name, place, (reference, alternative), identifier=named, line=line, facts=own))
    return found


def _own(values: str, number: int) -> str:
    parts = values.split(",")
    if number >= len(parts):
        what = f"{shown(values)} has {len(parts)} values, fewer than there are alleles"
        raise InputError(what, fix="correct the row, or the Number of this INFO in the header")
    return "" if parts[number] == "." else parts[number]


def _fact(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    return key, value if equals else "1"


def variant_of(
    name: str,
    position: int,
    alleles: tuple[str, str],
    *,
    identifier: str = "",
    line: int = 0,
    facts: Mapping[str, str] | None = None,
) -> Variant:
    """Make a variant of what a row says, strictly.

    Parameters
    ----------
    name, position, identifier, line, facts
        As in `Variant`.
    alleles : tuple of str
        Reference and alternative; ``-`` and ``.`` stand for no bases.

    Returns
    -------
    Variant
        The variant.

    Raises
    ------
    InputError
        If an allele is no bases, both are equal, or the position is below 1.

    Examples
    --------
    >>> variant = variant_of("1", 7, ("c", "-"))
    >>> variant.reference, variant.alternative, variant.start, variant.end
    ('C', '', 6, 7)
    """
    reference, alternative = ("" if allele in _NO_BASES else allele.upper() for allele in alleles)
    for allele in (reference, alternative):
        if not _LETTERS.fullmatch(allele):
            raise InputError(f"the allele {shown(allele)} is no bases", fix="write A C G T, or - for none", line=line)
    if reference == alternative:
        raise InputError(f"reference and alternative are both {shown(reference)}", fix="delete the row", line=line)
    if position < 1:
        raise InputError(
            f"the position is {position}", fix="VCF counts from 1; say so if yours counts from 0", line=line
        )
    return Variant(name, position, reference, alternative, identifier, line, facts or {})


def changed_window(bases: Bases, variant: Variant, start: int, length: int | None) -> tuple[Bases, Bases] | None:
    """Give a window as it is and as a variant makes it, both of the same length and beginning at the same base.

    Parameters
    ----------
    bases : ndarray of uint8, shape (L,)
        The whole sequence.
    variant : Variant
        The variant.
    start : int
        First base of the window, 0-based; not behind the variant.
    length : int or None
        Bases of the window; None for everything from `start`, where the two may differ in length.

    Returns
    -------
    tuple of ndarray of uint8, or None
        Reference and alternative; None where the sequence is too short on either side.

    Raises
    ------
    InputError
        If the sequence does not read as the variant says.

    Examples
    --------
    >>> window = changed_window(encode("ACGTACGT"), variant_of("1", 4, ("TA", "-")), 2, 4)
    >>> [decode(bases) for bases in window]
    ['GTAC', 'GCGT']
    """
    read = np.bitwise_and(bases[variant.start : variant.end], BASE_BITS, dtype=np.uint8)
    wanted = encode(variant.reference)
    if variant.end > bases.size or not np.array_equal(read, wanted):
        found = shown(decode(read)) if variant.end <= bases.size else "its end"
        what = f"{variant.name}:{variant.position} is said to be {shown(variant.reference)}, the genome has {found}"
        raise InputError(what, fix="give the genome of these coordinates, plus strand", line=variant.line)
    longer = len(variant.reference) - len(variant.alternative)
    end = None if length is None else start + length
    if start < 0 or (end is not None and (end > bases.size or end + longer > bases.size or end < variant.end)):
        return None
    rest = bases[variant.end : None if end is None else max(end + longer, variant.end)]
    changed = np.concatenate([bases[start : variant.start], encode(variant.alternative), rest])
    return bases[start:end], changed[: None if length is None else length]
