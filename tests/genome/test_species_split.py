"""Holding out species: no two roles share one, whoever else is in the corpus."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genolect.errors import ConfigurationError, InputError
from genolect.genome.genome import GenomeRecord
from genolect.genome.holdout import choose_species_split

LENGTHS = {f"sp{number}": 100 + number for number in range(40)}


def records_of(lengths: dict[str, int], each: int = 3) -> list[GenomeRecord]:
    return [
        GenomeRecord(f"{species}:{number}", "", 0, length + number, species=species)
        for number in range(each)
        for species, length in lengths.items()
    ]


def species_by_role(split, records) -> dict[str, set[str]]:
    species = {record.name: record.species for record in records}
    return {role: {species[region.name] for region in regions} for role, regions in split.regions().items()}


@given(lengths=st.dictionaries(st.text("abcdefgh", min_size=1), st.integers(80, 120), min_size=30, max_size=60))
def test_roles_share_no_species_and_cover_the_corpus(lengths):
    records = records_of(lengths)
    split = choose_species_split(records)
    roles = species_by_role(split, records)
    assert sum(map(len, roles.values())) == len(set.union(*roles.values())) == len(lengths)
    regions = [region for part in split.regions().values() for region in part]
    assert {(region.name, region.end) for region in regions} == {(record.name, record.length) for record in records}
    total = sum(record.length for record in records)
    for role in ("validation", "test"):
        assert sum(region.length for region in getattr(split, role)) / total == pytest.approx(0.1, abs=0.05)


def test_the_choice_depends_on_names_and_hardly_on_the_company():
    records = records_of(LENGTHS)
    one, turned = choose_species_split(records), choose_species_split(records[::-1])
    assert species_by_role(one, records) == species_by_role(turned, records)
    fewer = [record for record in records if record.species not in ("sp3", "sp17")]
    test, test_of_fewer = (
        species_by_role(one, records)["test"],
        species_by_role(choose_species_split(fewer), fewer)["test"],
    )
    assert len((test - {"sp3", "sp17"}) & test_of_fewer) >= 3
    assert (
        one.rule
        == "Whole species held out, chosen by name, about 10% of the bases each: 4 to validate and 4 to test, of 40."
    )


def test_named_species_are_held_out():
    records = records_of(LENGTHS)
    split = choose_species_split(records, validation=["sp7"], test=["sp1", "sp2"])
    roles = species_by_role(split, records)
    assert (roles["validation"], roles["test"], len(roles["train"])) == ({"sp7"}, {"sp1", "sp2"}, 37)
    assert "named by the user: 1 to validate and 2 to test, of 40" in split.rule
    half_named = species_by_role(choose_species_split(records, test=["sp1"]), records)
    assert half_named["test"] == {"sp1"}
    assert 3 <= len(half_named["validation"]) <= 5


def test_a_clade_has_one_role():
    records = records_of(LENGTHS)
    clades = {species: f"clade{int(species[2:]) % 20}" for species in LENGTHS}
    split = choose_species_split(records, clades=clades)
    roles = {role: {clades[name] for name in names} for role, names in species_by_role(split, records).items()}
    assert sum(map(len, roles.values())) == 20
    assert split.rule.startswith("Whole clades held out")
    named = choose_species_split(records, clades=clades, test=["clade3"])
    assert species_by_role(named, records)["test"] == {"sp3", "sp23"}


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"test": ["spider"]}, ConfigurationError, "'spider' is none of the species of the corpus"),
        ({"test": ["sp1"], "validation": ["sp1"]}, ConfigurationError, "'sp1' is named for validation and for test"),
        ({"clades": {"sp0": "a"}}, ConfigurationError, "the species 'sp1' has no clade"),
        ({"test": [*LENGTHS][:20], "validation": [*LENGTHS][20:]}, ConfigurationError, "holding out 40 species leaves"),
    ],
)
def test_impossible_wishes_are_refused(options, kind, message):
    with pytest.raises(kind, match=message):
        choose_species_split(records_of(LENGTHS), **options)


@pytest.mark.parametrize("lengths", [{"a": 100}, {"a": 100, "b": 100}, {"a": 1000, "b": 10, "c": 20}])
def test_too_few_species_are_refused(lengths):
    with pytest.raises(InputError, match=rf"no choice among {len(lengths)} species holds out about 10%"):
        choose_species_split(records_of(lengths))


def test_records_without_a_species_are_refused():
    with pytest.raises(InputError, match="the record 'chr1' belongs to no species"):
        choose_species_split([GenomeRecord("chr1", "", 0, 90)])


def test_orders_of_real_species_are_kept_apart(data_folder):
    with (data_folder / "mitogenomes" / "taxonomy.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    records = [GenomeRecord(row["key"], "", 0, int(row["length"]), species=row["key"]) for row in rows]
    orders = {row["key"]: row["order"] or row["key"] for row in rows}
    roles = species_by_role(choose_species_split(records, clades=orders), records)
    seen = [{orders[name] for name in names} for names in roles.values()]
    assert sum(map(len, seen)) == len(set(orders.values()))
    assert all(0.05 < len(roles[role]) / len(rows) < 0.2 for role in ("validation", "test"))
