"""Findings about copies: in other parts of a split, in the table itself, and with other labels.

Axes: n examples, K classes or label columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from genolect.arrays import Floats, Integers
from genolect.tables.audit.finding import Examined, Finding, by_share, look, percent
from genolect.tables.relatives import Kinship, Seen, TableParts, copier_score, label_matrix, seen_elsewhere
from genolect.tables.table import LabelledTable, Target

LEVELS = (0.2, 0.5, 0.9)
"""Containments at which near copies are counted, beside the threshold of the audit."""

LIKE_A_COPY = 0.9
CONFLICT_OVERLAP = 0.5
DIVIDE = "divide it anew: genolect split TABLE --by cluster"


def copies_finding(table: LabelledTable, kinship: Kinship, parts: TableParts) -> Finding:
    """Count exact copies and reverse complements, across parts and in all.

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
        A leak where one in a hundred of a tested part has a copy in another part.
    """
    group, flipped = kinship.copies.group, kinship.copies.flipped
    repeats = len(table) - int(np.unique(group).size)
    first = np.unique(group, return_index=True)[1]
    turned = int((flipped != flipped[first][group]).sum())
    numbers: dict[str, Any] = {"repeats": repeats, "reverse_complements": turned}
    sentence = "No sequence occurs twice, on either strand."
    if repeats:
        sentence = f"{repeats:,} of {len(table):,} examples repeat another one, {turned:,} of them as its reverse "
        sentence += "complement."
    if not parts.divided:
        fix = "keep one of each, or keep them together: genolect split TABLE --by cluster" if repeats else ""
        return Finding("copies", "note" if repeats else "ok", sentence, fix, numbers)
    seen = seen_elsewhere(parts, label_matrix(table.target), group, _no_links())
    shares = {part: float((seen.relatives[parts.code == part] > 0).mean()) for part in parts.tested}
    numbers["share_in_another_part"] = {parts.shown(part): share for part, share in shares.items()}
    judgement = by_share(max(shares.values()), "leak")
    if repeats:
        sentence += f" {_of_parts(parts, shares)} in another part too."
    return Finding("copies", judgement, sentence, DIVIDE if judgement == "leak" else "", numbers)


def near_finding(table: LabelledTable, kinship: Kinship, parts: TableParts) -> Finding:
    """Count near copies in other parts, or of each other, and say how far copying their labels goes.

    Parameters
    ----------
    table, kinship, parts
        As in `copies_finding`.

    Returns
    -------
    Finding
        A leak where one in a hundred of a tested part has a near copy in another part; a note where there are no parts.
    """
    pairs, labels = kinship.pairs, label_matrix(table.target)
    levels = sorted({pairs.threshold, *(level for level in LEVELS if level > pairs.threshold)})
    shares: dict[str, dict[str, float]] = {parts.shown(part): {} for part in parts.tested}
    seen = Seen(np.zeros(len(table), dtype=np.int64), np.full(labels.shape, np.nan))
    for level in reversed(levels):
        strong = pairs.containment >= level
        links = (pairs.first[strong], pairs.second[strong], pairs.containment[strong])
        first = kinship.copies.group
        seen = seen_elsewhere(parts, labels, first, (first[links[0]], first[links[1]], links[2]))
        for part in parts.tested:
            shares[parts.shown(part)][f"{level:g}"] = float((seen.relatives[parts.code == part] > 0).mean())
    worst_part = max(parts.tested, key=lambda part: shares[parts.shown(part)][f"{pairs.threshold:g}"])
    share = shares[parts.shown(worst_part)][f"{pairs.threshold:g}"]
    score = copier_score(table.target, seen, parts.code == worst_part)
    poor = int(pairs.incomparable.sum())
    numbers = {
        "share_with_relative": shares,
        "pairs": int(pairs.first.size),
        "threshold": pairs.threshold,
        "word": pairs.word,
        "seed": pairs.seed,
        "too_simple_to_compare": poor,
        "seeds_passed_over": pairs.seeds_passed,
        "copier": score,
    }
    sentence = _near_sentence(parts, worst_part, shares[parts.shown(worst_part)], pairs.threshold)
    sentence += _copier_sentence(score, share)
    if poor:
        sentence += f" {poor:,} examples are too short or too simple to compare."
    judgement = by_share(share, "leak" if parts.divided else "note")
    fix = "" if judgement == "ok" or share < 0.01 else DIVIDE
    return Finding("near copies", judgement, sentence, fix, numbers)


def _near_sentence(parts: TableParts, part: int, shares: dict[str, float], threshold: float) -> str:
    if shares[f"{threshold:g}"] == 0:
        where = "across parts" if parts.divided else "in the table"
        return f"No two sequences {where} have {threshold:g} of their words in common."
    (level, share), *others = sorted(shares.items())
    more = "".join(f", {percent(part_share)} {other} or more" for other, part_share in others)
    if parts.divided:
        told = (
            f"{percent(share)} of {parts.shown(part)} have {level} or more of their words in common with an example of"
        )
        return f"{told} another part{more}."
    return f"{percent(share)} have {level} or more of their words in common with another example{more}."


def _copier_sentence(score: dict[str, Any] | None, share: float) -> str:
    if score is None or share == 0:
        return ""
    if score["metric"] == "Pearson":
        return f" Copying the labels of the relatives gives Pearson {score['value']:.3f} on those {score['n']:,}."
    value, common = percent(score["value"]), percent(score["majority"])
    return f" Copying the labels of the relatives is right for {value} of those {score['n']:,} (majority: {common})."


def conflicts_finding(table: LabelledTable, kinship: Kinship) -> Finding:
    """Count pairs that are the same, or nearly, and labelled otherwise.

    Parameters
    ----------
    table, kinship
        As in `copies_finding`.

    Returns
    -------
    Finding
        A fault where one in a hundred examples has such a partner. Of a number, labels of copies conflict where they
        are further apart than half the standard deviation of all.
    """
    equal = _torn(table.target, kinship.copies.group)
    strong, wide = kinship.pairs.containment >= LIKE_A_COPY, kinship.overlaps.share >= CONFLICT_OVERLAP
    near = _differing(table.target, kinship.pairs.first[strong], kinship.pairs.second[strong])
    placed = _differing(table.target, kinship.overlaps.first[wide], kinship.overlaps.second[wide])
    involved = {
        "same sequence": (equal,),
        f"with {LIKE_A_COPY:g} of the words in common": near,
        "overlapping by half of the shorter": placed,
    }
    counts = {name: int(np.unique(np.concatenate(ends)).size) for name, ends in involved.items()}
    everyone = np.unique(np.concatenate([end for ends in involved.values() for end in ends])).size
    share = everyone / len(table)
    judgement = by_share(share, "fault")
    numbers = {"examples": int(everyone), **counts}
    if not everyone:
        sentence = "No two examples with the same or nearly the same sequence or place have different labels."
        return Finding("conflicting labels", judgement, sentence, "", numbers)
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    sentence = f"{everyone:,} examples ({percent(share)}) have a partner with another label: {told}."
    fix = "decide which label holds, or drop both; no model can be right about them all"
    return Finding("conflicting labels", judgement, sentence, fix, numbers)


def _torn(target: Target, group: Integers) -> Integers:
    """Give the members of groups whose labels differ."""
    values = label_matrix(target)
    order = np.argsort(group, kind="stable")
    begins = np.flatnonzero(np.append(True, np.diff(group[order]) != 0))
    spread = np.fmax.reduceat(values[order], begins, axis=0) - np.fmin.reduceat(values[order], begins, axis=0)
    torn: npt.NDArray[np.bool_] = np.any(spread > _least(target, values), axis=1)
    return np.flatnonzero(torn[group])


def _least(target: Target, values: Floats) -> float:
    """Give the difference from which on two labels conflict."""
    return float(values.std()) / 2 if target.kind == "number" else 0.5


def _differing(target: Target, first: Integers, second: Integers) -> tuple[Integers, Integers]:
    """Keep the pairs whose labels differ."""
    values = label_matrix(target)
    far = (np.abs(values[first] - values[second]) > _least(target, values)).any(axis=1)
    return first[far], second[far]


def _no_links() -> tuple[Integers, Integers, Floats]:
    nothing = np.empty(0, dtype=np.int64)
    return nothing, nothing, np.empty(0)


def _of_parts(parts: TableParts, shares: dict[int, float]) -> str:
    told = [f"of {parts.shown(part)} {percent(share)}" for part, share in shares.items()]
    text = ", ".join(told)
    return f"{text[0].upper()}{text[1:]} are"


@look(10, across=True)
def _copies(examined: Examined) -> list[Finding]:
    return [copies_finding(examined.table, examined.kinship, examined.parts)]


@look(20, across=True)
def _near_copies(examined: Examined) -> list[Finding]:
    return [near_finding(examined.table, examined.kinship, examined.parts)]


@look(40)
def _conflicts(examined: Examined) -> list[Finding]:
    return [conflicts_finding(examined.table, examined.kinship)]
