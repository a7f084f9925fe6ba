"""A corpus: many genomes prepared into one folder, of the same form as a single prepared genome.

Each genome is prepared into a part of its own beside the folder, whole or not at all; what a killed run had finished is
recognised by the checksums of its file and of its part. The parts are then joined in the manifest's order, so that the
corpus is the same, byte for byte, whatever the number of processes and however often it was interrupted. While it is
made it takes up twice its room on disk.
"""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, get_args

from genolect import files
from genolect.errors import InputError, MachineError, shown
from genolect.folders import BASES as BASES
from genolect.folders import MANIFEST
from genolect.genome.genome import GenomeRecord, PreparedGenome, is_prepared_from, prepare_genome, write_records
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


PARTS = ".parts"
"""Ending of the folder, beside the corpus, that holds its parts while it is being made."""

BLOCK_BYTES = 1 << 24


def prepare_corpus(
    genomes: Sequence[CorpusGenome],
    folder: Path,
    *,
    processes: int = 1,
    overwrite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> PreparedGenome:
    r"""Prepare many genomes into one folder, or go on with it, or reuse it if it was made from the same bytes.

    Parameters
    ----------
    genomes : sequence of CorpusGenome
        The rows of a manifest (see `genome.corpus`).
    folder : Path
        Where. Its parts lie in ``FOLDER.parts`` until it is finished.
    processes : int
        How many genomes are prepared at a time; the corpus is the same. More than one needs a program that can be
        imported (``if __name__ == "__main__":``).
    overwrite : bool
        Whether a folder that genolect wrote is made anew, whatever it holds.
    progress : callable, optional
        Called with the number of bases whenever a genome is finished.

    Returns
    -------
    PreparedGenome
        Opened. Where there are several genomes, the names of records begin with that of their genome: ``human:chr1``.

    Raises
    ------
    InputError
        If a file is not a genome; the parts that are finished stay.
    MachineError
        If the folder holds something else, or another process is making it, or the disk refuses.
    """
    if (folder / MANIFEST).is_file() and not overwrite:
        if not _made_from(genomes, folder):
            fix = "name another --out, or add --overwrite"
            raise MachineError("the folder holds something else than this corpus", fix=fix, path=folder)
        return PreparedGenome(folder)
    parts = folder.with_name(folder.name + PARTS)
    with files.exclusive(parts):
        files.clear_leftovers(parts)
        with files.new_folder(folder, replace=overwrite) as staging:
            jobs = [(genome.path, parts / _part_name(genome)) for genome in genomes]
            for bases in _prepared_bases(jobs, processes):
                if progress is not None:
                    progress(bases)
            _join(genomes, [part for _, part in jobs], staging)
        files.remove_folder(parts)
    return PreparedGenome(folder, verify=False)


def _part_name(genome: CorpusGenome) -> str:
    """Name a part after its genome's row, so that rows may be added and change places between two runs."""
    return hashlib.sha256(f"{genome.name}\t{genome.path.name}".encode()).hexdigest()[:20]


def _prepared_bases(jobs: Sequence[tuple[Path, Path]], processes: int) -> Iterator[int]:
    """Prepare the parts and give for each, in order, its bases."""
    if processes == 1:
        yield from map(_prepare_part, jobs)
        return
    # A process that is spawned, not forked, inherits no lock and no thread of this one.
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
    try:
        yield from pool.map(_prepare_part, jobs)
    except BrokenProcessPool as error:
        fix = "start again to go on; free memory, or take fewer processes"
        raise MachineError("a process that prepared a genome was killed", fix=fix, path=jobs[0][1].parent) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare_part(job: tuple[Path, Path]) -> int:
    path, part = job
    finished = _finished(path, part)
    genome = PreparedGenome(part, verify=False) if finished else prepare_genome([path], part, overwrite=True)
    return sum(genome.lengths.values())


def _finished(path: Path, part: Path) -> bool:
    """Whether a part is there, undamaged, and made from the file as it is now."""
    if not part.exists():
        return False
    try:
        PreparedGenome(part)
    except InputError:
        return False
    return is_prepared_from([path], part)


def _join(genomes: Sequence[CorpusGenome], parts: Iterable[Path], staging: Path) -> None:
    """Write the bases and records of all parts, one part after the other."""
    records: dict[str, GenomeRecord] = {}
    lone: dict[str, str] = {}
    inputs: list[dict[str, Any]] = []
    weights: dict[str, float] = {}
    checksum = files.Checksum()
    with files.open_for_writing(staging / BASES) as file:
        for genome, part in zip(genomes, parts, strict=True):
            prepared = PreparedGenome(part, verify=False)
            prefix = f"{genome.name}:" if len(genomes) > 1 else ""
            offset = file.tell()
            own = [_joined(record, genome, prefix, offset) for record in prepared.records.values()]
            species = dict.fromkeys(record.species for record in own)
            for record in own:
                if record.name in records:
                    what = f"record {shown(record.name)} was already read from another file"
                    raise InputError(what, fix="give each genome a name of its own", path=genome.path)
                records[record.name] = record
            if genome.species == EACH_RECORD:
                for name in species:
                    _refuse_namesake(name, lone.setdefault(name, genome.name), genome)
            for name in species if genome.weight is not None else ():
                weights[name] = weights.get(name, 0.0) + (genome.weight or 0.0) / len(species)
            for start in range(0, len(prepared.all_bases), BLOCK_BYTES):
                block = prepared.all_bases[start : start + BLOCK_BYTES].data
                checksum.update(block)
                file.write(block)
            inputs += prepared.inputs
    facts = {"inputs": inputs, "corpus": _rows(genomes), "weights": weights}
    write_records(staging, list(records.values()), facts, bases_sha256=checksum.hexdigest())


def _refuse_namesake(species: str, owner: str, genome: CorpusGenome) -> None:
    """Two rows of ``*`` with a record of one name would make one species of two."""
    if owner != genome.name:
        what = f"record {shown(species)} would be a species of its own, and so would that of {shown(owner)}"
        fix = "rename the records, or give one of the genomes a species instead of *"
        raise InputError(what, fix=fix, path=genome.path)


def _joined(record: GenomeRecord, genome: CorpusGenome, prefix: str, offset: int) -> GenomeRecord:
    """Give a part's record its place in the corpus."""
    species = record.name if genome.species == EACH_RECORD else genome.species
    circular = genome.topology == "circular" if genome.topology else record.circular
    name = prefix + record.name
    return replace(record, name=name, offset=offset + record.offset, species=species, circular=circular)


def _rows(genomes: Iterable[CorpusGenome]) -> list[dict[str, Any]]:
    """Give the manifest as the corpus remembers it; the files stand in its inputs."""
    return [
        {"name": genome.name, "weight": genome.weight, "topology": genome.topology, "species": genome.species}
        for genome in genomes
    ]


def _made_from(genomes: Sequence[CorpusGenome], folder: Path) -> bool:
    """Whether a folder is the corpus of exactly these rows and bytes."""
    manifest = files.read_manifest(folder, verify=False)
    if manifest.get("corpus") != _rows(genomes):
        return False
    pairs = zip(genomes, manifest["inputs"], strict=True)
    return all(files.sha256_of(genome.path) == item["sha256"] for genome, item in pairs)
