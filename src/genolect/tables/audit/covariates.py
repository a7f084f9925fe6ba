"""Findings about covariates: how well the label is told by what needs no reading of the sequence.

Each covariate is cut into bins of as many examples each; the guess for an example is the mean label of its bin among
the examples of other folds. That takes any shape of dependence, and folds never tear relatives apart. All covariates
together are added up by ridge regression on the same bins.

Axes: n examples, K classes or label columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack
from scipy.stats import norm, rankdata

from genolect.arrays import Floats, Integers
from genolect.genome.genome import PreparedGenome
from genolect.sequence.alphabet import SOFT_MASK
from genolect.statistics.metrics import auroc
from genolect.statistics.power import effective_size
from genolect.tables.audit.finding import Examined, Finding, Judgement, look
from genolect.tables.covariates import POSITION, covariates
from genolect.tables.relatives import label_matrix
from genolect.tables.table import LabelledTable, Places

FOLDS = 5
BINS = 16
FEWEST_PER_BIN = 25
FEWEST_EXAMPLES = 50
MOST_POSITION_BINS = 256
PRIOR_EXAMPLES = 10.0
"""Weight of the overall mean in the guess of a bin, in examples; also the penalty of the ridge."""

CHANCE = 0.001
"""Chance of a score this high where the covariate tells nothing, below which it is no accident."""

LARGE_AUROC = 0.6
LARGE_CORRELATION = 0.2
LARGE_DIFFERENCE = 0.1
"""Standardised mean difference from which on groups are called unbalanced (Austin 2009, doi:10.1002/sim.3697)."""

ALL = "all of these together"


@dataclass(frozen=True)
class CovariateScore:
    """How well one covariate, or all, tell the label.

    Attributes
    ----------
    metric : {'auroc', 'spearman'}
        Area under the curve of the class or label told best, against the rest; or rank correlation of a number.
    value : float
        Cross-validated.
    macro : float
        AUROC averaged over classes; Pearson's correlation of a number.
    column : str
        The class or label told best.
    accident : bool
        Whether a covariate that tells nothing scores as high too often.
    """

    metric: str
    value: float
    macro: float
    column: str
    accident: bool


def grouped_folds(cluster: Integers, folds: int = FOLDS) -> Integers:
    """Divide clusters, whole, into folds of about one size: the largest first, each to the fold with fewest examples.

    Parameters
    ----------
    cluster : ndarray of int64, shape (n,)
        Cluster of each example, 0-based without holes.
    folds : int
        How many.

    Returns
    -------
    ndarray of int64, shape (n,)
        Fold of each example.

    Examples
    --------
    >>> grouped_folds(np.array([0, 0, 1, 2, 3, 0]), 2).tolist()
    [0, 0, 1, 1, 1, 0]
    """
    sizes = np.bincount(cluster)
    # Multiplying by an odd constant scatters clusters of one size, so that the order of the table does not decide.
    scattered = (np.arange(sizes.size, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)).astype(np.uint64)
    order = np.lexsort((scattered, -sizes))
    filled, fold_of = np.zeros(folds, dtype=np.int64), np.empty(sizes.size, dtype=np.int64)
    several = int((sizes > 1).sum())
    for number in order[:several].tolist():
        fold_of[number] = int(filled.argmin())
        filled[fold_of[number]] += sizes[number]
    for number in order[several:].tolist():
        fold_of[number] = int(filled.argmin())
        filled[fold_of[number]] += 1
    return fold_of[cluster]


def bin_numbers(values: Floats, bins: int = BINS) -> Integers:
    """Cut values into bins with about as many each; where few values occur, each is a bin.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        The values.
    bins : int
        Most bins.

    Returns
    -------
    ndarray of int64, shape (n,)
        Bin of each, 0-based.

    Examples
    --------
    >>> bin_numbers(np.array([5.0, 1.0, 2.0, 3.0]), 2).tolist(), bin_numbers(np.array([7.0, 7.0, 9.0])).tolist()
    ([1, 0, 0, 1], [0, 0, 1])
    """
    different, number = np.unique(values, return_inverse=True)
    if different.size <= bins:
        return number.astype(np.int64)
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins))
    return np.searchsorted(edges, values, side="left").astype(np.int64)


def held_out_guesses(bins: list[Integers], labels: Floats, folds: Integers) -> Floats:
    """Guess each label from the bins, by the examples of the other folds.

    Parameters
    ----------
    bins : list of ndarray of int64, each of shape (n,)
        Bins of one covariate or several.
    labels : ndarray of float64, shape (n, K)
        Labels as numbers; none may be missing.
    folds : ndarray of int64, shape (n,)
        From `grouped_folds`.

    Returns
    -------
    ndarray of float64, shape (n, K)
        The guesses.

    Examples
    --------
    >>> labels = np.tile([[0.0], [0.0], [1.0], [1.0]], (40, 1))
    >>> guesses = held_out_guesses([np.arange(160) % 4], labels, np.arange(160) // 32)
    >>> bool(guesses[labels == 1].min() > guesses[labels == 0].max())
    True
    """
    n = labels.shape[0]
    blocks = [csr_matrix((np.ones(n), (np.arange(n), bin_of)), shape=(n, int(bin_of.max()) + 1)) for bin_of in bins]
    design = csr_matrix(hstack(blocks))
    guesses = np.zeros(labels.shape)
    for fold in np.unique(folds).tolist():
        rest, here = folds != fold, folds == fold
        prior = labels[rest].mean(axis=0)
        inside = design[rest]
        moments = (inside.T @ inside).toarray() + PRIOR_EXAMPLES * np.eye(design.shape[1])
        weights = np.linalg.solve(moments, inside.T @ (labels[rest] - prior))
        guesses[here] = design[here] @ weights + prior
    return guesses


def score_guesses(
    guesses: Floats, labels: Floats, names: tuple[str, ...], cluster: Integers, *, number: bool
) -> CovariateScore:
    """Score guesses, and say whether they could be an accident.

    Parameters
    ----------
    guesses, labels : ndarray of float64, shape (n, K)
        From `held_out_guesses`, and the truth.
    names : tuple of str
        The classes or columns.
    cluster : ndarray of int64, shape (n,)
        What may be alike: an example counts for less, the more the members of its cluster agree in how the covariate
        goes with the label (see `worth`).
    number : bool
        Whether the label is a number.

    Returns
    -------
    CovariateScore
        Accidents are judged by the normal approximation of the score where there is nothing to tell (Mann and Whitney
        1947, doi:10.1214/aoms/1177730491), for the best of K.

    Examples
    --------
    >>> labels = np.arange(100.0)[:, None]
    >>> round(score_guesses(labels**3, labels, ("y",), np.arange(100), number=True).value, 6)
    1.0
    """
    limit = float(norm.isf(CHANCE / len(names)))
    if number:
        ranked, told = rankdata(guesses[:, 0]), rankdata(labels[:, 0])
        ranks = np.corrcoef(ranked, told)[0, 1] if np.ptp(guesses) > 0 else 0.0
        linear = np.corrcoef(guesses[:, 0], labels[:, 0])[0, 1] if np.ptp(guesses) > 0 else 0.0
        accident = ranks <= limit / np.sqrt(max(1.0, worth(ranked, told, cluster) - 1))
        return CovariateScore("spearman", float(ranks), float(linear), names[0], bool(accident))
    values = np.full(len(names), 0.5)
    surplus = np.zeros(len(names))
    for column in range(len(names)):
        positive = labels[:, column] > 0.5
        several = int(positive.sum())
        if 0 < several < positive.size:
            values[column] = auroc(positive, guesses[:, column])[0]
            effect = positive.size / worth(rankdata(guesses[:, column]), labels[:, column], cluster)
            error = np.sqrt(effect * (positive.size + 1) / (12 * several * (positive.size - several)))
            surplus[column] = (values[column] - 0.5) / error
    # The best is the one furthest from chance: a rare class reaches high values by accident.
    sure = np.where(surplus > limit, values, 0.0)
    best = len(names) - 1 - int((sure if sure.any() else surplus)[::-1].argmax())
    return CovariateScore("auroc", float(values[best]), float(values.mean()), names[best], bool(surplus[best] <= limit))


def worth(values: Floats, labels: Floats, cluster: Integers) -> float:
    """Give the number of independent examples that show an association as surely.

    Parameters
    ----------
    values, labels : ndarray of float64, shape (n,)
        What goes together.
    cluster : ndarray of int64, shape (n,)
        Relatives.

    Returns
    -------
    float
        From how alike relatives are in their share of the covariance: n where they are no more alike than others, the
        number of clusters where each goes its own way as a whole.

    Examples
    --------
    >>> values, cluster = np.repeat([1.0, 2.0, 3.0, 4.0], 25), np.repeat([0, 1, 2, 3], 25)
    >>> worth(values, values, cluster) < 5 < worth(np.tile([1.0, 2.0, 3.0, 4.0], 25), values, cluster)
    True
    """
    return effective_size((values - values.mean()) * (labels - labels.mean()), cluster).size


def covariate_findings(table: LabelledTable, values: dict[str, Floats], cluster: Integers) -> list[Finding]:
    """Score each covariate alone, and all together.

    Parameters
    ----------
    table : LabelledTable
        The table.
    values : dict of str to ndarray of float64, shape (n,)
        From `tables.covariates`; NaN where not known.
    cluster : ndarray of int64, shape (n,)
        What folds may not tear apart.

    Returns
    -------
    list of Finding
        Confounded where a score is no accident and large (AUROC 0.6, rank correlation 0.2); a note where it is no
        accident, or where a standardised mean difference above 0.1 is none.
    """
    labels = label_matrix(table.target)
    found, bins = [], {}
    for name, column in values.items():
        known: npt.NDArray[np.bool_] = np.isfinite(column) & np.all(np.isfinite(labels), axis=1)
        if np.unique(column[known]).size <= 1:
            same = f"No example differs in {name}." if known.any() else f"The {name} is not known."
            found.append(Finding(name, "ok", same))
            continue
        if known.sum() < FEWEST_EXAMPLES or np.unique(cluster[known]).size < FOLDS:
            what = f"Too few independent examples to score {name}."
            found.append(Finding(name, "note", what, "", {"clusters": int(np.unique(cluster[known]).size)}))
            continue
        bin_of = np.zeros(column.size, dtype=np.int64)
        bin_of[known] = bin_numbers(column[known], _most_bins(name, int(known.sum()))) + 1
        bins[name] = bin_of
        found.append(_scored(table, name, [bin_of], known, (labels, cluster), column))
    if len(bins) > 1:
        everything: npt.NDArray[np.bool_] = np.all(np.isfinite(labels), axis=1)
        found.append(_scored(table, ALL, [*bins.values()], everything, (labels, cluster), None))
    elif "length" in values:
        found.append(Finding(ALL, "ok", "No more than one covariate varies."))
    return found


def _most_bins(name: str, n: int) -> int:
    if name == POSITION:
        return int(np.clip(n // FEWEST_PER_BIN, 2, MOST_POSITION_BINS))
    return int(np.clip(n // FEWEST_PER_BIN, 2, BINS))


def _scored(
    table: LabelledTable,
    name: str,
    bins: list[Integers],
    known: npt.NDArray[np.bool_],
    material: tuple[Floats, Integers],
    values: Floats | None,
) -> Finding:
    labels, cluster = material[0][known], np.unique(material[1][known], return_inverse=True)[1]
    number = table.target.kind == "number"
    guesses = held_out_guesses([bin_of[known] for bin_of in bins], labels, grouped_folds(cluster))
    score = score_guesses(guesses, labels, table.target.names, cluster, number=number)
    differences = (
        _differences(table, values[known], labels, cluster)
        if values is not None and not number and name != POSITION
        else {}
    )
    unbalanced = [label for label, (value, sure) in differences.items() if abs(value) > LARGE_DIFFERENCE and sure]
    large = score.value >= (LARGE_CORRELATION if number else LARGE_AUROC)
    judgement: Judgement = "ok"
    if not score.accident or unbalanced:
        judgement = "confounded" if large and not score.accident else "note"
    numbers: dict[str, Any] = {
        "metric": score.metric,
        "value": score.value,
        "pearson" if number else "macro": score.macro,
        "label": score.column,
        "accident": score.accident,
        "n": int(known.sum()),
        "standardised_differences": {label: value for label, (value, _) in differences.items()},
    }
    return Finding(name, judgement, _sentence(name, score, differences, number=number), _fix(name, judgement), numbers)


def _differences(
    table: LabelledTable, values: Floats, labels: Floats, cluster: Integers
) -> dict[str, tuple[float, bool]]:
    """Give the standardised mean difference of each class from the rest, and whether it is no accident."""
    found = {}
    limit = float(norm.isf(CHANCE / 2 / labels.shape[1]))
    for column, name in enumerate(table.target.names):
        here, rest = values[labels[:, column] > 0.5], values[labels[:, column] <= 0.5]
        if min(here.size, rest.size) < 2:
            continue
        spread = np.sqrt((here.var(ddof=1) + rest.var(ddof=1)) / 2)
        share = worth(values, labels[:, column], cluster) / values.size
        error = np.sqrt((here.var(ddof=1) / here.size + rest.var(ddof=1) / rest.size) / share)
        if spread > 0:
            gap = here.mean() - rest.mean()
            found[name] = (float(gap / spread), bool(abs(gap) > limit * error))
    if len(table.target.names) == 2 and table.target.kind == "classes":
        found.pop(table.target.names[0], None)  # It is the other's, with the other sign.
    return found


def _sentence(name: str, score: CovariateScore, differences: dict[str, tuple[float, bool]], *, number: bool) -> str:
    chance = ", no more than chance" if score.accident else ""
    verb = "reach" if name == ALL else "reaches"
    if number:
        rank, linear = f"{score.value:.3f}", f"{score.macro:.3f}"
        return f"{name} alone {verb} Spearman {rank}, Pearson {linear}{chance}.".replace(f"{ALL} alone", ALL)
    which = f" for {score.column}"
    text = f"{name} alone {verb} AUROC {score.value:.3f}{which}{chance}".replace(f"{ALL} alone", ALL)
    if differences and not score.accident:
        label, (value, _) = max(differences.items(), key=lambda item: abs(item[1][0]))
        text += f"; standardised difference {value:+.2f} ({label})".replace("-", "−")
    return f"{text}."


def _fix(name: str, judgement: Judgement) -> str:
    if judgement != "confounded":
        return ""
    if name == ALL:
        return "report this score beside the model's; only what exceeds it was read from the sequence"
    if name == "length":
        return "cut all examples to one length, or match lengths between classes"
    return f"match {name} between classes, or report this score beside the model's"


@look(60, says="scoring covariates")
def _covariates(examined: Examined) -> list[Finding]:
    repeats = None if examined.genome is None else _repeats(examined.table, examined.genome)
    return covariate_findings(examined.table, covariates(examined.table, repeats), examined.kinship.cluster)


def _repeats(table: LabelledTable, genome: PreparedGenome) -> Floats | None:
    """Take the share of soft-masked bases from the genome, where it has any and all places are on it."""
    places = table.places
    if not places.known.all() or not any(record.soft_masked for record in genome.records.values()):
        return None
    if not set(np.unique(places.name).tolist()) <= genome.records.keys():
        return None
    shares = np.zeros(len(table))
    for row, (name, start, end) in enumerate(_rows(places)):
        if end > genome.records[name].length:
            return None
        shares[row] = ((genome.bases(name, start, end) & SOFT_MASK) > 0).mean()
    return shares


def _rows(places: Places) -> Iterable[tuple[str, int, int]]:
    return zip(places.name.tolist(), places.start.tolist(), places.end.tolist(), strict=True)
