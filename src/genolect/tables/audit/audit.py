"""The audit of a labelled table: everything that could make a score look better than it is.

Axes: n examples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from genolect.genome.genome import PreparedGenome
from genolect.tables.audit.finding import Examined, Finding, Judgement, Pretraining, looks, worst
from genolect.tables.relatives import Kinship, TableParts, find_kinship
from genolect.tables.similarity import THRESHOLD
from genolect.tables.table import LabelledTable

SERIOUS: tuple[Judgement, ...] = ("fault", "confounded", "leak")


@dataclass(frozen=True)
class Audit:
    """What was found in a table.

    Attributes
    ----------
    name : str
        The table.
    examples : int
        How many.
    parts : dict of str to int
        Examples of each part.
    labels : dict of str to int
        Examples of each class, or positives of each label.
    findings : tuple of Finding
        One for each thing that was looked at.
    remarks : tuple of str
        What the table says of itself.
    """

    name: str
    examples: int
    parts: dict[str, int]
    labels: dict[str, int]
    findings: tuple[Finding, ...]
    remarks: tuple[str, ...] = ()

    @property
    def judgement(self) -> Judgement:
        """The worst of the findings'."""
        return worst(finding.judgement for finding in self.findings)

    @property
    def summary(self) -> str:
        """One line for all."""
        counted = Counter(finding.judgement for finding in self.findings)
        names = {
            kind: ", ".join(finding.name for finding in self.findings if finding.judgement == kind) for kind in SERIOUS
        }
        told = [f"{kind}: {names[kind]}" for kind in reversed(SERIOUS) if counted[kind]]
        rest = f"{counted['note']} notes, {counted['ok']} ok"
        return f"{self.name}: {'; '.join(told)}; {rest}." if told else f"{self.name}: nothing serious; {rest}."

    def section(self) -> dict[str, Any]:
        """Give everything as plain values, for JSON and for a report."""
        return {
            "task": self.name,
            "examples": self.examples,
            "parts": self.parts,
            "labels": self.labels,
            "judgement": self.judgement,
            "summary": self.summary,
            "remarks": list(self.remarks),
            "findings": [finding.to_mapping() for finding in self.findings],
        }


def audit(
    table: LabelledTable,
    *,
    threshold: float = THRESHOLD,
    genome: PreparedGenome | None = None,
    pretraining: Pretraining | None = None,
    kinship: Kinship | None = None,
    say: Callable[[str], None] | None = None,
) -> Audit:
    """Look for everything that could make a score look better than it is.

    Parameters
    ----------
    table : LabelledTable
        The table, with its split as it is.
    threshold : float
        Least containment of a near copy.
    genome : PreparedGenome, optional
        The genome of the table's places, to compare them and to take repeats from.
    pretraining : Pretraining, optional
        What a model reads.
    kinship : Kinship, optional
        From `find_kinship`, where it is known.
    say : callable, optional
        Told what is looked at.

    Returns
    -------
    Audit
        The findings.
    """
    say = say or (lambda _: None)
    say("comparing sequences and places")
    kinship = find_kinship(table, threshold) if kinship is None else kinship
    parts = TableParts.of(table)
    examined = Examined(table, kinship, parts, genome, pretraining)
    findings: list[Finding] = []
    for one in looks():
        if one.needs and getattr(examined, one.needs) is None:
            continue
        if one.says:
            say(one.says)
        findings += one.find(examined)
    sizes = {parts.shown(number): size for number, size in enumerate(parts.sizes)} if parts.divided else {}
    return Audit(table.name, len(table), sizes, table.target.count(), tuple(findings), table.remarks)


def across_findings(table: LabelledTable, kinship: Kinship, parts: TableParts) -> list[Finding]:
    """Look only for what one part of a split gives away of another.

    Parameters
    ----------
    table, kinship, parts
        The table, its relations and its parts.

    Returns
    -------
    list of Finding
        Copies, near copies and overlapping places.
    """
    examined = Examined(table, kinship, parts)
    return [finding for one in looks() if one.across for finding in one.find(examined)]
