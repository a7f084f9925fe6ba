"""Batches for the parts of a training: windows of a genome with classes, labels or tracks, pairs of orthologues.

Legend: B windows, W bases per window, L tokens, K bins, T tracks.
"""

from __future__ import annotations

import torch
from torch import Tensor

from genolect.genome.classes import BaseClasses
from genolect.genome.windows import WindowSampler
from genolect.models.inference import WindowTokens
from genolect.objectives.objective import Batch
from genolect.sequence.interval import Interval


class GenomeBatches:
    """Windows of a genome, cut into tokens.

    Parameters
    ----------
    windows : WindowSampler
        Where they come from.
    tokens : WindowTokens
        Cuts them.
    count : int
        B.
    classes : BaseClasses, optional
        Gives every base its class.
    placed : bool
        Whether batches say where their windows lie.
    """

    def __init__(
        self,
        windows: WindowSampler,
        tokens: WindowTokens,
        count: int,
        *,
        classes: BaseClasses | None = None,
        placed: bool = False,
    ) -> None:
        self.windows = windows
        self.tokens = tokens
        self.count = count
        self.classes = classes
        self.placed = placed
        self._records = {name: number for number, name in enumerate(windows.genome.records)}
        self._last: tuple[int, torch.device, Batch] | None = None

    def draw(self, step: int, device: torch.device) -> Batch:
        """Draw the windows of one step; asked again for the same step, give the very same batch."""
        if self._last is not None and self._last[:2] == (step, device):
            return self._last[2]
        bases = torch.from_numpy(self.windows.draw(step, self.count)).to(device)  # One byte each.
        batch = self.tokens.batch(bases)
        if self.classes is not None or self.placed:
            places = self.windows.places(step, self.count)
            classes = None if self.classes is None else torch.from_numpy(self.classes.windows(places)).to(device)
            batch = Batch(bases, batch.ids, batch.spans, classes, self._numbered(places, device))
        self._last = step, device, batch
        return batch

    def _numbered(self, places: list[Interval], device: torch.device) -> Tensor:
        rows = [(place.start, self._records[place.name]) for place in places]
        return torch.tensor(rows, dtype=torch.int64, device=device)
