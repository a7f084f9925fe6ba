"""From a model to a Hugging Face directory."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
from torch import Tensor

from genolect import __version__, durable
from genolect.encoders.bert import BertConfig
from genolect.encoders.esm import EsmConfig
from genolect.foreign_checkpoint.layouts import BERT, ESM, MOSAIC_BERT, Layout, configuration_values, derived_tensors
from genolect.foreign_checkpoint.model import ForeignModel
from genolect.foreign_checkpoint.reading import CONFIGURATION, OWN_TOKENIZER
from genolect.tokenizers.reading import description_of
from genolect.tokenizers.tokenizer import Tokenizer

SPECIAL_TOKENS = {
    **dict.fromkeys(("[UNK]", "<unk>"), "unk_token"),
    **dict.fromkeys(("[CLS]", "<cls>"), "cls_token"),
    "[SEP]": "sep_token",
    "<eos>": "eos_token",
    "<bos>": "bos_token",
}


def write_checkpoint(folder: Path, model: ForeignModel, *, replace: bool = False) -> None:
    """Write a model as its authors' library does; `reading.read_checkpoint` reads it back.

    ``transformers`` loads the directory with equal logits where it has the architecture itself: BERT, and ESM without
    a gate. For DNABERT-2 and version 2 of Nucleotide Transformer it needs its authors' code, which is not written.

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
    >>> from genolect.encoders.published import new_published
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


def _named(layout: Layout, model: ForeignModel) -> dict[str, Tensor]:
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


def tokenizer_contents(tokenizer: Tokenizer) -> dict[str, bytes]:
    """Give the files from which transformers' `AutoTokenizer` makes the same ids, by name.

    Parameters
    ----------
    tokenizer : Tokenizer
        Any of ours.

    Returns
    -------
    dict of str to bytes
        ``tokenizer.json``, and ``tokenizer_config.json`` with its special tokens.

    Examples
    --------
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> list(tokenizer_contents(NucleotideTokenizer()))
    ['tokenizer.json', 'tokenizer_config.json']
    """
    words = {number: word for word, number in tokenizer.vocabulary.items()}
    values = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    values |= {"pad_token": words[tokenizer.padding_id], "mask_token": words[tokenizer.mask_id]}
    values |= {SPECIAL_TOKENS[word]: word for word in tokenizer.vocabulary if word in SPECIAL_TOKENS}
    files = {"tokenizer.json": tokenizer.to_ecosystem(), "tokenizer_config.json": values}
    return {name: durable.json_text(content).encode() for name, content in files.items()}
