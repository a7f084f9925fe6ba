"""How fast and in how much memory `genolect prepare` encodes a genome.

    python benchmarks/prepare.py [--quick] [--json PATH] [--gigabases 1.0]

A random genome is written as FASTA (60 letters a line, a tenth in lower case), plain and gzip. Peers read the same
files in the same run: pysam (records as text, nothing checked, nothing written) and pyfaidx. The peak memory is that of
a process that does nothing else.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyfaidx
import pysam
from rows import Row, row, show

from genolect.genome.genome import prepare_genome

CHROMOSOMES = 5
LINE = 60


def write_genome(path: Path, bases: int) -> None:
    """Write a random genome without holding more than some megabytes of it."""
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    generator = np.random.Generator(np.random.Philox(1))
    block = LINE * 100_000
    with path.open("wb") as file:
        for number in range(CHROMOSOMES):
            file.write(b">chromosome_%d\n" % number)
            for start in range(0, bases // CHROMOSOMES, block):
                count = min(block, bases // CHROMOSOMES - start) // LINE * LINE
                lines = letters[generator.integers(4, size=(count // LINE, LINE))]
                lines[: len(lines) // 10] |= 0x20
                ends = np.full((len(lines), 1), ord("\n"), dtype=np.uint8)
                file.write(np.concatenate([lines, ends], axis=1).tobytes())


def megabases_per_second(bases: int, action: Callable[[], object], repeats: int) -> float:
    """Time an action by processor time, best of some repeats."""
    seconds = []
    for _ in range(repeats):
        started = time.process_time()
        action()
        seconds.append(time.process_time() - started)
    return bases / min(seconds) / 1e6


def read_with_pysam(path: Path) -> int:
    """Read every record as text."""
    with pysam.FastxFile(str(path)) as file:
        return sum(len(record.sequence or "") for record in file)


def read_with_pyfaidx(path: Path) -> int:
    """Index and read every record as text."""
    path.with_name(path.name + ".fai").unlink(missing_ok=True)
    with pyfaidx.Fasta(str(path), as_raw=True) as file:
        return sum(len(record[:]) for record in file)


def peak_megabytes(path: Path, out: Path) -> float:
    """Prepare in a process of its own and read its peak memory."""
    program = (
        "import resource, sys; from pathlib import Path; from genolect.genome.genome import prepare_genome;"
        "prepare_genome([sys.argv[1]], Path(sys.argv[2]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    done = subprocess.run([sys.executable, "-c", program, path, out], check=True, capture_output=True, text=True)
    return float(done.stdout)


def measure(folder: Path, gigabases: float, repeats: int) -> list[Row]:
    """Measure every row."""
    bases = int(gigabases * 1e9)
    plain, packed, small = folder / "genome.fa", folder / "genome.fa.gz", folder / "small.fa"
    write_genome(plain, bases)
    write_genome(small, 10_000_000)
    with gzip.open(packed, "wb", compresslevel=1) as file:
        file.write(small.read_bytes())

    def prepare(path: Path) -> None:
        shutil.rmtree(folder / "prepared", ignore_errors=True)  # otherwise the second time only compares checksums
        prepare_genome([path], folder / "prepared")

    return [
        row(
            "prepare, plain FASTA of 10 Mb",
            megabases_per_second(10_000_000, lambda: prepare(small), repeats),
            "Mb/s",
            peer=megabases_per_second(10_000_000, lambda: read_with_pyfaidx(small), repeats),
            peer_name="pyfaidx, reading only",
        ),
        row(
            "prepare, gzip FASTA of 10 Mb",
            megabases_per_second(10_000_000, lambda: prepare(packed), repeats),
            "Mb/s",
            peer=megabases_per_second(10_000_000, lambda: read_with_pysam(packed), repeats),
            peer_name="pysam, reading only",
        ),
        row(f"peak memory of prepare, {gigabases} Gb", peak_megabytes(plain, folder / "big"), "MB"),
    ]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small genome, one repeat")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    parser.add_argument("--gigabases", type=float, default=1.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        gigabases = 0.02 if options.quick else options.gigabases
        show(measure(Path(folder), gigabases, 1 if options.quick else 5), options.json)


if __name__ == "__main__":
    main()
