"""What a user may choose about a training: tokenizer, encoder, classes of bases, objectives and their weights."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SerializeAsAny, model_validator

from genolect.config import Configuration
from genolect.encoders.build import encoder_config, encoder_kinds
from genolect.encoders.encoder import DERIVED, EncoderConfig
from genolect.errors import ConfigurationError, shown
from genolect.objectives.objective import WeightConfig
from genolect.pretraining.kinds.kind import ObjectiveKind, default_kind, kind_of_table

PLACEHOLDER = 7
"""Vocabulary with which a shape is checked before the tokenizer is known."""


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
        allowed = [name for name in kinds[self.kind].model_fields if name not in DERIVED]
        for key in self.shape.keys() - set(allowed):
            near = "".join(f"did you mean {match!r}? " for match in difflib.get_close_matches(key, allowed, n=1))
            raise ConfigurationError(
                f"unknown key {shown(key)}", fix=f"{near}Allowed: kind, preset, {', '.join(allowed)}"
            )
        self.config()
        return self

    def config(self) -> EncoderConfig:
        """Give its configuration before the tokenizer is known, as if that had a few tokens."""
        return encoder_config(self.kind, {"vocabulary": PLACEHOLDER, **self.shape}, "encoder")


class TrainingChoice(Configuration):
    """How to train, as in `pretraining.loop.TrainingConfig`."""

    windows: int | None = Field(None, ge=1)
    learning_rate: float | None = Field(None, gt=0)
    matrix_learning_rate: float | None = Field(None, gt=0)
    warmup_share: float | None = Field(None, ge=0, lt=1)


def _default_objectives() -> dict[str, ObjectiveKind]:
    values: dict[str, Any] = {}
    objective = default_kind().from_mapping(values, "objectives")
    return {objective.kind: objective}


def _read_objective(values: Any) -> Any:
    """Take an objective, or read it from plain values with its kind."""
    if not isinstance(values, Mapping):
        return values
    return kind_of_table(values, "objectives").from_mapping(values, "objectives")


AnyObjective = Annotated[SerializeAsAny[ObjectiveKind], BeforeValidator(_read_objective)]


class Recipe(Configuration):
    """Everything that is chosen about a training beside its budget.

    Attributes
    ----------
    tokenizer : str
        As `genome.tokens.named_tokenizer` reads it.
    encoder, training
        Shape and speed.
    classes : dict of str to ClassSource
        Classes of bases; where they overlap, the one named later counts.
    objectives : dict of str to ObjectiveKind
        What is asked, by names of the user's choice.
    weights : dict of str to WeightConfig
        Weight of each objective's loss; 1 for those that are not named.

    Examples
    --------
    >>> Recipe(tokenizer="kmer:6").causal
    False
    """

    tokenizer: str = "nucleotide"
    encoder: EncoderChoice = EncoderChoice()
    training: TrainingChoice = TrainingChoice()
    classes: dict[str, ClassSource] = Field(default_factory=dict)
    objectives: dict[str, AnyObjective] = Field(default_factory=_default_objectives, min_length=1)
    weights: dict[str, WeightConfig] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_fit(self) -> Recipe:
        if unknown := self.weights.keys() - self.objectives.keys():
            there = ", ".join(self.objectives)
            raise ValueError(f"a weight for {min(unknown)!r}, which is none of the objectives {there}")
        for name, part in self.objectives.items():
            if not name.isidentifier():
                raise ValueError(f"the objective {name!r} needs a name of letters, digits and _")
            part.check(name, self.classes)
        return self

    @property
    def causal(self) -> bool:
        """Whether the encoder must not look ahead."""
        return any(part.causal for part in self.objectives.values())

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
    >>> bases_per_step(Recipe(), windows=16, window=256)
    4096
    """
    parts = recipe.objectives.values()
    extra = sum(part.extra_bases for part in parts)
    return extra + windows * window * any(part.reads_genome for part in parts)


def given_values(choice: Configuration) -> dict[str, Any]:
    """Give what was chosen: the values that are not None.

    Examples
    --------
    >>> given_values(TrainingChoice(windows=9))
    {'windows': 9}
    """
    return {name: value for name, value in choice.to_mapping().items() if value is not None}
