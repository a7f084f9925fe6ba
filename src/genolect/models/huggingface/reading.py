"""From a Hugging Face directory to a model. No code of the directory is run, and nothing is looked up elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genolect.encoders.build import new_published
from genolect.encoders.encoder import PublishedConfig, PublishedEncoder
from genolect.encoders.heads import MaskedHead
from genolect.errors import ConfigurationError, InputError, shown
from genolect.folders import CONFIGURATION
from genolect.models.huggingface.layouts import (
    FileLayout,
    ForeignModel,
    configuration_from,
    derived_tensors,
    file_layout,
)
from genolect.models.huggingface.tensors import OWN_TOKENIZER, RESTORE, read_json, read_tensors
from genolect.tokenizers.reading import tokenizer_from
from genolect.tokenizers.tokenizer import Tokenizer

VOCABULARIES = ("tokenizer.json", "vocab.txt")


def is_published(folder: Path) -> bool:
    """Tell a Hugging Face directory: its ``config.json`` names the class of the model.

    Examples
    --------
    >>> is_published(Path("no such folder"))
    False
    """
    path = folder / CONFIGURATION
    if not path.is_file():
        return False
    try:
        return "architectures" in json.loads(path.read_text("utf-8"))
    except (ValueError, TypeError):
        return False


def read_checkpoint(folder: Path, *, with_tokenizer: bool = True) -> ForeignModel:
    """Read a published model: DNABERT, GROVER (BERT), DNABERT-2 (MosaicBERT), Nucleotide Transformer (ESM).

    Parameters
    ----------
    folder : Path
        Holds ``config.json`` and weights (see `tensors.read_tensors`); ``tokenizer.json`` or ``vocab.txt`` if it has
        a vocabulary.
    with_tokenizer : bool
        Whether to read the vocabulary, too.

    Returns
    -------
    ForeignModel
        In evaluation mode, on the CPU, in float32.

    Raises
    ------
    InputError
        If the folder is damaged, is another architecture, or its tensors are not those of its configuration; the
        first that is missing, has another shape or is left over is named.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.encoders.bert import BertConfig
    >>> from genolect.models.huggingface.writing import write_checkpoint
    >>> config = BertConfig(vocabulary=7, width=12, heads=3, layers=1, feed_forward=5, positions=8)
    >>> with TemporaryDirectory() as folder:
    ...     write_checkpoint(Path(folder, "model"), ForeignModel(*new_published(config, tied=True)))
    ...     read_checkpoint(Path(folder, "model")).config == config
    True
    """
    values = read_json(folder / CONFIGURATION)
    try:
        layout = file_layout(values)
        tensors = _under_usual_names(read_tensors(folder))
        config = configuration_from(layout, values, tensors)
        if not any(name.startswith(layout.prefix) for name in tensors):
            layout = replace(layout, prefix="")  # an encoder that was saved alone
        encoder, head = _empty(config, tensors)
        classes = values.get("architectures")
        promised = isinstance(classes, list) and layout.architecture in classes
        has_head = promised or any(name.startswith(layout.head_prefix) for name in tensors)
        tied = bool(values.get("tie_word_embeddings", True))
        if has_head:
            _name_twins_once(layout, tensors, tied=tied)
        _fill(encoder, head if has_head else None, layout, tensors)
        if has_head and tied:
            head.tie(encoder.embedding)
        spare = _left_over(layout, tensors, config)
        tokenizer = _tokenizer(folder, values, config) if with_tokenizer else None
    except (ConfigurationError, InputError) as error:
        place = error.path if isinstance(error, InputError) and error.path else folder / CONFIGURATION
        raise InputError(error.what, fix=error.fix, path=place, line=error.line) from error
    return ForeignModel(encoder.eval(), head.eval() if has_head else None, tokenizer, spare)


def _empty(config: PublishedConfig, tensors: Mapping[str, Tensor]) -> tuple[PublishedEncoder, MaskedHead]:
    """Build encoder and head without room for their weights; a configuration far from the weights is not tried."""
    what = f"config.json asks for {config.layers:,} layers and {config.vocabulary:,} tokens, far more than there are"
    refusal = InputError(what, fix="give a checkpoint whose weights belong to its config.json")
    if config.layers > len(tensors):
        raise refusal
    try:
        with torch.device("meta"):
            return new_published(config, tied=False)
    except RuntimeError as error:  # more bytes than an integer can count
        raise refusal from error


def _under_usual_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Some files, old ones and transformers 5's own of ESM, call a norm's weight gamma and its bias beta."""
    usual = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
    renamed: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        ending = next((ending for ending in usual if name.endswith(ending)), None)
        new = name if ending is None else name.removesuffix(ending) + usual[ending]
        renamed[name if new in tensors else new] = tensor
    return renamed


def _name_twins_once(layout: FileLayout, tensors: dict[str, Tensor], *, tied: bool) -> None:
    """Some checkpoints write down twice what is one tensor; the head's vectors may be written once for both."""
    (bias,), (vectors,) = layout.theirs("head.decode.bias"), layout.theirs("head.decode.weight")
    (embedding,) = layout.theirs("encoder.embedding.weight")
    twins = [(bias, f"{layout.head_prefix}decoder.bias"), (bias, f"{layout.head_prefix}bias")]
    for first, second in [*twins, *([(embedding, vectors)] if tied else [])]:
        if first == second or second not in tensors:
            continue
        twin = tensors.pop(second)
        if not torch.equal(tensors.setdefault(first, twin), twin):
            what = f"{shown(first)} and {shown(second)} differ, although they are one"
            raise InputError(what, fix=RESTORE)
    if tied and embedding in tensors:
        tensors[vectors] = tensors[embedding]


def _fill(encoder: PublishedEncoder, head: MaskedHead | None, layout: FileLayout, tensors: dict[str, Tensor]) -> None:
    """Give every weight its tensor, and take this from `tensors`."""
    for half, part in (("encoder", encoder), ("head", head)):
        if part is None:
            continue
        weights = {}
        for name, expected in part.state_dict().items():
            names = layout.theirs(f"{half}.{name}")
            shape = (expected.shape[0] // len(names), *expected.shape[1:])
            weights[name] = torch.cat([_taken(tensors, theirs, shape) for theirs in names])
        part.load_state_dict(weights, assign=True)


def _taken(tensors: dict[str, Tensor], name: str, shape: tuple[int, ...]) -> Tensor:
    if name not in tensors:
        what = f"the tensor {name} of shape {shape} is missing"
        raise InputError(what, fix="give a checkpoint whose weights belong to its config.json")
    tensor = tensors.pop(name)
    if tuple(tensor.shape) != shape or not tensor.is_floating_point():
        what = f"the tensor {name} is {_kind(tensor)} of shape {tuple(tensor.shape)}, not numbers of shape {shape}"
        raise InputError(what, fix="give a checkpoint whose weights belong to its config.json")
    if not bool(torch.isfinite(tensor).all()):
        raise InputError(f"the tensor {name} has values that are not finite", fix=RESTORE)
    return tensor.to(torch.float32)


def _kind(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _left_over(layout: FileLayout, tensors: Mapping[str, Tensor], config: PublishedConfig) -> dict[str, Tensor]:
    """Give the weights of other heads; what follows from the configuration is checked, and anything else refused."""
    spare = {}
    for name, tensor in tensors.items():
        if re.fullmatch(layout.spare, name):
            spare[name] = tensor
        elif not re.fullmatch(layout.derived, name):
            what = f"the tensor {shown(name)} of shape {tuple(tensor.shape)} is none of this architecture"
            raise InputError(what, fix=f"give a checkpoint of {layout.architecture} as it was published")
        elif name.endswith("inv_freq"):
            _check_frequencies(name, tensor, derived_tensors(layout, config))
    return spare


def _check_frequencies(name: str, tensor: Tensor, derived: Mapping[str, Tensor]) -> None:
    expected = next(iter(derived.values()), torch.empty(0))
    if tensor.shape != expected.shape or not torch.allclose(tensor.float(), expected, rtol=1e-6, atol=0):
        what = f"the rotary frequencies {shown(name)} are not those of base 10,000"
        raise InputError(what, fix="give a checkpoint with the usual ones")


def _tokenizer(folder: Path, values: Mapping[str, Any], config: PublishedConfig) -> Tokenizer | None:
    """Read the vocabulary that lies beside the weights, if one does, and make sure that the ids have vectors."""
    path = next((folder / name for name in VOCABULARIES if (folder / name).is_file()), None)
    if path is None:
        return None
    tokenizer = tokenizer_from(path, values.get(OWN_TOKENIZER))
    if len(tokenizer.vocabulary) > config.vocabulary:
        what = f"the vocabulary has {len(tokenizer.vocabulary):,} tokens, the model vectors for {config.vocabulary:,}"
        raise InputError(what, fix="take the vocabulary that belongs to the model", path=path)
    return tokenizer
