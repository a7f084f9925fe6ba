"""A recipe as a file: TOML tables for people, strict objects for the program.

::

    tokenizer = "kmer:6"

    [run]                       # the options of genolect pretrain
    minutes = 10

    [classes.exon]
    file = "genes.gtf.gz"       # relative to this file
    feature = "exon"

    [objectives.masked]
    kind = "masked"
    rate_multipliers = { exon = 0.5 }

    [weights.masked]
    value = 1.0
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from genolect.config import Configuration
from genolect.encoders.build import preset
from genolect.encoders.encoder import DERIVED
from genolect.errors import ConfigurationError, InputError, shown
from genolect.objectives.objective import WeightConfig
from genolect.pretraining.kinds.kind import PATHS, kind_of_table
from genolect.pretraining.recipe import ClassSource, EncoderChoice, Recipe, TrainingChoice

RUN = "run"
TABLES = (RUN, "encoder", "training", "classes", "objectives", "weights")


def read_recipe(path: Path | None, settings: Iterable[str] = ()) -> tuple[Recipe, dict[str, Any]]:
    r"""Read a recipe, and the options of the run that stand in the same file.

    Parameters
    ----------
    path : Path or None
        The file; None for the default recipe.
    settings : iterable of str
        Changes as ``table.key=value``, the value as in TOML (text may stand without quotes).

    Returns
    -------
    recipe : Recipe
        Every choice; paths are absolute.
    options : dict
        The table ``[run]``.

    Raises
    ------
    InputError
        If there is no such file, or it is no TOML.
    ConfigurationError
        Naming every key that is unknown, with the nearest known one, and every value out of range.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.toml").write_text('tokenizer = "kmer:6:6"\n[run]\nsteps = 5\n')
    ...     recipe, options = read_recipe(Path(folder, "a.toml"), ["objectives.masked.rate=0.2"])
    >>> recipe.tokenizer, options, recipe.objectives["masked"].rate
    ('kmer:6:6', {'steps': 5}, 0.2)
    """
    values = {} if path is None else _toml(path)
    for setting in settings:
        _set(values, setting)
    where = "--set" if path is None else str(path)
    tables = {name: _table(values, name, where) for name in TABLES}
    if unknown := [key for key in values if key not in ("tokenizer", *TABLES)]:
        Recipe.from_mapping({key: values[key] for key in unknown}, where)  # Refuses them, with the nearest name.
    folder = Path() if path is None else path.parent
    content: dict[str, Any] = {
        "tokenizer": _tokenizer(values.get("tokenizer", "nucleotide"), folder, where),
        "encoder": _encoder(tables["encoder"], f"{where} [encoder]"),
        "training": _checked(TrainingChoice, tables["training"], f"{where} [training]"),
        "classes": {
            name: _checked(ClassSource, _rooted(item, folder), f"{where} [classes.{name}]")
            for name, item in tables["classes"].items()
        },
        "weights": {
            name: _checked(WeightConfig, item, f"{where} [weights.{name}]") for name, item in tables["weights"].items()
        },
    }
    if tables["objectives"]:
        content["objectives"] = {
            name: _part(item, folder, f"{where} [objectives.{name}]") for name, item in tables["objectives"].items()
        }
    return Recipe.from_mapping(content, where), tables[RUN]


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError("there is no such file", fix="check the path", path=path) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"this is no TOML: {shown(str(error))}", fix="correct it", path=path) from error
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}", fix="check the path", path=path) from error


def _set(values: dict[str, Any], setting: str) -> None:
    """Make one change, ``table.key=value``."""
    place, equals, text = setting.partition("=")
    *tables, key = place.strip().split(".")
    if not equals or not all((*tables, key)):
        raise ConfigurationError(f"--set {setting!r} is no table.key=value", fix="write objectives.masked.rate=0.2")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    inner = values
    for table in tables:
        inner = inner.setdefault(table, {})
        if not isinstance(inner, dict):
            raise ConfigurationError(f"--set {setting!r}: {table} is no table", fix="name a table of the file")
    inner[key] = value


def _table(values: Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    table = values.get(name, {})
    inner = name in ("classes", "objectives", "weights")
    if not isinstance(table, dict) or (inner and not all(isinstance(item, dict) for item in table.values())):
        what = f"{name} is no table" if not isinstance(table, dict) else f"{name} holds something that is no table"
        raise ConfigurationError(what, fix=f"write [{name}.NAME]" if inner else f"write [{name}]", path=where)
    return dict(table)


def _checked(kind: type[Configuration], values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Check a table by itself, so that a refusal names it; give its plain values."""
    return kind.from_mapping(values, where).to_mapping()


def _encoder(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Check the encoder's table: a kind, or a preset, and what is to be different."""
    shape = dict(values)
    choice: dict[str, Any] = {"kind": shape.pop("kind", "transformer")}
    if name := shape.pop("preset", None):
        config = preset(str(name))
        choice = {"kind": config.kind}
        shape = {key: value for key, value in config.to_mapping().items() if key not in DERIVED} | shape
    try:
        return EncoderChoice.from_mapping({**choice, "shape": shape}, where).to_mapping()
    except ConfigurationError as error:
        raise ConfigurationError(error.what, fix=error.fix, path=where) from error


def _part(values: Mapping[str, Any], folder: Path, where: str) -> dict[str, Any]:
    """Check an objective's table by its kind."""
    return kind_of_table(values, where).from_table(_rooted(values, folder), where).to_mapping()


def _rooted(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Read paths as relative to the file that they stand in."""

    def rooted(value: Any) -> Any:
        if isinstance(value, list):
            return [rooted(one) for one in value]
        return str((folder / value).absolute()) if isinstance(value, str) else value

    return {key: rooted(value) if key in PATHS else value for key, value in values.items()}


def _tokenizer(text: Any, folder: Path, where: str) -> str:
    """Give a tokenizer's name, or the absolute path of its file or folder."""
    if not isinstance(text, str):
        raise ConfigurationError(f"tokenizer is {shown(text)}", fix='write tokenizer = "kmer:6", or a path', path=where)
    return str((folder / text).absolute()) if text and (folder / text).exists() else text
