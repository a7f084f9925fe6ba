"""Kinds of task: each is one class that holds its options, reads its own files and builds its examples.

A class with a `verb` is a kind, wherever it is defined: `genolect task` has a command for each, with an option for each
field. All kinds of genolect lie in this folder.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from genolect import __version__
from genolect.config import Configuration
from genolect.errors import ConfigurationError, InputError, MachineError
from genolect.files import sha256_of
from genolect.genome.genome import PreparedGenome
from genolect.sequence.annotation import Annotation, read_annotation
from genolect.sequence.fasta import read_fasta
from genolect.sequence.source import Source
from genolect.tables.table_file import write_table
from genolect.tasks.assembly import Assembly
from genolect.tasks.built import BuiltTask, counted


@dataclass(frozen=True)
class Output:
    """Where a task goes (compressed where the name ends in ``.gz``), and the command, for the record."""

    path: Path
    command: str
    overwrite: bool = False


@dataclass(frozen=True)
class Naming:
    """How an annotation's names of sequences relate to the genome's; see `read_annotation`."""

    rename: Mapping[str, str] | Literal["auto"] | None = None
    allow_missing: bool = False


class Inputs:
    """The files of one task, each with its checksum, and what was left out of them."""

    def __init__(self, output: Output, genome: Path | None, naming: Naming) -> None:
        if output.path.is_dir() or (output.path.exists() and not output.overwrite):
            fix = "name another --out, or add --overwrite"
            raise MachineError("the table is there already", fix=fix, path=output.path)
        if not output.path.parent.is_dir():
            raise MachineError("there is no such folder", fix="make it first", path=output.path.parent)
        self.output, self.naming = output, naming
        self.remarks: list[str] = []
        self.notes: list[str] = []
        self.genome = Assembly.of_records({}) if genome is None else self._genome(genome)

    def _genome(self, path: Path) -> Assembly:
        self._refuse_replacing(path)
        if path.is_dir():
            prepared = PreparedGenome(path)
            self.remarks.append(f"input genome: {path} sha256 {prepared.content_hash}")
            return Assembly.of_genome(prepared)
        source = Source(path)
        records = {record.name: record.bases for record in read_fasta(source)}
        self.remarks.append(f"input genome: {path} sha256 {source.sha256}")
        return Assembly.of_records(records)

    def _refuse_replacing(self, path: Path) -> None:
        if path.resolve() == self.output.path.resolve():
            raise ConfigurationError(f"--out would replace {path}, which is read", fix="name another --out")

    def took(self, what: str, path: Path) -> Path:
        """Note a file."""
        if not path.is_file():
            raise InputError("there is no such file", fix="check the path", path=path)
        self._refuse_replacing(path)
        self.remarks.append(f"input {what}: {path} sha256 {sha256_of(path)}")
        return path

    def annotation(self, what: str, path: Path) -> Annotation:
        """Read the rows of a GTF, GFF3 or BED file."""
        self.took(what, path)
        rename, allow_missing = self.naming.rename, self.naming.allow_missing
        found = read_annotation(path, self.genome.lengths, rename=rename, allow_missing=allow_missing)
        missing = sum(found.missing.values())
        self.notes += counted(missing, f"rows of {path.name} lie on sequences that the genome lacks")
        return found


class TaskKind(Configuration):
    """Base of all kinds; the first line of a kind's docstring is the help of its command."""

    verb: ClassVar[str]
    """What its command is called."""
    reads_genome: ClassVar[bool] = True
    reads_annotation: ClassVar[bool] = True
    """Whether its files name sequences, which may be called otherwise in the genome."""

    def build(self, inputs: Inputs) -> BuiltTask:
        """Read the files that the fields name, and build the examples."""
        raise NotImplementedError

    def write(self, output: Output, genome: Path | None = None, naming: Naming | None = None) -> list[str]:
        """Build the task and write its table.

        Parameters
        ----------
        output : Output
            Where to.
        genome : Path, optional
            FASTA file, or a folder made by ``genolect prepare``; for kinds that read one.
        naming : Naming, optional
            Names of sequences.

        Returns
        -------
        list of str
            Counts, what was left out, and the balance: what the table says on top.

        Raises
        ------
        ConfigurationError, InputError, MachineError
            If a file is not what it should be, nothing fits, or the output is there already.
        """
        inputs = Inputs(output, genome, naming or Naming())
        task = self.build(inputs)
        table, lengths = task.table, task.table.sequences.lengths
        labels = ", ".join(f"{count:,} {label}" for label, count in table.target.count().items())
        if table.target.kind == "number":
            labels = f"{len(table):,} numbers"
        groups = len(set(table.group.tolist()))
        shape = f"{len(table):,} examples in {groups:,} groups, {lengths.min():,} to {lengths.max():,} bases"
        said = [f"labels: {labels}", f"size: {shape}"]
        said += [f"note: {note}" for note in (*inputs.notes, *task.notes)] + task.balance.lines()
        chosen = " ".join(f"{key}={value}" for key, value in self._recorded())
        head = [
            f"genolect {__version__}: {output.command}",
            *inputs.remarks,
            *([f"options: {chosen}"] if chosen else []),
        ]
        write_table(output.path, table, task.columns, [*head, *said])
        return said

    def _recorded(self) -> Iterator[tuple[str, Any]]:
        """Options as the table says them; files stand there with their checksums."""
        for name, value in self:
            if value not in (None, ()) and not isinstance(value, Path):
                yield name, ",".join(map(str, value)) if isinstance(value, tuple) else value


def task_kinds() -> dict[str, type[TaskKind]]:
    """Give all kinds by their verbs: those of this folder, and any other that was imported.

    Examples
    --------
    >>> task_kinds()["splice"].__name__
    'Splicing'
    """
    package = importlib.import_module(__package__ or "genolect.data.tasks")
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    return dict(sorted((kind.verb, kind) for kind in _below(TaskKind) if "verb" in vars(kind)))


def _below(kind: type[TaskKind]) -> Iterator[type[TaskKind]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)
