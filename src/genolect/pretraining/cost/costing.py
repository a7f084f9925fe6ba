"""What a model will cost on this machine before it is trained: parameters, operations, time and memory of a step.

One forecast per tokenizer, so that they can be compared: a tokenizer decides how many tokens a window has and how large
the vocabulary is, and everything else follows (`tokenizers.cost` has the formula, this the machine).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from genolect.config import Configuration
from genolect.encoders.transformer import TransformerConfig
from genolect.errors import ConfigurationError
from genolect.genome.context_counts import OFFERED_LENGTHS, context_lengths
from genolect.genome.genome import PreparedGenome
from genolect.pretraining.cost.calibration import Calibration, memory_beyond_baseline, work
from genolect.pretraining.cost.trial import Workload, counts_bytes, flops, parameter_count, saved_bytes
from genolect.pretraining.plan import SIZES, default_shape
from genolect.sequence.fasta import stream_fasta
from genolect.tokenizers.cost import Scheme, cost, embedding_bytes, read_scheme

TOKENIZERS = ("nucleotide", "kmer:6", "kmer:3:3", "kmer:4:4", "kmer:5:5", "kmer:6:6", "byte_pair:600", "byte_pair:4096")
KEPT_COUNTS = 2
"""Pretraining keeps the context counts for the count model too, in eight bytes where the encoder has four."""

GIGABYTE = 1e9


class CostingOptions(Configuration):
    """What is to be forecast.

    Attributes
    ----------
    tokenizers : tuple of str
        As in `tokenizers.cost.read_scheme`; a usual selection where empty.
    width, layers : int
        As in `encoders.transformer.TransformerConfig`.
    heads, feed_forward : int or None
        Likewise; by default one head per 64 channels, and the proportion of the default models.
    window : int
        Bases per window, whatever the tokenizer.
    windows : int
        Windows per step.
    bases : int or None
        Bases that training will see.
    genome_bases : int or None
        Bases of the genome, which decide how long contexts may be.
    memory : float or None
        Budget in gigabytes.
    """

    tokenizers: tuple[str, ...] = ()
    width: int = Field(SIZES[0].width, ge=2)
    layers: int = Field(SIZES[0].layers, ge=1)
    heads: int | None = Field(None, ge=1)
    feed_forward: int | None = Field(None, ge=1)
    window: int = Field(256, ge=16)
    windows: int = Field(SIZES[0].windows, ge=1)
    bases: int | None = Field(None, ge=1)
    genome_bases: int | None = Field(None, ge=1)
    memory: float | None = Field(None, gt=0)


@dataclass(frozen=True)
class Forecast:
    """What one tokenizer costs with the model asked for.

    Attributes
    ----------
    tokenizer : str
        Which.
    vocabulary, tokens : int
        V, and N of one window.
    parameters : int
        Trained values.
    flops : float
        Floating-point operations of the matrix products of a step.
    step_seconds, bases_per_second : float
        Time of a step, and the bases of its windows over that time.
    peak_bytes : float
        Largest memory in use, with the counts that pretraining keeps.
    seconds : float or None
        Time for the bases asked for.
    fits : bool or None
        Whether the peak keeps to the memory budget.
    formula : float
        C(N, V) of `tokenizers.cost` for one window.
    embedding_bytes : int
        V · d values.
    """

    tokenizer: str
    vocabulary: int
    tokens: int
    parameters: int
    flops: float
    step_seconds: float
    bases_per_second: float
    peak_bytes: float
    seconds: float | None
    fits: bool | None
    formula: float
    embedding_bytes: int


def workload_of(scheme: Scheme, options: CostingOptions) -> Workload:
    """Give the model and batch that a tokenizer leads to.

    Parameters
    ----------
    scheme : Scheme
        The tokenizer.
    options : CostingOptions
        The rest.

    Returns
    -------
    Workload
        Single nucleotides with context evidence and a stem that sees 21 of them; words with neither.

    Raises
    ------
    ConfigurationError
        If a window holds no token, or the shape is impossible.
    """
    tokens = scheme.tokens(options.window)
    if tokens < 1:
        fix = "lengthen --window or shorten the words"
        raise ConfigurationError(f"a window of {options.window} bases holds no token of {scheme.name}", fix=fix)
    single = scheme.name == "nucleotide"
    contexts: tuple[int, ...] = ()
    if single:
        contexts = OFFERED_LENGTHS if options.genome_bases is None else context_lengths(options.genome_bases)
    shape: dict[str, Any] = default_shape(options.width, options.layers, single=single)
    given = {"heads": options.heads, "feed_forward": options.feed_forward}
    shape |= {name: value for name, value in given.items() if value is not None}
    fixed = {"vocabulary": scheme.vocabulary, "context_lengths": contexts}
    encoder = TransformerConfig.from_mapping(shape | fixed, "model")
    return Workload(encoder=encoder, targets=scheme.targets, windows=options.windows, tokens=tokens)


def workloads_of(options: CostingOptions) -> list[tuple[Scheme, Workload]]:
    """Give every tokenizer asked for with its model and batch; what is impossible is refused as in `workload_of`."""
    schemes = [read_scheme(text) for text in options.tokenizers or TOKENIZERS]
    return [(scheme, workload_of(scheme, options)) for scheme in schemes]


def step_time(workload: Workload, calibration: Calibration) -> float:
    """Forecast the seconds of a step: every kind of work times the seconds that the machine takes per unit."""
    return sum(amount * calibration.seconds_per_unit[kind] for kind, amount in work(workload).items())


def peak_memory(workload: Workload, calibration: Calibration) -> float:
    """Forecast the largest memory in use while steps are taken, in bytes."""
    saved = saved_bytes(workload, calibration.machine)
    return calibration.baseline + memory_beyond_baseline(workload, saved, calibration.machine)


def forecast(options: CostingOptions, calibration: Calibration) -> list[Forecast]:
    """Forecast every tokenizer asked for.

    Parameters
    ----------
    options : CostingOptions
        What is asked.
    calibration : Calibration
        The machine.

    Returns
    -------
    list of Forecast
        In the order of the tokenizers.

    Raises
    ------
    ConfigurationError
        If a tokenizer or a shape is impossible.
    """
    return [_one(scheme, workload, options, calibration) for scheme, workload in workloads_of(options)]


def _one(scheme: Scheme, workload: Workload, options: CostingOptions, calibration: Calibration) -> Forecast:
    seconds = step_time(workload, calibration)
    peak = peak_memory(workload, calibration) + KEPT_COUNTS * counts_bytes(workload.encoder)
    rate = options.windows * options.window / seconds
    return Forecast(
        tokenizer=scheme.name,
        vocabulary=scheme.vocabulary,
        tokens=workload.tokens,
        parameters=parameter_count(workload),
        flops=sum(flops(workload).values()),
        step_seconds=seconds,
        bases_per_second=rate,
        peak_bytes=peak,
        seconds=None if options.bases is None else options.bases / rate,
        fits=None if options.memory is None else peak <= options.memory * GIGABYTE,
        formula=cost(workload.tokens, scheme.vocabulary, options.width),
        embedding_bytes=embedding_bytes(scheme.vocabulary, options.width),
    )


def best_forecast(forecasts: list[Forecast]) -> Forecast | None:
    """Give the one that reads most bases per second among those that fit, if one fits."""
    fitting = [one for one in forecasts if one.fits is not False]
    return max(fitting, key=lambda one: one.bases_per_second, default=None)


def genome_length(path: Path) -> int:
    """Count the bases of a genome: of a folder made by ``genolect prepare``, or of a FASTA file.

    Raises
    ------
    InputError
        If it is neither.
    """
    if path.is_dir():
        return sum(PreparedGenome(path, verify=False).lengths.values())
    return sum(len(chunk.bases) for chunk in stream_fasta(path))


def costing_record(options: CostingOptions, forecasts: list[Forecast], calibration: Calibration) -> dict[str, Any]:
    """Give everything as JSON types."""
    best = best_forecast(forecasts)
    return {
        "format": 1,
        "options": options.to_mapping(),
        "machine": {
            "device": calibration.machine.device.type,
            "reduced": calibration.machine.reduced,
            "seconds_per_unit": calibration.seconds_per_unit,
            "baseline_bytes": calibration.baseline,
            "worst_fit": calibration.worst_fit,
        },
        "forecasts": [asdict(one) for one in forecasts],
        "best": None if best is None else best.tokenizer,
    }
