"""Rows of two predictions of one track: both correlations and their difference, with intervals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from rows import Row, row

from genolect.statistics.bootstrap import draw_blocks, estimate, resampled_values
from genolect.statistics.metrics import pearson

Floats = npt.NDArray[np.float64]

BLOCKS = 50
SEED = 1


def estimated_rows(what: str, truth: Floats, ours: Floats, peers: Floats, peer_name: str) -> list[Row]:
    """Give both correlations and their difference, with a 95 % interval over 50 contiguous blocks of the places."""
    blocks = np.arange(truth.size) * BLOCKS // truth.size

    def metric(weights: Floats) -> dict[str, Floats]:
        own, other = pearson(truth, ours, weights), pearson(truth, peers, weights)
        return {"ours": own, "peer": other, "difference": own - other}

    values = {name: float(value[0]) for name, value in metric(np.ones((truth.size, 1))).items()}
    resamples = draw_blocks(blocks, seed=SEED)
    resampled = resampled_values(metric, resamples)
    unit = {}
    for name, value in values.items():
        found = estimate(value, resampled[name], resamples.limits)
        unit[name] = f"({found.low:.3f} to {found.high:.3f})"
    interval = f"Pearson {unit['ours']}"
    return [
        row(f"{what}: held-out {truth.size:,}", values["ours"], interval, peer=values["peer"], peer_name=peer_name),
        row(f"{what}: interval of the peer", values["peer"], f"Pearson {unit['peer']}"),
        row(f"{what}: difference", values["difference"], f"Pearson {unit['difference']}"),
    ]
