"""Junctions of records: windows that a plain reading finds, too, and decoys that no record shows as a site."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.errors import ConfigurationError, InputError
from genolect.evaluation.sections import strands_of
from genolect.tables.table_file import read_table, write_table
from genolect.tasks.built import BuiltTask
from genolect.tasks.junctions import JunctionOptions, Record, junctions, read_records

KINDS = ("donor", "acceptor")
SITES = st.sampled_from(["both", "donor", "acceptor"])


def random_records(seed: int, genes: int = 4, each: int = 6) -> list[Record]:
    """Records cut from random genes, which overlap, share junctions and stretches, and are cut short at their ends."""
    draw = random.Random(seed)
    shared = "".join(draw.choices("ACGT", k=120))
    found = []
    for gene in range(genes):
        text = "".join(
            draw.choices(["A", "C", "G", "T", "GT", "AG", "g", "t", "N"], [9, 9, 9, 9, 9, 9, 1, 1, 0.2], k=170)
        )
        text = text[:60] + shared + text[60:] if draw.random() < 0.5 else text
        donors = [p for p in range(5, len(text) - 40) if text[p : p + 2].upper() == "GT"]
        ends = [p for p in range(9, len(text) - 4) if text[p - 2 : p].upper() == "AG"]
        few = draw.sample(donors, 3)
        for number in range(each):
            donor = draw.choice(few)
            acceptor = draw.choice([p for p in ends if p >= donor + 4] or [donor + 9])
            acceptor += draw.random() < 0.1
            first, last = max(0, donor - draw.randint(3, 40)), acceptor + draw.randint(3, 40)
            found.append(
                Record(
                    gene=f"g{gene}",
                    letters=text[first:last],
                    donor=donor - first,
                    acceptor=acceptor - first,
                    name=f"g{gene}r{number}",
                    species="",
                    kept=draw.random() < 0.9,
                )
            )
    return found


def place_of(record: Record, kind: str) -> int:
    return record.donor if kind == "donor" else record.acceptor


def around(record: Record, place: int, half: int) -> str:
    return record.letters[max(0, place - half) : place + half].upper()


def plain_known(records: list[Record], gene: str, window: str) -> bool:
    """Whether any record shows the middle of a window as a junction, as far as that record reaches."""
    half = len(window) // 2
    for record in records:
        for kind in KINDS:
            place = place_of(record, kind)
            before, behind = min(half, place), min(half, len(record.letters) - place)
            whole = before == behind == half
            same = record.letters[place - before : place + behind].upper() == window[half - before : half + behind]
            if same and (whole or record.gene == gene):
                return True
    return False


def plain_sites(records: list[Record], kinds: tuple[str, ...], half: int) -> dict[str, set[str]]:
    """The windows of real sites: of records that are kept, GT-AG, long enough and not mostly unknown."""
    found = {kind: set() for kind in KINDS}
    everywhere = {kind: {around(record, place_of(record, kind), half) for record in records} for kind in KINDS}
    for record in records:
        text = record.letters.upper()
        intron = text[record.donor : record.acceptor]
        if not record.kept or len(intron) < 4 or intron[:2] != "GT" or intron[-2:] != "AG":
            continue
        for kind in kinds:
            place = place_of(record, kind)
            window = around(record, place, half)
            if place < half or len(window) < 2 * half or window.count("N") > 0.05 * 2 * half:
                continue
            if len(kinds) == 1 or not all(window in everywhere[other] for other in KINDS):
                found[kind].add(window)
    return found


def plain_decoys(records: list[Record], record: Record, kind: str, half: int) -> set[str]:
    """All windows of a record that could be decoys."""
    text, found = record.letters.upper(), set()
    for place in range(half, len(text) - half + 1):
        window = text[place - half : place + half]
        reads = window[half : half + 2] == "GT" if kind == "donor" else window[half - 2 : half] == "AG"
        own = place in (record.donor, record.acceptor)
        if reads and not own and window.count("N") <= 0.1 * half and not plain_known(records, record.gene, window):
            found.add(window)
    return found


def rows_of(task: BuiltTask) -> list[dict[str, str]]:
    names = task.table.target.names
    return [
        {
            "sequence": task.table.sequences.letters(row),
            "label": names[int(task.table.target.values[row])],
            "group": str(task.table.group[row]),
            **{key: str(column[row]) for key, column in task.columns.items()},
        }
        for row in range(len(task.table))
    ]


def built(records: list[Record], options: JunctionOptions) -> list[dict[str, str]] | None:
    """The rows; none where the records hold nothing to tell apart."""
    try:
        return rows_of(junctions(records, options))
    except InputError as error:
        if re.search("there is nothing to tell apart|no junction can be used", str(error)):
            return None
        raise


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), sites=SITES, half=st.sampled_from([10, 14]), per_site=st.sampled_from([1, 2, 50]))
def test_a_plain_reading_finds_the_same(seed, sites, half, per_site):
    records = random_records(seed)
    kinds = KINDS if sites == "both" else (sites,)
    expected = plain_sites(records, kinds, half)
    rows = built(records, JunctionOptions(sites=sites, window=2 * half, per_site=per_site, seed=seed))
    if rows is None:
        assert not any(expected.values()) or not any(
            plain_decoys(records, record, kind, half) for record in records for kind in kinds if record.canonical
        )
        return
    named = {record.name: record for record in records}
    texts = [row["sequence"].upper() for row in rows]
    assert len(set(texts)) == len(texts)
    for kind in kinds:
        label = kind if sites == "both" else "1"
        real = {text for text, row in zip(texts, rows, strict=True) if not row["decoy"] and row["label"] == label}
        assert real == expected[kind]
        counts = defaultdict(int)
        for text, row in zip(texts, rows, strict=True):
            if row["decoy"] == kind:
                assert row["label"] == ("none" if sites == "both" else "0")
                assert text in plain_decoys(records, named[row["record"]], kind, half)
                counts[row["record"]] += 1
        for row in rows:
            if row["label"] == label and not row["decoy"]:
                # As many as were asked for, or every one that there is stands in the table.
                number = counts.pop(row["record"], 0)
                assert number <= per_site
                if number < per_site:
                    assert plain_decoys(records, named[row["record"]], kind, half) <= set(texts)
        assert not counts


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), sites=SITES, half=st.sampled_from([10, 12, 20]), apart=st.sampled_from([1, 4, 12]))
def test_windows_read_like_sites_and_lie_where_they_say(seed, sites, half, apart):
    records = random_records(seed)
    rows = built(records, JunctionOptions(sites=sites, window=2 * half, apart=apart, seed=seed)) or []
    named = {record.name: record for record in records}
    for row in rows:
        text, record, place = row["sequence"].upper(), named[row["record"]], int(row["offset"])
        kind = row["decoy"] or (row["label"] if sites == "both" else sites)
        assert text[half : half + 2] == "GT" if kind == "donor" else text[half - 2 : half] == "AG"
        assert row["sequence"] == record.letters[place - half : place + half]
        if not row["decoy"]:
            assert (place, row["part"]) == (place_of(record, kind), "")
        else:
            assert min(abs(place - record.donor), abs(place - record.acceptor)) >= apart
            pieces = {"exon1": record.donor - place, "exon2": place - record.acceptor}
            inside = record.donor < place < record.acceptor
            assert inside if row["part"] == "intron" else pieces[row["part"]] > 0
    real = {row["sequence"].upper() for row in rows if not row["decoy"]}
    assert not real & {row["sequence"].upper() for row in rows if row["decoy"]}


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), half=st.sampled_from([10, 14]))
def test_genes_are_never_torn_apart_and_those_of_one_window_stay_together(seed, half):
    records = random_records(seed)
    rows = built(records, JunctionOptions(window=2 * half, seed=seed)) or []
    groups = defaultdict(set)
    for row in rows:
        groups[row["parent"]].add(row["group"])
    assert all(len(found) == 1 and "" not in found for found in groups.values())
    owners = defaultdict(set)
    for record in records:
        windows = plain_sites([record], KINDS, half)
        for window in windows["donor"] | windows["acceptor"]:
            owners[window].add(record.gene)
    real = {row["sequence"].upper() for row in rows if not row["decoy"]}
    for window in real:
        assert len(set().union(*(groups[gene] for gene in owners[window] if gene in groups))) == 1


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_the_order_of_the_file_says_nothing(seed, data):
    records = random_records(seed)
    count = data.draw(st.sampled_from([None, 3, 9]))
    options = JunctionOptions(window=20, count=count, seed=seed)
    assert built(data.draw(st.permutations(records)), options) == built(records, options)


def test_the_seed_changes_decoys_and_never_sites() -> None:
    records = random_records(5)
    tables = [built(records, JunctionOptions(window=20, seed=seed)) or [] for seed in range(4)]
    sites = [[row for row in rows if not row["decoy"]] for rows in tables]
    assert all(other == sites[0] for other in sites)
    decoys = [sorted(row["sequence"] for row in rows if row["decoy"]) for rows in tables]
    assert decoys[0] != decoys[1]
    assert (built(records, JunctionOptions(window=20)) or []) == tables[0]


INTRON = "GTAAACCCGTAACCCACCCTTTTCAG"
LONG = Record("a", "AACCAACCACCA" + INTRON + "CCAACCAACCAA", 12, 38, "long", "", kept=True)


PLAIN = LONG._replace(letters="C" * 12 + "GTACCCGTACCCCCCACCCTTTTCAG" + "CCAACCAACCAA", gene="c")
"""Another gene, with a decoy of its own."""


def decoys_of(*records: Record, **options) -> tuple[list[str], tuple[str, ...]]:
    task = junctions([*records], JunctionOptions(sites="donor", window=20, per_site=9, **options))
    return [row["sequence"] for row in rows_of(task) if row["decoy"]], task.notes


@pytest.mark.parametrize("kept", [True, False])
def test_a_junction_of_another_record_is_no_decoy(kept: bool) -> None:
    inner = "CAGTAAACCCGTAACCCACC"
    assert decoys_of(LONG)[0] == [inner]
    # The same place as the donor of a record that is not asked about, with another acceptor.
    other = Record("b", "CC" + LONG.letters[4:], 18, 34, "other", "", kept=kept)
    assert other.letters[other.donor - 10 : other.donor + 10] == inner
    decoys, notes = decoys_of(LONG, other, PLAIN)
    assert inner not in decoys
    assert "1 places that read like a site are one in another record, so no decoys" in notes


@pytest.mark.parametrize(("gene", "left"), [("a", 0), ("b", 1)])
def test_a_record_that_is_cut_short_speaks_for_its_own_gene_only(gene: str, left: int) -> None:
    short = Record(gene, LONG.letters[16:], 4, 22, "short", "", kept=True)
    assert short.letters.startswith("ACCCGT")
    decoys, notes = decoys_of(LONG, short, PLAIN)
    assert decoys.count("CAGTAAACCCGTAACCCACC") == left
    assert "1 sites are too near an end of their record for the window" in notes


def test_a_donor_that_reads_like_an_acceptor_is_no_decoy_of_either_kind() -> None:
    record = Record("a", "CCAACCACCCAG" + INTRON + "CAGCAACCAACCAA", 12, 38, "r", "", kept=True)
    donor = record.letters[2:22]
    assert donor[8:12] == "AGGT"
    for sites in ("both", "acceptor"):
        task = junctions([record], JunctionOptions(sites=sites, window=20, per_site=9))  # type: ignore[arg-type]
        rows = rows_of(task)
        assert not any("in another record" in note for note in task.notes)
        assert [row["label"] for row in rows if row["sequence"] == donor] == (["donor"] if sites == "both" else [])


def test_a_place_that_is_a_donor_here_and_an_acceptor_there_is_left_out() -> None:
    record = Record("a", "CCAACCACCCAG" + INTRON + "CAGCAACCAACCAA", 12, 38, "r", "", kept=True)
    other = Record("a", "CCCCCCCCCCGTCC" + record.letters, 10, 26, "other", "", kept=True)
    task = junctions([record, other], JunctionOptions(window=20))
    assert record.letters[2:22] not in [row["sequence"] for row in rows_of(task)]
    assert "2 sites are a donor here and an acceptor there" in task.notes
    alone = junctions([record, other], JunctionOptions(window=20, sites="donor"))
    assert record.letters[2:22] in [row["sequence"] for row in rows_of(alone) if row["label"] == "1"]


def test_an_intron_shorter_than_half_a_window_has_the_other_exon_behind_it() -> None:
    record = Record("a", "AACCAACGTCCAAAC" * 3 + "GTCCCAG" + "CCAACCGTCCAA" * 3, 45, 52, "r", "", kept=True)
    task = junctions([record], JunctionOptions(sites="donor", window=40))
    real = next(row["sequence"] for row in rows_of(task) if not row["decoy"])
    assert real[20:] == "GTCCCAG" + "CCAACCGTCCAAC"
    assert "1 windows of sites go through a short intron into the other exon" in task.notes


def test_odd_introns_and_repeated_records_are_counted_and_give_no_window() -> None:
    odd = LONG._replace(letters=LONG.letters.replace("AACCACCAGT", "AAGGACCAGC"), gene="b", name="odd")
    again = LONG._replace(name="again", letters=LONG.letters.lower())
    task = junctions([LONG, again, odd], JunctionOptions(sites="donor", window=20))
    assert {(row["parent"], row["record"]) for row in rows_of(task)} == {("a", "long")}
    assert "1 records are there already, in the same gene" in task.notes
    assert "1 records whose intron is not GT-AG are left out" in task.notes


def test_the_same_window_of_two_genes_stands_once_and_links_them() -> None:
    other = Record("b", "TT" + LONG.letters[:24] + "GTTTCTTTCTTAG" + "TTCTTTCTTTCTTT", 14, 39, "other", "", kept=True)
    task = junctions([LONG, other], JunctionOptions(sites="donor", window=20, per_site=9))
    rows = rows_of(task)
    assert sorted(row["parent"] for row in rows if not row["decoy"]) == ["a"]
    assert "1 sites have the window of another one, which stands for them" in task.notes
    both = junctions([LONG, other], JunctionOptions(window=20, per_site=9))
    assert {row["parent"]: row["group"] for row in rows_of(both)} == {"a": "a", "b": "a"}


def test_genes_of_one_name_in_two_species_are_two_groups(tmp_path: Path) -> None:
    path = tmp_path / "records.tsv"
    mirrored = LONG.letters.replace("CC", "CT")
    pieces = [(text[:12], text[12:38], text[38:]) for text in (LONG.letters, mirrored)]
    head = "gene\texon1\tintron\texon2\tspecies\n"
    path.write_text(head + "".join("\t".join(("a", *cut, s)) + "\n" for cut, s in zip(pieces, "xy", strict=True)))
    rows = rows_of(junctions(read_records(path), JunctionOptions(sites="donor", window=20)))
    assert {(row["species"], row["group"]) for row in rows} == {("x", "x:a"), ("y", "y:a")}


def test_windows_have_a_strand_and_no_place_also_when_read_back(tmp_path: Path) -> None:
    task = junctions(random_records(3), JunctionOptions(window=20))
    path = tmp_path / "table.tsv.gz"
    write_table(path, task.table, task.columns)
    for table in (task.table, read_table(path).table):
        assert not table.places.known.any()
        assert strands_of(table) == "one"
        assert set(table.places.start.tolist()) == {-1}
    assert set(task.columns["block"].tolist()) == {""}
    assert strands_of(replace(task.table, places=type(task.table.places).unknown(len(task.table)))) == "both"


def test_nothing_to_use_is_refused_with_what_was_left_out() -> None:
    with pytest.raises(InputError, match=r"no junction can be used: 1 sites are too near an end .*shorter --window"):
        junctions([LONG], JunctionOptions(sites="donor", window=60))
    with pytest.raises(InputError, match="no junction can be used: 0 of 1 records are kept"):
        junctions([LONG._replace(kept=False)], JunctionOptions(window=20))
    with pytest.raises(InputError, match="no junction can be used: there is no record"):
        junctions([])
    with pytest.raises(ConfigurationError, match="window: Input should be greater than or equal to 20"):
        JunctionOptions.from_mapping({"window": 18}, "options")
