"""What a panel shows, in plain English, by rule from its numbers."""

from __future__ import annotations

from genolect.evaluation.logistic import MOST_STEPS
from genolect.evaluation.probe import Probe
from genolect.evaluation.statistics import FEWEST_BLOCKS, Estimate, Verdict

ARM_NAMES = {
    "majority": "the majority guess",
    "composition": "base composition",
    "kmer_logistic": "k-mer counting",
    "cnn": "the small convolutional network",
    "random_probe": "the random twin",
    "counting_probe": "the random twin with the genome's counts",
    "pretrained_probe": "the pretrained probe",
}
ENOUGH_BLOCKS = 20


def arm_name(arm: str) -> str:
    """Name an arm inside a sentence; one that is unknown keeps its own name, in quotes.

    Examples
    --------
    >>> arm_name("kmer_logistic"), arm_name("svm")
    ('k-mer counting', '“svm”')
    """
    return ARM_NAMES.get(arm, f"“{arm}”")


def _number(value: float, *, signed: bool = False) -> str:
    text = f"{value:.3f}"
    if float(text) == 0:
        return "0.000"
    return f"+{text}" if signed and value > 0 else text.replace("-", "−")


def _interval(low: float, high: float, *, signed: bool = False) -> str:
    return f"95 % interval {_number(low, signed=signed)} to {_number(high, signed=signed)}"


def comparison_sentence(
    task: str, reference: str, other: str, difference: Estimate, verdict: Verdict, margin: float
) -> str:
    """Say how two arms compare.

    Parameters
    ----------
    task : str
        The task's name.
    reference, other : str
        The arms.
    difference : Estimate
        AUROC of `reference` minus AUROC of `other`.
    verdict : {'better', 'worse', 'equivalent', 'undecided'}
        From `genolect.evaluation.statistics.decide`.
    margin : float
        The margin that it used.

    Returns
    -------
    str
        One sentence.

    Examples
    --------
    >>> comparison_sentence("genes", "pretrained_probe", "composition", Estimate(0.04, 0.02, 0.06), "better", 0.01)
    'On genes, the pretrained probe beats base composition by 0.040 AUROC (95 % interval 0.020 to 0.060).'
    """
    ours, theirs = arm_name(reference), arm_name(other)
    value, low, high = difference.value, difference.low, difference.high
    undecided = f"On {task}, it is undecided whether {ours} or {theirs} is better"
    if value is None:
        return f"{undecided}: AUROC does not exist on these windows."
    if low is None or high is None:
        return f"{undecided}: the difference is {_number(value, signed=True)} AUROC, without an interval."
    if verdict == "better":
        return f"On {task}, {ours} beats {theirs} by {_number(value)} AUROC ({_interval(low, high)})."
    if verdict == "worse":
        return f"On {task}, {ours} LOSES to {theirs} by {_number(-value)} AUROC ({_interval(-high, -low)})."
    told = f"{_number(value, signed=True)} AUROC ({_interval(low, high, signed=True)})"
    if verdict == "equivalent":
        return f"On {task}, {ours} and {theirs} are equivalent: they differ by {told}, within the margin of {margin:g}."
    return f"{undecided}: the difference is {told}."


def best_sentence(task: str, aurocs: dict[str, Estimate], *, windows: int, blocks: int) -> str:
    """Name the arm with the highest AUROC, which need not be ours.

    Parameters
    ----------
    task : str
        The task's name.
    aurocs : dict of str to Estimate
        Macro AUROC of each arm.
    windows, blocks : int
        Size of the test set.

    Returns
    -------
    str
        One sentence; of arms with equal values it names the first.

    Examples
    --------
    >>> best_sentence("genes", {"composition": Estimate(0.7, None, None)}, windows=1200, blocks=4)
    'On genes, base composition has the highest AUROC, 0.700 (no interval; 1,200 windows in 4 blocks).'
    """
    values = {arm: one.value for arm, one in aurocs.items() if one.value is not None}
    if not values:
        return f"On {task}, AUROC does not exist: the {windows:,} windows are all of one class."
    best = max(values, key=lambda arm: values[arm])
    low, high = aurocs[best].low, aurocs[best].high
    interval = "no interval" if low is None or high is None else _interval(low, high)
    size = f"{windows:,} windows in {blocks:,} {'block' if blocks == 1 else 'blocks'}"
    return f"On {task}, {arm_name(best)} has the highest AUROC, {_number(values[best])} ({interval}; {size})."


def caution_sentences(probes: dict[str, Probe], *, blocks: int) -> list[str]:
    """Say what weakens the numbers.

    Parameters
    ----------
    probes : dict of str to Probe
        The fitted probe of each arm.
    blocks : int
        Resampling units in the test set.

    Returns
    -------
    list of str
        One sentence for each weakness; empty where there is none.

    Examples
    --------
    >>> caution_sentences({}, blocks=12)
    ['The test set has only 12 blocks, so the intervals are rough.']
    """
    said = []
    if blocks < FEWEST_BLOCKS:
        said.append(f"The test set has only {blocks} of the {FEWEST_BLOCKS} blocks that an interval needs.")
    elif blocks < ENOUGH_BLOCKS:
        said.append(f"The test set has only {blocks} blocks, so the intervals are rough.")
    for arm, probe in probes.items():
        if not probe.converged:
            said.append(f"The probe of {arm_name(arm)} did not converge in {MOST_STEPS:,} steps.")
        if probe.at_grid_edge:
            said.append(
                f"The probe of {arm_name(arm)} is best at the edge of its penalties (C = {probe.inverse_penalty:g}), "
                "so it may be better than shown."
            )
    return said
