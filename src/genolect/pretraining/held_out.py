"""What several models may be asked about: the stretches of a genome that none of them was trained on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from genolect.errors import ConfigurationError, InputError
from genolect.folders import CONFIGURATION, PLAN, PREPARED
from genolect.genome.genome import PreparedGenome
from genolect.genome.holdout import GenomeSplit, split_genome
from genolect.pretraining.plan import known_plan, plan_of_model, read_plan
from genolect.tables.audit.finding import Pretraining

DEFAULT_WINDOW = 256


@dataclass(frozen=True)
class HeldOut:
    """A split that is fair to some models, as far as they say.

    Attributes
    ----------
    split : GenomeSplit
        The stretches.
    own : dict of str to bool
        By model, whether it was trained on this very genome.
    notes : tuple of str
        What a reader has to know.
    """

    split: GenomeSplit
    own: dict[str, bool]
    notes: tuple[str, ...]


def held_out_for(models: Mapping[str, Path], genome: PreparedGenome, *, window: int) -> HeldOut:
    """Find what models were not trained on.

    Parameters
    ----------
    models : mapping of str to Path
        Model directories by name.
    genome : PreparedGenome
        What they will be asked about.
    window : int
        Bases per window.

    Returns
    -------
    HeldOut
        The split of those that were trained on this genome, or a new one.

    Raises
    ------
    ConfigurationError
        If two models were trained on this genome with other stretches held out.
    InputError
        If a model is none, or the genome is too short.
    """
    plans = {name: known_plan(folder) for name, folder in models.items()}
    splits = {
        name: plan.split() for name, plan in plans.items() if plan is not None and plan.genome == genome.content_hash
    }
    first = next(iter(splits), None)
    for name, split in splits.items():
        if first is not None and split != splits[first]:
            what = f"{first} and {name} were trained with other stretches held out"
            raise ConfigurationError(
                what, fix="ask one by one, or train them alike: genolect pretrain --validation … --test …"
            )
    strangers = [name for name in models if name not in splits]
    notes = []
    if strangers:
        notes.append(
            f"Not known to have been trained on this very genome: {', '.join(strangers)}. Such a model may have seen "
            "test stretches in training."
        )
    split = splits[first] if first is not None else split_genome(genome, window=window)
    return HeldOut(split, {name: name in splits for name in models}, tuple(notes))


def model_names(folders: list[Path]) -> dict[str, Path]:
    """Name models by their folders: by the run where the folder is ``run/model``, by the path where that is not enough.

    Parameters
    ----------
    folders : list of Path
        Model directories.

    Returns
    -------
    dict of str to Path
        In the order given.

    Raises
    ------
    ConfigurationError
        If a folder is named twice.

    Examples
    --------
    >>> list(model_names([Path("yeast/model"), Path("grover")]))
    ['yeast', 'grover']
    >>> list(model_names([Path("a/run/model"), Path("b/run/model")]))
    ['a/run/model', 'b/run/model']
    """
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise ConfigurationError("a model is named twice", fix="name each once")
    short = [folder.parent.name if folder.name == "model" else folder.name for folder in folders]
    if len(set(short)) < len(short) or not all(short):
        short = [str(folder) for folder in folders]
    return dict(zip(short, folders, strict=True))


def open_pretraining(path: Path, genome: PreparedGenome | None) -> Pretraining:
    """Find out which stretches of which genome a model was, or would be, trained on.

    Parameters
    ----------
    path : Path
        A run folder, a model folder, or a prepared genome.
    genome : PreparedGenome, optional
        Taken for the model's where it has the same content.

    Returns
    -------
    Pretraining
        Genome and stretches.

    Raises
    ------
    InputError
        If the folder is none of the three.
    ConfigurationError
        If the genome that the model was trained on is neither given nor beside it.
    """
    if (path / CONFIGURATION).is_file():
        plan = plan_of_model(path)
    elif (path / PLAN).is_file():
        try:
            plan = read_plan(dict(json.loads((path / PLAN).read_text("utf-8"))), path / PLAN)
        except (ValueError, TypeError) as error:
            raise InputError("this is no plan of a run", fix="name another folder", path=path / PLAN) from error
    else:
        own = PreparedGenome(path)
        return Pretraining(own, split_genome(own, window=DEFAULT_WINDOW).train, str(path))
    beside = [folder / PREPARED for folder in (path, path.parent) if (folder / PREPARED).is_dir()]
    for candidate in [genome, *map(PreparedGenome, beside)]:
        if candidate is not None and candidate.content_hash == plan.genome:
            return Pretraining(candidate, plan.split().train, str(path))
    what = "the genome that this model was trained on is not beside it"
    raise ConfigurationError(what, fix="name it with --genome, as prepared then", path=path)
