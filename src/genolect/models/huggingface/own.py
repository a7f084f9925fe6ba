"""Models of genolect as Hugging Face directories: the kinds that have no class in transformers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from genolect import __version__, files
from genolect import files as durable
from genolect.encoders.build import encoder_config
from genolect.encoders.encoder import EncoderConfig, HeadConfig
from genolect.errors import ConfigurationError, InputError
from genolect.folders import CONFIGURATION
from genolect.models.huggingface.tensors import OWN_TOKENIZER, RESTORE, read_json, read_tensors
from genolect.tokenizers.reading import description_of, tokenizer_from
from genolect.tokenizers.tokenizer import Tokenizer

SPECIAL_TOKENS = {
    **dict.fromkeys(("[UNK]", "<unk>"), "unk_token"),
    **dict.fromkeys(("[CLS]", "<cls>"), "cls_token"),
    "[SEP]": "sep_token",
    "<eos>": "eos_token",
    "<bos>": "bos_token",
}


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


MODEL_TYPE = "genolect"
BASE = "model."
"""What transformers puts before the names of the encoder in a model with a head."""
TIED = ("head.masked.decode.weight", "encoder.embedding.weight")
"""Vectors of a head that are those of the embedding (`ties_head`), and where they are written."""

CARD = """---
library_name: transformers
---
A genolect model: an encoder of the kind `{kind}`, tokens `{tokens}`. Its class comes with genolect:

```python
import genolect.automodel  # pip install 'genolect[hf]'
from transformers import AutoTokenizer, {loader}

model = {loader}.from_pretrained("this folder")
tokenizer = AutoTokenizer.from_pretrained("this folder")
```

Logits of ids that are never predicted (N, special tokens) are the lowest number. Windows of several
lengths may be padded: each is read without its padding. Training on the genome whose contexts were counted needs the
true tokens, too: `model(ids, labels=labels, counted=true_ids)`.
"""


@dataclass(frozen=True, eq=False)
class OwnModel:
    """What a folder holds.

    Attributes
    ----------
    config : EncoderConfig
        Shape of the encoder.
    tokenizer : Tokenizer
        Gives the ids.
    heads : dict of str to HeadConfig
        Heads beside the one that predicts tokens.
    tensors : mapping of str to Tensor
        Weights and counts by the names of `models.model.SequenceModel`.
    """

    config: EncoderConfig
    tokenizer: Tokenizer
    heads: dict[str, HeadConfig]
    tensors: Mapping[str, Tensor]


def write_own_model(folder: Path, model: OwnModel, *, replace: bool = False) -> None:
    """Write a model so that ``import genolect.automodel`` lets `transformers` load it.

    Parameters
    ----------
    folder : Path
        Where.
    model : OwnModel
        What.
    replace : bool
        Whether a directory that genolect wrote gives way.

    Raises
    ------
    MachineError
        If the disk refuses, or the folder holds something else.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from genolect.encoders.build import new_encoder
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = encoder_config("sparse", {"vocabulary": 7, "width": 8, "heads": 2, "layers": 1}, "here")
    >>> tensors = {f"encoder.{name}": tensor for name, tensor in new_encoder(config).state_dict().items()}
    >>> with TemporaryDirectory() as folder:
    ...     write_own_model(Path(folder, "model"), OwnModel(config, NucleotideTokenizer(), {}, tensors))
    ...     len(list(Path(folder, "model").iterdir()))
    6
    """
    values = own_configuration_values(model)
    written = {name: tensor for name, tensor in model.tensors.items() if not model.config.ties_head or name != TIED[0]}
    named = {_theirs(name): tensor.detach().cpu().contiguous().clone() for name, tensor in written.items()}
    contents = {
        "model.safetensors": safetensors.torch.save(named, {"format": "pt"}),
        CONFIGURATION: files.json_text(values).encode(),
        "README.md": _card(model).encode(),
        **tokenizer_contents(model.tokenizer),
    }
    with files.new_folder(folder, replace=replace) as staging:
        for name, content in contents.items():
            with files.open_for_writing(staging / name) as file:
                file.write(content)
        files.write_facts(staging, {"kind": "foreign model", "genolect": __version__})


def own_configuration_values(model: OwnModel) -> dict[str, Any]:
    """Give the content of ``config.json``: what genolect needs, and beside it what others look for by its usual name.

    Parameters
    ----------
    model : OwnModel
        The model.

    Returns
    -------
    dict
        JSON types.

    Examples
    --------
    >>> from genolect.tokenizers.nucleotide import NucleotideTokenizer
    >>> config = encoder_config("sparse", {"vocabulary": 7, "width": 8, "heads": 2, "layers": 1}, "here")
    >>> own_configuration_values(OwnModel(config, NucleotideTokenizer(), {}, {}))["architectures"]
    ['GenolectForMaskedLM']
    """
    config, tokenizer = model.config, model.tokenizer
    task = "MaskedLM" if config.sees_ahead else "CausalLM"
    return {
        "architectures": [f"GenolectFor{task}"],
        "model_type": MODEL_TYPE,
        "encoder_kind": config.kind,
        "shape": config.to_mapping(),
        "targets": [tokenizer.targets.start, tokenizer.targets.stop],
        "extra_heads": {name: head.to_mapping() for name, head in model.heads.items()},
        OWN_TOKENIZER: description_of(tokenizer),
        "tokenizer_sha256": tokenizer.content_hash,
        "vocab_size": config.vocabulary,
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": getattr(config, "heads", 1),
        "pad_token_id": tokenizer.padding_id,
        "mask_token_id": tokenizer.mask_id,
        "is_decoder": not config.sees_ahead,
        "tie_word_embeddings": config.ties_head,
        "dtype": "float32",
    }


def is_own(folder: Path) -> bool:
    """Tell a folder of `write_own_model`, or one that transformers saved from it, by its ``config.json``.

    Examples
    --------
    >>> is_own(Path("no such folder"))
    False
    """
    path = folder / CONFIGURATION
    try:
        return path.is_file() and json.loads(path.read_text("utf-8")).get("model_type") == MODEL_TYPE
    except (ValueError, AttributeError):
        return False


def read_own_model(folder: Path) -> OwnModel:
    """Read what `write_own_model` or transformers' ``save_pretrained`` wrote.

    Parameters
    ----------
    folder : Path
        The folder; the tokenizer lies in it.

    Returns
    -------
    OwnModel
        Its weights are checked for names and shapes where they are loaded.

    Raises
    ------
    InputError
        If a file is missing or damaged, or the parts do not belong together.

    Examples
    --------
    >>> read_own_model(Path("no such folder"))
    Traceback (most recent call last):
    genolect.errors.InputError: no such folder/config.json: ...
    """
    path = folder / CONFIGURATION
    values = read_json(path)
    its_maker = "give the folder as genolect convert or save_pretrained wrote it"
    try:
        config = encoder_config(str(values["encoder_kind"]), values["shape"], CONFIGURATION)
        heads = {name: HeadConfig.from_mapping(head, name) for name, head in values["extra_heads"].items()}
        description, sha = values[OWN_TOKENIZER], values["tokenizer_sha256"]
    except ConfigurationError as error:
        raise InputError(error.what, fix=its_maker, path=path) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"a key is missing or no table ({error})", fix=its_maker, path=path) from error
    words = folder / "tokenizer.json"
    if not words.is_file():
        what = "the folder has no vocabulary"
        raise InputError(what, fix="save the tokenizer into it, too: tokenizer.save_pretrained(folder)", path=words)
    tokenizer = tokenizer_from(words, description)
    if tokenizer.content_hash != sha:
        raise InputError("the vocabulary is not the one that the model was trained with", fix=RESTORE, path=words)
    tensors = {_ours(name): tensor for name, tensor in read_tensors(folder).items()}
    vectors, embedding = TIED
    if config.ties_head and embedding in tensors:
        tensors.setdefault(vectors, tensors[embedding])
    if not any(name.startswith("head.") and name != vectors for name in tensors):
        what = "the folder holds an encoder without the head that predicts tokens"
        raise InputError(what, fix="save the model with its head: AutoModelForMaskedLM", path=folder)
    return OwnModel(config, tokenizer, heads, tensors)


def _theirs(name: str) -> str:
    return f"{BASE}{name}" if name.startswith("encoder.") else name


def _ours(name: str) -> str:
    return name.removeprefix(BASE)


def _card(model: OwnModel) -> str:
    loader = "AutoModelForMaskedLM" if model.config.sees_ahead else "AutoModelForCausalLM"
    return CARD.format(kind=model.config.kind, tokens=model.tokenizer.kind, loader=loader)
