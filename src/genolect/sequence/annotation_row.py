"""One row of an annotation: GTF, GFF3 and BED become `Feature`, strictly, and nowhere else.

Here, and only here, 1-based closed coordinates (GTF, GFF3) become 0-based half-open ones.
A refusal raised here has no place yet; the reader adds file and line.
"""

from __future__ import annotations

import re
from sys import intern
from typing import Literal
from urllib.parse import unquote

from genolect.errors import InputError, shown
from genolect.sequence.interval import STRANDS, Feature, Interval, Strand

Dialect = Literal["GTF", "GFF3", "BED"]

GFF_COLUMNS = 9
BED_COLUMNS = range(3, 13)
LONGEST_NUMBER = 12
_PHASES: dict[str, int | None] = {"0": 0, "1": 1, "2": 2, ".": None}
_GTF_IDENTIFIERS = tuple(re.compile(rf'(?:^|;)\s*{key}\s+"?([^";]*)') for key in ("transcript_id", "gene_id"))
_GFF3_IDENTIFIERS = tuple(re.compile(rf"(?:^|;)\s*{key}=([^;]*)") for key in ("Parent", "ID"))
_CIRCULAR = re.compile(r"(?:^|;)\s*Is_circular=true\s*(?:;|$)", re.IGNORECASE)
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TABS = "separate the columns by single tabs"


def dialect_of(columns: list[str]) -> Dialect:
    """Tell the dialect from the first row with data.

    Parameters
    ----------
    columns : list of str
        The row, cut at its tabs.

    Returns
    -------
    {'GTF', 'GFF3', 'BED'}
        The dialect that the row can only be meant as.

    Raises
    ------
    InputError
        If it is none of them.

    Examples
    --------
    >>> dialect_of(["chrI", "10", "25"])
    'BED'
    """
    width = len(columns)
    if width == 1 and len(columns[0].split()) in BED_COLUMNS:
        raise InputError("the columns are separated by spaces, not by tabs", fix=_TABS)
    is_bed = width in BED_COLUMNS and columns[1].isdigit() and columns[2].isdigit()
    if width in (GFF_COLUMNS - 1, GFF_COLUMNS) and not is_bed and (columns[3].isdigit() or columns[6] in "+-.?"):
        attributes = columns[8] if width == GFF_COLUMNS else "."
        if any(pattern.search(attributes) for pattern in _GTF_IDENTIFIERS):
            return "GTF"
        if "=" in attributes or attributes in (".", ""):
            return "GFF3"
        what = f'the attributes {shown(attributes)} are neither GFF3 (ID=a;Parent=b) nor GTF (gene_id "a";)'
        raise InputError(what, fix="convert the file to GFF3, for example with gffread")
    if width not in BED_COLUMNS:
        what = f"a row of {width} columns separated by tabs is neither GTF or GFF3 (9) nor BED (3 to 12)"
        raise InputError(what, fix="give an annotation in GTF, GFF3 or BED")
    return "BED"


def bed_features(columns: list[str], line: int) -> list[Feature]:
    """Read a BED row; its kind is ``region``, its identifier its name.

    Columns 7 to 11 of other BED-like formats (narrowPeak) have their own meanings and are not interpreted;
    the blocks of a 12-column row are checked.

    Parameters
    ----------
    columns : list of str
        The row, cut at its tabs.
    line : int
        1-based line.

    Returns
    -------
    list of Feature
        One feature.

    Raises
    ------
    InputError
        If the row is malformed.

    Examples
    --------
    >>> bed_features(["chrI", "9", "25", "TATA", "0", "-"], 1)[0].interval
    Interval(name='chrI', start=9, end=25, strand='-')
    """
    if len(columns) not in BED_COLUMNS:
        raise InputError(f"the row has {len(columns)} columns, BED has 3 to 12", fix=_TABS)
    start, end = coordinate(columns[1], "start"), coordinate(columns[2], "end")
    if start >= end:
        order = "is empty" if start == end else "ends before it starts"
        raise InputError(f"the interval {start}-{end} {order}", fix="BED needs start < end, counted from 0")
    if len(columns) == BED_COLUMNS[-1]:
        _check_blocks(columns, end - start)
    strand = _strand(columns[5]) if len(columns) > 5 else "."
    identifier = columns[3] if len(columns) > 3 else ""
    return [Feature(Interval(_name(columns[0]), start, end, strand), "region", identifier, None, line)]


def gff_features(columns: list[str], line: int, dialect: Dialect) -> list[Feature]:
    """Read a GTF or GFF3 row.

    A GFF3 row with several parents gives one feature for each of them, so that every transcript is complete.

    Parameters
    ----------
    columns : list of str
        The row, cut at its tabs.
    line : int
        1-based line.
    dialect : {'GTF', 'GFF3'}
        How to read the attributes.

    Returns
    -------
    list of Feature
        One feature for each parent; one where there is none.

    Raises
    ------
    InputError
        If the row is malformed.

    Examples
    --------
    >>> row = ["chrI", ".", "exon", "10", "25", ".", "?", ".", "Parent=a,b%2C"]
    >>> [(feature.identifier, feature.interval.start) for feature in gff_features(row, 1, "GFF3")]
    [('a', 9), ('b,', 9)]
    """
    if len(columns) != GFF_COLUMNS:
        raise InputError(f"the row has {len(columns)} columns, {dialect} has {GFF_COLUMNS}", fix=_TABS)
    name, _, kind, first, last, _, strand, phase, attributes = columns
    start, end = _half_open(coordinate(first, "start"), coordinate(last, "end"))
    if phase not in _PHASES:
        raise InputError(f"the phase {shown(phase)} is none of 0 1 2 .", fix="correct column 8")
    identifiers, own = (_gtf_identifiers(attributes), "") if dialect == "GTF" else _gff3_identifiers(attributes)
    if dialect == "GFF3":
        name, kind = _unescaped(name), _unescaped(kind)
    if not kind:
        raise InputError("the feature type is empty", fix="fill column 3")
    # GFF3 writes '?' where a strand exists but is unknown (trans-splicing).
    interval = Interval(_name(name), start, end, "." if strand == "?" else _strand(strand))
    return [Feature(interval, intern(kind), identifier, _PHASES[phase], line, own) for identifier in identifiers]


def is_circular(attributes: str) -> bool:
    """Tell whether GFF3 attributes declare a circular sequence.

    Examples
    --------
    >>> is_circular("ID=NC_000913.3;Is_circular=true")
    True
    """
    return "circular" in attributes and _CIRCULAR.search(attributes) is not None


def coordinate(text: str, meaning: str) -> int:
    """Read a whole number of reasonable size.

    Parameters
    ----------
    text : str
        The digits.
    meaning : str
        What it is, for the message.

    Returns
    -------
    int
        The number.

    Raises
    ------
    InputError
        If it is anything else: a sign, a point, an exponent, separators, more than 12 digits.

    Examples
    --------
    >>> coordinate("1802", "start")
    1802
    """
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER:
        return int(text)
    if text[:1] == "-" and text[1:].isdigit():
        raise InputError(f"the {meaning} {shown(text)} is negative", fix="coordinates lie inside the sequence")
    if text.isdigit() and text.isascii():
        raise InputError(f"the {meaning} {shown(text)} is too large", fix=f"use at most {LONGEST_NUMBER} digits")
    what = f"the {meaning} {shown(text)} is not a whole number"
    raise InputError(what, fix="write digits only (a header line begins with '#')")


def _half_open(first: int, last: int) -> tuple[int, int]:
    """Turn 1-based closed coordinates into 0-based half-open ones."""
    if first == 0:
        raise InputError("the start is 0", fix="GTF and GFF3 count from 1; BED files count from 0")
    if first > last:
        what = f"the start {first} lies behind the end {last}"
        raise InputError(what, fix="write the smaller one first; split a feature that crosses an origin into two rows")
    return first - 1, last


def _name(text: str) -> str:
    if not text.strip():
        raise InputError("the sequence name is empty", fix="fill column 1, or delete the row")
    return intern(text)


def _strand(text: str) -> Strand:
    if text not in STRANDS:
        raise InputError(f"the strand {shown(text)} is none of + - .", fix="correct the strand column")
    return text


def _gtf_identifiers(attributes: str) -> list[str]:
    found = [match[1] for pattern in _GTF_IDENTIFIERS if (match := pattern.search(attributes))]
    if not found:
        what = f"the attributes {shown(attributes)} have no gene_id or transcript_id, as GTF demands"
        raise InputError(what, fix="correct column 9, or convert the file with gffread")
    return [next(filter(None, found), "")]


def _gff3_identifiers(attributes: str) -> tuple[list[str], str]:
    """Give the parents and the row's own identifier; where there are no parents, that one in their place."""
    parents, own = (pattern.search(attributes) for pattern in _GFF3_IDENTIFIERS)
    identifier = _unescaped(own[1].strip()) if own else ""
    if parents and (names := [name for name in parents[1].strip().split(",") if name]):
        return [_unescaped(name) for name in names], identifier
    if own:
        return [identifier], ""
    if attributes not in (".", "") and ("=" not in attributes or _GTF_IDENTIFIERS[1].search(attributes)):
        what = f"the attributes {shown(attributes)} are not of the form key=value, as GFF3 demands"
        raise InputError(what, fix="correct column 9 (a GTF file has no ##gff-version 3 line)")
    return [""], ""


def _unescaped(text: str) -> str:
    if "%" not in text:
        return text
    if _ESCAPE.search(text):
        raise InputError(f"{shown(text)} holds a broken percent escape", fix="write a percent sign as %25")
    return unquote(text, errors="replace")


def _check_blocks(columns: list[str], length: int) -> None:
    """Check the blocks of a 12-column BED row: inside the interval, in order, from its first base to its last."""
    sizes = [coordinate(text, "block size") for text in columns[10].rstrip(",").split(",")]
    starts = [coordinate(text, "block start") for text in columns[11].rstrip(",").split(",")]
    if not coordinate(columns[9], "block count") == len(sizes) == len(starts):
        what = f"the row has {shown(columns[9])} blocks, but {len(sizes)} sizes and {len(starts)} starts"
        raise InputError(what, fix="correct columns 10 to 12")
    ends = [start + size for start, size in zip(starts, sizes, strict=True)]
    ordered = all(end <= start for end, start in zip(ends, starts[1:], strict=False))
    if starts[0] != 0 or ends[-1] != length or not ordered or 0 in sizes:
        blocks = f"sizes {shown(columns[10])}, starts {shown(columns[11])}"
        raise InputError(f"the blocks ({blocks}) do not span the row's {length} bases in order", fix="correct them")
