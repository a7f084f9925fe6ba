"""What several tasks say together: verdicts that hold after looking many times, and who wins how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from genolect.evaluation.comparison import Comparison, decide_all, win_rate
from genolect.evaluation.sentences import arm_name
from genolect.evaluation.statistics import Estimate


def suite_section(tasks: Sequence[Mapping[str, Any]], datasets: Mapping[str, str]) -> dict[str, Any]:
    """Adjust the comparisons of several tasks for each other, arm by arm (Holm).

    Parameters
    ----------
    tasks : sequence of mapping
        From `workflow.table_evaluation.task_section`.
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
