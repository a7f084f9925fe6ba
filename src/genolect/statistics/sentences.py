"""What a panel shows, in plain English, by rule from its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from genolect.statistics.bootstrap import MARGIN, Estimate, Verdict
from genolect.statistics.comparison import Comparison, decide_all, win_rate
from genolect.statistics.names import ARMS, OF
from genolect.statistics.permutation import at_chance

METRIC_NAMES = {"auroc": "AUROC", "pearson": "Pearson correlation"}
ENOUGH_GROUPS = 20
TRIPWIRES = {
    "composition": " (GC, CpG, N, length) alone",
    "coordinate_memoriser": ", which reads no sequence,",
    "nearest_neighbour": ", which understands nothing,",
}
TELLING = {"composition": 0.9, "coordinate_memoriser": 0.25, "nearest_neighbour": 1.0}
"""Share of the way from chance to the best arm from which a tripwire is worth a sentence.

Related sequences make some nearest neighbours right in honest tasks; one that beats whatever reads sequence is memory.
"""


def arm_name(arm: str) -> str:
    """Name an arm inside a sentence; one that is unknown keeps its own name, in quotes.

    Examples
    --------
    >>> arm_name("kmer_logistic"), arm_name("cnn of yeast"), arm_name("svm")
    ('k-mer counting', 'the convolutional network of yeast', '“svm”')
    """
    kind, of, model = arm.partition(OF)
    return f"{ARMS[kind].phrase}{of}{model}" if kind in ARMS else f"“{arm}”"


def metric_name(metric: str) -> str:
    """Name a headline metric inside a sentence.

    Examples
    --------
    >>> metric_name("pearson")
    'Pearson correlation'
    """
    return METRIC_NAMES.get(metric, metric)


def _number(value: float, *, signed: bool = False) -> str:
    text = f"{value:.3f}"
    if float(text) == 0:
        return "0.000"
    return f"+{text}" if signed and value > 0 else text.replace("-", "−")


def _interval(low: float, high: float, *, signed: bool = False) -> str:
    return f"95 % interval {_number(low, signed=signed)} to {_number(high, signed=signed)}"


def comparison_sentence(
    task: str,
    reference: str,
    other: str,
    difference: Estimate,
    verdict: Verdict,
    margin: float,
    *,
    metric: str = "auroc",
) -> str:
    """Say how two arms compare.

    Parameters
    ----------
    task : str
        The task's name.
    reference, other : str
        The arms.
    difference : Estimate
        `reference` minus `other`.
    verdict : {'better', 'worse', 'equivalent', 'undecided'}
        From `genolect.statistics.bootstrap.decide`.
    margin : float
        The margin that it used.
    metric : str
        What differs.

    Returns
    -------
    str
        One sentence.

    Examples
    --------
    >>> comparison_sentence("genes", "pretrained_probe", "composition", Estimate(0.04, 0.02, 0.06), "better", 0.01)
    'On genes, the pretrained probe beats base composition by 0.040 AUROC (95 % interval 0.020 to 0.060).'
    """
    ours, theirs, unit = arm_name(reference), arm_name(other), metric_name(metric)
    value, low, high = difference.value, difference.low, difference.high
    undecided = f"On {task}, it is undecided whether {ours} or {theirs} is better"
    if value is None:
        return f"{undecided}: {unit} does not exist on these examples."
    if low is None or high is None:
        return f"{undecided}: the difference is {_number(value, signed=True)} {unit}, without an interval."
    if verdict == "better":
        return f"On {task}, {ours} beats {theirs} by {_number(value)} {unit} ({_interval(low, high)})."
    if verdict == "worse":
        return f"On {task}, {ours} LOSES to {theirs} by {_number(-value)} {unit} ({_interval(-high, -low)})."
    told = f"{_number(value, signed=True)} {unit} ({_interval(low, high, signed=True)})"
    if verdict == "equivalent":
        return f"On {task}, {ours} and {theirs} are equivalent: they differ by {told}, within the margin of {margin:g}."
    return f"{undecided}: the difference is {told}."


def best_sentence(
    task: str, values: dict[str, Estimate], *, examples: int, groups: int, words: str = "blocks", metric: str = "auroc"
) -> str:
    """Name the arm with the highest value, which need not be ours.

    Parameters
    ----------
    task : str
        The task's name.
    values : dict of str to Estimate
        The headline metric of each arm.
    examples, groups : int
        Size of the test set.
    words : str
        What the groups are.
    metric : str
        The metric.

    Returns
    -------
    str
        One sentence; of arms with equal values it names the first.

    Examples
    --------
    >>> best_sentence("genes", {"composition": Estimate(0.7, None, None)}, examples=1200, groups=4)
    'On genes, base composition has the highest AUROC, 0.700 (no interval; 1,200 examples in 4 blocks).'
    """
    unit, known = metric_name(metric), {arm: one.value for arm, one in values.items() if one.value is not None}
    if not known:
        return f"On {task}, {unit} does not exist on the {examples:,} test examples."
    best = max(known, key=lambda arm: known[arm])
    low, high = values[best].low, values[best].high
    interval = "no interval" if low is None or high is None else _interval(low, high)
    size = f"{examples:,} examples" + ("" if words == "examples" else f" in {groups:,} {words}")
    return f"On {task}, {arm_name(best)} has the highest {unit}, {_number(known[best])} ({interval}; {size})."


def caution_sentences(*, groups: int, refusal: str | None, words: str = "blocks") -> list[str]:
    """Say what weakens the intervals.

    Parameters
    ----------
    groups : int
        Resampling units in the test set.
    refusal : str or None
        Why there are no intervals, from `genolect.statistics.bootstrap.Resamples.refusal`.
    words : str
        What the groups are.

    Returns
    -------
    list of str
        Empty where nothing does.

    Examples
    --------
    >>> caution_sentences(groups=12, refusal=None)
    ['The test set has only 12 blocks, so the intervals are rough.']
    """
    if refusal is not None:
        return [f"The test set gives no intervals: {refusal}."]
    if groups < ENOUGH_GROUPS:
        return [f"The test set has only {groups} {words}, so the intervals are rough."]
    return []


def finding_sentences(task: str, values: dict[str, Estimate], *, chance: float, metric: str = "auroc") -> list[str]:
    """Say what the tripwires show: composition, memory, shuffled labels.

    Parameters
    ----------
    task : str
        The task's name.
    values : dict of str to Estimate
        The headline metric of each arm.
    chance : float
        Its value for answers that know nothing.
    metric : str
        The metric.

    Returns
    -------
    list of str
        Empty where they show nothing.

    Examples
    --------
    >>> values = {"composition": Estimate(0.88, 0.86, 0.9), "cnn": Estimate(0.9, 0.88, 0.92)}
    >>> finding_sentences("genes", values, chance=0.5)
    ['On genes, base composition (GC, CpG, N, length) alone makes 95 % of the way from chance to the best arm.']
    """
    known = {arm: one.value for arm, one in values.items() if one.value is not None}
    said = []
    rivals = [value for arm, value in known.items() if arm not in (*TRIPWIRES, "majority", "permuted_labels")]
    best = max(rivals, default=chance)
    for arm, what in TRIPWIRES.items():
        one = values.get(arm)
        if one is None or one.value is None or one.low is None or one.low <= chance + MARGIN:
            continue
        share = (one.value - chance) / (max(best, one.value) - chance)
        if share >= TELLING[arm]:
            way = f"{share:.0%} of the way from chance to the best arm".replace("%", " %")
            said.append(f"On {task}, {arm_name(arm)}{what} makes {way}.")
    control = values.get("permuted_labels")
    if control is not None and at_chance(control, chance) is False:
        figures = f"{_number(control.value or 0.0)} ({_interval(control.low or 0.0, control.high or 0.0)})"
        said.append(
            f"On {task}, an arm that learned from SHUFFLED labels is not at chance: {metric_name(metric)} {figures}. "
            "Intervals are too narrow here, or something leaks."
        )
    return said


def suite_section(tasks: Sequence[Mapping[str, Any]], datasets: Mapping[str, str]) -> dict[str, Any]:
    """Adjust the comparisons of several tasks for each other, arm by arm (Holm).

    Parameters
    ----------
    tasks : sequence of mapping
        From `evaluation.tables.task_section`.
    datasets : mapping of str to str
        What each task was made from.

    Returns
    -------
    dict
        ``suite``: for each arm that was compared in two tasks or more, the adjusted verdicts and the win rate of the
        reference arm; ``sentences``. Both empty for a single task.

    Examples
    --------
    >>> one = {"arm": "cnn", "value": 0.1, "low": 0.05, "high": 0.2, "p_value": 0.03, "verdict": "better"}
    >>> one["margin"] = 0.01
    >>> tasks = [{"task": name, "reference": "pretrained_probe", "comparisons": [one]} for name in ("a", "b")]
    >>> suite_section(tasks, {"a": "a", "b": "b"})["sentences"]
    ['Against the convolutional network the pretrained probe wins 0 of 2 tasks, loses 0, after Holm.']
    """
    if len(tasks) < 2:
        return {"suite": [], "sentences": []}
    by_arm: dict[tuple[str, str], dict[str, Comparison]] = {}
    for task in tasks:
        for one in task["comparisons"]:
            difference = Estimate(one["value"], one["low"], one["high"])
            comparison = Comparison(difference, one["p_value"], one["verdict"], one["margin"])
            by_arm.setdefault((task["reference"], one["arm"]), {})[task["task"]] = comparison
    suite, sentences = [], []
    for (reference, arm), comparisons in by_arm.items():
        if len(comparisons) < 2:
            continue
        verdicts = decide_all(comparisons)
        rate = win_rate(verdicts, {task: datasets[task] for task in verdicts})
        suite.append({"reference": reference, "arm": arm, "verdicts": verdicts, **rate._asdict()})
        wins, losses = (list(verdicts.values()).count(word) for word in ("better", "worse"))
        sentences.append(
            f"Against {arm_name(arm)} {arm_name(reference)} wins {wins} of {len(verdicts)} tasks, loses {losses}, "
            "after Holm."
        )
    return {"suite": suite, "sentences": sentences}
