"""Batches for the parts of a training: windows of a genome with classes, labels or tracks, pairs of orthologues.

Legend: B windows, W bases per window, L tokens, K bins, T tracks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genolect.genome.classes import BaseClasses
from genolect.genome.orthologs import OrthologPairSampler
from genolect.genome.tracks import BinnedSignal, TrackShape, binned_targets
from genolect.genome.windows import WindowSampler
from genolect.models.inference import WindowTokens
from genolect.objectives.objective import Batch
from genolect.objectives.supervised import NO_CLASS, LabelledBatch
from genolect.objectives.tracks import TrackBatch
from genolect.random import derived_generator
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


class LabelledBatches:
    """The windows of a genome with the classes of their bases as labels, for some of them.

    Parameters
    ----------
    windows : GenomeBatches
        With classes.
    of : {'window', 'token'}
        Whether a window has the class of its centre base, or every token that of its middle base.
    share : float
        Share of the windows whose labels are shown.
    records : tuple of str
        Records whose labels are known; empty for all.
    """

    def __init__(self, windows: GenomeBatches, of: str, share: float, records: tuple[str, ...]) -> None:
        self.windows = windows
        self.of = of
        self.share = share
        self.records = frozenset(records)

    def draw(self, step: int, device: torch.device) -> LabelledBatch:
        """Draw the windows of one step with their labels."""
        batch = self.windows.draw(step, device)
        labels = labels_of(batch, self.of)
        known = torch.from_numpy(self._known(step)).to(device)
        labels = torch.where(known if labels.dim() == 1 else known[:, None], labels, NO_CLASS)
        return LabelledBatch(batch.bases, batch.ids, batch.spans, batch.classes, batch.places, labels=labels)

    def _known(self, step: int) -> npt.NDArray[np.bool_]:
        """Tell which windows of a step show their labels."""
        source = self.windows
        chosen = derived_generator(source.windows.seed, "labels", step).random(source.count) < self.share
        if self.records:
            chosen &= [place.name in self.records for place in source.windows.places(step, source.count)]
        return chosen


def labels_of(batch: Batch, of: str) -> Tensor:
    """Give the classes of a batch as labels.

    Parameters
    ----------
    batch : Batch
        With classes.
    of : {'window', 'token'}
        Whether a window has the class of its centre base, or every token that of its middle base.

    Returns
    -------
    Tensor of int64, shape (B,) or (B, L)
        The labels.

    Raises
    ------
    ValueError
        If the batch has no classes.

    Examples
    --------
    >>> bases, spans = torch.zeros(1, 5, dtype=torch.uint8), torch.tensor([[0, 2], [2, 4]])
    >>> batch = Batch(bases, torch.tensor([[7, 8]]), spans, torch.tensor([[0, 1, 2, 3, 3]], dtype=torch.uint8))
    >>> labels_of(batch, "window").tolist(), labels_of(batch, "token").tolist()
    ([2], [[1, 3]])
    """
    if batch.classes is None:
        raise ValueError("labels need classes")
    classes = batch.classes.long()
    if of == "window":
        return classes[:, classes.shape[1] // 2]
    middles = (batch.spans.sum(-1) // 2).expand(batch.ids.shape)
    return classes.gather(1, middles)


class TrackBatches:
    """The windows of a genome with what tracks say of their bins.

    Parameters
    ----------
    windows : GenomeBatches
        Where they come from.
    tracks : sequence of BinnedSignal
        T tracks.
    shape : TrackShape
        How windows and bins lie.
    """

    def __init__(self, windows: GenomeBatches, tracks: Sequence[BinnedSignal], shape: TrackShape) -> None:
        self.windows = windows
        self.tracks = tuple(tracks)
        self.shape = shape

    def draw(self, step: int, device: torch.device) -> TrackBatch:
        """Draw the windows of one step with their counts."""
        batch = self.windows.draw(step, device)
        counts = torch.from_numpy(self.counts(step)).to(device)
        return TrackBatch(batch.bases, batch.ids, batch.spans, batch.classes, batch.places, counts=counts)

    def counts(self, step: int) -> npt.NDArray[np.float32]:
        """Give the counts of one step alone, shape (B, K, T); NaN where not known."""
        places = self.windows.windows.places(step, self.windows.count)
        return binned_targets(places, self.tracks, self.shape)


class OrthologBatches:
    """Pairs of orthologous windows, cut into tokens.

    Parameters
    ----------
    pairs : OrthologPairSampler
        Where they come from.
    tokens : WindowTokens
        Cuts them.
    """

    def __init__(self, pairs: OrthologPairSampler, tokens: WindowTokens) -> None:
        self.pairs = pairs
        self.tokens = tokens

    def draw(self, step: int, device: torch.device) -> Batch:
        """Draw the pairs of one step: first members, then their partners."""
        return self.tokens.batch(torch.from_numpy(self.pairs.batch(step).bases).to(device))
