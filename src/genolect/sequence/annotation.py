"""Annotations: GTF, GFF3 and BED files, tied to the sequences of one genome.

The dialect follows from the content. Every row is checked against the genome: a name that it lacks or a
coordinate beyond a sequence's end means that the annotation belongs to another assembly.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from sys import intern
from typing import Literal
from urllib.parse import unquote

from genolect.errors import ConfigurationError, InputError, shown
from genolect.sequence.interval import STRANDS, Feature, Interval, Strand
from genolect.sequence.naming import suggest_names
from genolect.sequence.source import BED, GFF, Source, opened, recognise, text_lines

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


_EXAMPLES = 3
_OTHER_ASSEMBLY = "give the annotation of exactly this assembly"


@dataclass(frozen=True, slots=True)
class Annotation:
    """The features of a genome.

    Attributes
    ----------
    features : list of Feature
        In the file's order, under the genome's names. A GFF3 row with several parents gives one for each.
    dialect : {'GTF', 'GFF3', 'BED'}
        What the file is.
    circular : frozenset of str
        Sequences that a GFF3 declares circular.
    renamed : dict of str to str
        Names of the file that were read as other names.
    missing : dict of str to int
        Names that the genome lacks, with the number of rows that were left out for it.
    """

    features: list[Feature]
    dialect: Dialect
    circular: frozenset[str]
    renamed: dict[str, str]
    missing: dict[str, int]


def read_annotation(
    source: Source | Path | str,
    lengths: Mapping[str, int],
    *,
    rename: Mapping[str, str] | Literal["auto"] | None = None,
    allow_missing: bool = False,
) -> Annotation:
    r"""Read an annotation and check every row against the genome.

    Parameters
    ----------
    source : Source, Path or str
        A GTF, GFF3 or BED file (plain, gzip or BGZF), or ``-`` for standard input.
    lengths : mapping of str to int
        Length in bases of each sequence of the genome.
    rename : mapping of str to str, or 'auto'
        The genome's name for a name of the file; ``auto`` takes what `suggest_names` finds.
    allow_missing : bool
        Whether rows on sequences that the genome lacks may be left out; they are counted in `Annotation.missing`.

    Returns
    -------
    Annotation
        The features, 0-based half-open.

    Raises
    ------
    InputError
        If a row is malformed, the dialects are mixed, nothing is annotated, or the annotation does not fit the genome.
    ConfigurationError
        If `rename` names a sequence that the file or the genome does not have, or makes one out of two.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b"chrI\t9\t25\tTATA\t0\t-\n"), file.flush()
    ...     annotation = read_annotation(file.name, {"I": 40}, rename="auto")
    >>> annotation.features[0].interval
    Interval(name='I', start=9, end=25, strand='-')
    """
    source = opened(source)
    reader = _Reader(source.name)
    for line, text in text_lines(source):
        reader.read(line, text)
    if not reader.features or reader.dialect is None:
        what = "there is no feature in the file"
        raise InputError(what, fix="name a GTF, GFF3 or BED file with rows", path=source.name, line=1)
    names = suggest_names(reader.rows, lengths) if rename == "auto" else dict(rename or {})
    _check_renaming(names, reader.rows, lengths)
    missing = {name: rows for name, rows in reader.rows.items() if names.get(name, name) not in lengths}
    if missing and (not allow_missing or len(missing) == len(reader.rows)):
        _refuse_names(reader, missing, lengths)
    _check_regions(reader, names, lengths)
    features = [_renamed(feature, names) for feature in reader.features if feature.interval.name not in missing]
    circular = frozenset(names.get(name, name) for name in reader.circular if name not in missing)
    _check_ends(features, lengths, circular, source.name)
    return Annotation(features, reader.dialect, circular, names, missing)


@dataclass(slots=True)
class _Reader:
    """Reads line after line under the file's own names.

    Attributes
    ----------
    path : str
        For messages.
    dialect : str or None
        Known from the first row or the ``##gff-version`` line.
    features : list of Feature
        What was read.
    rows : Counter
        Number of rows of each sequence name.
    circular : set of str
        Sequences declared circular.
    regions : dict
        First base, last base and line of each ``##sequence-region``.
    width : int
        Number of columns of the first row.
    begun, ended : bool
        Whether the first line was looked at; whether the annotation is over (a sequence section follows).
    """

    path: str
    dialect: Dialect | None = None
    features: list[Feature] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    circular: set[str] = field(default_factory=set)
    regions: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    width: int = 0
    begun: bool = False
    ended: bool = False

    def read(self, line: int, text: str) -> None:
        """Take in one line."""
        try:
            if self.ended or not text or text.isspace():
                return
            if not self.begun:
                self._look_at_beginning(text)
            if text[0] == "#":
                self._read_directive(line, text)
            elif text[0] == ">" and self.dialect == "GFF3":
                self.ended = True
            elif not (self.dialect in (None, "BED") and text.split(None, 1)[0] in ("track", "browser")):
                self._read_row(line, text.split("\t"))
        except InputError as error:
            raise InputError(error.what, fix=error.fix, path=self.path, line=line) from error

    def _look_at_beginning(self, text: str) -> None:
        self.begun = True
        lookalike = recognise(text.encode())
        if lookalike not in (None, GFF, BED):
            raise InputError(f"this is {lookalike.what}, not an annotation", fix=lookalike.fix)

    def _read_directive(self, line: int, text: str) -> None:
        words = text.split()
        if words[0] == "##gff-version" and words[1:] and words[1].split(".")[0] == "3":
            self.dialect = "GFF3"
        elif words[0] == "##FASTA":
            self.ended = True
        elif words[0] == "##sequence-region":
            if len(words) != 4:
                raise InputError(f"{shown(text)} does not give name, first and last base", fix="correct or delete it")
            first, last = coordinate(words[2], "start"), coordinate(words[3], "end")
            self.regions[words[1]] = (first, last, line)

    def _read_row(self, line: int, columns: list[str]) -> None:
        if self.dialect is None:
            self.dialect = dialect_of(columns)
        if self.dialect == "BED":
            self.width = self.width or len(columns)
            if len(columns) != self.width and len(columns) in BED_COLUMNS:
                what = f"the row has {len(columns)} columns, the rows before it have {self.width}"
                raise InputError(what, fix="give all rows the same columns; the file may be cut here")
            features = bed_features(columns, line)
        else:
            features = gff_features(columns, line, self.dialect)
            if self.dialect == "GFF3" and is_circular(columns[-1]):
                self.circular.add(features[0].interval.name)
        self.rows[features[0].interval.name] += 1
        self.features += features


def _renamed(feature: Feature, names: Mapping[str, str]) -> Feature:
    name = feature.interval.name
    return replace(feature, interval=replace(feature.interval, name=names[name])) if name in names else feature


def _check_renaming(names: Mapping[str, str], rows: Mapping[str, int], lengths: Mapping[str, int]) -> None:
    for name, target in names.items():
        for wanted, present, owner in ((name, rows, "annotation"), (target, lengths, "genome")):
            if wanted not in present:
                what = f"--rename {name}={target}: the {owner} has no sequence {shown(wanted)}"
                raise ConfigurationError(what, fix=f"it has {_some(present)}")
    targets = Counter(names.get(name, name) for name in rows)
    for target, count in targets.items():
        if count > 1:
            what = f"--rename makes {count} sequences of the annotation into {shown(target)}"
            raise ConfigurationError(what, fix="rename one to one")


def _refuse_names(reader: _Reader, missing: Mapping[str, int], lengths: Mapping[str, int]) -> None:
    """Say which names the genome lacks, and which mapping would do."""
    if len(missing) == len(reader.rows):
        what = f"no sequence of the annotation ({_some(missing)}) is in the genome ({_some(lengths)})"
    else:
        what = (
            f"{len(missing)} of the annotation's {len(reader.rows)} sequences, with {sum(missing.values()):,} of its "
            f"{reader.rows.total():,} rows, are not in the genome: {_some(missing)} (the genome has {_some(lengths)})"
        )
    suggested = suggest_names(reader.rows, lengths)
    pairs = ",".join(f"{name}={target}" for name, target in islice(suggested.items(), _EXAMPLES))
    more = ",…" if len(suggested) > _EXAMPLES else ""
    by_hand = f"{_OTHER_ASSEMBLY}, or name the pairs: --rename theirs=ours"
    fix = f"add --rename auto (that is {pairs}{more})" if suggested else by_hand
    if len(missing) < len(reader.rows) and len(suggested) < len(missing):
        fix += ", or leave such rows out with --allow-missing"
    line = next(feature.line for feature in reader.features if feature.interval.name in missing)
    raise InputError(what, fix=fix, path=reader.path, line=line)


def _some(names: Iterable[str]) -> str:
    """Name the first few."""
    first = list(islice(names, _EXAMPLES + 1))
    return ", ".join(shown(name) for name in first[:_EXAMPLES]) + (" …" if len(first) > _EXAMPLES else "")


def _check_regions(reader: _Reader, names: Mapping[str, str], lengths: Mapping[str, int]) -> None:
    """Compare the lengths that the file declares with the genome's: another assembly shows here first."""
    for name, (first, last, line) in reader.regions.items():
        length = lengths.get(names.get(name, name))
        if length is not None and (last > length or (first == 1 and last != length)):
            what = f"the annotation declares {first}-{last} for {shown(name)}, which has {length} bases in the genome"
            raise InputError(what, fix=f"{_OTHER_ASSEMBLY}; or correct the line", path=reader.path, line=line)


def _check_ends(features: list[Feature], lengths: Mapping[str, int], circular: frozenset[str], path: str) -> None:
    beyond = [feature for feature in features if feature.interval.end > lengths[feature.interval.name]]
    if not beyond:
        return
    interval, line = beyond[0].interval, beyond[0].line
    length = lengths[interval.name]
    what = f"the row ends at {interval.end}, but {shown(interval.name)} has {length} bases"
    if interval.name in circular and interval.start < length:
        what += " (it crosses the origin of a circular sequence)"
        fix = f"write two rows, {interval.start + 1}-{length} and 1-{interval.end - length}"
    else:
        what += f" ({len(beyond):,} of {len(features):,} features reach beyond an end)"
        fix = _OTHER_ASSEMBLY
    raise InputError(what, fix=fix, path=path, line=line)
