"""A table divided into train, validation and test, written with all its other columns as they were."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from genolect import files
from genolect.arrays import Floats, Integers
from genolect.config import Configuration
from genolect.errors import ConfigurationError, InputError, LeakError, MachineError, shown
from genolect.genome.genome import opened_genome
from genolect.random import derived_generator
from genolect.sequence.source import Source, text_lines
from genolect.statistics.names import ROLES
from genolect.tables.audit.audit import across_findings
from genolect.tables.audit.finding import Finding
from genolect.tables.relatives import Kinship, TableParts, find_kinship, linked, place_pairs, same_name
from genolect.tables.similarity import THRESHOLD
from genolect.tables.table import LabelledTable, Target
from genolect.tables.table_file import REMARKS, TableColumns, read_table

NUMBER_BINS = 10
FEWEST_SHARE = 0.5
"""A role must get at least this part of the examples that it should have."""


def strata(target: Target) -> Floats:
    """Give what roles are balanced by: one column of ones, and one per class, label, or tenth of a number.

    Parameters
    ----------
    target : Target
        The labels.

    Returns
    -------
    ndarray of float64, shape (n, 1 + K)
        0 and 1.

    Examples
    --------
    >>> strata(Target("classes", ("a", "b"), np.array([1, 0]))).tolist()
    [[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
    """
    ones = np.ones((len(target), 1))
    if target.kind == "multilabel":
        return np.hstack([ones, np.nan_to_num(target.values)])
    codes = target.values
    if target.kind == "number":
        edges = np.unique(np.quantile(codes, np.arange(1, NUMBER_BINS) / NUMBER_BINS))
        codes = np.searchsorted(edges, codes)
    return np.hstack([ones, np.eye(int(codes.max(initial=0)) + 1)[codes.astype(np.int64)]])


def divide_groups(groups: Integers, balance: Floats, shares: tuple[float, float, float], *, seed: int = 0) -> Integers:
    """Give each group, whole, to the role that lacks most of what it brings; the largest groups first.

    Parameters
    ----------
    groups : ndarray of int64, shape (n,)
        Group of each example, 0-based without holes.
    balance : ndarray of float64, shape (n, K)
        From `strata`.
    shares : tuple of float
        Of train, validation and test; they add up to 1.
    seed : int
        Decides between groups of one size.

    Returns
    -------
    ndarray of int64, shape (n,)
        Place of the role in `ROLES`.

    Raises
    ------
    InputError
        If groups are so large that a role gets less than half of its share.

    References
    ----------
    Sechidis et al. (2011), doi:10.1007/978-3-642-23808-6_10, with groups in place of examples.

    Examples
    --------
    >>> balance = strata(Target("classes", ("a", "b"), np.arange(40) // 2 % 2))
    >>> roles = divide_groups(np.arange(40) // 2, balance, (0.7, 0.1, 0.2), seed=3)
    >>> np.bincount(roles).tolist(), np.bincount(roles[20:] * 2 + np.arange(20) // 2 % 2).size
    ([28, 4, 8], 6)
    """
    count = int(groups.max(initial=-1)) + 1
    brought = np.zeros((count, balance.shape[1]))
    np.add.at(brought, groups, balance)
    wanted = np.array(shares)[:, None] * balance.sum(axis=0)
    scale = 1 / np.maximum(balance.sum(axis=0), 1)
    scattered = derived_generator(seed, "table split").permutation(count)
    order = np.lexsort((scattered, -brought[:, 0]))
    role_of, lacking = np.empty(count, dtype=np.int64), wanted.copy()
    for group in order.tolist():
        # The squared distance from what is wanted, weighted by how rare a label is, falls most for the best role.
        gain = ((2 * lacking - brought[group]) * brought[group] * scale / wanted.clip(1e-9)).sum(axis=1)
        best = int(gain.argmax())
        role_of[group] = best
        lacking[best] -= brought[group]
    roles = role_of[groups]
    _require_roles(roles, shares, brought[:, 0])
    return roles


def _require_roles(roles: Integers, shares: tuple[float, float, float], sizes: Floats) -> None:
    got = np.bincount(roles, minlength=len(ROLES)) / max(1, roles.size)
    for role, share, reached in zip(ROLES, shares, got.tolist(), strict=True):
        if reached < FEWEST_SHARE * share:
            what = (
                f"{role} would get {reached:.1%} of the examples, not {share:.0%}: of {sizes.size:,} groups that must "
            )
            what += f"stay together the largest holds {sizes.max(initial=0) / max(1, roles.size):.1%}"
            raise InputError(what, fix="divide by something finer, or raise the threshold: genolect split --threshold")


def losers(roles: Integers, first: Integers, second: Integers) -> npt.NDArray[np.bool_]:
    """Mark what must go so that no pair is torn apart: of two in different roles, the one that is not tested.

    Parameters
    ----------
    roles : ndarray of int64, shape (n,)
        Places of the roles in `ROLES`.
    first, second : ndarray of int64, shape (P,)
        Pairs of examples.

    Returns
    -------
    ndarray of bool, shape (n,)
        Of train and test or validation, the one to train; of validation and test, the one to validate.

    Examples
    --------
    >>> losers(np.array([0, 2, 0, 1]), np.array([0, 0, 3]), np.array([1, 2, 1])).tolist()
    [True, False, False, True]
    """
    gone = np.zeros(roles.size, dtype=np.bool_)
    gone[first[roles[first] < roles[second]]] = True
    gone[second[roles[second] < roles[first]]] = True
    return gone


Mask = npt.NDArray[np.bool_]
By = Literal["chromosome", "cluster", "group", "published"]
PACKED = (".gz", ".bgz")
COMPARISON_ONLY = "# note: the published split, for comparison only"
CLUSTERS = "# clusters: "
"""Head of the line on how clusters were made; no remark, which would put a caution beside every figure."""


DEFAULT_SHARES = (0.7, 0.1, 0.2)


class SplitOptions(Configuration):
    """How a table is divided.

    Attributes
    ----------
    by : tuple of {'chromosome', 'cluster', 'group', 'published'}
        What stays together; of several, whatever any of them links.
    shares : tuple of float
        Of train, validation and test.
    validation, test : tuple of str
        Chromosomes for these roles; chosen where empty.
    roles : dict of str to str
        Role of each published part; parts that are called after roles need none.
    threshold : float
        Least containment of a near copy.
    clusters : {'own', 'mmseqs2'}
        Whether clusters also keep together what MMseqs2 aligns.
    margin : int
        Examples nearer than this to one of another part are left out, in bases.
    drop_relatives : bool
        Whether near copies across parts are left out, from train first.
    allow_leaks : bool
        Whether a split that leaks is written, with a remark.
    seed : int
        Decides between equals.
    """

    by: tuple[By, ...]
    shares: tuple[float, float, float] = DEFAULT_SHARES
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    roles: dict[str, Literal["train", "validation", "test"]] = Field(default_factory=dict)
    threshold: float = Field(THRESHOLD, gt=0, le=1)
    clusters: Literal["own", "mmseqs2"] = "own"
    margin: int = Field(0, ge=0)
    drop_relatives: bool = False
    allow_leaks: bool = False
    seed: int = Field(0, ge=0, lt=2**63)

    @model_validator(mode="after")
    def _sensible(self) -> SplitOptions:
        if not self.by or ("published" in self.by and len(self.by) > 1):
            raise ConfigurationError(
                f"--by {','.join(self.by)} is no rule",
                fix="name one or several of chromosome, cluster, group; or published",
            )
        if min(self.shares) <= 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise ConfigurationError(
                f"the shares {self.shares} are no division",
                fix="give three above 0, e.g. genolect split --shares 70,10,20",
            )
        if (self.test or self.validation) and self.by != ("chromosome",):
            raise ConfigurationError("validation and test name chromosomes", fix="add --by chromosome, alone")
        if self.clusters != "own" and "cluster" not in self.by:
            fix = "add --by cluster, alone or with others, or leave mmseqs2 out"
            raise ConfigurationError(f"--by {','.join(self.by)} makes no clusters", fix=fix)
        return self


@dataclass(frozen=True)
class Division:
    """A table divided.

    Attributes
    ----------
    roles : ndarray of int64, shape (n,)
        Place of the role of each example in `ROLES`.
    kept : ndarray of bool, shape (n,)
        Which examples stay.
    dropped : dict of str to int
        Examples that were left out, by reason.
    remarks : tuple of str
        Lines that go into the written table.
    findings : tuple of Finding
        What one part gives away of another.
    counts : dict
        Examples of each class, by role.
    clusters : str
        How many clusters there are with the links of MMseqs2 and without, and its version and settings; empty where it
        was not asked.
    """

    roles: Integers
    kept: Mask
    dropped: dict[str, int]
    remarks: tuple[str, ...]
    findings: tuple[Finding, ...]
    counts: dict[str, dict[str, int]]
    clusters: str = ""

    def to_mapping(self) -> dict[str, Any]:
        """Give plain values, ready for JSON."""
        sizes = {role: int((self.roles[self.kept] == number).sum()) for number, role in enumerate(ROLES)}
        return {
            "examples": sizes,
            "labels": self.counts,
            "dropped": self.dropped,
            "remarks": list(self.remarks),
            "findings": [finding.to_mapping() for finding in self.findings],
            **({"clusters": self.clusters} if self.clusters else {}),
        }


def divide_table(table: LabelledTable, options: SplitOptions) -> Division:
    """Divide a table.

    Parameters
    ----------
    table : LabelledTable
        The table.
    options : SplitOptions
        How.

    Returns
    -------
    Division
        The roles, and what they give away.

    Raises
    ------
    InputError
        If the table does not have what it is divided by, or cannot be divided by it.
    LeakError
        If what is tested is given away, and that is not allowed.
    MachineError
        If MMseqs2 is asked for and not installed, or fails.
    """
    kinship = find_kinship(table, options.threshold, remote=options.clusters == "mmseqs2")
    roles = _roles(table, options, kinship)
    kept, dropped = np.ones(len(table), dtype=np.bool_), {}
    if options.margin:
        near = place_pairs(table.places, options.margin)
        dropped[f"within {options.margin:,} bases of another part"] = _drop(kept, roles, near.first, near.second)
    if options.drop_relatives:
        dropped["related to another part"] = _drop(kept, roles, *_relatives(kinship))
    divided = table.select(kept)
    chosen = np.array(ROLES)[roles[kept]]
    divided = LabelledTable(**{**vars(divided), "split": chosen})
    missing = [role for role in ROLES if role not in chosen]
    if missing:
        raise InputError(f"{missing[0]} is left without an example", fix="use a smaller margin, or divide otherwise")
    parts = TableParts.of(divided)
    findings = across_findings(divided, find_kinship(divided, options.threshold), parts)
    remarks = [f"# leak: {finding.sentence}" for finding in findings if finding.judgement != "ok"]
    leaks = [finding for finding in findings if finding.judgement == "leak"]
    if leaks and not options.allow_leaks:
        fix = "divide --by cluster, add --drop-relatives, or accept it: genolect split --allow-leaks"
        raise LeakError(f"this split leaks: {leaks[-1].sentence.rstrip('.')}", fix=fix)
    if options.by == ("published",):
        remarks.insert(0, COMPARISON_ONLY)
    counts = {role: divided.target.select(chosen == role).count() for role in ROLES}
    return Division(roles, kept, dropped, tuple(remarks), tuple(findings), counts, _clusters(kinship))


def _clusters(kinship: Kinship) -> str:
    """Say what MMseqs2 added: chains of links can make one large cluster, and that must be seen."""
    if kinship.remote is None:
        return ""
    both, own = (_sizes(one) for one in (kinship, replace(kinship, remote=None)))
    short = f"; {kinship.remote.short:,} examples are too short for it" if kinship.remote.short else ""
    return f"{both}; without MMseqs2 {own}{short} ({kinship.remote.made_by})"


def _sizes(kinship: Kinship) -> str:
    sizes = np.bincount(linked(kinship.cluster.size, *kinship.links))
    return f"{sizes.size:,} clusters, the largest {100 * sizes.max() / sizes.sum():.1f} %"


def _drop(kept: Mask, roles: Integers, first: Integers, second: Integers) -> int:
    """Leave out what `losers` says among those still kept; say how many."""
    both = kept[first] & kept[second]
    gone = losers(roles, first[both], second[both])
    kept &= ~gone
    return int(gone.sum())


def _relatives(kinship: Kinship) -> tuple[Integers, Integers]:
    """Give all related pairs; exact copies stand for each other, so that every member is paired."""
    group, pairs = kinship.copies.group, kinship.pairs
    order = np.argsort(group, kind="stable")
    begins = np.searchsorted(group[order], np.arange(group.max(initial=-1) + 2))
    one, two = [kinship.overlaps.first], [kinship.overlaps.second]
    sizes = np.diff(begins)
    links = [(number, number) for number in np.flatnonzero(sizes > 1).tolist()]
    links += zip(group[pairs.first].tolist(), group[pairs.second].tolist(), strict=True)
    for left, right in links:
        here, there = order[begins[left] : begins[left + 1]], order[begins[right] : begins[right + 1]]
        one.append(np.repeat(here, there.size))
        two.append(np.tile(there, here.size))
    return np.concatenate(one), np.concatenate(two)


def _roles(table: LabelledTable, options: SplitOptions, kinship: Kinship) -> Integers:
    if options.by == ("published",):
        return _published(table, options, kinship)
    if "chromosome" in options.by:
        _require(table, table.places.known, "place", "fill in chrom, start and end, or divide --by cluster")
    if "group" in options.by:
        _require(table, table.group != "", "group", "fill in the column, or name it with --group")
    if options.test or options.validation:
        return _named(table, options, kinship)
    return divide_groups(_together(table, options, kinship), strata(table.target), options.shares, seed=options.seed)


def _require(table: LabelledTable, known: Mask, what: str, fix: str) -> None:
    if not known.all():
        raise InputError(f"{int((~known).sum()):,} of {len(table):,} examples have no {what}", fix=fix)


def _together(table: LabelledTable, options: SplitOptions, kinship: Kinship) -> Integers:
    """Link what must stay together by all the rules asked for."""
    links = []
    if "chromosome" in options.by:
        links.append(same_name(table.places.name))
    if "group" in options.by:
        links.append(same_name(table.group))
    if "cluster" in options.by:
        links += kinship.links
    return linked(len(table), *links)


def _named(table: LabelledTable, options: SplitOptions, kinship: Kinship) -> Integers:
    """Give the chromosomes that are named their roles, and choose a role that is not named among the others."""
    names = table.places.name
    known = np.unique(names).tolist()
    for name in (*options.validation, *options.test):
        if name not in known:
            raise InputError(f"no example lies on {shown(name)}", fix=f"use: {', '.join(map(shown, known[:12]))}")
    if both := set(options.validation) & set(options.test):
        raise ConfigurationError(f"{min(both)} is named for validation and for test", fix="name it once")
    roles = np.zeros(len(table), dtype=np.int64)
    roles[np.isin(names, options.validation)] = 1
    roles[np.isin(names, options.test)] = 2
    return roles if options.validation and options.test else _carve(table, roles, options, kinship)


def _carve(table: LabelledTable, roles: Integers, options: SplitOptions, kinship: Kinship) -> Integers:
    """Take the roles that are missing from train, by what stays together; those that are there stay."""
    free = np.flatnonzero(roles == 0)
    here = table.select(free)
    rest = sum(share for number, share in enumerate(options.shares) if number == 0 or not (roles == number).any())
    shares = [
        share / rest if number == 0 or not (roles == number).any() else 0.0
        for number, share in enumerate(options.shares)
    ]
    whole = options.model_copy(update={"by": ("cluster",) if options.by == ("published",) else options.by})
    groups = linked(free.size, same_name(_together(table, whole, kinship)[free]))
    roles = roles.copy()
    roles[free] = divide_groups(groups, strata(here.target), (shares[0], shares[1], shares[2]), seed=options.seed)
    return roles


def _published(table: LabelledTable, options: SplitOptions, kinship: Kinship) -> Integers:
    """Keep the parts as they are; validation is carved from train by cluster where none is named."""
    wanted = {**{role: role for role in ROLES}, **options.roles}
    found = np.unique(table.split).tolist()
    strangers = [name for name in found if name not in wanted]
    if strangers:
        fix = (
            f"say what each is: genolect split --by published --roles {','.join(f'{name}=train' for name in strangers)}"
        )
        raise InputError(f"the published part {shown(strangers[0])} is none of {', '.join(ROLES)}", fix=fix)
    roles = np.array([ROLES.index(wanted[name]) for name in table.split.tolist()], dtype=np.int64)
    if not (roles == 0).any() or not (roles == 2).any():
        raise InputError(
            "the published split has no train or no test",
            fix="name them: genolect split --by published --roles a=train,b=test",
        )
    return roles if (roles == 1).any() else _carve(table, roles, options, kinship)


def split_table(
    path: Path,
    out: Path,
    columns: TableColumns,
    options: SplitOptions,
    *,
    genome: Path | None = None,
    overwrite: bool = False,
    say: Callable[[str], None],
) -> Division:
    """Divide a table and write it.

    Parameters
    ----------
    path, out : Path
        The table, and the new one; compressed where its name ends in .gz.
    columns : TableColumns
        What the columns mean; the roles are written into that of the split.
    options : SplitOptions
        How.
    genome : Path, optional
        FASTA file or prepared folder, where the table has no sequences.
    overwrite : bool
        Whether a file there is replaced.
    say : callable
        Told what is done.

    Returns
    -------
    Division
        What was written.

    Raises
    ------
    GenolectError
        As in `divide_table`; nothing is written then.
    MachineError
        If there is a file already.
    """
    if out.exists() and not overwrite:
        raise MachineError("the output exists", fix="name another --out, or add --overwrite", path=out)
    if out.exists() and out.samefile(path):
        raise ConfigurationError("--overwrite would replace the table that is read", fix="name another --out", path=out)
    with opened_genome(genome) as opened:
        table, unlabelled = read_table(path, columns, opened)
    if unlabelled:
        raise InputError(f"{unlabelled:,} rows have no label", fix="fill them in, or delete them", path=path)
    say(f"comparing sequences and places{', with MMseqs2' if options.clusters == 'mmseqs2' else ''}")
    division = divide_table(table, options)
    content = "\n".join([*_lines(path, columns.split, division), ""]).encode()
    files.make_folder(out.parent)
    files.write_file(out, gzip.compress(content, mtime=0) if out.suffix in PACKED else content)
    return division


def _lines(path: Path, column: str, division: Division) -> Iterator[str]:
    """Give the lines of the new table: the remarks, then every line of the old one with its role."""
    yield from division.remarks
    if division.clusters:
        yield f"{CLUSTERS}{division.clusters}"
    row, place, delimiter = -1, -1, "\t"
    for _, text in text_lines(Source(path)):
        if text.startswith("#") or not text.strip():
            if not text.startswith((*REMARKS, CLUSTERS)):
                yield text
            continue
        if row < 0:
            delimiter = "\t" if "\t" in text or "," not in text else ","
            names = [name.strip() for name in next(csv.reader(io.StringIO(text), delimiter=delimiter))]
            place = names.index(column) if column in names else -1
            yield text if place >= 0 else f"{text}{delimiter}{column}"
        elif division.kept[row]:
            yield with_role(text, place, delimiter, ROLES[division.roles[row]])
        row += 1


def with_role(text: str, place: int, delimiter: str, role: str) -> str:
    """Write a role into one cell of a line, or behind the last; the others stay as they are, quotes and spaces too."""
    if place < 0:
        return f"{text}{delimiter}{role}"
    begins, quoted = [0], False
    for number, letter in enumerate(text):
        quoted ^= letter == '"'
        if letter == delimiter and not quoted:
            begins.append(number + 1)
    begins.append(len(text) + 1)
    return f"{text[: begins[place]]}{role}{text[begins[place + 1] - 1 :]}"
