"""What the run shows, first in sentences, then as comparisons whose outcome the interval decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from genolect.report.notation import arm_title, count, metric_named, number, signed, span
from genolect.report.panels import DIFFERENCE, OURS
from genolect.report.results import Difference, PanelTask, Pretraining, Results, Score
from genolect.statistics.bootstrap import MARGIN, Estimate, Verdict, decide
from genolect.statistics.sentences import comparison_sentence

BIT_DECIMALS = 4
COMPARED_ARMS = ("random_probe", "counting_probe", "kmer_logistic")
UNDECISIVE = ("majority", "permuted_labels")


@dataclass(frozen=True)
class DecidedDifference:
    """One difference: what was compared, by how much, on how many, and how it ended.

    Attributes
    ----------
    outcome : {'better', 'worse', 'equivalent', 'undecided'}
        By the rule of `genolect.statistics.bootstrap.decide`; no margin for bits.
    """

    question: str
    difference: str
    interval: str
    n: str
    split: str
    outcome: Verdict


def comparisons(results: Results) -> list[DecidedDifference]:
    """Collect the comparisons that decide the verdict.

    Parameters
    ----------
    results : Results
        The run's results.

    Returns
    -------
    list of DecidedDifference
        Model against count model, then pretrained probe against its random twin and k-mer counts; those present.

    Examples
    --------
    >>> pretraining = {"difference": {"value": -0.02, "low": -0.03, "high": -0.01}}
    >>> comparisons(Results.model_validate({"pretraining": pretraining}))[0].outcome
    'better'
    """
    if results.panel is not None and results.panel.tasks:
        return [*_against_bars(results.pretraining), *_in_panel(results.panel.tasks)]
    return [*_against_bars(results.pretraining), *_against_arms(results.evaluation)]


def _in_panel(tasks: Iterable[PanelTask]) -> Iterator[DecidedDifference]:
    """Give the comparisons of each task's reference arm, controls aside."""
    for task in tasks:
        for one in task.comparisons:
            if one.arm in UNDECISIVE:
                continue
            yield DecidedDifference(
                question=f"{metric_named(task.headline).title}: {arm_title(task.reference or '')} minus "
                f"{arm_title(one.arm)} ({task.task})",
                difference=signed(one.value),
                interval=span(one.low, one.high),
                n=f"{count(task.examples.get('test'))} examples",
                split="test",
                outcome=decide(
                    Estimate(one.value, one.low, one.high), margin=MARGIN if one.margin is None else one.margin
                ),
            )


def _against_bars(pretraining: Pretraining | None) -> Iterator[DecidedDifference]:
    if pretraining is not None and pretraining.exams:
        for name, exam in pretraining.exams.items():
            of_objective = f" ({name})" if len(pretraining.exams) > 1 else ""
            yield DecidedDifference(
                question=f"{exam.measure[:1].upper()}{exam.measure[1:]}: model minus {exam.bar_name}{of_objective}",
                difference=signed(exam.difference.value, BIT_DECIMALS),
                interval=span(exam.difference.low, exam.difference.high, BIT_DECIMALS),
                n=f"{count(exam.unit_count)} {exam.counted}",
                split=pretraining.split or "unnamed",
                outcome=_outcome(exam.difference, lower_is_better=exam.lower_is_better),
            )
        return
    if pretraining is None or pretraining.difference is None:
        return
    difference = pretraining.difference
    yield DecidedDifference(
        question="Bits per hidden base: model minus count model",
        difference=signed(difference.value, BIT_DECIMALS),
        interval=span(difference.low, difference.high, BIT_DECIMALS),
        n=f"{count(pretraining.hidden_bases)} hidden bases",
        split=pretraining.split or "unnamed",
        outcome=_outcome(difference),
    )


def _outcome(difference: Difference, *, lower_is_better: bool = True) -> Verdict:
    if difference.value is None or difference.low is None or difference.high is None:
        return "undecided"
    if lower_is_better:
        return decide(Estimate(-difference.value, -difference.high, -difference.low), margin=0.0)
    return decide(Estimate(difference.value, difference.low, difference.high), margin=0.0)


def _against_arms(scores: Iterable[Score]) -> Iterator[DecidedDifference]:
    decisive = _decisive(scores)
    for score in decisive:
        of_task = f" ({score.task})" if len({one.task for one in decisive}) > 1 else ""
        yield DecidedDifference(
            question=f"AUROC: pretrained probe minus {arm_title(score.arm).lower()}{of_task}",
            difference=signed(score.value),
            interval=span(score.low, score.high),
            n=f"{count(score.n)} examples",
            split=score.split or "unnamed",
            outcome=decide(_estimate(score)),
        )


def _decisive(scores: Iterable[Score]) -> list[Score]:
    chosen = [score for score in scores if score.metric == DIFFERENCE and score.arm in COMPARED_ARMS]
    return sorted(chosen, key=lambda score: COMPARED_ARMS.index(score.arm))


def _estimate(score: Score) -> Estimate:
    return Estimate(score.value, score.low, score.high)


def sentences(results: Results) -> list[str]:
    """Give the verdict in words: the run's own sentences, or plain ones where it left none.

    Parameters
    ----------
    results : Results
        The run's results.

    Returns
    -------
    list of str
        About pretraining first, then about the probe.

    Examples
    --------
    >>> sentences(Results.model_validate({"pretraining": {"verdict": "It lost to the count model."}}))
    ['It lost to the count model.']
    """
    pretraining, probe = results.pretraining, results.probe
    spoken = [] if pretraining is None else [pretraining.verdict or _pretraining_sentence(pretraining)]
    if probe is not None and probe.sentences:
        return [*spoken, *probe.sentences]
    if results.panel is not None and results.panel.tasks:
        told = [sentence for task in results.panel.tasks for sentence in task.sentences]
        return [*spoken, *results.panel.sentences, *told]
    decisive = [(score, _estimate(score)) for score in _decisive(results.evaluation)]
    return spoken + [
        comparison_sentence(score.task, OURS, score.arm, difference, decide(difference), MARGIN)
        for score, difference in decisive
    ]


def _pretraining_sentence(pretraining: Pretraining) -> str:
    if pretraining.bits_per_hidden_base is None:
        return "The model was pretrained but not scored on held-out sequence."
    reached = f"{number(pretraining.bits_per_hidden_base, BIT_DECIMALS)} bits per hidden base"
    difference = pretraining.difference
    if difference is None or difference.value is None:
        return f"The model reached {reached}; it was not compared with a count model."
    wording = {"better": "beats", "worse": "LOSES to", "equivalent": "equals", "undecided": "is not told apart from"}
    figures = f"{signed(difference.value, BIT_DECIMALS)} {span(difference.low, difference.high, BIT_DECIMALS)}"
    relation = wording[_outcome(difference)]
    return f"The model {relation} the count model: {reached}, a difference of {figures}."
