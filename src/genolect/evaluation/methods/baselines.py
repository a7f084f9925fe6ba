"""The baselines by name. Each is one file of this folder, marked with `method.baseline`; no other file names it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache

from genolect.errors import ConfigurationError, shown
from genolect.evaluation import methods as folder
from genolect.evaluation.methods.method import REGISTERED, Arm, PanelContext, Strands


@cache
def _read_files() -> None:
    """Import every file of this folder: each adds its baselines."""
    for file in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
        if file.name != __name__:
            importlib.import_module(file.name)


def _ordered(*, controls: bool) -> tuple[str, ...]:
    _read_files()
    names = sorted(REGISTERED, key=lambda name: REGISTERED[name].order)
    return tuple(name for name in names if (REGISTERED[name].order < 0) == controls)


def baseline_names() -> tuple[str, ...]:
    """Name the baselines, from the simplest to the strongest."""
    return _ordered(controls=False)


def control_names() -> tuple[str, ...]:
    """Name the arms that must land at chance."""
    return _ordered(controls=True)


def baseline_arms(names: Sequence[str] | None = None, *, strands: Strands = "both") -> dict[str, Arm]:
    """Give arms by name; they share what they count.

    Parameters
    ----------
    names : sequence of str, optional
        Some of the baselines and controls; all baselines without.
    strands : {'one', 'both'}
        Whether a sequence and its reverse complement mean the same.

    Returns
    -------
    dict of str to Arm
        In that order.

    Raises
    ------
    ConfigurationError
        If there is no such arm.

    Examples
    --------
    >>> list(baseline_arms(["cnn", "majority"]))
    ['cnn', 'majority']
    """
    chosen, context = baseline_names() if names is None else names, PanelContext(strands)
    _read_files()
    unknown = next((name for name in chosen if name not in REGISTERED), None)
    if unknown is not None:
        raise ConfigurationError(f"there is no arm {shown(unknown)}", fix=f"choose of {', '.join(baseline_names())}")
    return {name: REGISTERED[name].build(context) for name in chosen}
