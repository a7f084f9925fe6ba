"""Which stretches train, validate and test. The rule that keeps every later figure honest lives here.

Whole chromosomes are held out where the genome has enough of them; otherwise one contiguous arc each of the longest
record, with a margin of bases that belong to no role on either side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from genolect.errors import ConfigurationError, InputError, shown
from genolect.genome.genome import GenomeRecord, PreparedGenome
from genolect.genome.preparation import has_species
from genolect.sequence.alphabet import BASE_BITS, N
from genolect.sequence.interval import Interval

Role = Literal["train", "validation", "test"]
HELD_OUT_SHARE = 0.1
LARGEST_HELD_OUT_SHARE = 0.2
ARC_MARGIN = 10_000
ARC_CENTRES = {"validation": 0.3, "test": 0.7}
SHORTEST_FOR_ARCS = 100


@dataclass(frozen=True)
class GenomeSplit:
    """Disjoint stretches per role.

    Attributes
    ----------
    train, validation, test : tuple of Interval
        The stretches.
    rule : str
        How they were chosen, as a sentence for the report.
    """

    train: tuple[Interval, ...]
    validation: tuple[Interval, ...]
    test: tuple[Interval, ...]
    rule: str

    def regions(self) -> dict[Role, tuple[Interval, ...]]:
        """Stretches by role."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def choose_split(
    lengths: Mapping[str, int], *, validation: Sequence[str] = (), test: Sequence[str] = ()
) -> GenomeSplit:
    """Choose what is held out.

    Parameters
    ----------
    lengths : mapping of str to int
        Bases per record.
    validation, test : sequence of str
        Records named by the user; what is not named is chosen by size (about a tenth of the genome each).

    Returns
    -------
    GenomeSplit
        Disjoint roles that cover the genome, margins of arcs left out.

    Raises
    ------
    ConfigurationError
        If a named record does not exist or has two roles, or a role is left without a record.
    InputError
        If the genome is too short to hold anything out.

    Examples
    --------
    >>> split = choose_split({"1": 900, "2": 100, "3": 110, "4": 90})
    >>> [interval.name for interval in split.test + split.validation]
    ['3', '2']
    """
    _check_names(lengths, validation, test)
    chosen_test = list(dict.fromkeys(test)) or _near_share(lengths, exclude=set(validation))
    chosen_validation = list(dict.fromkeys(validation)) or _near_share(lengths, exclude=set(chosen_test))
    held_out = {*chosen_test, *chosen_validation}
    share = sum(lengths[name] for name in held_out) / sum(lengths.values())
    named = bool(validation or test)
    if not named and not (chosen_test and chosen_validation and share <= 2 * LARGEST_HELD_OUT_SHARE):
        return _arcs(lengths)
    training = [name for name in lengths if name not in held_out]
    if not (training and chosen_test and chosen_validation):
        raise ConfigurationError(
            f"holding out {', '.join([*chosen_test, *chosen_validation])} leaves a role without a record",
            fix="name fewer records for validation and test, or none to let genolect choose",
        )
    how = "named by the user" if named else f"chosen by size, about {HELD_OUT_SHARE:.0%} of the genome each"
    return GenomeSplit(
        train=_whole(lengths, training),
        validation=_whole(lengths, chosen_validation),
        test=_whole(lengths, chosen_test),
        rule=f"Whole records held out, {how}.",
    )


def _check_names(lengths: Mapping[str, int], validation: Sequence[str], test: Sequence[str]) -> None:
    for name in (*validation, *test):
        if name not in lengths:
            raise ConfigurationError(
                f"the genome has no record {shown(name)}", fix=f"choose among: {', '.join(list(lengths)[:20])}"
            )
    if twice := set(validation) & set(test):
        raise ConfigurationError(f"{sorted(twice)[0]} is named for validation and for test", fix="name it once")


def _near_share(lengths: Mapping[str, int], *, exclude: Collection[str]) -> list[str]:
    """Pick the record whose size is nearest to the wanted share, or gather small ones; never the longest."""
    target = HELD_OUT_SHARE * sum(lengths.values())
    longest = max(lengths, key=lambda name: lengths[name])
    free = sorted((n for n in lengths if n not in exclude and n != longest), key=lambda n: -lengths[n])
    if not free:
        return []
    nearest = min(free, key=lambda name: abs(lengths[name] - target))
    if lengths[nearest] >= target / 2:
        return [nearest]
    gathered, size = [], 0
    for name in free:
        if size + lengths[name] <= target:
            gathered.append(name)
            size += lengths[name]
    return gathered if size >= target / 2 else []


def _whole(lengths: Mapping[str, int], names: Sequence[str]) -> tuple[Interval, ...]:
    return tuple(Interval(name, 0, lengths[name]) for name in names)


def _arcs(lengths: Mapping[str, int]) -> GenomeSplit:
    longest = max(lengths, key=lambda name: lengths[name])
    total = lengths[longest]
    if total < SHORTEST_FOR_ARCS:
        raise InputError(
            f"the longest record, {shown(longest)}, has {total} bases, too few to hold some of them out",
            fix="give a longer genome",
        )
    half = int(HELD_OUT_SHARE * total / 2)
    margin = min(ARC_MARGIN, total // 50)
    held_out = {}
    training = [Interval(name, 0, length) for name, length in lengths.items() if name != longest]
    position = 0
    for role, centre in ARC_CENTRES.items():
        middle = int(centre * total)
        held_out[role] = Interval(longest, middle - half, middle + half)
        training.append(Interval(longest, position, middle - half - margin))
        position = middle + half + margin
    training.append(Interval(longest, position, total))
    return GenomeSplit(
        train=tuple(training),
        validation=(held_out["validation"],),
        test=(held_out["test"],),
        rule=(
            f"Too few records to hold out whole ones: one contiguous arc of {longest} each, {HELD_OUT_SHARE:.0%} of "
            f"it, with a margin of {margin:,} bases on either side that no role uses."
        ),
    )


_NAMED_AT_MOST = 10


def choose_species_split(
    records: Iterable[GenomeRecord],
    *,
    validation: Sequence[str] = (),
    test: Sequence[str] = (),
    clades: Mapping[str, str] | None = None,
) -> GenomeSplit:
    """Choose which species are held out.

    Parameters
    ----------
    records : iterable of GenomeRecord
        The records of a corpus.
    validation, test : sequence of str
        Species (or clades, where these are given) named by the user; for a role without a name they are chosen, in an
        order that depends on nothing but their names, about a tenth of the bases.
    clades : mapping of str to str, optional
        The clade (genus, family, order …) of each species; a clade then has one role.

    Returns
    -------
    GenomeSplit
        Whole records; no two roles share a species, or a clade.

    Raises
    ------
    ConfigurationError
        If a name does not exist or has two roles, a species has no clade, or a role is left without a species.
    InputError
        If a record has no species, or there are too few species to choose from.

    Examples
    --------
    >>> records = [GenomeRecord(name, "", 0, 90, species=f"{name[0]}. sp") for name in ("a1", "a2", "b1", "c1")]
    >>> split = choose_species_split(records, validation=["b. sp"], test=["a. sp"])
    >>> [interval.name for interval in split.test]
    ['a1', 'a2']
    """
    kept = list(records)
    groups = _groups(kept, clades)
    sizes: dict[str, int] = {}
    for record, group in zip(kept, groups, strict=True):
        sizes[group] = sizes.get(group, 0) + record.length
    unit = "species" if clades is None else "clades"
    _check_species(sizes, validation, test, unit)
    chosen_test = set(test) or _tenth(sizes, set(validation), unit)
    chosen_validation = set(validation) or _tenth(sizes, chosen_test, unit)
    if not set(sizes) - chosen_test - chosen_validation:
        what = f"holding out {len(chosen_test | chosen_validation):,} {unit} leaves none to train on"
        raise ConfigurationError(what, fix="hold out fewer")
    roles = dict.fromkeys(chosen_test, "test") | dict.fromkeys(chosen_validation, "validation")
    regions: dict[str, list[Interval]] = {"train": [], "validation": [], "test": []}
    for record, group in zip(kept, groups, strict=True):
        regions[roles.get(group, "train")].append(Interval(record.name, 0, record.length))
    how = "named by the user" if validation or test else f"chosen by name, about {HELD_OUT_SHARE:.0%} of the bases each"
    return GenomeSplit(
        train=tuple(regions["train"]),
        validation=tuple(regions["validation"]),
        test=tuple(regions["test"]),
        rule=f"Whole {unit} held out, {how}: {len(chosen_validation):,} to validate and {len(chosen_test):,} to test, "
        f"of {len(sizes):,}.",
    )


def _groups(records: Sequence[GenomeRecord], clades: Mapping[str, str] | None) -> list[str]:
    """Give what is held out together with each record."""
    for record in records:
        if not record.species:
            what = f"the record {shown(record.name)} belongs to no species"
            raise InputError(what, fix="prepare the genomes from a manifest, which names the species")
        if clades is not None and not clades.get(record.species):
            what = f"the species {shown(record.species)} has no clade"
            raise ConfigurationError(what, fix="give each species one; its own name where it stands alone")
    return [record.species if clades is None else clades[record.species] for record in records]


def _check_species(sizes: Mapping[str, int], validation: Sequence[str], test: Sequence[str], unit: str) -> None:
    for name in (*validation, *test):
        if name not in sizes:
            some = ", ".join([*sizes][:_NAMED_AT_MOST]) + (" …" if len(sizes) > _NAMED_AT_MOST else "")
            raise ConfigurationError(f"{shown(name)} is none of the {unit} of the corpus", fix=f"choose among: {some}")
    if twice := sorted(set(validation) & set(test)):
        raise ConfigurationError(f"{shown(twice[0])} is named for validation and for test", fix="name it once")


def _tenth(sizes: Mapping[str, int], taken: set[str], unit: str) -> set[str]:
    """Gather about a tenth of the bases, in the order of a checksum: whoever else is in the corpus changes nothing."""
    target = HELD_OUT_SHARE * sum(sizes.values())
    chosen: set[str] = set()
    gathered = 0
    for group in sorted(set(sizes) - taken, key=lambda group: hashlib.sha256(group.encode()).digest()):
        # The group that crosses the target is taken if that comes nearer to it.
        if gathered + sizes[group] / 2 <= target:
            chosen.add(group)
            gathered += sizes[group]
    if not target / 2 <= gathered <= LARGEST_HELD_OUT_SHARE * sum(sizes.values()):
        what = f"no choice among {len(sizes):,} {unit} holds out about {HELD_OUT_SHARE:.0%} of the bases"
        raise InputError(what, fix=f"name the {unit} to validate and to test on, or give more of them")
    return chosen


FEWEST_SPECIES = 3
"""One to train, one to validate and one to test."""

MOST_FILES_NAMED = 5
"""In a refusal; where a corpus has more, its folder is named."""


def split_genome(
    genome: PreparedGenome, *, window: int, validation: Sequence[str] = (), test: Sequence[str] = ()
) -> GenomeSplit:
    """Choose what is held out, and make sure that every role has a window with bases in it.

    Parameters
    ----------
    genome : PreparedGenome
        What to split.
    window : int
        Bases per window.
    validation, test : sequence of str
        As in `genome.holdout.choose_species_split` where there are species enough, else in
        `genome.holdout.choose_split`.

    Returns
    -------
    GenomeSplit
        The stretches.

    Raises
    ------
    InputError
        If the genome is too short, or a role has hardly any base that is not N.
    ConfigurationError
        If a record or species named does not exist.
    """
    files = [item["path"] for item in genome.inputs]
    names = ", ".join(files) if len(files) <= MOST_FILES_NAMED else str(genome.folder)
    records = genome.records.values()
    try:
        if has_species(genome) and len({record.species for record in records}) >= FEWEST_SPECIES:
            split = choose_species_split(records, validation=validation, test=test)
        else:
            split = choose_split(genome.lengths, validation=validation, test=test)
    except InputError as error:
        raise InputError(error.what, fix=error.fix, path=names) from error
    for role, regions in split.regions().items():
        longest = max(region.length for region in regions)
        if longest < window:
            raise InputError(
                f"the longest {role} stretch has {longest:,} bases, fewer than a window's {window:,}",
                fix="give a longer genome, hold out longer records, or use shorter windows: genolect pretrain --window",
                path=names,
            )
        known = sum(_known_bases(genome, region) for region in regions if region.length >= window)
        if known < window:
            raise InputError(
                f"all but {known:,} bases of the {role} stretches are N",
                fix="give a genome with sequence in it, or hold out other records",
                path=names,
            )
    return split


def _known_bases(genome: PreparedGenome, region: Interval) -> int:
    bases = genome.bases(region.name, region.start, region.end)
    return int(np.count_nonzero((bases & BASE_BITS) < N))
