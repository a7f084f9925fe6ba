"""Options that several verbs share, alone and in groups, and how they become configuration."""

from __future__ import annotations

import inspect
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import typer
from pydantic.fields import FieldInfo

from genolect.config import Configuration
from genolect.errors import ConfigurationError

if TYPE_CHECKING:
    from genolect.pretraining.plan import PretrainingOptions
    from genolect.pretraining.recipe import Recipe
    from genolect.tables.task_file import TableTask


Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results; must be new or empty.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what the folder holds.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where an interrupted run stopped, exactly.")]
Rename = Annotated[
    str | None, typer.Option(help="Names of the annotation that differ from the genome's: auto, or chr1=1,chrM=MT.")
]
AllowMissing = Annotated[
    bool, typer.Option("--allow-missing", help="Leave out annotated sequences that the genome lacks.")
]
Minutes = Annotated[float | None, typer.Option(help="Budget for training in minutes (default 5).")]
Steps = Annotated[int | None, typer.Option(help="Budget in steps instead.")]
Bases = Annotated[int | None, typer.Option(help="Budget in bases seen instead.")]
Seed = Annotated[int | None, typer.Option(help="Seed of everything random (default 0).")]
Window = Annotated[int | None, typer.Option(help="Bases per window (default 256).")]
CheckpointEvery = Annotated[int | None, typer.Option(help="Steps between checkpoints (default: a twentieth).")]
Validation = Annotated[
    str, typer.Option(help="Records (in a corpus species) to choose by, e.g. chr1,chr2 (default: a tenth).")
]
Test = Annotated[
    str, typer.Option(help="Records (in a corpus species) to test on, never trained on (default: a tenth).")
]

LIMITS = (("min", "ge"), ("max", "le"))
"""What typer and pydantic call the bounds of a number."""
Verb = Callable[..., None]
C = TypeVar("C", bound=Configuration)


@dataclass(frozen=True)
class Names:
    """How the annotation's names of sequences relate to the genome's."""

    rename: Rename = None
    allow_missing: AllowMissing = False

    def renaming(self) -> dict[str, str] | Literal["auto"] | None:
        """Read ``--rename``."""
        return renaming(self.rename)


@dataclass(frozen=True)
class Budget:
    """How long to train, from which seed, and on what not."""

    minutes: Minutes = None
    steps: Steps = None
    bases: Bases = None
    seed: Seed = None
    validation: Validation = ""
    test: Test = ""

    def to_options(self, table: Mapping[str, Any] | None = None, **others: Any) -> PretrainingOptions:
        """Give them, and others, as the configuration that they are part of; they go before those of a table."""
        from genolect.pretraining.plan import PretrainingOptions

        held_out = {"validation": listed(self.validation) or None, "test": listed(self.test) or None}
        given = {key: value for key, value in {**vars(self), **held_out, **others}.items() if value is not None}
        budgets = {"minutes", "steps", "bases"}
        replaced = budgets if budgets & given.keys() else set()
        kept = {key: value for key, value in (table or {}).items() if key not in replaced}
        return PretrainingOptions.from_mapping({**kept, **given}, "the options" if table is None else "[run]")


@dataclass(frozen=True)
class Chosen:
    """What is trained, beside its budget."""

    config: Annotated[
        Path | None, typer.Option(help="TOML file: tokenizer, encoder, classes, objectives, weights, run.")
    ] = None
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change one value of it, e.g. objectives.masked.rate=0.2; may be repeated."),
    ] = None
    tokenizer: Annotated[
        str | None, typer.Option(help="nucleotide, kmer:6, kmer:6:6, or a folder made by genolect tokenizer.")
    ] = None

    def read(self) -> tuple[Recipe, dict[str, Any]]:
        """Read the file with the changes; give the recipe and the options of the run."""
        from genolect.pretraining.recipe_file import read_recipe

        recipe, options = read_recipe(self.config, self.settings or ())
        return recipe if self.tokenizer is None else recipe.model_copy(update={"tokenizer": self.tokenizer}), options


@dataclass(frozen=True)
class TaskColumn:
    """What is predicted of a labelled table, and where its sequences are."""

    label: Annotated[str, typer.Option(help="Column to predict; of several yes-or-no columns a,b,c.")] = "label"
    genome: Annotated[
        Path | None, typer.Option(help="Folder made by genolect prepare, where the table has no sequences.")
    ] = None

    def file(self, path: Path) -> TableTask:
        """Give the table with them."""
        from genolect.tables.task_file import TableTask

        return TableTask(table=str(path), label=tuple(listed(self.label)), genome=str(self.genome or ""))


@dataclass(frozen=True)
class Again:
    """What to do with a folder that holds something."""

    resume: Resume = False
    overwrite: Overwrite = False


def grouped(verb: Verb) -> Verb:
    """Let a verb take groups of options: each parameter whose type is a dataclass or a configuration.

    Parameters
    ----------
    verb : callable
        A function with annotated parameters.

    Returns
    -------
    callable
        The same verb with the options one by one, as typer wants them.
    """
    hints = get_type_hints(verb, include_extras=True)
    groups = {name: parameters_of(kind) for name, kind in hints.items() if is_group(kind)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(verb).parameters.items():
        alone = parameter.replace(annotation=hints.get(name), kind=inspect.Parameter.KEYWORD_ONLY)
        parameters += groups.get(name, [alone])

    @wraps(verb)
    def command(**given: Any) -> None:
        for name, options in groups.items():
            values = {option.name: given.pop(option.name) for option in options}
            given[name] = hints[name](**values) if is_dataclass(hints[name]) else configured(hints[name], values)
        verb(**given)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def is_group(kind: Any) -> bool:
    """Tell whether a parameter of this type stands for several options."""
    return is_dataclass(kind) or (isinstance(kind, type) and issubclass(kind, Configuration))


def parameters_of(group: Any) -> list[inspect.Parameter]:
    """Give the options of a group, one for each field of a dataclass or a configuration."""
    if not is_dataclass(group):
        return options_from(group)
    hints = get_type_hints(group, include_extras=True)
    return [_parameter(field.name, hints[field.name], field.default) for field in fields(group)]


def options_from(config: type[Configuration]) -> list[inspect.Parameter]:
    """Give an option for each field of a configuration: its name, type, limits, default and description.

    So no default, no limit and no list of choices is written a second time. Options that are required come first.

    Parameters
    ----------
    config : type of Configuration
        Its fields are texts, numbers, yes or no, choices (`Literal`), paths or tuples of these; each may be None.

    Returns
    -------
    list of inspect.Parameter
        As typer reads them; `configured` makes the configuration of their values.

    Examples
    --------
    >>> from pydantic import Field
    >>> class Size(Configuration):
    ...     width: int = Field(7, ge=1, description="Across.")
    >>> [(option.name, option.default) for option in options_from(Size)]
    [('width', 7)]
    """
    found = [_option(name, field) for name, field in config.model_fields.items()]
    return sorted(found, key=lambda option: option.default is not inspect.Parameter.empty)


def configured(config: type[C], values: Mapping[str, Any]) -> C:
    """Make a configuration of what was typed; where nothing was, its own default holds.

    Examples
    --------
    >>> class Size(Configuration):
    ...     width: int = 7
    >>> configured(Size, {"width": 3}), configured(Size, {"width": None})
    (Size(width=3), Size(width=7))
    """
    given = {name: value for name, value in values.items() if value is not None}
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}
    return config.from_mapping(plain, "the options")


def _option(name: str, field: FieldInfo) -> inspect.Parameter:
    bounds = [(word, getattr(limit, key, None)) for limit in field.metadata for word, key in LIMITS]
    limits: dict[str, Any] = {word: bound for word, bound in bounds if bound is not None}
    kind: Any = field.annotation
    default = MISSING if field.is_required() else field.get_default()
    if tuples := [part for part in (kind, *get_args(kind)) if get_origin(part) is tuple]:
        kind = list[get_args(tuples[0])[0]]  # type: ignore[misc]  # read by typer, not by mypy
        default = [*default] if isinstance(default, tuple) else default
    flag = f"--{name.replace('_', '-')}"  # alone, without one that says no
    return _parameter(name, Annotated[kind, typer.Option(flag, help=field.description, **limits)], default)


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    given = inspect.Parameter.empty if default is MISSING else default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=given, annotation=annotation)


def renaming(text: str | None) -> dict[str, str] | Literal["auto"] | None:
    """Read the value of ``--rename``: ``auto``, or ``a=b,c=d``.

    Raises
    ------
    ConfigurationError
        If it is neither, or names a sequence twice.
    """
    if text is None or text == "auto":
        return "auto" if text else None
    names: dict[str, str] = {}
    for pair in text.split(","):
        theirs, equals, ours = pair.partition("=")
        if not (theirs and equals and ours) or theirs in names:
            fix = "write --rename auto, or annotation=genome pairs, each name once: --rename chr1=1,chrM=MT"
            raise ConfigurationError(f"--rename {text!r} is not a list of pairs, at {pair!r}", fix=fix)
        names[theirs] = ours
    return names


def listed(text: str) -> tuple[str, ...]:
    """Read a comma-separated list of names."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def command_line() -> str:
    """Give the command as it was typed, for the record."""
    return shlex.join(["genolect", *sys.argv[1:]])
