"""The panel for those who write Python: any table, any function that describes sequences, all baselines beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from genolect.data.labelled_table import LabelledTable
from genolect.data.ragged import RaggedBases
from genolect.evaluation.arm import Features
from genolect.evaluation.baselines import BASELINES, CONTROL, baseline_arms, feature_arm
from genolect.evaluation.panel import PanelOptions, PanelResult, run_panel
from genolect.evaluation.words import Strands


def run_table_panel(
    table: LabelledTable,
    arms: Mapping[str, Callable[[RaggedBases], Features]] | None = None,
    *,
    baselines: Sequence[str] = (*BASELINES, CONTROL),
    strands: Strands | None = None,
    reference: str | None = None,
    options: PanelOptions | None = None,
) -> PanelResult:
    """Compare ways to describe sequences with one another and with the baselines.

    Parameters
    ----------
    table : LabelledTable
        Examples with the roles train, validation and test.
    arms : mapping of str to callable, optional
        Each takes n sequences and gives features of shape (n, D); they go through the linear probe.
    baselines : sequence of str
        Which of the baselines run beside them.
    strands : {'one', 'both'}, optional
        Whether a sequence and its reverse complement mean the same; by default see `strands_of`.
    reference : str, optional
        The arm that is compared with all others; by default the first of `arms`, or the best baseline.
    options : PanelOptions, optional
        How.

    Returns
    -------
    PanelResult
        As from `genolect.evaluation.panel.run_panel`.

    Raises
    ------
    GenolectError
        As `genolect.evaluation.panel.run_panel`.

    Examples
    --------
    >>> import numpy as np
    >>> from genolect.data.labelled_table import Places, Target
    >>> label = np.arange(90) % 2
    >>> sequences = RaggedBases.of([np.full(5 + 3 * one, 1, dtype=np.uint8) for one in label])
    >>> split, blank = np.repeat(["train", "validation", "test"], 30), np.full(90, "")
    >>> table = LabelledTable("toy", np.arange(90).astype(str), sequences, Target("classes", ("no", "yes"), label),
    ...     split, blank, Places.unknown(90))
    >>> panel = run_table_panel(table, {"mine": lambda some: some.lengths[:, None]}, baselines=["majority"])
    >>> panel.reference, panel.verdicts
    ('mine', {'majority': 'better'})
    """
    own = {name: feature_arm(describe) for name, describe in (arms or {}).items()}
    others = baseline_arms(baselines, strands=strands or strands_of(table))
    return run_panel(table, {**others, **own}, reference=reference or next(iter(own), None), options=options)


def strands_of(table: LabelledTable) -> Strands:
    """Say whether arms read one strand or both: one where every example has a strand, on which it is written.

    Examples
    --------
    >>> import numpy as np
    >>> from genolect.data.labelled_table import Places, Target
    >>> blank = np.array([""])
    >>> strands_of(LabelledTable("toy", blank, RaggedBases.of([np.zeros(3, dtype=np.uint8)]),
    ...     Target("number", ("y",), np.zeros(1)), blank, blank, Places.unknown(1)))
    'both'
    """
    return "one" if bool((table.places.strand != 0).all()) else "both"
