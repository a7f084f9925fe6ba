"""A genome whose track can be read from its letters, and recipes that ask about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pybigtools

from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.pretraining.kinds.tracks import TrackPart
from genolect.pretraining.recipe import EncoderChoice, Recipe

LENGTHS = {"one": 9_000, "two": 3_100, "three": 3_300, "four": 700}
BIN, WINDOW = 8, 96
ENFORMER = {"stages": 3, "crop": 2, "width": 16, "heads": 2, "layers": 1, "feed_forward": 20, "stem_reach": 5}
SMALL = {"width": 12, "heads": 2, "layers": 1, "feed_forward": 10, "context_lengths": [2]}


def toy_track(folder: Path) -> tuple[PreparedGenome, str]:
    """Stretches rich and poor in G and C by turns; the track is 5 on every G and C."""
    generator = np.random.default_rng(7)
    text, rows = [], []
    for name, length in LENGTHS.items():
        share = np.repeat(generator.choice([0.1, 0.4], -(-length // 40)), 40)[:length]
        rich = generator.random(length) < 2 * share
        letters = np.where(rich, generator.choice(list("GC"), length), generator.choice(list("AT"), length))
        text.append(f">{name}\n{''.join(letters)}\n")
        rows += [(name, int(place), int(place) + 1, 5.0) for place in np.flatnonzero(rich)]
    (folder / "genome.fa").write_text("".join(text))
    pybigtools.open(str(folder / "gc.bw"), "w").write(LENGTHS, rows)
    return prepare_genome([folder / "genome.fa"], folder / "prepared"), str(folder / "gc.bw")


def recipe_of(path: str, kind: str = "enformer", *, files: int = 1, **part: Any) -> Recipe:
    """Ask an encoder about the track."""
    shape = ENFORMER if kind == "enformer" else SMALL
    asked = {} if kind == "enformer" else {"bin": BIN, "crop": 1}
    objectives = {"gc": TrackPart(files=(path,) * files, **{**asked, **part})}
    return Recipe(encoder=EncoderChoice(kind=kind, shape=shape), objectives=objectives)
