"""One chromosome, many names: ``chr1``, ``1``, ``Chr01``, ``I``; ``MT``, ``chrM``, ``Mito``."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PREFIX = re.compile(r"(?:chromosome|chrom|chr)[\s_.:-]*(?=.)")
_ACCESSION = re.compile(r"([a-z]{1,6}_?\d{5,})(\.\d+)?")
_MITOCHONDRION = frozenset(("m", "mt", "mito", "mtdna", "mitochondria", "mitochondrial", "mitochondrion"))
_PLASTID = frozenset(("pt", "pltd", "plastid", "cp", "cpdna", "chloroplast"))
_ROMAN = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")


def suggest_names(annotation_names: Iterable[str], genome_names: Iterable[str]) -> dict[str, str]:
    """Guess which sequence of the genome an annotation means, where the names differ only in style.

    The styles are the prefix ``chr``, upper and lower case, leading zeros, the version of an accession,
    names of mitochondria and plastids, and Roman numerals. A name with two candidates gets none.

    Parameters
    ----------
    annotation_names, genome_names : iterable of str
        The sequence names of the two files.

    Returns
    -------
    dict of str to str
        From a name that the genome lacks to a name of the genome that the annotation does not use, one to one.

    Examples
    --------
    >>> suggest_names(["chr1", "chr2", "chrM", "plasmid"], ["I", "II", "Mito"])
    {'chr1': 'I', 'chr2': 'II', 'chrM': 'Mito'}
    """
    theirs, ours = list(dict.fromkeys(annotation_names)), list(dict.fromkeys(genome_names))
    unknown = {name: _key(name) for name in theirs if name not in set(ours)}
    free = {name: _key(name) for name in ours if name not in set(theirs)}
    found = _matched(unknown, free)
    rest = {name: key for name, key in unknown.items() if name not in found}
    still_free = {name: key for name, key in free.items() if name not in found.values()}
    # X alone is a sex chromosome; only beside I or II is it a ten.
    if {"i", "ii"} & {_key(name) for name in (*theirs, *ours)}:
        found |= _matched(_numbered(rest), _numbered(still_free))
    return {name: found[name] for name in theirs if name in found}


def _key(name: str) -> str:
    """Give what is left of a name without its style."""
    lowered = name.strip().lower()
    plain = _PREFIX.sub("", lowered, count=1) if _PREFIX.match(lowered) else lowered
    if plain in _MITOCHONDRION:
        return "mitochondrion"
    if plain in _PLASTID or lowered in ("chrc", "chr_c"):
        return "plastid"
    return plain.lstrip("0") or plain


def _numbered(names: dict[str, str]) -> dict[str, str]:
    """Write Roman numerals from 1 to 39 in digits."""
    numerals = {"x" * (number // 10) + _ROMAN[number % 10]: str(number) for number in range(1, 40)}
    return {name: numerals.get(key, key) for name, key in names.items()}


def _matched(unknown: dict[str, str], free: dict[str, str]) -> dict[str, str]:
    """Pair names of equal key, where the key is unique on both sides."""
    ours, theirs = _by_key(free), _by_key(unknown)
    pairs = {names[0]: ours[key][0] for key, names in theirs.items() if len(names) == 1 == len(ours.get(key, ()))}
    return {name: target for name, target in pairs.items() if not (_version(name) and _version(target))}


def _by_key(names: dict[str, str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name, key in names.items():
        accession = _ACCESSION.fullmatch(key)
        groups.setdefault(accession[1] if accession else key, []).append(name)
    return groups


def _version(name: str) -> str:
    """Give the version of an accession: two versions are two sequences."""
    accession = _ACCESSION.fullmatch(name.lower())
    return accession[2] or "" if accession else ""
