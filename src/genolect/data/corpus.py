"""A corpus: many genomes prepared into one folder, of the same form as a single prepared genome.

Each genome is prepared into a part of its own beside the folder, whole or not at all; what a killed run had finished is
recognised by the checksums of its file and of its part. The parts are then joined in the manifest's order, so that the
corpus is the same, byte for byte, whatever the number of processes and however often it was interrupted. While it is
made it takes up twice its room on disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from genolect import durable
from genolect.data.corpus_manifest import EACH_RECORD, CorpusGenome
from genolect.data.genome import (
    BASES_FILE,
    GenomeRecord,
    PreparedGenome,
    is_prepared_from,
    prepare_genome,
    write_records,
)
from genolect.errors import InputError, MachineError, shown

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
        The rows of a manifest (see `data.corpus_manifest`).
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

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.data.corpus_manifest import genome_of_records
    >>> with TemporaryDirectory() as folder:
    ...     durable.write_file(Path(folder, "mito.fa"), ">ape\nACGT\n>bat\nGGG\n")
    ...     corpus = prepare_corpus([genome_of_records(Path(folder, "mito.fa"), "circular")], Path(folder, "corpus"))
    >>> corpus.records["bat"].species, corpus.bases("bat", 2, 5).tolist()
    ('bat', [2, 2, 2])
    """
    if (folder / durable.MANIFEST).is_file() and not overwrite:
        if not _made_from(genomes, folder):
            fix = "name another --out, or add --overwrite"
            raise MachineError("the folder holds something else than this corpus", fix=fix, path=folder)
        return PreparedGenome(folder)
    parts = folder.with_name(folder.name + PARTS)
    with durable.exclusive(parts):
        durable.clear_leftovers(parts)
        with durable.new_folder(folder, replace=overwrite) as staging:
            jobs = [(genome.path, parts / _part_name(genome)) for genome in genomes]
            for bases in _prepared_bases(jobs, processes):
                if progress is not None:
                    progress(bases)
            _join(genomes, [part for _, part in jobs], staging)
        durable.remove_folder(parts)
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
    with durable.open_for_writing(staging / BASES_FILE) as file:
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
                file.write(prepared.all_bases[start : start + BLOCK_BYTES].data)
            inputs += prepared.inputs
    facts = {"inputs": inputs, "corpus": _rows(genomes), "weights": weights}
    write_records(staging, list(records.values()), facts)


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
    manifest = durable.read_manifest(folder, verify=False)
    if manifest.get("corpus") != _rows(genomes):
        return False
    pairs = zip(genomes, manifest["inputs"], strict=True)
    return all(durable.sha256_of(genome.path) == item["sha256"] for genome, item in pairs)
