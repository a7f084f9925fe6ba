"""Pretraining from Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from genolect.api.genome import read_genome
from genolect.api.model import Model
from genolect.errors import ConfigurationError
from genolect.folders import MODEL
from genolect.genome.genome import PreparedGenome
from genolect.models.model import load_model, training_record
from genolect.pretraining.plan import PretrainingOptions
from genolect.pretraining.pretraining import PretrainingListener
from genolect.pretraining.pretraining import pretrain as train
from genolect.pretraining.recipe_file import read_recipe


def pretrain(
    genome: PreparedGenome | str | Path,
    *,
    minutes: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    recipe: str | Path | None = None,
    validation: Sequence[str] = (),
    test: Sequence[str] = (),
    folder: str | Path | None = None,
) -> Model:
    """Train a model on a genome by predicting masked bases.

    Parameters
    ----------
    genome : PreparedGenome, str or Path
        From `read_genome`, or what it takes.
    minutes, steps : float or int, optional
        How long: one of them; 5 minutes without.
    seed : int
        Seed of everything; the same seed gives the same weights on the same machine.
    recipe : str or Path, optional
        TOML file with tokenizer, encoder and objectives.
    validation, test : sequence of str
        Records that are held out for either; chosen by size where empty.
    folder : str or Path, optional
        Run folder to keep: plan, model and ``results.json`` with the held-out evaluation. A run there that was
        interrupted goes on.

    Returns
    -------
    Model
        The trained model; ``record`` says how it was trained.

    Raises
    ------
    ConfigurationError
        If the options contradict each other, or the genome's records cannot be divided as asked.
    InputError
        If the genome is too short to hold anything out.
    Interrupted
        After Ctrl-C, with the state saved if there is a folder.

    Examples
    --------
    >>> import genolect as gl
    >>> model = gl.pretrain("genome.fa", steps=2, seed=7)
    >>> model.record["steps"]
    2
    """
    opened = genome if isinstance(genome, PreparedGenome) else read_genome(genome)
    chosen, given = (None, {}) if recipe is None else read_recipe(Path(recipe))
    budget = {name: value for name, value in {"minutes": minutes, "steps": steps}.items() if value is not None}
    roles = {"validation": list(validation), "test": list(test)}
    if isinstance(validation, str) or isinstance(test, str):
        raise ConfigurationError("validation and test take lists of names", fix='for example test=["XV"]')
    options = PretrainingOptions.from_mapping({**given, **budget, **roles, "seed": seed}, "pretrain")
    with TemporaryDirectory() as temporary:
        run = Path(temporary, "run") if folder is None else Path(folder)
        train(opened.folder, run, options, command="genolect.pretrain", listener=PretrainingListener(), recipe=chosen)
        return Model(load_model(run / MODEL), record=training_record(run / MODEL))
