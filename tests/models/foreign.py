"""Tiny checkpoints: of transformers' own classes, and of the two layouts that it has no class for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from tests.models.plain_models import Tensors, dnabert_2_shapes, drawn, second_transformer_shapes

VOCABULARY, WIDTH, LAYERS, HEADS, INNER, POSITIONS = 29, 24, 3, 2, 17, 31
SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": INNER,
    "max_position_embeddings": POSITIONS,
}
ESM = {
    "pad_token_id": 1,
    "mask_token_id": 2,
    "emb_layer_norm_before": False,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
KINDS = {
    "bert": {"pad_token_id": 0},
    "esm": {**ESM, "token_dropout": True, "tie_word_embeddings": False},
    "esm tied": {**ESM, "token_dropout": False, "layer_norm_eps": 1e-5},
    "esm rotary": {**ESM, "position_embedding_type": "rotary", "token_dropout": True, "tie_word_embeddings": False},
}
DNABERT_2 = {
    "alibi_starting_size": 512,
    "attention_probs_dropout_prob": 0.0,
    "auto_map": {"AutoModel": "bert_layers.BertModel"},
    "hidden_dropout_prob": 0.1,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "type_vocab_size": 2,
    "position_embedding_type": "absolute",
    "torch_dtype": "float32",
    **SIZES,
    "hidden_size": 21,
    "num_attention_heads": 3,
}
SECOND_TRANSFORMER = {
    **ESM,
    **SIZES,
    "model_type": "esm",
    "architectures": ["EsmForMaskedLM"],
    "auto_map": {"AutoModelForMaskedLM": "modeling_esm.EsmForMaskedLM"},
    "add_bias_fnn": False,
    "layer_norm_eps": 1e-12,
    "position_embedding_type": "rotary",
    "tie_word_embeddings": False,
    "token_dropout": False,
}


def transformers_model(kind: str) -> Any:
    """A model of transformers' own class, every weight moved away from where it starts."""
    transformers = pytest.importorskip("transformers")
    family = "Bert" if kind == "bert" else "Esm"
    config = getattr(transformers, f"{family}Config")(**SIZES, **KINDS[kind], attn_implementation="eager")
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = getattr(transformers, f"{family}ForMaskedLM")(config)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter), alpha=0.2)
    return model.eval()


def batch(kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Windows of four lengths, some tokens masked, and which tokens are real."""
    B, L, mask = 4, 13, 2
    padding = 0 if kind == "bert" else 1
    ids = torch.randint(3, VOCABULARY, (B, L), generator=torch.Generator().manual_seed(8))
    ids[0, 5:7] = ids[1, 2] = ids[3, 0] = mask  # not all of a window: transformers gives no numbers then
    real = torch.arange(L) < torch.tensor([[13], [9], [4], [2]])
    return ids.masked_fill(~real, padding), real


def write(folder: Path, values: dict[str, Any], tensors: Tensors) -> Path:
    """A directory as the hub has it."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(values))
    safetensors.torch.save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder


def dnabert_2_tensors() -> Tensors:
    return drawn(dnabert_2_shapes(VOCABULARY, 21, LAYERS, INNER), seed=4)


def second_transformer_tensors() -> Tensors:
    tensors = drawn(second_transformer_shapes(VOCABULARY, WIDTH, LAYERS, INNER), seed=5)
    frequencies = 1.0 / 10_000 ** (torch.arange(0, WIDTH // HEADS, 2) / (WIDTH // HEADS))
    for layer in range(LAYERS):
        tensors[f"esm.encoder.layer.{layer}.attention.self.rotary_embeddings.inv_freq"] = frequencies.clone()
    return tensors
