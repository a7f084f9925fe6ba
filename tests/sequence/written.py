"""Records as FASTA text, for tests that need a file."""

from __future__ import annotations

from genolect.sequence.alphabet import Bases, decode


def format_fasta(name: str, bases: Bases, width: int = 60) -> str:
    """Write one record as FASTA text, lower case where soft-masked."""
    letters = decode(bases)
    lines = (letters[start : start + width] for start in range(0, len(letters), width))
    return "\n".join((f">{name}", *lines, ""))
