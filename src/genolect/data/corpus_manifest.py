"""The manifest of a corpus: a table of genomes that a biologist fills in with a spreadsheet, saved as text with tabs.

::

    name      path                  weight  topology  species
    human     genomes/human.fa.gz   0.3               Homo sapiens
    mouse     genomes/mouse.fa.gz   0.2
    mito      mitochondria.fa.gz    0.5     circular  *

``name`` and ``path`` are needed; a path is absolute, or seen from the manifest's folder. ``weight`` says how often a
genome is drawn, for all rows or for none; ``topology`` is ``linear``, ``circular`` or empty (then the FASTA headers
decide); ``species`` is the name where empty. A species of ``*`` means that each record of the file is a species of its
own, under the record's name; they share the row's weight equally. Rows of one species add their weights.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from genolect.errors import InputError, shown
from genolect.sequence.source import Source, text_lines

Topology = Literal["", "linear", "circular"]

COLUMNS = ("name", "path", "weight", "topology", "species")
NEEDED = COLUMNS[:2]
EACH_RECORD = "*"
_NAMED_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class CorpusGenome:
    """One row of a manifest.

    Attributes
    ----------
    name : str
        What the names of its records begin with.
    path : Path
        Its FASTA file.
    weight : float or None
        How often it is drawn, up to a common factor.
    topology : {'', 'linear', 'circular'}
        What its records are; empty where their headers decide.
    species : str
        Whose genome it is; `EACH_RECORD` where each record is a species.
    """

    name: str
    path: Path
    weight: float | None
    topology: Topology
    species: str


def genome_of_records(path: Path, topology: Topology = "") -> CorpusGenome:
    """Give the corpus of one FASTA file in which each record is a genome of its own.

    Parameters
    ----------
    path : Path
        The file.
    topology : {'', 'linear', 'circular'}
        What all of its records are.

    Returns
    -------
    CorpusGenome
        What a manifest with this file and the species ``*`` would give.

    Examples
    --------
    >>> genome_of_records(Path("mitochondria.fa.gz"), "circular").species
    '*'
    """
    return CorpusGenome(path.name.partition(".")[0], path, None, topology, EACH_RECORD)


def read_corpus_manifest(path: Path) -> list[CorpusGenome]:
    r"""Read a manifest and make sure that its files are there.

    Parameters
    ----------
    path : Path
        Text with tabs, in UTF-8: a line with the names of the columns, in any order, then a row for each genome. Empty
        rows and rows that begin with ``#`` are passed over.

    Returns
    -------
    list of CorpusGenome
        The genomes, in the file's order.

    Raises
    ------
    InputError
        At the first cell that cannot be meant; or naming the files that do not exist.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "yeast.fa").write_bytes(b">I\nACGT\n")
    ...     _ = Path(folder, "corpus.tsv").write_bytes(b"name\tpath\tweight\nyeast\tyeast.fa\t0.3\n")
    ...     [genome] = read_corpus_manifest(Path(folder, "corpus.tsv"))
    >>> genome.name, genome.path.name, genome.weight, genome.species
    ('yeast', 'yeast.fa', 0.3, 'yeast')
    """
    columns: list[str] = []
    genomes: dict[int, CorpusGenome] = {}
    for line, text in text_lines(Source(path)):
        try:
            cells = [cell.strip() for cell in next(csv.reader([text], delimiter="\t", strict=True), [])]
            if not any(cells) or cells[0].startswith("#"):
                continue
            if not columns:
                columns = _columns(cells)
            else:
                genomes[line] = _genome(_by_column(columns, cells), path.parent)
        except csv.Error as error:
            what = f"the quotes of {shown(text)} do not match"
            raise InputError(what, fix="save the table as text with tabs", path=path, line=line) from error
        except InputError as error:
            raise InputError(error.what, fix=error.fix, path=path, line=line) from error
    if not genomes:
        fix = f"give a line with the columns {', '.join(COLUMNS)}, separated by tabs, and a row for each genome"
        raise InputError("there is no genome in the manifest", fix=fix, path=path)
    _refuse_repeats(genomes, path, "name", lambda genome: genome.name)
    _refuse_repeats(genomes, path, "file", lambda genome: str(genome.path.resolve()))
    _check_weights(genomes, path)
    _refuse_missing(genomes, path)
    return list(genomes.values())


def _columns(cells: Sequence[str]) -> list[str]:
    columns = [cell.lower() for cell in cells]
    while not columns[-1]:
        columns.pop()
    for column in columns:
        if column not in COLUMNS:
            fix = f"name columns among {', '.join(COLUMNS)} in the first line, separated by tabs"
            raise InputError(f"there is no column {shown(column)}", fix=fix)
        if columns.count(column) > 1:
            raise InputError(f"the column {shown(column)} appears twice", fix="delete one of them")
    for column in NEEDED:
        if column not in columns:
            raise InputError(f"the column {column!r} is missing", fix=f"name {' and '.join(NEEDED)} in the first line")
    return columns


def _by_column(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if any(cells[len(columns) :]):
        what = f"the row has {len(cells)} cells, the first line names {len(columns)} columns"
        raise InputError(what, fix="delete the surplus, or name its column in the first line")
    return dict.fromkeys(COLUMNS, "") | dict(zip(columns, cells, strict=False))


def _genome(row: Mapping[str, str], folder: Path) -> CorpusGenome:
    name, species = row["name"], row["species"] or row["name"]
    for column in NEEDED:
        if not row[column]:
            raise InputError(f"the {column} is empty", fix=f"give each genome a {column}")
    if not name.isprintable() or ":" in name or len(name.split()) != 1:
        what = f"the name {shown(name)} holds a space, a colon or an invisible character"
        raise InputError(what, fix="write the name in letters, digits and underscores")
    if not species.isprintable():
        raise InputError(f"the species {shown(species)} holds an invisible character", fix="write it in plain letters")
    topology = next((known for known in get_args(Topology) if known == row["topology"].lower()), None)
    if topology is None:
        what = f"the topology {shown(row['topology'])} is neither linear nor circular"
        raise InputError(what, fix="write one of them, or nothing")
    return CorpusGenome(name, folder / row["path"], _weight(row["weight"]), topology, species)


def _weight(text: str) -> float | None:
    if not text:
        return None
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:
        fix = "write a number from 0 up, with a point, such as 0.3"
        raise InputError(f"the weight {shown(text)} is not allowed", fix=fix)
    return weight


def _refuse_repeats(
    genomes: Mapping[int, CorpusGenome], path: Path, what: str, key: Callable[[CorpusGenome], str]
) -> None:
    lines: dict[str, int] = {}
    for line, genome in genomes.items():
        before = lines.setdefault(key(genome), line)
        if before != line:
            message = f"the {what} of {shown(genome.name)} appears again; it is already on line {before}"
            raise InputError(message, fix="give each genome one row", path=path, line=line)


def _check_weights(genomes: Mapping[int, CorpusGenome], path: Path) -> None:
    without = [line for line, genome in genomes.items() if genome.weight is None]
    if without and len(without) < len(genomes):
        what = f"{len(without):,} of {len(genomes):,} genomes have no weight; this is the first"
        raise InputError(what, fix="give each genome a weight (0 for never), or none", path=path, line=without[0])
    if not math.isfinite(sum(genome.weight or 0 for genome in genomes.values())):
        raise InputError("the weights are too large to add", fix="divide all of them by the same number", path=path)
    if not without and not any(genome.weight for genome in genomes.values()):
        raise InputError("every weight is 0", fix="give a positive weight to what is to be drawn", path=path)


def _refuse_missing(genomes: Mapping[int, CorpusGenome], path: Path) -> None:
    missing = {line: str(genome.path) for line, genome in genomes.items() if not genome.path.is_file()}
    if missing:
        some = ", ".join([*missing.values()][:_NAMED_AT_MOST]) + (" …" if len(missing) > _NAMED_AT_MOST else "")
        what = f"{len(missing):,} of {len(genomes):,} files do not exist: {some}"
        fix = "correct the paths; they are seen from the manifest's folder"
        raise InputError(what, fix=fix, path=path, line=next(iter(missing)))
