"""Records of exon, intron and exon: splice junctions as tables hold them that come without a genome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from genolect.config import Configuration
from genolect.data.table_file import encoded, table_rows
from genolect.errors import ConfigurationError, InputError, shown
from genolect.randomness import derived_key
from genolect.sequence.alphabet import decode
from genolect.sequence.source import Source


class RecordColumns(Configuration):
    """Which columns of a table of records mean what.

    Attributes
    ----------
    exon1, intron, exon2 : str
        The three pieces, 5' to 3' on the strand of the gene.
    gene : str
        What a split must not tear apart.
    species : str
        Whose gene it is: two species may call different genes alike. Not needed.
    """

    exon1: str = "exon1"
    intron: str = "intron"
    exon2: str = "exon2"
    gene: str = "gene"
    species: str = "species"


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
    for name in (*columns.to_mapping().values(), *chosen):
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
