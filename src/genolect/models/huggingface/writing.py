"""From a model to a Hugging Face directory."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
from torch import Tensor

from genolect import __version__
from genolect import files as durable
from genolect.encoders.bert import BertConfig
from genolect.encoders.encoder import EncoderConfig
from genolect.encoders.esm import EsmConfig
from genolect.folders import CONFIGURATION
from genolect.models.huggingface.layouts import (
    BERT,
    ESM,
    MOSAIC_BERT,
    FileLayout,
    ForeignModel,
    configuration_values,
    derived_tensors,
)
from genolect.models.huggingface.own import tokenizer_contents
from genolect.models.huggingface.tensors import OWN_TOKENIZER
from genolect.tokenizers.reading import description_of


def known_to_transformers(config: EncoderConfig, padding_id: int) -> bool:
    """Tell whether transformers has a class that computes what an encoder of this shape does.

    Where it has none its nearest class loads without complaint and computes something else, so such a model goes as
    one of our own type (`own_model.write_own_model`). `padding_id` is the tokenizer's: transformers' ESM counts its
    positions past that id, ours past its own.

    Examples
    --------
    >>> shape = {"vocabulary": 7, "width": 8, "layers": 1, "heads": 2, "feed_forward": 5}
    >>> known_to_transformers(EsmConfig(**shape), 1), known_to_transformers(EsmConfig(**shape, gated=True), 1)
    (True, False)
    """
    known_esm = isinstance(config, EsmConfig) and not config.gated and config.padding_id == padding_id
    return known_esm or isinstance(config, BertConfig)


def write_checkpoint(folder: Path, model: ForeignModel, *, replace: bool = False) -> None:
    """Write a model as its authors' library does; `reading.read_checkpoint` reads it back.

    ``transformers`` loads the directory with equal logits where it has the architecture itself: BERT, and ESM without
    a gate (`known_to_transformers`). The others need their authors' code, which is not written.

    Parameters
    ----------
    folder : Path
        Where.
    model : ForeignModel
        What; its tokenizer is written, too, if it has one.
    replace : bool
        Whether a directory that genolect wrote gives way.

    Raises
    ------
    MachineError
        If the disk refuses, or the folder holds something else.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.encoders.build import new_published
    >>> config = BertConfig(vocabulary=7, width=12, heads=3, layers=1, feed_forward=5, positions=8)
    >>> with TemporaryDirectory() as folder:
    ...     write_checkpoint(Path(folder, "model"), ForeignModel(*new_published(config, tied=True)))
    ...     sorted(path.name for path in Path(folder, "model").iterdir())
    ['config.json', 'manifest.json', 'model.safetensors']
    """
    layout = (
        BERT if isinstance(model.config, BertConfig) else ESM if isinstance(model.config, EsmConfig) else MOSAIC_BERT
    )
    values = configuration_values(layout, model.config) | {"tie_word_embeddings": model.tied or model.head is None}
    if model.head is None:
        values["architectures"] = [layout.architecture.replace("ForMaskedLM", "Model")]
    contents = {"model.safetensors": safetensors.torch.save(_named(layout, model), {"format": "pt"})}
    if model.tokenizer is not None:
        values |= {"pad_token_id": model.tokenizer.padding_id, OWN_TOKENIZER: description_of(model.tokenizer)}
        contents |= tokenizer_contents(model.tokenizer)
    contents[CONFIGURATION] = durable.json_text(values).encode()
    with durable.new_folder(folder, replace=replace) as staging:
        for name, content in contents.items():
            with durable.open_for_writing(staging / name) as file:
                file.write(content)
        durable.write_facts(staging, {"kind": "foreign model", "genolect": __version__})


def _named(layout: FileLayout, model: ForeignModel) -> dict[str, Tensor]:
    """Every tensor under the checkpoint's name; the head's vectors are left out where the embedding holds them."""
    named: dict[str, Tensor] = {}
    for half, part in (("encoder", model.encoder), ("head", model.head)):
        for ours, tensor in part.state_dict().items() if part is not None else ():
            if model.tied and half == "head" and ours == "decode.weight":
                continue
            names = layout.theirs(f"{half}.{ours}")
            named |= dict(zip(names, tensor.cpu().chunk(len(names)), strict=True))
    every = {**model.spare, **named, **derived_tensors(layout, model.config)}
    return {name: tensor.contiguous().clone() for name, tensor in every.items()}
