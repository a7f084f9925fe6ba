"""How the page writes numbers and names: one place, so that a figure and its caption agree."""

from __future__ import annotations

from dataclasses import dataclass

from genolect.statistics.names import ARMS, OF, SMALLER_IS_BETTER

ABSENT = "–"
MINUS = "\N{MINUS SIGN}"
LARGEST_PLAIN = 1e6
SMALLEST_PLAIN = 5e-4
ROUNDS_UP = 0.9995  # of a unit: three digits would write 999.6 as 1e+03
BASE_UNITS = ((1e9, "Gb"), (1e6, "Mb"), (1e3, "kb"), (1.0, "bp"))
SECOND_UNITS = ((86400.0, "days"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))


@dataclass(frozen=True)
class Metric:
    """How a metric is called, what it would be by chance, and which way is better."""

    title: str
    reference: float | None = None
    lower_is_better: bool = False


TITLES: dict[str, tuple[str, float | None]] = {
    "auroc": ("AUROC", 0.5),
    "auroc_difference": ("AUROC, reference minus arm", 0.0),
    "pearson": ("Pearson r", 0.0),
    "pearson_difference": ("Pearson r, reference minus arm", 0.0),
    "spearman": ("Spearman ρ", 0.0),
    "r_squared": ("R²", 0.0),
    "mean_absolute_error": ("Mean absolute error", None),
    "auprc": ("AUPRC", None),
    "mcc": ("MCC", 0.0),
    "mcc_at_threshold": ("MCC at the chosen threshold", 0.0),
    "accuracy": ("Accuracy", None),
    "macro_f1": ("F1, mean over classes", None),
    "brier": ("Brier score", None),
    "ece": ("ECE", None),
}
METRICS = {name: Metric(*known, lower_is_better=name in SMALLER_IS_BETTER) for name, known in TITLES.items()}


def count(value: int | None) -> str:
    """Write a whole number in groups of three.

    Examples
    --------
    >>> count(12157105)
    '12,157,105'
    """
    return ABSENT if value is None else f"{value:,}"


def number(value: float | None, decimals: int = 3) -> str:
    """Write a number with a fixed count of decimals; the very large and the very small as powers of ten.

    Examples
    --------
    >>> number(-0.02914, 4), number(2.4e9), number(0.00002)
    ('−0.0291', '2.40e+09', '2.0e−05')
    """
    if value is None:
        return ABSENT
    size = abs(value)
    form = f".{decimals}f"
    if size >= LARGEST_PLAIN:
        form = ".2e"
    elif 0 < size < SMALLEST_PLAIN * 10 ** (3 - decimals):
        form = ".1e"
    text = format(value, form)
    return (text if float(text) else text.lstrip("-")).replace("-", MINUS)


def signed(value: float | None, decimals: int = 3) -> str:
    """Write a difference, always with its sign.

    Examples
    --------
    >>> signed(0.0812), signed(-0.5)
    ('+0.081', '−0.500')
    """
    text = number(value, decimals)
    return f"+{text}" if value is not None and value > 0 else text


def span(low: float | None, high: float | None, decimals: int = 3) -> str:
    """Write an interval.

    Examples
    --------
    >>> span(0.8613, 0.884)
    '[0.861, 0.884]'
    """
    if low is None or high is None:
        return "no interval"
    return f"[{number(low, decimals)}, {number(high, decimals)}]"


def percent(fraction: float | None) -> str:
    r"""Write a share in percent.

    Examples
    --------
    >>> percent(0.38154)
    '38.2\xa0%'
    """
    return ABSENT if fraction is None else f"{100 * fraction:.1f}\N{NO-BREAK SPACE}%"


def bases(value: float | None) -> str:
    r"""Write a length in the unit that fits.

    Examples
    --------
    >>> bases(12157105), bases(512), bases(40e6)
    ('12.2\xa0Mb', '512\xa0bp', '40\xa0Mb')
    """
    return _in_units(value, BASE_UNITS)


def duration(seconds: float | None) -> str:
    r"""Write a time in the unit that fits.

    Examples
    --------
    >>> duration(95), duration(7200)
    ('1.6\xa0min', '2\xa0h')
    """
    return _in_units(seconds, SECOND_UNITS, digits=2)


def _in_units(value: float | None, units: tuple[tuple[float, str], ...], *, digits: int = 3) -> str:
    if value is None:
        return ABSENT
    size, unit = next((pair for pair in units if abs(value) >= ROUNDS_UP * pair[0]), units[-1])
    amount = value / size
    text = f"{amount:,.0f}" if abs(amount) >= 10 ** (digits - 1) else f"{amount:.{digits}g}"
    return f"{text}\N{NO-BREAK SPACE}{unit}"


def arm_title(arm: str) -> str:
    """Human name of an arm; one that is unknown keeps its own.

    Examples
    --------
    >>> arm_title("random_probe"), arm_title("svm")
    ('Random twin', 'svm')
    """
    kind, of, model = arm.partition(OF)
    return f"{ARMS[kind].title}{of}{model}" if kind in ARMS else arm


def arm_order(arm: str) -> int:
    """Rank of an arm on the page: from the simplest to ours, then the unknown ones.

    Examples
    --------
    >>> sorted(["svm", "pretrained_probe", "majority"], key=arm_order)
    ['majority', 'pretrained_probe', 'svm']
    """
    kind = arm.partition(OF)[0]
    return list(ARMS).index(kind) if kind in ARMS else len(ARMS)


def split_metric(metric: str) -> tuple[str, str | None]:
    """Take ``auroc[coding 1]`` apart into metric and class.

    Examples
    --------
    >>> split_metric("auroc[coding 1]"), split_metric("mcc")
    (('auroc', 'coding 1'), ('mcc', None))
    """
    name, bracket, rest = metric.partition("[")
    return (name, rest.removesuffix("]")) if bracket else (metric, None)


def metric_named(name: str) -> Metric:
    """Look a metric up; one that is unknown keeps its own name.

    Examples
    --------
    >>> metric_named("auroc").title, metric_named("kappa").title
    ('AUROC', 'kappa')
    """
    return METRICS.get(name, Metric(name))
