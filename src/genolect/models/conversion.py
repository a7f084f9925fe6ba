"""Models from and to other people's formats, and what a model directory is, in figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from genolect.encoders.build import require_tokens
from genolect.encoders.heads import PredictableHead
from genolect.files import require_inputs
from genolect.models.huggingface.layouts import ForeignModel
from genolect.models.huggingface.own import OwnModel, write_own_model
from genolect.models.huggingface.reading import is_published
from genolect.models.huggingface.writing import known_to_transformers, write_checkpoint
from genolect.models.model import SequenceModel, load_model, save_model, training_record
from genolect.tokenizers.reading import description_of


def convert_model(
    source: Path, out: Path, *, to: Literal["genolect", "hf"] = "genolect", overwrite: bool = False
) -> SequenceModel:
    """Write a model in another format.

    Parameters
    ----------
    source : Path
        A model directory of genolect, or a Hugging Face directory of DNABERT, DNABERT-2, GROVER or Nucleotide
        Transformer, or one that this function wrote.
    out : Path
        The folder.
    to : {'genolect', 'hf'}
        A model directory, or one that `transformers` loads: by itself where it has a class for the model, and after
        ``import genolect.automodel`` otherwise.
    overwrite : bool
        Whether a folder that genolect wrote gives way.

    Returns
    -------
    SequenceModel
        The model.

    Raises
    ------
    ConfigurationError
        If the model is to go to transformers and its encoder gives bins.
    InputError
        If the source is no model, or damaged.
    """
    require_inputs([source], out, overwrite=overwrite)
    model = load_model(source)
    if to == "genolect":
        save_model(out, model, _record(source), replace=overwrite)
        return model
    known = known_to_transformers(model.config, model.tokenizer.padding_id)
    if known and not model.head_configs and isinstance(model.head, PredictableHead):
        foreign = ForeignModel(model.encoder, model.head.masked, model.tokenizer)
        write_checkpoint(out, foreign, replace=overwrite)
    else:
        require_tokens(model.config, "a model for transformers")
        own = OwnModel(model.config, model.tokenizer, model.head_configs, model.state_dict())
        write_own_model(out, own, replace=overwrite)
    return model


def describe_model(folder: Path) -> dict[str, Any]:
    """Say what a model is.

    Parameters
    ----------
    folder : Path
        As the source of `convert_model`.

    Returns
    -------
    dict
        Kind, shape, weights, tokenizer, heads, rotary periods in tokens (empty where positions are not rotary), and the
        steps of its training.
    """
    model = load_model(folder)
    record = {} if is_published(folder) else training_record(folder)
    return {
        "kind": model.config.kind,
        "parameters": model.parameter_count,
        "tokenizer": description_of(model.tokenizer),
        "predictable_tokens": len(model.tokenizer.targets),
        "shape": model.config.to_mapping(),
        "heads": {name: head.to_mapping() for name, head in model.head_configs.items()},
        "rotary_periods": model.config.periods_in_tokens,
        "steps": record.get("steps"),
        "bases_seen": record.get("bases_seen"),
    }


def _record(source: Path) -> dict[str, Any]:
    own = {} if is_published(source) else training_record(source)
    return {**own, "converted_from": str(source)}
