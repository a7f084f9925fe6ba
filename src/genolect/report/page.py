"""One self-contained HTML page from a run's ``results.json``: no script, no request, both themes, any width, paper."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from genolect.errors import InputError
from genolect.files import write_file
from genolect.folders import REPORT, RESULTS
from genolect.report import notation
from genolect.report.embedding_map import CLASSES, COLOURS, class_key, embedding_figure
from genolect.report.panels import task_tables, tasks_of
from genolect.report.plots import calibration_square, learning_curve, split_strip
from genolect.report.results import REMEDY, CalibrationBin, Region, Results, read_results, visible
from genolect.report.templates import page_template
from genolect.report.verdict import comparisons, sentences
from genolect.sequence.statistics import KMER_LENGTH
from genolect.statistics.bootstrap import MARGIN
from genolect.statistics.names import ROLES

MOST_ROWS = 60  # of a table; the page says what it leaves out
FOREMOST = 3  # of the probe's sentences: who is best, against the random twin, against k-mers
MOST_STRIPS = 40
MOST_REGIONS = 1500
MOST_PLACES = 6
MOST_DEPTH = 6
MOST_SQUARES = 12
MOST_SETTINGS = 120
SETTING_CHARACTERS = 120
TEMPLATE = "template.html.jinja"
CONSTANTS = {
    "span": notation.span,
    "arm_title": notation.arm_title,
    "class_key": class_key,
    "classes_coloured": CLASSES,
    "colours": COLOURS,
    "most_rows": MOST_ROWS,
    "most_regions": MOST_REGIONS,
    "most_settings": MOST_SETTINGS,
}


def write_report(run_folder: Path) -> Path:
    """Write ``report.html`` from a run folder's ``results.json``.

    Parameters
    ----------
    run_folder : Path
        Folder that a verb left its results in.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If ``results.json`` is missing, is not JSON, or holds what format 1 does not allow.
    MachineError
        If the page cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "results.json").write_text('{"format": 1, "title": "Yeast"}')
    ...     write_report(Path(folder)).name
    'report.html'
    """
    path = run_folder / RESULTS
    try:
        content = json.loads(path.read_text("utf-8"), parse_constant=_refuse_constant)
    except FileNotFoundError as error:
        raise InputError("there are no results here", fix="name the folder that a run wrote", path=path) from error
    except OSError as error:
        what = f"the results cannot be read: {error.strerror}"
        raise InputError(what, fix="name a readable run folder", path=path) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"the results are not JSON: {error}", fix=REMEDY, path=path) from error
    page = run_folder / REPORT
    write_file(page, render(content, path=path))
    return page


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


def render(results: Mapping[str, Any], *, path: Path | None = None) -> str:
    """Turn the content of a ``results.json`` into a page; the same content gives the same page.

    Parameters
    ----------
    results : mapping
        Results of format 1; any section may be absent.
    path : Path, optional
        Where they came from, for messages.

    Returns
    -------
    str
        The HTML, below one megabyte whatever the results hold.

    Raises
    ------
    InputError
        If the results are not of format 1.

    Examples
    --------
    >>> "This run has no pretraining" in render({"format": 1, "title": "Yeast"})
    True
    """
    content = read_results(results, path=path)
    spoken = sentences(content)
    foremost = FOREMOST + (content.pretraining is not None)
    tasks, scores_left_out = tasks_of(content.evaluation)
    probe = content.probe
    embeddings = None
    if probe is not None and probe.map is not None and probe.map.x:
        embeddings = embedding_figure(probe.map, [one.name for one in probe.classes])
    return page_template(TEMPLATE).render(
        **CONSTANTS,
        results=content,
        verdict=spoken[:foremost],
        further=spoken[foremost:],
        margin=MARGIN,
        kmer_length=KMER_LENGTH,
        comparisons=comparisons(content),
        absent=_absent(content),
        curve=_curve(content),
        tasks=tasks,
        task_tables=task_tables(content),
        scores_left_out=scores_left_out,
        metrics={notation.split_metric(score.metric)[0] for score in content.evaluation},
        arms={score.arm for score in content.evaluation},
        embeddings=embeddings,
        squares=_calibration(content),
        genome=_longest(content, MOST_ROWS),
        strips=_strips(content),
        shares=_shares(content),
        settings=_settings(content.model.configuration if content.model else {}),
    )


def _absent(results: Results) -> list[str]:
    """Say in one sentence each what the run did not make, so that a gap is not taken for a result."""
    probe = results.probe
    scored = results.pretraining or results.evaluation
    checks = {
        "This run has no pretraining: no bits per hidden base, no count model, no learning curve.": results.pretraining,
        "This run has no annotation, so nothing here is tied to known features.": results.annotation,
        "This run has no evaluation: no probe, no baselines, no random twin. It does not show what the "
        "embeddings are good for.": results.evaluation,
        "This run left no map of the embeddings.": (probe and probe.map) or not results.evaluation,
        "This run left no calibration.": _calibrated(results) or not results.evaluation,
        "The results do not describe the genome.": results.genome,
        "The results do not say what was held out.": results.split and (results.split.rule or results.split.regions),
        "The results do not describe the model.": results.model,
        "The results do not name the files that were read.": results.inputs,
        "The results do not say how their intervals were made.": results.intervals or not scored,
    }
    return [sentence for sentence, present in checks.items() if not present]


def _curve(results: Results) -> Markup | None:
    pretraining = results.pretraining
    if pretraining is None:
        return None
    drawable = [point for point in pretraining.curve if (point.heldout_bits, point.training_bits) != (None, None)]
    return learning_curve(drawable, pretraining.count_model_curve_bits) if len(drawable) > 1 else None


@dataclass(frozen=True)
class Square:
    """Calibration of one arm."""

    title: str
    drawing: Markup
    n: int


def _calibration(results: Results) -> list[Square]:
    calibration = _calibrated(results)
    arms = sorted((arm for arm in calibration if calibration[arm]), key=notation.arm_order)[:MOST_SQUARES]
    return [
        Square(
            title=notation.arm_title(arm),
            drawing=calibration_square(calibration[arm], notation.arm_title(arm)),
            n=sum(one.n for one in calibration[arm]),
        )
        for arm in arms
    ]


def _calibrated(results: Results) -> Mapping[str, Sequence[CalibrationBin]]:
    """Give the bins of each arm: the probe's, or those of a panel of one task."""
    if results.probe is not None and results.probe.calibration:
        return results.probe.calibration
    tasks = [] if results.panel is None else results.panel.tasks
    return tasks[0].calibration if len(tasks) == 1 else {}


def _longest(results: Results, limit: int) -> list[Any]:
    """Keep the longest sequences, in the order of the file."""
    kept = sorted(range(len(results.genome)), key=lambda k: -results.genome[k].length)[:limit]
    return [results.genome[k] for k in sorted(kept)]


@dataclass(frozen=True)
class Strip:
    """One sequence of the split."""

    name: str
    length: int
    drawing: Markup


def _strips(results: Results) -> list[Strip]:
    regions: dict[str, list[Region]] = {}
    for region in (results.split.regions if results.split else [])[:MOST_REGIONS]:
        regions.setdefault(region.name, []).append(region)
    lengths = {sequence.name: sequence.length for sequence in _longest(results, MOST_STRIPS)}
    if not lengths:
        lengths = {name: max(region.end for region in regions[name]) for name in list(regions)[:MOST_STRIPS]}
    if not regions:
        return []
    longest = max(lengths.values())
    return [
        Strip(name, length, split_strip(name, length, longest, regions.get(name, [])))
        for name, length in lengths.items()
    ]


@dataclass(frozen=True)
class Share:
    """What one role of the split holds."""

    role: str
    stretches: int
    bases: int
    fraction: float | None
    places: Sequence[str]
    places_left_out: int


def _shares(results: Results) -> list[Share]:
    regions = results.split.regions if results.split else []
    lengths = {sequence.name: sequence.length for sequence in results.genome}
    total = sum(lengths.values())
    roles = dict.fromkeys([*ROLES, *(region.role for region in regions)])
    shares = []
    for role in roles:
        held = [region for region in regions if region.role == role]
        if not held:
            continue
        covered = sum(max(region.end - region.start, 0) for region in held)
        places = [_place(region, lengths) for region in held[:MOST_PLACES]]
        fraction = min(covered / total, 1.0) if total else None
        shares.append(Share(role, len(held), covered, fraction, places, len(held) - len(places)))
    return shares[:MOST_ROWS]


def _place(region: Region, lengths: Mapping[str, int]) -> str:
    whole = region.start == 0 and region.end == lengths.get(region.name)
    return f"{region.name}, whole" if whole else f"{region.name}:{region.start:,}–{region.end:,}"


def _settings(configuration: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Flatten a configuration to dotted names and safe values."""
    settings = []
    for key, value in configuration.items():
        name = visible(f"{prefix}{key}", SETTING_CHARACTERS)
        if isinstance(value, Mapping) and value and prefix.count(".") < MOST_DEPTH:
            settings.extend(_settings(value, f"{name}."))
        else:
            settings.append((name, visible(str(value), SETTING_CHARACTERS)))
    return settings
