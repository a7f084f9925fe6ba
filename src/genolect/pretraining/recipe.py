"""What a user may choose about a training: tokenizer, encoder, classes of bases, objectives and their weights."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from genolect.config import Configuration
from genolect.encoders.build import encoder_config, encoder_kinds
from genolect.errors import ConfigurationError, shown
from genolect.genome.orthologs import HELD_OUT_SHARE, Order
from genolect.objectives.contrastive import ContrastiveConfig
from genolect.objectives.masked import MaskedBasesConfig
from genolect.objectives.objective import WeightConfig
from genolect.objectives.tracks import TOTAL_WEIGHT

DEFAULT_PART = "masked"
PROJECTION = 64
PLACEHOLDER = 7
"""Vocabulary with which a shape is checked before the tokenizer is known."""


class MaskedPart(Configuration):
    """Hide bases and predict them.

    Attributes
    ----------
    kind : 'masked'
        Which objective.
    scheme, rate, hidden_share, random_share, span, span_shape
        As in `objectives.masked_config.MaskedBasesConfig`, by whose defaults they stand where not given.
    replacements : {'even', 'genome'}
        Whether random bases are drawn evenly, or as frequent as in the training stretches.
    rate_multipliers, loss_weights : dict of str to float
        Of the classes of bases, by name; 1 for those that are not named.
    """

    kind: Literal["masked"] = "masked"
    scheme: Literal["bases", "dnabert", "grover"] = "bases"
    rate: float | None = None
    hidden_share: float | None = None
    random_share: float | None = None
    span: float | None = None
    span_shape: Literal["geometric", "fixed"] = "geometric"
    replacements: Literal["even", "genome"] = "even"
    rate_multipliers: dict[str, float] = Field(default_factory=dict)
    loss_weights: dict[str, float] = Field(default_factory=dict)

    def masking(self, classes: tuple[str, ...] = ()) -> MaskedBasesConfig:
        """Give it as the objective wants it.

        Parameters
        ----------
        classes : tuple of str
            Names of the classes of bases, in the order of their codes.

        Returns
        -------
        MaskedBasesConfig
            Rates and weights in that order.

        Raises
        ------
        ConfigurationError
            If a value is out of range.
        """
        names = ("scheme", "rate", "hidden_share", "random_share", "span", "span_shape")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        for name in ("rate_multipliers", "loss_weights"):
            if by_class := getattr(self, name):
                given[name] = [by_class.get(one, 1.0) for one in classes]
        return MaskedBasesConfig.from_mapping(given, "the masked objective")


class CausalPart(Configuration):
    """Predict every token from those before it."""

    kind: Literal["causal"] = "causal"


class ContrastivePart(Configuration):
    """Tell a window's two views from other windows.

    Attributes
    ----------
    kind : 'contrastive'
        Which objective.
    projection : int
        Entries of the vectors that are compared.
    contrast : ContrastiveConfig
        Views and temperature; in a file its keys stand beside the others.
    """

    kind: Literal["contrastive"] = "contrastive"
    projection: int = Field(PROJECTION, ge=1)
    contrast: ContrastiveConfig = ContrastiveConfig()


class SpeciesPart(Configuration):
    """Tell the same gene of two species from other genes.

    Attributes
    ----------
    kind : 'species'
        Which objective.
    file : str
        Orthologues: FASTA with names of `order`, or a table with tabs and the columns gene, species, sequence.
    order : {'gene|species', 'species|gene'}
        How the records of a FASTA file are named.
    pairs : int
        Pairs per step, each of another gene.
    bases : int
        Bases per window; shorter genes are left out, and counted.
    held_out : float
        Share of the genes that is never trained on.
    projection, contrast
        As in `ContrastivePart`.
    """

    kind: Literal["species"] = "species"
    file: str
    order: Order = "gene|species"
    pairs: int = Field(32, ge=2)
    bases: int = Field(256, ge=16)
    held_out: float = Field(HELD_OUT_SHARE, gt=0, lt=1)
    projection: int = Field(PROJECTION, ge=1)
    contrast: ContrastiveConfig = ContrastiveConfig(reverse_complement=0.0)


class LabelsPart(Configuration):
    """Predict classes of bases, where they are known.

    Attributes
    ----------
    kind : 'labels'
        Which objective.
    of : {'window', 'token'}
        What has a label: a window, that of its centre base, or every token, that of its middle base.
    share : float
        Share of the windows whose labels are shown, chosen by chance.
    records : tuple of str
        Records whose labels are known; empty for all.
    """

    kind: Literal["labels"] = "labels"
    of: Literal["window", "token"] = "window"
    share: float = Field(1.0, gt=0, le=1)
    records: tuple[str, ...] = ()


class TrackPart(Configuration):
    """Predict what was measured along the genome, in bins.

    Attributes
    ----------
    kind : 'track'
        Which objective.
    files : tuple of str
        bigWig files; each is a track of the same head.
    loss, total_weight
        As in `objectives.tracks.TrackObjective`.
    bin : int or None
        Bases per bin; an Enformer has its own, elsewhere 128 where not given.
    crop : int or None
        Bins at either end of a window that are not asked about; an Enformer has its own, elsewhere 0 where not given.
    summary : {'mean', 'sum'}
        What is told of a bin's bases.
    highest : float or None
        Bins are cut here.
    unknown : tuple of str
        Records about which the tracks tell nothing, such as a mitochondrion.
    """

    kind: Literal["track"] = "track"
    files: tuple[str, ...] = Field(min_length=1)
    loss: Literal["poisson", "multinomial"] = "poisson"
    total_weight: float = Field(TOTAL_WEIGHT, ge=0)
    bin: int | None = Field(None, ge=1)
    crop: int | None = Field(None, ge=0)
    summary: Literal["mean", "sum"] = "mean"
    highest: float | None = Field(None, gt=0)
    unknown: tuple[str, ...] = ()


AnyPart: TypeAlias = MaskedPart | CausalPart | ContrastivePart | SpeciesPart | LabelsPart | TrackPart
Part = Annotated[AnyPart, Field(discriminator="kind")]


class ClassSource(Configuration):
    """Where the bases of one class are.

    Attributes
    ----------
    file : str or None
        BED, GTF or GFF3.
    feature : str or None
        Type of the rows that count, for example ``exon``; of a BED file all rows do.
    soft_masked : bool
        Instead of a file: the bases in lower case.
    """

    file: str | None = None
    feature: str | None = None
    soft_masked: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> ClassSource:
        if (self.file is None) != self.soft_masked or (self.soft_masked and self.feature):
            raise ValueError("a class needs a file with the feature that counts, or soft_masked = true")
        return self


class EncoderChoice(Configuration):
    """Which encoder, and what of its shape is chosen; the rest is as the budget and its kind have it.

    Attributes
    ----------
    kind : str
        One of `encoders.build.encoder_kinds`.
    shape : dict
        Fields of its configuration; in a file they stand beside the kind. The vocabulary is the tokenizer's, and
        whether it is causal follows from the objectives.
    """

    kind: str = "transformer"
    shape: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> EncoderChoice:
        kinds = encoder_kinds()
        if self.kind not in kinds:
            raise ConfigurationError(
                f"there is no encoder of the kind {shown(self.kind)}", fix=f"choose {', '.join(kinds)}"
            )
        allowed = [name for name in kinds[self.kind].model_fields if name not in ("vocabulary", "causal")]
        for key in self.shape.keys() - set(allowed):
            near = "".join(f"did you mean {match!r}? " for match in difflib.get_close_matches(key, allowed, n=1))
            raise ConfigurationError(
                f"unknown key {shown(key)}", fix=f"{near}Allowed: kind, preset, {', '.join(allowed)}"
            )
        encoder_config(self.kind, {"vocabulary": PLACEHOLDER, **self.shape}, "encoder")
        return self


class TrainingChoice(Configuration):
    """How to train, as in `training.loop.TrainingConfig`."""

    windows: int | None = Field(None, ge=1)
    learning_rate: float | None = Field(None, gt=0)
    matrix_learning_rate: float | None = Field(None, gt=0)
    warmup_share: float | None = Field(None, ge=0, lt=1)


def _default_objectives() -> dict[str, AnyPart]:
    return {DEFAULT_PART: MaskedPart()}


class Recipe(Configuration):
    """Everything that is chosen about a training beside its budget.

    Attributes
    ----------
    tokenizer : str
        As `workflow.tokens.named_tokenizer` reads it.
    encoder, training
        Shape and speed.
    classes : dict of str to ClassSource
        Classes of bases; where they overlap, the one named later counts.
    objectives : dict of str to part
        What is asked, by names of the user's choice.
    weights : dict of str to WeightConfig
        Weight of each objective's loss; 1 for those that are not named.

    Examples
    --------
    >>> Recipe().objectives["masked"].masking().rate
    0.15
    """

    tokenizer: str = "nucleotide"
    encoder: EncoderChoice = EncoderChoice()
    training: TrainingChoice = TrainingChoice()
    classes: dict[str, ClassSource] = Field(default_factory=dict)
    objectives: dict[str, Part] = Field(default_factory=_default_objectives, min_length=1)
    weights: dict[str, WeightConfig] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_fit(self) -> Recipe:
        if unknown := self.weights.keys() - self.objectives.keys():
            there = ", ".join(self.objectives)
            raise ValueError(f"a weight for {min(unknown)!r}, which is none of the objectives {there}")
        for name, part in self.objectives.items():
            if not name.isidentifier():
                raise ValueError(f"the objective {name!r} needs a name of letters, digits and _")
            if isinstance(part, LabelsPart) and not self.classes:
                raise ValueError(f"{name} needs [classes] to predict")
            if isinstance(part, MaskedPart):
                named = (*part.rate_multipliers, *part.loss_weights)
                if unknown_classes := sorted(set(named) - {*self.classes, "background"}):
                    there = ", ".join(("background", *self.classes))
                    raise ValueError(f"{name} names the class {unknown_classes[0]!r}; there are {there}")
        return self

    @property
    def causal(self) -> bool:
        """Whether the encoder must not look ahead."""
        return any(isinstance(part, CausalPart) for part in self.objectives.values())

    def weight(self, name: str) -> WeightConfig:
        """Give the weight of an objective."""
        return self.weights.get(name, WeightConfig())


def bases_per_step(recipe: Recipe, windows: int, window: int) -> int:
    """Say how many bases a step reads: windows of the genome once, whoever asks about them, and pairs of genes.

    Parameters
    ----------
    recipe : Recipe
        Whose objectives.
    windows, window : int
        Windows of the genome per step, and bases per window.

    Returns
    -------
    int
        Bases.

    Examples
    --------
    >>> bases_per_step(Recipe(objectives={"genes": SpeciesPart(file="genes.fa", pairs=8, bases=100)}), 16, 256)
    1600
    """
    parts = recipe.objectives.values()
    genes = sum(2 * part.pairs * part.bases for part in parts if isinstance(part, SpeciesPart))
    reads_genome = any(not isinstance(part, SpeciesPart) for part in parts)
    return genes + windows * window * reads_genome


def given_values(choice: Configuration) -> dict[str, Any]:
    """Give what was chosen: the values that are not None.

    Examples
    --------
    >>> given_values(TrainingChoice(windows=9))
    {'windows': 9}
    """
    return {name: value for name, value in choice.to_mapping().items() if value is not None}
