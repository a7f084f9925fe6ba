"""A genome to work with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from genolect.folders import MANIFEST
from genolect.genome.genome import PreparedGenome, prepare_genome

ENDINGS = (".gz", ".bgz", ".fa", ".fasta", ".fna")


def read_genome(path: str | Path | Sequence[str | Path], *, folder: str | Path | None = None) -> PreparedGenome:
    """Open a genome, preparing it first where that was not done yet.

    Parameters
    ----------
    path : str, Path or list of them
        FASTA files (plain, gzip or BGZF), or a folder that was prepared before.
    folder : str or Path, optional
        Where the prepared genome goes, one byte per base; by default beside the first FASTA file, with the ending
        ``.prepared``. A folder made from the same bytes is used again.

    Returns
    -------
    PreparedGenome
        Its ``lengths`` (bases of each record, by name) and ``bases(name, start, end)`` (codes, 0-based half-open).

    Raises
    ------
    InputError
        If a file is no FASTA file, or is damaged.
    MachineError
        If the folder holds something else, or cannot be written.

    Examples
    --------
    >>> import genolect as gl
    >>> genome = gl.read_genome("genome.fa")
    >>> len(genome.lengths), genome.lengths["chr1"]
    (6, 8000)
    >>> gl.read_genome("genome.prepared").lengths == genome.lengths
    True
    """
    paths = [Path(path)] if isinstance(path, str | Path) else [Path(one) for one in path]
    if len(paths) == 1 and (paths[0] / MANIFEST).is_file():
        return PreparedGenome(paths[0])
    return prepare_genome(paths, _beside(paths[0]) if folder is None else Path(folder))


def _beside(path: Path) -> Path:
    stem = path
    while stem.suffix in ENDINGS:
        stem = stem.with_suffix("")
    return stem.with_name(f"{stem.name}.prepared")
