"""Three layouts of Hugging Face directories: what the configuration and the tensors of each are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from genolect.encoders.bert import BertConfig
from genolect.encoders.encoder import PublishedConfig, PublishedEncoder
from genolect.encoders.esm import EsmConfig
from genolect.encoders.heads import MaskedHead
from genolect.encoders.layers.positions import ROTARY_BASE
from genolect.encoders.mosaic_bert import MosaicBertConfig
from genolect.errors import InputError, shown
from genolect.tokenizers.tokenizer import Tokenizer

Names = Mapping[str, tuple[str, ...]]
BLOCK = re.compile(r"blocks\.(\d+)\.(.+)")
QUERY_KEY_VALUE = ("attention.self.query", "attention.self.key", "attention.self.value")


@dataclass(frozen=True)
class FileLayout:
    """How one family of checkpoints writes a model down.

    Attributes
    ----------
    architecture : str
        The class that its ``config.json`` names.
    prefix : str
        What the names of the encoder's tensors begin with.
    head_prefix : str
        What those of the head begin with.
    parts : mapping of str to tuple of str
        Our parts of encoder (``blocks.`` left out) and head, and theirs; several are stacked to one of ours.
    fields : mapping of str to (str, default)
        Our fields of the configuration, and theirs with what an absent one means.
    demanded : mapping of str to tuple
        Keys of ``config.json`` and the values that genolect computes; the first is written, and means an absent key.
    shape : type
        Class of our configuration.
    derived : str
        Pattern of tensors that follow from the configuration, or are not read by the model.
    spare : str
        Pattern of tensors of other heads.
    """

    architecture: str
    prefix: str
    head_prefix: str
    parts: Names
    fields: Mapping[str, tuple[str, Any]]
    demanded: Mapping[str, tuple[Any, ...]]
    shape: type[PublishedConfig]
    derived: str
    spare: str

    def theirs(self, ours: str) -> tuple[str, ...]:
        """Give the names of the tensors that one of ours is made of.

        Parameters
        ----------
        ours : str
            Name of a weight: ``encoder.…`` or ``head.…``.

        Returns
        -------
        tuple of str
            Their names, in the order in which they are stacked.
        """
        half, _, name = ours.partition(".")
        block = BLOCK.fullmatch(name)
        where = f"{self.prefix}encoder.layer.{block[1]}." if block else self.prefix if half == "encoder" else ""
        rest = block[2] if block else name if half == "encoder" else ours
        if rest in self.parts:
            return tuple(where + part for part in self.parts[rest])
        part, _, kind = rest.rpartition(".")
        return tuple(f"{where}{theirs}.{kind}" for theirs in self.parts[part])


_BERT_HEAD: Names = {
    "head.dense": ("cls.predictions.transform.dense",),
    "head.norm": ("cls.predictions.transform.LayerNorm",),
    "head.decode.weight": ("cls.predictions.decoder.weight",),
}
_BERT_EMBEDDINGS: Names = {
    "embedding": ("embeddings.word_embeddings",),
    "token_types": ("embeddings.token_type_embeddings",),
    "embedding_norm": ("embeddings.LayerNorm",),
    "attention.merge": ("attention.output.dense",),
    "attention_norm": ("attention.output.LayerNorm",),
}
_SIZES = {
    "vocabulary": ("vocab_size", None),
    "width": ("hidden_size", 768),
    "layers": ("num_hidden_layers", 12),
    "heads": ("num_attention_heads", 12),
    "feed_forward": ("intermediate_size", 3072),
    "norm_epsilon": ("layer_norm_eps", 1e-12),
}
_BERT_FIELDS = {
    **_SIZES,
    "token_types": ("type_vocab_size", 2),
    "dropout": ("hidden_dropout_prob", 0.1),
    "attention_dropout": ("attention_probs_dropout_prob", 0.1),
}
_BERT_DEMANDED = {
    "hidden_act": ("gelu",),
    "position_embedding_type": ("absolute", None),
    "is_decoder": (False,),
    "tie_word_embeddings": (True,),
}
_BERT_DERIVED = r"(bert\.)?embeddings\.(position_ids|token_type_ids)"
_BERT_SPARE = r"(bert\.)?pooler\.dense\.(weight|bias)|cls\.seq_relationship\.(weight|bias)"

BERT = FileLayout(
    architecture="BertForMaskedLM",
    prefix="bert.",
    head_prefix="cls.predictions.",
    parts={
        **_BERT_EMBEDDINGS,
        **_BERT_HEAD,
        "positions": ("embeddings.position_embeddings",),
        "attention.project": QUERY_KEY_VALUE,
        "widen": ("intermediate.dense",),
        "narrow": ("output.dense",),
        "feed_forward_norm": ("output.LayerNorm",),
        "head.decode.bias": ("cls.predictions.bias",),
    },
    fields={**_BERT_FIELDS, "positions": ("max_position_embeddings", 512)},
    demanded=_BERT_DEMANDED,
    shape=BertConfig,
    derived=_BERT_DERIVED,
    spare=_BERT_SPARE,
)
MOSAIC_BERT = FileLayout(
    architecture="BertForMaskedLM",
    prefix="bert.",
    head_prefix="cls.predictions.",
    parts={
        **_BERT_EMBEDDINGS,
        **_BERT_HEAD,
        "attention.project": ("attention.self.Wqkv",),
        "widen": ("mlp.gated_layers",),
        "narrow": ("mlp.wo",),
        "feed_forward_norm": ("mlp.layernorm",),
        "head.decode.bias": ("cls.predictions.decoder.bias",),
    },
    fields=_BERT_FIELDS,
    demanded=_BERT_DEMANDED,
    shape=MosaicBertConfig,
    derived=_BERT_DERIVED,
    spare=_BERT_SPARE,
)
ESM = FileLayout(
    architecture="EsmForMaskedLM",
    prefix="esm.",
    head_prefix="lm_head.",
    parts={
        "embedding": ("embeddings.word_embeddings",),
        "positions": ("embeddings.position_embeddings",),
        "attention_norm": ("attention.LayerNorm",),
        "attention.project": QUERY_KEY_VALUE,
        "attention.merge": ("attention.output.dense",),
        "feed_forward_norm": ("LayerNorm",),
        "widen": ("intermediate.dense",),
        "narrow": ("output.dense",),
        "norm": ("encoder.emb_layer_norm_after",),
        "head.dense": ("lm_head.dense",),
        "head.norm": ("lm_head.layer_norm",),
        "head.decode.weight": ("lm_head.decoder.weight",),
        "head.decode.bias": ("lm_head.bias",),
    },
    fields={**_SIZES, "padding_id": ("pad_token_id", None)},
    demanded={
        "emb_layer_norm_before": (False, None),
        "is_folding_model": (False, None),
        "is_decoder": (False,),
        "hidden_dropout_prob": (0.0,),
        "attention_probs_dropout_prob": (0.0,),
        "rope_theta": (10_000.0,),
    },
    shape=EsmConfig,
    derived=r"(esm\.)?(embeddings\.(position_ids|position_embeddings\.weight)|(encoder\.layer\.(\d+|\*)\.attention\.self\.)?rotary_embeddings\.inv_freq)",
    spare=r"(esm\.)?(pooler\.dense|contact_head\.regression)\.(weight|bias)",
)


def file_layout(values: Mapping[str, Any]) -> FileLayout:
    """Tell which layout a ``config.json`` belongs to.

    Parameters
    ----------
    values : mapping
        What the file holds.

    Returns
    -------
    FileLayout
        The layout.

    Raises
    ------
    InputError
        If it is another architecture.

    Examples
    --------
    >>> file_layout({"model_type": "esm"}).architecture
    'EsmForMaskedLM'
    """
    kind = values.get("model_type")
    if kind == "esm":
        return ESM
    mosaic = "alibi_starting_size" in values
    if kind == "bert" or (kind is None and mosaic):  # DNABERT-2's own file names no kind
        return MOSAIC_BERT if mosaic else BERT
    what = f"model_type {shown(kind)} is none that genolect reads"
    raise InputError(what, fix="give a checkpoint of the type bert (DNABERT, GROVER, DNABERT-2) or esm (NT)")


def configuration_from(layout: FileLayout, values: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> PublishedConfig:
    """Read the shape from a ``config.json``, and from the tensors what it does not tell.

    Parameters
    ----------
    layout : FileLayout
        From `file_layout`.
    values : mapping
        What the file holds.
    tensors : mapping of str to Tensor
        The checkpoint.

    Returns
    -------
    BertConfig, EsmConfig or MosaicBertConfig
        The shape.

    Raises
    ------
    InputError, ConfigurationError
        If the file asks for something that genolect does not compute, or a value is out of range.

    Examples
    --------
    >>> configuration_from(BERT, {"model_type": "bert", "vocab_size": 69}, {}).positions
    512
    """
    for key, allowed in layout.demanded.items():
        if values.get(key, allowed[0]) not in allowed:
            what = f"{key} is {shown(values[key])}, which genolect does not do"
            raise InputError(what, fix=f"give a checkpoint with {' or '.join(map(str, allowed))}")
    given = {ours: values.get(theirs, default) for ours, (theirs, default) in layout.fields.items()}
    if layout is ESM:
        given |= _esm_fields(values, tensors)
    return layout.shape.from_mapping(given, "config.json")


def _esm_fields(values: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """Positions, gate and [MASK]. Only the weights tell whether there is a gate: they are twice as many then."""
    kind = values.get("position_embedding_type", "absolute")
    if kind not in ("absolute", "rotary"):
        raise InputError(f"position_embedding_type is {shown(kind)}", fix="give a checkpoint with absolute or rotary")
    widen = next(
        (tensor for name, tensor in tensors.items() if name.endswith("layer.0.intermediate.dense.weight")), None
    )
    inner = values.get("intermediate_size", 3072)
    masks = values.get("mask_token_id")
    if values.get("token_dropout") and masks is None:
        raise InputError("token_dropout needs a mask_token_id", fix="give a checkpoint that names one")
    return {
        "positions": values.get("max_position_embeddings", 1026) if kind == "absolute" else None,
        "gated": type(inner) is int and widen is not None and widen.shape[:1] == (2 * inner,),
        "mask_id": masks if values.get("token_dropout") else None,
    }


def derived_tensors(layout: FileLayout, config: PublishedConfig) -> dict[str, Tensor]:
    """Give what follows from the configuration and is written down all the same: ESM's rotary frequencies.

    Parameters
    ----------
    layout : FileLayout
        The layout.
    config : BertConfig, EsmConfig or MosaicBertConfig
        The shape.

    Returns
    -------
    dict of str to Tensor
        By the layout's names.

    Examples
    --------
    >>> list(derived_tensors(ESM, EsmConfig(vocabulary=7, width=8, layers=1, heads=2, feed_forward=5)))
    ['esm.encoder.layer.0.attention.self.rotary_embeddings.inv_freq']
    """
    if not isinstance(config, EsmConfig) or config.positions is not None:
        return {}
    head_width = config.width // config.heads
    # To the last bit as transformers computes them; `rotary_angles` rounds elsewhere.
    frequencies = 1.0 / ROTARY_BASE ** (torch.arange(0, head_width, 2) / head_width)
    place = "attention.self.rotary_embeddings.inv_freq"
    return {f"{layout.prefix}encoder.layer.{block}.{place}": frequencies for block in range(config.layers)}


def configuration_values(layout: FileLayout, config: PublishedConfig) -> dict[str, Any]:
    """Give the content of a ``config.json``.

    Parameters
    ----------
    layout : FileLayout
        The layout.
    config : BertConfig, EsmConfig or MosaicBertConfig
        The shape.

    Returns
    -------
    dict
        JSON types.

    Examples
    --------
    >>> configuration_values(BERT, BertConfig(vocabulary=69))["model_type"]
    'bert'
    """
    values = {
        "architectures": [layout.architecture],
        "model_type": "esm" if layout is ESM else "bert",
        **{theirs: getattr(config, ours) for ours, (theirs, _) in layout.fields.items()},
        **{key: allowed[0] for key, allowed in layout.demanded.items()},
    }
    match config:
        case MosaicBertConfig():
            values["alibi_starting_size"] = 512
        case EsmConfig():
            values |= {
                "position_embedding_type": "absolute" if config.positions else "rotary",
                "max_position_embeddings": config.positions or 2050,
                "mask_token_id": config.mask_id,
                "token_dropout": config.mask_id is not None,
                "add_bias_fnn": not config.gated,
            }
    return values


@dataclass(frozen=True)
class ForeignModel:
    """A published model; train and evaluation mode are those of its parts.

    Attributes
    ----------
    encoder : BertEncoder, EsmEncoder or MosaicBertEncoder
        The encoder.
    head : MaskedHead or None
        Its masked head, if the checkpoint has one.
    tokenizer : Tokenizer or None
        Its tokenizer, if the folder has a vocabulary.
    spare : mapping of str to Tensor
        Weights of other heads (BERT's pooler, ESM's contacts), by the checkpoint's names: kept, and written back.
    """

    encoder: PublishedEncoder
    head: MaskedHead | None
    tokenizer: Tokenizer | None = None
    spare: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def config(self) -> PublishedConfig:
        """The shape."""
        config: PublishedConfig = self.encoder.config
        return config

    @property
    def tied(self) -> bool:
        """Whether the head takes the vectors of the token ids from the encoder's embedding."""
        return self.head is not None and self.head.decode.weight is self.encoder.embedding.weight

    def logits(self, ids: Tensor, *, real_BL: Tensor | None = None) -> Tensor:
        """Predict every token.

        Parameters
        ----------
        ids : Tensor of int64, shape (B, L)
            Token ids as shown.
        real_BL : Tensor of bool, shape (B, L), optional
            Which tokens are no padding; without it all are real.

        Returns
        -------
        Tensor, shape (B, L, V)
            Logits of every token id.

        Raises
        ------
        ValueError
            If the checkpoint had no head.
        """
        if self.head is None:
            raise ValueError("this checkpoint is an encoder without a masked head")
        logits: Tensor = self.head(self.encoder(ids, real_BL=real_BL))
        return logits
