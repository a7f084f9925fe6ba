"""Orthologous genes: the same gene in several species, read strictly, split by gene, drawn in balanced pairs.

A table has one row for each (gene, species), with its sequence on the sense strand. A species that is sequenced better
has more genes; pairs are drawn so that it is not seen more often for that.

Axes: G genes, S species, n sequences, B pairs of one rank, W bases per window.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from genolect.arrays import Floats, Integers
from genolect.errors import ConfigurationError, InputError, shown
from genolect.random import derived_generator
from genolect.sequence.alphabet import INVALID, Bases, encode
from genolect.sequence.fasta import stream_fasta
from genolect.sequence.source import Source, text_lines

Order = Literal["gene|species", "species|gene"]

COLUMNS = ("gene", "species", "sequence")
SEPARATOR = "|"
HELD_OUT_SHARE = 0.2
LARGEST_WEIGHT = 1e6
"""Bounds the balance where it cannot be had, for example because one species has only one gene."""
_BALANCING_ROUNDS = 300


@dataclass(frozen=True, eq=False)
class Orthologs:
    """Sequences with their gene and species.

    Attributes
    ----------
    genes, species : tuple of str
        Names, sorted.
    gene, of_species : ndarray of int64, shape (n,)
        Which of them each sequence has.
    sequences : tuple of ndarray of uint8
        Base codes, sense strand.
    """

    genes: tuple[str, ...]
    species: tuple[str, ...]
    gene: Integers
    of_species: Integers
    sequences: tuple[Bases, ...]

    @cached_property
    def rows(self) -> Integers:
        """Which sequence a gene has in a species, shape (G, S); -1 where there is none."""
        rows = np.full((len(self.genes), len(self.species)), -1, dtype=np.int64)
        rows[self.gene, self.of_species] = np.arange(len(self.gene))
        return rows

    def only(self, genes: Iterable[str]) -> Orthologs:
        """Give the part of the table with some genes; refuses a name that is none of them."""
        wanted = set(genes)
        if unknown := sorted(wanted - set(self.genes)):
            what = f"{shown(unknown[0])} is none of the {len(self.genes):,} genes"
            raise ConfigurationError(what, fix="name genes of the table")
        return _table(
            (self.genes[gene], self.species[species], sequence)
            for gene, species, sequence in zip(self.gene, self.of_species, self.sequences, strict=True)
            if self.genes[gene] in wanted
        )


@dataclass(frozen=True, eq=False)
class OrthologPairs:
    """Windows of pairs: two species' versions of one gene, from the same relative place in it.

    Attributes
    ----------
    bases : ndarray of uint8, shape (2 B, W)
        The first members of all pairs, then the second ones.
    gene : ndarray of int64, shape (B,)
        Gene of each pair; no gene has two pairs, on no rank.
    species : ndarray of int64, shape (B, 2)
        The two species, different ones.
    """

    bases: Bases
    gene: Integers
    species: Integers


def read_ortholog_fasta(path: Path, order: Order = "gene|species") -> Orthologs:
    r"""Read orthologues from FASTA records whose names give gene and species.

    Parameters
    ----------
    path : Path
        The file (plain, gzip or BGZF).
    order : {'gene|species', 'species|gene'}
        What stands before the bar and after it.

    Returns
    -------
    Orthologs
        The table.

    Raises
    ------
    InputError
        At the first record that is not what it should be; or naming a gene that only one species has.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.fa").write_bytes(b">COX1|Homo\nACGT\n>COX1|Pan\nACGA\n")
    ...     table = read_ortholog_fasta(Path(folder, "a.fa"))
    >>> table.genes, table.species, table.rows.tolist()
    (('COX1',), ('Homo', 'Pan'), [[0, 1]])
    """
    found: dict[tuple[str, str], int] = {}
    parts: list[list[Bases]] = []
    for chunk in stream_fasta(path):
        if chunk.first:
            names = chunk.name.split(SEPARATOR)
            if len(names) != 2 or not all(names):
                fix = f"name each record {order}"
                raise InputError(f"the name {shown(chunk.name)} is not {order}", fix=fix, path=path, line=chunk.line)
            gene, species = names if order == "gene|species" else reversed(names)
            found[gene, species] = chunk.line
            parts.append([])
        parts[-1].append(chunk.bases)
    _refuse_lonely(found, path)
    return _table((*names, np.concatenate(part)) for names, part in zip(found, parts, strict=True))


def read_ortholog_table(path: Path) -> Orthologs:
    r"""Read orthologues from text with tabs: a line with the names gene, species, sequence in any order, then rows.

    Parameters
    ----------
    path : Path
        The file; empty lines are passed over.

    Returns
    -------
    Orthologs
        The table.

    Raises
    ------
    InputError
        At the first line that is not what it should be; or naming a gene that only one species has.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.tsv").write_bytes(b"gene\tspecies\tsequence\nCOX1\tHomo\tACGT\nCOX1\tPan\tACGA\n")
    ...     read_ortholog_table(Path(folder, "a.tsv")).species
    ('Homo', 'Pan')
    """
    columns: list[str] = []
    found: dict[tuple[str, str], int] = {}
    sequences: list[Bases] = []
    for line, text in text_lines(Source(path)):
        cells = text.split("\t")
        if not text.strip():
            continue
        try:
            if not columns:
                columns = _columns(cells)
                continue
            gene, species, bases = _row(columns, cells)
            if (gene, species) in found:
                what = f"{shown(gene)} of {shown(species)} appears again; it is already on line {found[gene, species]}"
                raise InputError(what, fix="keep one sequence for each gene and species")
        except InputError as error:
            raise InputError(error.what, fix=error.fix, path=path, line=line) from error
        found[gene, species] = line
        sequences.append(bases)
    _refuse_lonely(found, path)
    return _table((*names, bases) for names, bases in zip(found, sequences, strict=True))


def held_out_genes(genes: Iterable[str], share: float = HELD_OUT_SHARE) -> tuple[str, ...]:
    """Choose genes to hold out, by nothing but their names.

    Parameters
    ----------
    genes : iterable of str
        All genes.
    share : float
        Share to hold out.

    Returns
    -------
    tuple of str
        Their names, sorted; at least one, and at least one is left.

    Raises
    ------
    ConfigurationError
        If there is no such choice.

    Examples
    --------
    >>> held_out_genes(["ATP6", "COX1", "COX2", "CYTB", "ND1"], 0.4)
    ('COX1', 'CYTB')
    """
    names = sorted(set(genes), key=lambda name: hashlib.sha256(name.encode()).digest())
    if not 0 < share < 1 or len(names) < 2:
        what = f"no choice among {len(names):,} genes holds out a share of {share}"
        raise ConfigurationError(what, fix="give two genes or more, and a share between 0 and 1")
    return tuple(sorted(names[: min(max(1, round(share * len(names))), len(names) - 1)]))


class OrthologPairSampler:
    """Batches of pairs as a function of (seed, step, rank).

    Genes are drawn evenly, each at most once per step on all ranks together, so that every negative is another gene.
    The two species of a pair are drawn without replacement, with weights that make all species equally frequent in
    expectation, as far as the table allows: a species with few genes is taken more readily where it has one.

    Parameters
    ----------
    table : Orthologs
        The genes to draw from.
    pairs : int
        B.
    bases : int
        W; no sequence may be shorter.
    seed : int
        Every draw is a function of it, the step and the rank.

    Raises
    ------
    InputError
        If a sequence is shorter than a window.
    """

    def __init__(self, table: Orthologs, *, pairs: int, bases: int, seed: int) -> None:
        if pairs < 1 or bases < 1:
            raise ConfigurationError(f"{pairs} pairs of {bases} bases are no batch", fix="give at least one of each")
        short = min(range(len(table.sequences)), key=lambda row: len(table.sequences[row]))
        if len(table.sequences[short]) < bases:
            name = f"{table.genes[table.gene[short]]} of {table.species[table.of_species[short]]}"
            what = f"{shown(name)} has {len(table.sequences[short])} bases, fewer than a window of {bases}"
            raise InputError(what, fix="take shorter windows, or leave this gene out")
        self.table, self.pairs, self.bases, self.seed = table, pairs, bases, seed
        self._log_weights = _balanced_log_weights(table.rows >= 0)

    def batch(self, step: int, rank: int = 0, ranks: int = 1) -> OrthologPairs:
        """Give one rank's pairs of one step; refuses more pairs on all ranks than there are genes."""
        total, genes = self.pairs * ranks, len(self.table.genes)
        if total > genes:
            what = f"{total} pairs per step need as many genes, the table has {genes}"
            raise ConfigurationError(what, fix="give fewer pairs, or more genes")
        generator = derived_generator(self.seed, "orthologues", step)
        gene = generator.permutation(genes)[:total]
        scores = self._log_weights[gene] + generator.gumbel(size=(total, len(self.table.species)))
        species = np.argsort(-scores, axis=1)[:, :2]
        places = generator.random(total)
        own = slice(rank * self.pairs, (rank + 1) * self.pairs)
        rows = self.table.rows[gene[own, None], species[own]]
        windows = [
            self._window(int(row), place) for row, place in zip(rows.T.flat, np.tile(places[own], 2), strict=True)
        ]
        return OrthologPairs(np.stack(windows), gene[own], species[own])

    def _window(self, row: int, place: float) -> Bases:
        sequence = self.table.sequences[row]
        start = int(place * (len(sequence) - self.bases + 1))
        return sequence[start : start + self.bases]


def _balanced_log_weights(present: npt.NDArray[np.bool_]) -> Floats:
    """Fit ln of each species' weight so that species come out even; -inf where a gene has no sequence in it.

    Of a gene with chances p, two draws without replacement take species s with probability
    p_s (1 + sum over the others t of p_t / (1 - p_t)).
    """
    weights = np.ones(present.shape[1])
    for _ in range(_BALANCING_ROUNDS):
        chances = present * weights
        chances /= chances.sum(axis=1, keepdims=True)
        odds = chances / np.maximum(1 - chances, 1 / LARGEST_WEIGHT)
        uses = (chances * (1 + odds.sum(axis=1, keepdims=True) - odds)).sum(axis=0)
        weights = np.clip(weights * np.sqrt(uses.mean() / uses), 1 / LARGEST_WEIGHT, LARGEST_WEIGHT)
    logarithms: Floats = np.where(present, np.log(weights), -np.inf)
    return logarithms


def _columns(cells: list[str]) -> list[str]:
    columns = [cell.strip().lower() for cell in cells]
    if sorted(columns) != sorted(COLUMNS):
        given = ", ".join(map(shown, columns))
        raise InputError(f"the first line names {given}", fix=f"name the columns {', '.join(COLUMNS)}, with tabs")
    return columns


def _row(columns: list[str], cells: list[str]) -> tuple[str, str, Bases]:
    if len(cells) != len(columns):
        what = f"the row has {len(cells)} cells, the first line names {len(columns)} columns"
        raise InputError(what, fix="separate gene, species and sequence by single tabs")
    values = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
    for column in COLUMNS:
        if not values[column]:
            raise InputError(f"the {column} is empty", fix="fill it in, or delete the row")
    if not values["sequence"].isascii() or (encode(values["sequence"]) == INVALID).any():
        wrong = next(letter for letter in values["sequence"] if not letter.isascii() or encode(letter)[0] == INVALID)
        raise InputError(f"{shown(wrong)} is no base", fix="use A C G T N or IUPAC codes, without gaps")
    return values["gene"], values["species"], encode(values["sequence"])


def _refuse_lonely(found: dict[tuple[str, str], int], path: Path) -> None:
    if not found:
        raise InputError("there is no gene in the file", fix="give a row for each gene and species", path=path)
    lines: dict[str, list[int]] = {}
    for (gene, _), line in found.items():
        lines.setdefault(gene, []).append(line)
    for gene, where in lines.items():
        if len(where) < 2:
            what = f"only one species has the gene {shown(gene)}"
            raise InputError(what, fix="add its orthologues, or delete it", path=path, line=where[0])


def _table(rows: Iterable[tuple[str, str, Bases]]) -> Orthologs:
    found = list(rows)
    genes, species = sorted({row[0] for row in found}), sorted({row[1] for row in found})
    gene_numbers = {name: number for number, name in enumerate(genes)}
    species_numbers = {name: number for number, name in enumerate(species)}
    gene = np.array([gene_numbers[row[0]] for row in found], dtype=np.int64)
    of_species = np.array([species_numbers[row[1]] for row in found], dtype=np.int64)
    return Orthologs(tuple(genes), tuple(species), gene, of_species, tuple(row[2] for row in found))
