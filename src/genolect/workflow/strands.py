"""How differently a model reads the two strands of held-out windows: what ``genolect strand`` says."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from genolect.data.genome import PreparedGenome
from genolect.data.windows import tile_windows
from genolect.encoders.build import StrandConfig, require_tokens
from genolect.encoders.strand_heads import invariant_descriptor
from genolect.errors import ConfigurationError
from genolect.evaluation.strand import StrandReport, compare_predictions, compare_vectors
from genolect.inference import Machine, embed, token_scores
from genolect.model import SequenceModel, load_model
from genolect.sequence.alphabet import Bases
from genolect.sequence.interval import Interval
from genolect.tokenizers.strand import target_partners
from genolect.window_tokens import WindowTokens
from genolect.workflow.exam import cut_windows

EXACT = Machine(torch.device("cpu"), reduced=False)
"""Reduced precision would hide whether a symmetry is exact."""


def strand_reports(
    folder: Path, genome: PreparedGenome, *, windows: int, window: int, seed: int
) -> dict[str, StrandReport]:
    """Compare what a model says of windows and of their other strands.

    Parameters
    ----------
    folder : Path
        A model directory, or a Hugging Face directory of a published model.
    genome : PreparedGenome
        Where the windows come from, evenly spaced.
    windows : int
        How many, at most.
    window : int
        Bases per window.
    seed : int
        Of the intervals.

    Returns
    -------
    dict of str to StrandReport
        ``descriptor``, of windows as a whole; and where tokens can be paired, ``predictions``, of every token.

    Raises
    ------
    InputError
        If the folder is no model, or no record holds a window.
    """
    model = load_model(folder)
    require_tokens(model.config, "the comparison of strands")
    regions = [Interval(name, 0, record.length) for name, record in genome.records.items()]
    bases, blocks = tile_windows(genome, regions, length=window, most=windows)
    reports = {"descriptor": compare_vectors(lambda part: _pooled(model, part), bases, blocks=blocks, seed=seed)}
    try:
        partners = target_partners(model.tokenizer) - model.tokenizer.targets.start
    except ConfigurationError:  # Words that are cut differently on the two strands cannot be paired.
        return reports
    tokens = WindowTokens(model.tokenizer)
    reports["predictions"] = compare_predictions(
        lambda part: _logits(model, tokens, part), bases, target_partners=partners, blocks=blocks, seed=seed
    )
    return reports


def strand_record(reports: dict[str, StrandReport]) -> dict[str, Any]:
    """Give everything as JSON types."""
    return {name: asdict(report) | {"sentence": report.sentence()} for name, report in reports.items()}


def _pooled(model: SequenceModel, windows: Bases) -> npt.NDArray[np.float64]:
    """Give the means of the last layer over the tokens; where its halves are strands, what is invariant of them."""
    parts = [
        embed(model, batch.ids.numpy(), EXACT, counted=False)
        for _, batch in cut_windows(WindowTokens(model.tokenizer), windows)
    ]
    means = np.split(np.concatenate(parts), 4, axis=1)[3].astype(np.float64)
    if not isinstance(model.config, StrandConfig):
        return means
    states = torch.from_numpy(means)[:, None]
    return invariant_descriptor(states, torch.ones(states.shape[:2], dtype=torch.bool)).numpy()


def _logits(model: SequenceModel, tokens: WindowTokens, windows: Bases) -> npt.NDArray[np.float64]:
    """Give the logits of every token, shape (B, L, V)."""
    ids = tokens.ids(torch.from_numpy(np.ascontiguousarray(windows)))
    every = torch.ones_like(ids, dtype=torch.bool)
    targets = len(model.tokenizer.targets)
    scores = token_scores(model, ids, every, lambda logits, part: logits, EXACT)
    return scores.reshape(*ids.shape, targets)
