"""Which species train, validate and test: a species, or a whole clade of them, has one role.

Relatives share their sequence: a model that has seen the mitochondrion of one gull has nearly seen that of the next.
Where many species train together, the honest unit to hold out is therefore the species or, better, the clade.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from genolect.data.genome import GenomeRecord
from genolect.data.split import HELD_OUT_SHARE, LARGEST_HELD_OUT_SHARE, Split
from genolect.errors import ConfigurationError, InputError, shown
from genolect.sequence.interval import Interval

_NAMED_AT_MOST = 10


def choose_species_split(
    records: Iterable[GenomeRecord],
    *,
    validation: Sequence[str] = (),
    test: Sequence[str] = (),
    clades: Mapping[str, str] | None = None,
) -> Split:
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
    Split
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
    _check_names(sizes, validation, test, unit)
    chosen_test = set(test) or _tenth(sizes, set(validation), unit)
    chosen_validation = set(validation) or _tenth(sizes, chosen_test, unit)
    if not set(sizes) - chosen_test - chosen_validation:
        what = f"holding out {len(chosen_test | chosen_validation):,} {unit} leaves none to train on"
        raise ConfigurationError(what, fix="hold out fewer")
    roles = dict.fromkeys(chosen_test, "test") | dict.fromkeys(chosen_validation, "validation")
    regions: dict[str, list[Interval]] = {"training": [], "validation": [], "test": []}
    for record, group in zip(kept, groups, strict=True):
        regions[roles.get(group, "training")].append(Interval(record.name, 0, record.length))
    how = "named by the user" if validation or test else f"chosen by name, about {HELD_OUT_SHARE:.0%} of the bases each"
    return Split(
        training=tuple(regions["training"]),
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


def _check_names(sizes: Mapping[str, int], validation: Sequence[str], test: Sequence[str], unit: str) -> None:
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
