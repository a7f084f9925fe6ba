"""Findings about places: the same bases in several parts, and sequences that are not what the genome has there.

Axes: n examples.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from genolect.genome.genome import PreparedGenome
from genolect.sequence.alphabet import BASE_BITS, N, reverse_complement
from genolect.tables.audit.finding import Examined, Finding, by_share, look, percent
from genolect.tables.relatives import Kinship, TableParts, copier_score, label_matrix, seen_elsewhere
from genolect.tables.table import LabelledTable

SHOWN_EXAMPLES = 3


def overlap_finding(table: LabelledTable, kinship: Kinship, parts: TableParts) -> Finding:
    """Count examples that share bases of the genome with one of another part, and score a memoriser of places.

    Parameters
    ----------
    table : LabelledTable
        The table.
    kinship : Kinship
        Its relations.
    parts : TableParts
        Its parts.

    Returns
    -------
    Finding
        A leak where one in a hundred of a tested part overlaps an example of another part.
    """
    name, overlaps = "overlapping places", kinship.overlaps
    known = table.places.known
    if not known.any():
        return Finding(name, "ok", "No places are known.")
    labels = label_matrix(table.target)
    links = (overlaps.first, overlaps.second, overlaps.share)
    seen = seen_elsewhere(parts, labels, np.arange(len(table)), links, own=False)
    tested = {part: (parts.code == part) & known for part in parts.tested}
    tested = {part: here for part, here in tested.items() if here.any()}
    shares = {part: float((seen.relatives[here] > 0).mean()) for part, here in tested.items()}
    if not shares:
        return Finding(name, "ok", "No places of a tested part are known.")
    part = max(shares, key=lambda number: shares[number])
    score = copier_score(table.target, seen, parts.code == part)
    sequences = {parts.shown(number): int(np.unique(table.places.name[here]).size) for number, here in tested.items()}
    numbers: dict[str, Any] = {
        "placed": int(known.sum()),
        "share_overlapping": {parts.shown(number): share for number, share in shares.items()},
        "by_class": _by_class(table, seen.relatives > 0, tested[part]),
        "memoriser": score,
        "sequences_of_the_genome": sequences,
    }
    placed = f"of the {int(tested[part].sum()):,} placed examples"
    where = f"{placed} overlap another one"
    if parts.divided:
        where = f"{placed} of {parts.shown(part)} overlap one of another part"
    sentence = f"{percent(shares[part])} {where}{_classes_told(numbers['by_class'])}."
    if score is not None and shares[part] > 0:
        kind = "right for" if score["metric"] == "accuracy" else "Pearson"
        value = percent(score["value"]) if score["metric"] == "accuracy" else f"{score['value']:.3f}"
        common = f", majority {percent(score['majority'])}" if score["metric"] == "accuracy" else ""
        sentence += f" A memoriser of places is {kind} {value} of them (n {score['n']:,}{common})."
    if int(known.sum()) < len(table):
        sentence += f" {len(table) - int(known.sum()):,} examples have no place."
    judgement = by_share(shares[part], "leak" if parts.divided else "note")
    fix = "" if judgement == "ok" else "divide it anew: genolect split TABLE --by chromosome or --by cluster"
    return Finding(name, judgement, sentence, fix, numbers)


def _by_class(table: LabelledTable, seen: Any, here: Any) -> dict[str, float]:
    if table.target.kind != "classes":
        return {}
    codes = table.target.values
    return {
        name: float(seen[here & (codes == code)].mean())
        for code, name in enumerate(table.target.names)
        if (here & (codes == code)).any()
    }


def _classes_told(shares: dict[str, float]) -> str:
    if not shares or not any(shares.values()):
        return ""
    return f" ({', '.join(f'{name}: {percent(share)}' for name, share in shares.items())})"


def genome_finding(table: LabelledTable, genome: PreparedGenome) -> Finding:
    r"""Compare sequences with the genome at the places that the table gives.

    Parameters
    ----------
    table : LabelledTable
        The table.
    genome : PreparedGenome
        The genome of its places.

    Returns
    -------
    Finding
        A fault where one in a hundred differs in a base that both know, or lies on a sequence that the genome lacks.
    """
    name, known = "places against the genome", np.flatnonzero(table.places.known)
    if not known.size:
        return Finding(name, "ok", "No places are known.")
    wrong = [row for row in known.tolist() if not _matches(table, row, genome)]
    judgement = by_share(len(wrong) / known.size, "fault")
    numbers = {"placed": int(known.size), "different": len(wrong)}
    if not wrong:
        return Finding(
            name, judgement, f"All {known.size:,} placed sequences are what the genome has there.", "", numbers
        )
    some = ", ".join(table.identifier[wrong[:SHOWN_EXAMPLES]].tolist())
    sentence = f"{len(wrong):,} of {known.size:,} placed sequences are not what the genome has there ({some}, …)."
    fix = "check the assembly, the strand, and that coordinates are 0-based half-open"
    return Finding(name, judgement, sentence, fix, numbers)


def _matches(table: LabelledTable, row: int, genome: PreparedGenome) -> bool:
    places, bases = table.places, table.sequences[row] & BASE_BITS
    record, start, end = genome.records.get(str(places.name[row])), int(places.start[row]), int(places.end[row])
    if record is None or end > record.length * (1 + record.circular) or end - start != bases.size:
        return False
    if start >= record.length or (end > record.length and end - start > record.length):
        return False
    there = genome.bases(record.name, start, end)
    same = reverse_complement(there) if places.strand[row] < 0 else there
    return bool(((bases == same & BASE_BITS) | (bases == N) | (same & BASE_BITS == N)).all())


@look(30, across=True)
def _overlaps(examined: Examined) -> list[Finding]:
    return [overlap_finding(examined.table, examined.kinship, examined.parts)]


@look(50, says="comparing places with the genome", needs="genome")
def _genome(examined: Examined) -> list[Finding]:
    return [] if examined.genome is None else [genome_finding(examined.table, examined.genome)]
