"""DNABERT-2 and the second Nucleotide Transformer as their layouts say: one token at a time, in float64.

Neither has a class in transformers. Nothing here is shared with the package: names are the files', sums are loops.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

Tensors = dict[str, Tensor]


@dataclass
class Reading:
    """What one window gives."""

    states: list[Tensor]
    weights: list[Tensor]
    logits: Tensor


def drawn(shapes: dict[str, tuple[int, ...]], seed: int) -> Tensors:
    """Random tensors; norms vary about 1."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in shapes.items():
        tensors[name] = torch.randn(shape, generator=generator) * (0.4 if len(shape) == 1 else 0.3)
        if "norm" in name.lower() and name.endswith("weight"):
            tensors[name] += 1
    return tensors


def linear(tensors: Tensors, name: str, vector: Tensor) -> Tensor:
    result = tensors[f"{name}.weight"].double() @ vector
    return result + tensors[f"{name}.bias"].double() if f"{name}.bias" in tensors else result


def norm(tensors: Tensors, name: str, vector: Tensor, epsilon: float) -> Tensor:
    centred = vector - vector.sum() / len(vector)
    scaled = centred / math.sqrt((centred * centred).sum() / len(vector) + epsilon)
    return scaled * tensors[f"{name}.weight"].double() + tensors[f"{name}.bias"].double()


def gelu(vector: Tensor) -> Tensor:
    return torch.tensor([x * 0.5 * (1 + math.erf(x / math.sqrt(2))) for x in vector.tolist()], dtype=torch.float64)


def silu(vector: Tensor) -> Tensor:
    return torch.tensor([x / (1 + math.exp(-x)) for x in vector.tolist()], dtype=torch.float64)


def softmax(scores: list[float]) -> list[float]:
    powers = [math.exp(score - max(scores)) for score in scores]
    return [power / sum(powers) for power in powers]


def turned(vector: Tensor, position: int) -> Tensor:
    """Rotary positions: dimension i goes with i + K/2, and turns by position x 10,000^(-2i/K)."""
    half = len(vector) // 2
    result = vector.clone()
    for i in range(half):
        angle = position * 10_000.0 ** (-2 * i / len(vector))
        result[i] = vector[i] * math.cos(angle) - vector[i + half] * math.sin(angle)
        result[i + half] = vector[i + half] * math.cos(angle) + vector[i] * math.sin(angle)
    return result


def mixed(
    queries: list[Tensor], keys: list[Tensor], values: list[Tensor], slopes: list[float]
) -> tuple[list[Tensor], Tensor]:
    """Attention of each head by itself, with scores that fall by the head's slope per token of distance."""
    length, heads = len(queries), len(slopes)
    K = len(queries[0]) // heads
    weights = torch.zeros(heads, length, length, dtype=torch.float64)
    outputs = [torch.zeros(heads * K, dtype=torch.float64) for _ in range(length)]
    for h in range(heads):
        own = slice(h * K, (h + 1) * K)
        for i in range(length):
            scores = [
                float(queries[i][own] @ keys[j][own]) / math.sqrt(K) - slopes[h] * abs(i - j) for j in range(length)
            ]
            for j, weight in enumerate(softmax(scores)):
                weights[h, i, j] = weight
                outputs[i][own] += weight * values[j][own]
    return outputs, weights


def dnabert_2_shapes(vocabulary: int, width: int, layers: int, inner: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a DNABERT-2 checkpoint."""
    shapes: dict[str, tuple[int, ...]] = {
        "bert.embeddings.word_embeddings.weight": (vocabulary, width),
        "bert.embeddings.token_type_embeddings.weight": (2, width),
        "bert.embeddings.LayerNorm.weight": (width,),
        "bert.embeddings.LayerNorm.bias": (width,),
        "bert.pooler.dense.weight": (width, width),
        "bert.pooler.dense.bias": (width,),
        "cls.predictions.transform.dense.weight": (width, width),
        "cls.predictions.transform.dense.bias": (width,),
        "cls.predictions.transform.LayerNorm.weight": (width,),
        "cls.predictions.transform.LayerNorm.bias": (width,),
        "cls.predictions.decoder.bias": (vocabulary,),
    }
    for layer in range(layers):
        block = f"bert.encoder.layer.{layer}."
        shapes |= {
            f"{block}attention.self.Wqkv.weight": (3 * width, width),
            f"{block}attention.self.Wqkv.bias": (3 * width,),
            f"{block}attention.output.dense.weight": (width, width),
            f"{block}attention.output.dense.bias": (width,),
            f"{block}attention.output.LayerNorm.weight": (width,),
            f"{block}attention.output.LayerNorm.bias": (width,),
            f"{block}mlp.gated_layers.weight": (2 * inner, width),
            f"{block}mlp.wo.weight": (width, inner),
            f"{block}mlp.wo.bias": (width,),
            f"{block}mlp.layernorm.weight": (width,),
            f"{block}mlp.layernorm.bias": (width,),
        }
    return shapes


def dnabert_2(tensors: Tensors, ids: list[int], slopes: list[float], epsilon: float) -> Reading:
    """Read one window without padding."""
    words = tensors["bert.embeddings.word_embeddings.weight"].double()
    kind = tensors["bert.embeddings.token_type_embeddings.weight"].double()[0]
    hidden = [norm(tensors, "bert.embeddings.LayerNorm", words[token] + kind, epsilon) for token in ids]
    states, all_weights, layer = [torch.stack(hidden)], [], 0
    while f"bert.encoder.layer.{layer}.attention.self.Wqkv.weight" in tensors:
        block = f"bert.encoder.layer.{layer}."
        parts = [linear(tensors, f"{block}attention.self.Wqkv", one).chunk(3) for one in hidden]
        outputs, weights = mixed(*(list(part) for part in zip(*parts, strict=True)), slopes)
        for i, output in enumerate(outputs):
            merged = hidden[i] + linear(tensors, f"{block}attention.output.dense", output)
            merged = norm(tensors, f"{block}attention.output.LayerNorm", merged, epsilon)
            activated, other = linear(tensors, f"{block}mlp.gated_layers", merged).chunk(2)
            narrowed = linear(tensors, f"{block}mlp.wo", gelu(activated) * other)
            hidden[i] = norm(tensors, f"{block}mlp.layernorm", narrowed + merged, epsilon)
        states.append(torch.stack(hidden))
        all_weights.append(weights)
        layer += 1
    logits = []
    for one in hidden:
        inner = gelu(linear(tensors, "cls.predictions.transform.dense", one))
        inner = norm(tensors, "cls.predictions.transform.LayerNorm", inner, epsilon)
        logits.append(words @ inner + tensors["cls.predictions.decoder.bias"].double())
    return Reading(states, all_weights, torch.stack(logits))


def second_transformer_shapes(vocabulary: int, width: int, layers: int, inner: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a checkpoint of the second Nucleotide Transformer."""
    shapes: dict[str, tuple[int, ...]] = {
        "esm.embeddings.word_embeddings.weight": (vocabulary, width),
        "esm.embeddings.position_embeddings.weight": (37, width),  # in the files, though positions are rotary
        "esm.encoder.emb_layer_norm_after.weight": (width,),
        "esm.encoder.emb_layer_norm_after.bias": (width,),
        "lm_head.dense.weight": (width, width),
        "lm_head.dense.bias": (width,),
        "lm_head.layer_norm.weight": (width,),
        "lm_head.layer_norm.bias": (width,),
        "lm_head.decoder.weight": (vocabulary, width),
        "lm_head.bias": (vocabulary,),
    }
    for layer in range(layers):
        block = f"esm.encoder.layer.{layer}."
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            shapes[f"{block}attention.{part}.weight"] = (width, width)
            shapes[f"{block}attention.{part}.bias"] = (width,)
        for part in ("attention.LayerNorm", "LayerNorm"):
            shapes[f"{block}{part}.weight"] = shapes[f"{block}{part}.bias"] = (width,)
        shapes[f"{block}intermediate.dense.weight"] = (2 * inner, width)
        shapes[f"{block}output.dense.weight"] = (width, inner)
    return shapes


def second_transformer(tensors: Tensors, ids: list[int], heads: int, epsilon: float) -> Reading:
    """Read one window without padding."""
    hidden = [tensors["esm.embeddings.word_embeddings.weight"].double()[token] for token in ids]
    states, all_weights, layer = [torch.stack(hidden)], [], 0
    while f"esm.encoder.layer.{layer}.LayerNorm.weight" in tensors:
        block = f"esm.encoder.layer.{layer}."
        read = [norm(tensors, f"{block}attention.LayerNorm", one, epsilon) for one in hidden]
        queries, keys, values = (
            [linear(tensors, f"{block}attention.self.{part}", one) for one in read]
            for part in ("query", "key", "value")
        )
        for vectors in (queries, keys):
            for position, vector in enumerate(vectors):
                vectors[position] = torch.cat([turned(part, position) for part in vector.chunk(heads)])
        outputs, weights = mixed(queries, keys, values, [0.0] * heads)
        for i, output in enumerate(outputs):
            merged = hidden[i] + linear(tensors, f"{block}attention.output.dense", output)
            normed = norm(tensors, f"{block}LayerNorm", merged, epsilon)
            activated, other = linear(tensors, f"{block}intermediate.dense", normed).chunk(2)
            hidden[i] = merged + linear(tensors, f"{block}output.dense", silu(activated) * other)
        states.append(torch.stack(hidden))
        all_weights.append(weights)
        layer += 1
    last = [norm(tensors, "esm.encoder.emb_layer_norm_after", one, epsilon) for one in hidden]
    logits = []
    for one in last:
        inner = norm(tensors, "lm_head.layer_norm", gelu(linear(tensors, "lm_head.dense", one)), epsilon)
        logits.append(tensors["lm_head.decoder.weight"].double() @ inner + tensors["lm_head.bias"].double())
    return Reading([*states, torch.stack(last)], all_weights, torch.stack(logits))
