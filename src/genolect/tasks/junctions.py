"""Splice junctions of records: real sites against places of the same record that only read like them.

A window is cut so that the junction lies in its middle. It is read on through the record: an intron that is shorter
than half a window has the other exon behind it, as on the genome. There is no genome: no place is given, the strand is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from genolect.config import Configuration
from genolect.errors import ConfigurationError, InputError, shown
from genolect.random import derived_generator, derived_key
from genolect.sequence.alphabet import decode, encode
from genolect.sequence.ragged import RaggedBases
from genolect.sequence.source import Source
from genolect.tables.table import Places, Texts
from genolect.tables.table_file import encoded, table_rows
from genolect.tasks.assembly import Windows
from genolect.tasks.background import MOST_N
from genolect.tasks.built import BuiltTask, Draft, finish, linked_groups
from genolect.tasks.kind import Inputs, TaskKind
from genolect.tasks.splicing import KINDS, NONE, Site, signals, site_target


class RecordColumns(Configuration):
    """Which columns of a table of records mean what."""

    exon1: str = Field("exon1", description="Column of the exon before the intron.")
    intron: str = Field("intron", description="Column of the intron.")
    exon2: str = Field("exon2", description="Column of the exon behind it.")
    gene: str = Field("gene", description="Column of the gene.")
    species: str = Field("species", description="Column of the species; not needed.")


class Record(NamedTuple):
    """One exon, intron and exon, which follow one another on the genome."""

    gene: str
    """With its species before it where that is known."""
    letters: str
    """All three pieces, lower case where soft-masked."""
    donor: int
    """Bases before the intron."""
    acceptor: int
    """Bases up to its end."""
    name: str
    species: str
    kept: bool
    """Whether it is asked about. The junctions of all records are known."""

    @property
    def canonical(self) -> bool:
        """Whether the intron begins with GT and ends in AG."""
        intron = self.letters[self.donor : self.acceptor].upper()
        return len(intron) >= len("GTAG") and intron.startswith("GT") and intron.endswith("AG")


def read_records(path: Path, columns: RecordColumns | None = None, keep: Sequence[str] = ()) -> list[Record]:
    r"""Read a table of records.

    Parameters
    ----------
    path : Path
        Text with tabs or commas, plain or gzip, and a line of names. A column ``id`` names the records.
    columns : RecordColumns, optional
        Which columns mean what.
    keep : sequence of str
        Which records are asked about, as ``COLUMN=VALUE``: of one column any of the values, of several columns each.

    Returns
    -------
    list of Record
        All of them, in the file's order.

    Raises
    ------
    ConfigurationError
        If a choice is not written that way.
    InputError
        If a column is missing, a cell is empty or no sequence, or no record has a chosen value.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "records.csv")
    ...     _ = path.write_bytes(b"species,gene,exon1,intron,exon2\nfly,a,ACC,GTTTAG,GG\nworm,a,TTT,gtAG,G\n")
    ...     records = read_records(path, keep=["species=fly"])
    >>> records[0]
    Record(gene='fly:a', letters='ACCGTTTAGGG', donor=3, acceptor=9, name='row 2', species='fly', kept=True)
    >>> records[1].gene, records[1].kept, records[1].canonical
    ('worm:a', False, True)
    """
    columns = columns or RecordColumns()
    names, rows = table_rows(Source(path))
    chosen = _choices(keep)
    optional = {columns.species} if columns.species == RecordColumns().species else set()
    for name in (*(getattr(columns, field) for field in RecordColumns.model_fields), *chosen):
        if name not in names and name not in optional:
            some = ", ".join(map(shown, names[:12]))
            raise InputError(f"the table has no column {shown(name)}", fix=f"it has {some}", path=path, line=1)
    records = []
    seen: dict[str, dict[str, None]] = {name: {} for name in chosen}
    for line, row in rows:
        cells = dict(zip(names, row, strict=True))
        for name in chosen:
            seen[name][cells[name]] = None
        kept = all(cells[name] in values for name, values in chosen.items())
        try:
            records.append(_record(cells, columns, line, kept=kept))
        except InputError as error:
            raise InputError(error.what, fix=error.fix, path=path, line=line) from error
    _expect_chosen(chosen, seen, path)
    return records


def _record(cells: Mapping[str, str], columns: RecordColumns, line: int, *, kept: bool) -> Record:
    for name in (columns.exon1, columns.intron, columns.exon2, columns.gene):
        if not cells[name]:
            raise InputError(f"the {name} is empty", fix="fill it in, or delete the row")
    first, intron, last = (
        decode(encoded(cells[name], line)) for name in (columns.exon1, columns.intron, columns.exon2)
    )
    species, gene = cells.get(columns.species, ""), cells[columns.gene]
    return Record(
        gene=f"{species}:{gene}" if species else gene,
        letters=first + intron + last,
        donor=len(first),
        acceptor=len(first) + len(intron),
        name=cells.get("id") or f"row {line}",
        species=species,
        kept=kept,
    )


def _choices(keep: Sequence[str]) -> dict[str, set[str]]:
    chosen: dict[str, set[str]] = {}
    for text in keep:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise ConfigurationError(f"--keep {text!r} is no choice", fix="write it --keep COLUMN=VALUE")
        chosen.setdefault(name, set()).add(value)
    return chosen


def _expect_chosen(chosen: Mapping[str, set[str]], seen: Mapping[str, Mapping[str, None]], path: Path) -> None:
    for name, values in chosen.items():
        for value in sorted(values - seen[name].keys()):
            some = ", ".join(map(shown, [*seen[name]][:6]))
            raise InputError(f"no row has {shown(value)} as {shown(name)}", fix=f"there are {some}", path=path)


def draw_genes(records: Sequence[Record], count: int, seed: int) -> list[Record]:
    """Draw records at random, whole genes, until there are so many.

    Parameters
    ----------
    records : sequence of Record
        The records; their order does not matter.
    count : int
        How many; the last gene may bring a few more.
    seed : int
        Decides alone which genes: those of a smaller draw are among those of a larger one.

    Returns
    -------
    list of Record
        In the order in which they were given.

    Examples
    --------
    >>> records = [Record(gene, "ACGTTTAGGG", 2, 8, "", "", True) for gene in ("a", "b", "a", "c")]
    >>> [record.gene for record in draw_genes(records, 2, 0)]
    ['a', 'b', 'a']
    """
    sizes: dict[str, int] = {}
    for record in records:
        sizes[record.gene] = sizes.get(record.gene, 0) + 1
    drawn, total = set(), 0
    for gene in sorted(sizes, key=lambda gene: (derived_key(seed, "genes of records", gene), gene)):
        if total >= count:
            break
        drawn.add(gene)
        total += sizes[gene]
    return [record for record in records if record.gene in drawn]


NOTES = {
    "edge": "sites are too near an end of their record for the window",
    "unknown": f"windows of sites have more than {MOST_N:.0%} N",
    "ambiguous": "sites are a donor here and an acceptor there",
    "twice": "sites have the window of another one, which stands for them",
    "short": "windows of sites go through a short intron into the other exon",
    "elsewhere": "places that read like a site are one in another record, so no decoys",
    "missing": "decoys are missing: some records have too few",
    "beside": "decoys have a junction of their record in the window, off its middle",
}
"""What is said of a table, with a count before it."""


class JunctionOptions(Configuration):
    """Which junctions are asked about.

    In windows below 20 bases a decoy would often read like some site by chance. A decoy one or two bases off a site is
    nearly the same sequence with another label, which only what reads places, and not just words, can tell: `apart`.
    """

    sites: Literal["both", "donor", "acceptor"] = Field(
        "both", description="Three classes, or one kind of site and its decoys as two."
    )
    window: int = Field(60, ge=20, multiple_of=2, description="Bases around the junction; an even number.")
    per_site: int = Field(1, ge=1, description="Decoys for each site, from the same record.")
    apart: int = Field(1, ge=1, description="Bases from a decoy to the junctions of its record, at least.")
    count: int | None = Field(None, ge=1, description="Records to draw at random, whole genes (default: all).")
    seed: int = Field(0, description="Seed of everything random.")


class _Row(NamedTuple):
    record: Record
    place: int
    label: str
    decoy: str


class _Known:
    """Junctions of all records, by the bases around them: the same place may be shown by several records."""

    def __init__(self, records: Iterable[Record], half: int) -> None:
        self.half = half
        self.whole: dict[Site, set[str]] = {kind: set() for kind in KINDS}
        # A window that its record cuts short says less: it counts only within its gene.
        self.cut: dict[str, dict[tuple[int, int], set[str]]] = {}
        for record in records:
            text = record.letters.upper()
            for kind in KINDS:
                place = _junction(record, kind)
                before, behind = min(half, place), min(half, len(text) - place)
                around = text[place - before : place + behind]
                if before == behind == half:
                    self.whole[kind].add(around)
                else:
                    self.cut.setdefault(record.gene, {}).setdefault((before, behind), set()).add(around)

    def holds(self, gene: str, window: str) -> bool:
        """Whether the middle of a window is a junction."""
        if any(window in whole for whole in self.whole.values()):
            return True
        spans = self.cut.get(gene, {}).items()
        return any(window[self.half - before : self.half + behind] in around for (before, behind), around in spans)

    def both(self, window: str) -> bool:
        """Whether it is a donor and an acceptor."""
        return all(window in whole for whole in self.whole.values())


class _Collected:
    """The windows so far: none is there twice, whichever records show it."""

    def __init__(self, known: _Known, options: JunctionOptions) -> None:
        self.known, self.options = known, options
        self.rows: list[_Row] = []
        self.counted: Counter[str] = Counter()
        self.owners: dict[str, str] = {}
        self.shared: list[tuple[str, str]] = []

    def _is_new(self, window: str, gene: str) -> bool:
        owner = self.owners.get(window)
        if owner is None:
            self.owners[window] = gene
        elif owner != gene:
            self.shared.append((owner, gene))
        return owner is None

    def take(self, record: Record, kind: Site) -> None:
        """Take the junction of a record, with its decoys."""
        place, half = _junction(record, kind), self.known.half
        window = _window(record, place, half)
        if window is None:
            self.counted["edge"] += 1
        elif _unknown(window):
            self.counted["unknown"] += 1
        elif self.options.sites == "both" and self.known.both(window):
            self.counted["ambiguous"] += 1
        elif not self._is_new(window, record.gene):
            self.counted["twice"] += 1
        else:
            self.counted["short"] += record.acceptor - record.donor < half
            self.rows.append(_Row(record, place, kind, ""))
            self._take_decoys(record, kind)

    def _take_decoys(self, record: Record, kind: Site) -> None:
        half, text, own = self.known.half, record.letters.upper(), (record.donor, record.acceptor)
        found = []
        for place in signals(encode(text), kind, 1).tolist():
            window = _window(record, place, half)
            near = min(abs(place - junction) for junction in own) < self.options.apart
            if window is None or _unknown(window) or near:
                continue
            if self.known.holds(record.gene, window):
                self.counted["elsewhere"] += 1
            else:
                found.append((place, window))
        generator = derived_generator(self.options.seed, "junction decoys", record.gene, text, record.donor, kind)
        missing = self.options.per_site
        for number in generator.permutation(len(found)).tolist():
            place, window = found[number]
            if missing and self._is_new(window, record.gene):
                missing -= 1
                self.counted["beside"] += any(abs(place - junction) < half for junction in own)
                self.rows.append(_Row(record, place, NONE, kind))
        self.counted["missing"] += missing


def junctions(records: Sequence[Record], options: JunctionOptions | None = None) -> BuiltTask:
    """Build splice sites against decoys of the same records.

    Parameters
    ----------
    records : sequence of Record
        The records, in any order. Those that are not kept, or whose intron is not GT-AG, give no window, but a place
        that is a junction in one of them is no decoy.
    options : JunctionOptions, optional
        Which junctions are asked about.

    Returns
    -------
    BuiltTask
        The task: classes acceptor, donor and none, or 1 and 0. Columns: ``decoy`` says what a decoy looks like,
        ``part`` where in its record it lies, ``offset`` how many bases of the record come before the middle. No two
        windows are equal; genes of which some were are one group.

    Raises
    ------
    InputError
        If no junction can be used, or none has a decoy.

    Examples
    --------
    >>> record = Record("a", "AACCAACCACCA" + "GTAAACCCGTAACCCACCCTTTTCAG" + "CCAACCAACCAA", 12, 38, "r", "", True)
    >>> task = junctions([record], JunctionOptions(sites="donor", window=20))
    >>> [task.table.sequences.letters(row) for row in range(2)], task.columns["part"].tolist()
    (['CCAACCACCAGTAAACCCGT', 'CAGTAAACCCGTAACCCACC'], ['', 'intron'])
    """
    options = options or JunctionOptions()
    chosen, notes = _chosen(records, options)
    collected = _Collected(_Known(records, options.window // 2), options)
    kinds: tuple[Site, ...] = KINDS if options.sites == "both" else (options.sites,)
    for record in chosen:
        for kind in kinds:
            collected.take(record, kind)
    notes += [f"{count:,} {what}" for key, what in NOTES.items() if (count := collected.counted[key])]
    if not collected.rows:
        fix = "use a shorter --window, or give introns that begin with GT and end in AG"
        raise InputError(f"no junction can be used: {'; '.join(notes) or 'there is no record'}", fix=fix)
    return finish("junctions", _draft(collected, options, tuple(notes)))


def _chosen(records: Sequence[Record], options: JunctionOptions) -> tuple[list[Record], list[str]]:
    """Give the records that are asked about, each once and whatever the order of the file; and what was left out."""
    kept = sorted(record for record in records if record.kept)
    different = [*{(record.gene, record.letters.upper(), *record[2:4]): record for record in reversed(kept)}.values()]
    canonical = sorted(record for record in different if record.canonical)
    drawn = canonical if options.count is None else draw_genes(canonical, options.count, options.seed)
    notes = [f"{len(kept):,} of {len(records):,} records are kept"] if len(kept) < len(records) else []
    if twice := len(kept) - len(different):
        notes.append(f"{twice:,} records are there already, in the same gene")
    if odd := len(different) - len(canonical):
        notes.append(f"{odd:,} records whose intron is not GT-AG are left out")
    if options.count is not None:
        notes.append(f"{len(drawn):,} of {len(canonical):,} records are drawn at random, whole genes")
    return drawn, notes


def _draft(collected: _Collected, options: JunctionOptions, notes: tuple[str, ...]) -> Draft:
    rows, half = collected.rows, collected.known.half
    genes = _texts(row.record.gene for row in rows)
    families = _families(collected.shared)
    columns = {
        "decoy": _texts(row.decoy for row in rows),
        "part": _texts(_part(row) for row in rows),
        "offset": _texts(str(row.place) for row in rows),
        "record": _texts(row.record.name for row in rows),
    }
    if any(row.record.species for row in rows):
        columns["species"] = _texts(row.record.species for row in rows)
    return Draft(
        # The gene is read from 5' to 3' wherever it lies.
        Windows(Places.unknown(len(rows), strand=1), genes),
        RaggedBases.of([encode(row.record.letters[row.place - half : row.place + half]) for row in rows]),
        site_target(_texts(row.label for row in rows), options.sites),
        columns,
        notes=notes,
        linked=_texts(families.get(gene, "") for gene in genes.tolist()),
    )


def _families(shared: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Name the family of each gene that has a window of another gene; only one of them has it in the table."""
    genes = _texts(gene for pair in shared for gene in pair)
    pairs = np.repeat(np.arange(len(shared)), 2).astype(np.str_)
    return dict(zip(genes.tolist(), linked_groups(Places.unknown(genes.size), genes, pairs).tolist(), strict=True))


def _junction(record: Record, kind: Site) -> int:
    return record.donor if kind == "donor" else record.acceptor


def _window(record: Record, place: int, half: int) -> str | None:
    text = record.letters[place - half : place + half].upper() if place >= half else ""
    return text if len(text) == 2 * half else None


def _unknown(window: str) -> bool:
    return window.count("N") > MOST_N * len(window)


def _part(row: _Row) -> str:
    if not row.decoy:
        return ""
    return "exon1" if row.place < row.record.donor else "intron" if row.place < row.record.acceptor else "exon2"


def _texts(values: Iterable[str]) -> Texts:
    return np.array([*values], dtype=np.str_)


class JunctionsOfRecords(TaskKind, JunctionOptions, RecordColumns):
    """Splice sites against GT and AG of the same exon-intron-exon records that are none; no genome."""

    verb: ClassVar = "junctions"
    reads_genome: ClassVar = False
    reads_annotation: ClassVar = False
    records: Path = Field(description="Table of exon-intron-exon records.")
    keep: tuple[str, ...] = Field((), description="COLUMN=VALUE: ask about such records only; may be repeated.")

    def build(self, inputs: Inputs) -> BuiltTask:
        """See `TaskKind`."""
        return junctions(read_records(inputs.took("records", self.records), self, self.keep), self)
