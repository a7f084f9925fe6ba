"""The content of ``results.json``, format 1, as the page reads it.

Every section may be absent. Text is made safe to show on the way in, so nothing below this file has to ask
where a name came from; numbers are finite and of a plausible size.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from genolect.errors import InputError, shown

FORMAT = 1
REMEDY = "write the results again with the verb that made them"
NAME_CHARACTERS, PROSE_CHARACTERS = 80, 1000
COMMAND_CHARACTERS = 10_000
LARGEST = 10**15
CONTROL_PICTURES = 0x2400
BIDIRECTIONAL_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def visible(text: str, limit: int) -> str:
    r"""Make text from a file safe to show: what is invisible becomes visible, what is endless is cut.

    Parameters
    ----------
    text : str
        Any text.
    limit : int
        Characters to keep.

    Returns
    -------
    str
        One line without control, direction-changing or unpaired characters.

    Examples
    --------
    >>> visible("chr1\x1b[31m", 20)
    'chr1␛[31m'
    >>> visible("A" * 5000, 3)
    'AAA… (5,000 characters)'
    """
    plain = "".join(_visible_character(character) for character in text[:limit])
    return plain if len(text) <= limit else f"{plain}… ({len(text):,} characters)"


def _visible_character(character: str) -> str:
    if character.isspace():
        return " "
    if ord(character) < ord(" "):
        return chr(CONTROL_PICTURES + ord(character))
    if character in BIDIRECTIONAL_CONTROLS or unicodedata.category(character) in ("Cc", "Cs"):
        return "\N{REPLACEMENT CHARACTER}"
    return character


def _cut_at(limit: int) -> Callable[[Any], Any]:
    return lambda value: visible(value, limit) if isinstance(value, str) else value


Name = Annotated[str, BeforeValidator(_cut_at(NAME_CHARACTERS))]
Prose = Annotated[str, BeforeValidator(_cut_at(PROSE_CHARACTERS))]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Real = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """What all parts share: read-only, no silent conversion, null means absent, unknown keys are passed over."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        return {key: value for key, value in content.items() if value is not None}


class InputFile(Part):
    """A file that the run read, with its checksum and its size in bytes."""

    path: Prose
    sha256: Name | None = None
    bytes: Count | None = None


class Sequence(Part):
    """One sequence of the genome: counts in bases, shares as fractions, entropy of its k-mers in bits."""

    name: Name
    length: Count
    gc: Fraction | None = None
    cpg_observed_expected: Real | None = None
    n: Count | None = None
    soft_masked: Fraction | None = None
    entropy_bits: Real | None = None
    role: Name | None = None


class SpeciesShare(Part):
    """One species of a corpus: training bases, the share of the windows it should have, the windows it had."""

    species: Name
    bases: Count
    expected: Fraction
    drawn: Count


class AnnotationKind(Part):
    """One kind of annotated feature: how many rows, how many bases they cover."""

    kind: Name
    count: Count
    covered_bases: Count | None = None


class Region(Part):
    """A stretch of the split, 0-based half-open."""

    role: Name
    name: Name
    start: Count
    end: Count


class Split(Part):
    """Who sees what: a rule in words and the stretches it gave."""

    rule: Prose | None = None
    regions: list[Region] = []


class Model(Part):
    """The encoder."""

    parameters: Count | None = None
    description: Prose | None = None
    configuration: dict[Name, Any] = {}


class Difference(Part):
    """A difference with its interval."""

    value: Real | None = None
    low: Real | None = None
    high: Real | None = None


class CurvePoint(Part):
    """One point of the learning curve; bits are per hidden base."""

    step: Count
    bases: Count
    seconds: Real | None = None
    training_bits: Real | None = None
    heldout_bits: Real | None = None


class Exam(Part):
    """What one objective was asked on held-out windows: the model's figure beside that of an honest bar."""

    measure: Name
    counted: Name
    unit_count: Count
    lower_is_better: bool
    model: Difference
    bar: Difference
    bar_name: Name
    difference: Difference


class Pretraining(Part):
    """Self-supervised training; the first objective that counts bits is told in the fields of its own."""

    how: Prose = "by predicting hidden bases"
    measure: Name = "bits per hidden base"
    bar_name: Name = "count model"
    exams: dict[Name, Exam] = {}
    bits_per_hidden_base: Real | None = None
    bits_low: Real | None = None
    bits_high: Real | None = None
    count_model_bits_per_base: Real | None = None
    count_model_low: Real | None = None
    count_model_high: Real | None = None
    difference: Difference | None = None
    hidden_bases: Count | None = None
    split: Name | None = None
    bases_seen: Count | None = None
    seconds: Real | None = None
    bases_per_second: Real | None = None
    steps: Count | None = None
    curve: list[CurvePoint] = []
    count_model_curve_bits: Real | None = None
    verdict: Prose | None = None


class Score(Part):
    """One row of the evaluation."""

    task: Name
    arm: Name
    metric: Name
    value: Real | None = None
    low: Real | None = None
    high: Real | None = None
    n: Count | None = None
    split: Name | None = None


class LabelClass(Part):
    """A class of the probe, in windows."""

    name: Name
    training: Count | None = None
    test: Count | None = None


class CalibrationBin(Part):
    """Predictions of similar confidence: how sure, how often right, how many."""

    confidence: Fraction
    accuracy: Fraction
    n: Count


class EmbeddingMap(Part):
    """Embeddings in two dimensions; `label` counts through the probe's classes from 0."""

    x: list[Real]
    y: list[Real]
    label: list[Count]
    description: Prose | None = None


class Probe(Part):
    """The linear probe: its classes, its verdict, its calibration and a map of what it saw."""

    classes: list[LabelClass] = []
    dropped: list[Name] = []
    sentences: list[Prose] = []
    calibration: dict[Name, Annotated[list[CalibrationBin], Field(max_length=100)]] = {}
    map: EmbeddingMap | None = None
    window: Count | None = None
    blocks: Count | None = None


class LossPoint(Part):
    """One point of an arm's learning curve."""

    step: Count
    training: Real | None = None
    validation: Real | None = None


class ArmRecord(Part):
    """What an arm chose, of how many settings, in how many runs, and what it cost in processor seconds."""

    arm: Name
    setting: Prose = ""
    tried: Count = 1
    runs: Count = 1
    cpu_seconds: Real | None = None
    curves: list[list[LossPoint]] = []


class ArmComparison(Part):
    """The reference arm minus another."""

    arm: Name
    value: Real | None = None
    low: Real | None = None
    high: Real | None = None
    p_value: Real | None = None
    verdict: Name = "undecided"
    margin: Real | None = None


class Published(Part):
    """A figure that others published, on another split."""

    task: Prose = ""
    model: Name
    metric: Name
    value: Real
    source: Prose = ""


class PanelTask(Part):
    """One labelled task: its size, who was compared with whom, and what each arm did."""

    task: Name
    headline: Name = "auroc"
    examples: dict[Name, Count] = {}
    strands: Name | None = None
    units: Name | None = None
    groups: Count | None = None
    reference: Name | None = None
    remarks: list[Prose] = []
    sentences: list[Prose] = []
    arms: list[ArmRecord] = []
    comparisons: list[ArmComparison] = []
    published: list[Published] = []
    calibration: dict[Name, Annotated[list[CalibrationBin], Field(max_length=100)]] = {}


class PanelRecord(Part):
    """All tasks of an evaluation, and what they say together."""

    tasks: list[PanelTask] = []
    sentences: list[Prose] = []


class Results(Part):
    """Everything that one run left to report.

    Attributes
    ----------
    intervals : str or None
        How the intervals were made (level, method), in words.
    """

    title: Name = "Results"
    synthetic: bool = False
    command: Annotated[str, BeforeValidator(_cut_at(COMMAND_CHARACTERS))] | None = None
    created: Name | None = None
    intervals: Prose | None = None
    versions: dict[Name, Name] = {}
    inputs: list[InputFile] = []
    seed: int | None = None
    genome: list[Sequence] = []
    species: list[SpeciesShare] = []
    annotation: list[AnnotationKind] = []
    split: Split | None = None
    model: Model | None = None
    pretraining: Pretraining | None = None
    evaluation: list[Score] = []
    probe: Probe | None = None
    panel: PanelRecord | None = None
    notes: list[Prose] = []


def read_results(content: Mapping[str, Any], *, path: Path | None = None) -> Results:
    """Check the content of a ``results.json`` and give it types.

    Parameters
    ----------
    content : mapping
        The parsed JSON.
    path : Path, optional
        Where it came from, for messages.

    Returns
    -------
    Results
        The same content; a section that was absent or null is empty.

    Raises
    ------
    InputError
        If the format is not 1, or a field holds what it cannot hold; the message names the field.

    Examples
    --------
    >>> read_results({"format": 1, "title": "Yeast"}).title
    'Yeast'
    """
    if not isinstance(content, Mapping):
        raise InputError(f"these results are {shown(content)}, not a JSON object", fix=REMEDY, path=path)
    if content.get("format") != FORMAT:
        given = shown(content["format"]) if "format" in content else "missing"
        raise InputError(f"the results' format is {given}; this version reads format {FORMAT}", fix=REMEDY, path=path)
    try:
        results = Results.model_validate(dict(content))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        what = f"{shown(place)} is {shown(first['input'])}: {first['msg']}"
        raise InputError(what, fix=REMEDY, path=path) from error
    _check_map(results, path)
    return results


def _check_map(results: Results, path: Path | None) -> None:
    if results.probe is None or results.probe.map is None:
        return
    points, classes = results.probe.map, len(results.probe.classes)
    if not len(points.x) == len(points.y) == len(points.label):
        sizes = f"{len(points.x)} x, {len(points.y)} y and {len(points.label)} labels"
        raise InputError(f"'probe.map' holds {sizes}, which must be equally many", fix=REMEDY, path=path)
    if points.label and max(points.label) >= classes:
        given = max(points.label)
        raise InputError(f"'probe.map.label' holds {given}; the probe has {classes} classes", fix=REMEDY, path=path)
