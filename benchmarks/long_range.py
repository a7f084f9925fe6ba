"""Long windows on a processor: what a forward and backward pass takes, from 4 thousand to a million bases.

    python benchmarks/long_range.py [--quick] [--json PATH]

One thread, float32; every case in a process of its own, so that its peak of memory is its own. Times are processor time
of the program itself. What the kernel spends on handing out memory depends on the machine and on its other work; it
stands in rows of its own. The memory of a pass is what the peak rose by above a process that has passed 1,024 tokens.
The peers are Longformer (windows of 64 on either side, 64 global tokens) and BigBird (blocks of 64, three random
blocks) of transformers, both with the same width, layers, heads and values in the feed-forward as ours; a case may use
12 GB of addresses. With --preset only NucleoTransformer is measured, in bfloat16.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import torch
from rows import Row, row, show
from torch import Tensor, nn

from genolect.encoders.build import preset
from genolect.encoders.hierarchical import Hierarchical, HierarchicalConfig
from genolect.encoders.layers.blocks import draw_weights
from genolect.encoders.layers.sparse_attention import anchor_places
from genolect.encoders.sparse_transformer import SparseTransformer, SparseTransformerConfig
from genolect.models.inference import this_machine
from genolect.pretraining.cost.trial import peak_bytes

WIDTH, HEADS, INNER, PEER_INNER, ANCHORS, REACH = 96, 3, 256, 384, 64, 64
LAYERS, DEEP = 2, 6
SHORT = 1_024
STATUS = Path("/proc/self/statm")
"""Pages in the address space, and those in memory."""
MEGABASE = 1_048_576
VOCABULARY = 7
LIMIT = 12_000_000_000
GIGABYTE, MEGABYTE = 1e9, 1e6


class Case(NamedTuple):
    """One network and the length of its window."""

    kind: str
    length: int
    layers: int = LAYERS
    checkpoint_every: int = 0


class Result(NamedTuple):
    """What one case took; nothing where it did not fit."""

    seconds: float | None
    kernel: float = 0
    rise: float = 0
    peak: float = 0
    saved: float = 0


class Peer(nn.Module):
    """A network of transformers that reads ids as ours do."""

    def __init__(self, network: nn.Module, **given: Tensor) -> None:
        super().__init__()
        self.network, self.given = network, given

    def forward(self, ids: Tensor) -> Tensor:
        given = {name: tensor[:, : ids.shape[1]] for name, tensor in self.given.items()}
        hidden: Tensor = self.network(ids, **given).last_hidden_state
        return hidden


def peer(case: Case) -> nn.Module:
    """Build a peer with random weights."""
    import transformers

    shape: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "hidden_size": WIDTH,
        "num_hidden_layers": case.layers,
        "num_attention_heads": HEADS,
        "intermediate_size": PEER_INNER,
        "max_position_embeddings": case.length + 8,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }
    if case.kind == "bigbird":
        config = transformers.BigBirdConfig(**shape, attention_type="block_sparse", block_size=64, num_random_blocks=3)
        return Peer(transformers.BigBirdModel(config, add_pooling_layer=False))
    config = transformers.LongformerConfig(**shape, attention_window=2 * REACH)
    chosen = torch.zeros(1, case.length, dtype=torch.int64)
    chosen[:, anchor_places(case.length, ANCHORS, chosen.device)] = 1
    network = transformers.LongformerModel(config, add_pooling_layer=False)
    return Peer(network, attention_mask=torch.ones_like(chosen), global_attention_mask=chosen)


def build(case: Case) -> nn.Module:
    """Build a network and draw its weights."""
    often = case.checkpoint_every
    network: nn.Module
    if case.kind in ("sparse", "modulus"):
        shape = {"width": WIDTH, "layers": case.layers, "heads": HEADS, "feed_forward": INNER}
        rule = "modulus" if case.kind == "modulus" else ANCHORS
        config = SparseTransformerConfig(vocabulary=VOCABULARY, **shape, anchors=rule, checkpoint_every=often)
        network = SparseTransformer(config)
    elif case.kind == "hierarchical":
        network = Hierarchical(
            HierarchicalConfig(vocabulary=VOCABULARY, layers=case.layers, periods=(10.5,), checkpoint_every=often)
        )
    elif case.kind == "tiny":
        network = preset("nucleo-transformer-tiny").build()
    elif case.kind == "NucleoTransformer":
        network = preset("nucleo-transformer").build()
    else:
        return peer(case).train()
    draw_weights(network, torch.Generator().manual_seed(0))
    return network


def take(case: Case, repeats: int) -> Result:
    """Go forward and backward in this process; the fastest of some passes."""
    network = build(case)
    ids = torch.randint(4, (1, case.length), generator=torch.Generator().manual_seed(1))

    def go(shown: Tensor) -> tuple[float, float]:
        started = resource.getrusage(resource.RUSAGE_SELF)
        with torch.autocast("cpu", torch.bfloat16, enabled=case.kind == "NucleoTransformer"):
            hidden = network(shown)
        (hidden * torch.linspace(-1, 1, hidden.shape[-1])).sum().backward()
        network.zero_grad()
        ended = resource.getrusage(resource.RUSAGE_SELF)
        return ended.ru_utime - started.ru_utime, ended.ru_stime - started.ru_stime

    go(ids[:, :SHORT])  # Loads what is loaded at first use.
    before = resource.getpagesize() * int(STATUS.read_text().split()[1])
    seconds, kernel = min(go(ids) for _ in range(repeats))
    peak = peak_bytes(this_machine())
    return Result(seconds, kernel, peak - before, peak, saved_bytes(network, ids) if case.layers == DEEP else 0)


def saved_bytes(network: nn.Module, ids: Tensor) -> int:
    """Add up the storages that a forward pass saves for the backward pass, each once and no weights."""
    ours = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept.setdefault(tensor.untyped_storage().data_ptr(), tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(ids)
    return sum(tensor.untyped_storage().nbytes() for place, tensor in kept.items() if place not in ours)


def measured(case: Case, repeats: int = 3) -> Result:
    """Go forward and backward in a process of its own."""
    words = [sys.executable, __file__, "--case", json.dumps(case), "--repeats", str(repeats)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TRANSFORMERS_VERBOSITY": "error"}
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    if done.returncode and "allocate memory" not in done.stderr:
        raise RuntimeError(f"{case}: {done.stderr[-2000:]}")
    result = Result(None) if done.returncode else Result(*json.loads(done.stdout))
    print(case, result, file=sys.stderr, flush=True)
    return result


def growth(kind: str, lengths: list[int]) -> list[Row]:
    """Time and memory at lengths that grow by 4, and how much each grew."""
    rows, results = [], [measured(Case(kind, length), 2 if length > 100_000 else 3) for length in lengths]
    for length, result in zip(lengths, results, strict=True):
        rows += [
            row(f"{kind}, {length:,} tokens, forward and backward", result.seconds or 0, "s"),
            row(f"{kind}, {length:,} tokens, kernel", result.kernel, "s"),
            row(f"{kind}, {length:,} tokens, memory of the pass", result.rise / MEGABYTE, "MB"),
        ]
    for before, after, length in zip(results, results[1:], lengths[1:], strict=False):
        name = f"{kind}, from {length // 4:,} to {length:,} tokens"
        rows += [
            row(f"{name}, time", (after.seconds or 0) / (before.seconds or 1), "times"),
            row(f"{name}, time with the kernel's", _total(after) / _total(before), "times"),
            row(f"{name}, memory", after.rise / before.rise, "times"),
        ]
    return rows


def _total(result: Result) -> float:
    return (result.seconds or 0) + result.kernel


def against_peers(lengths: list[int]) -> list[Row]:
    """Tokens per second and memory beside Longformer and BigBird."""
    rows = []
    for length in lengths:
        ours = measured(Case("sparse", length))
        for name in ("longformer", "bigbird"):
            theirs = measured(Case(name, length), 3 if length < 65_536 else 1)
            what = f"sparse, {length:,} tokens"
            if theirs.seconds is None:
                print(f"{name} does not fit into {LIMIT / GIGABYTE:.0f} GB at {length:,} tokens")
                rows.append(row(f"{what}, memory ({name}: over 12 GB)", ours.rise / MEGABYTE, "MB"))
                continue
            speeds = [length / (result.seconds or 0) for result in (ours, theirs)]
            rows.append(row(f"{what}, training", speeds[0], "tokens/s", peer=speeds[1], peer_name=name))
            memory = {"peer": theirs.rise / MEGABYTE, "peer_name": name}
            rows.append(row(f"{what}, memory of the pass", ours.rise / MEGABYTE, "MB", **memory))
    return rows


def checkpointing(length: int) -> list[Row]:
    """What checkpointing every layer saves, and what it costs; the peer is the same network without it."""
    rows = []
    for kind in ("sparse", "hierarchical"):
        plain, spared = (measured(Case(kind, length, DEEP, every)) for every in (0, 1))
        what = f"{kind}, {DEEP} layers, {length:,} tokens, each checkpointed"
        rows += [
            row(f"{what}: saved activations less by", 100 * (1 - spared.saved / plain.saved), "%"),
            row(f"{what}: memory of the pass less by", 100 * (1 - spared.rise / plain.rise), "%"),
            row(f"{what}: time", spared.seconds or 0, "s", peer=plain.seconds, peer_name="kept"),
        ]
    return rows


def megabase(kinds: list[str]) -> list[Row]:
    """A whole window of 1,024 kb."""
    rows = []
    for kind in kinds:
        result = measured(Case(kind, MEGABASE, layers=4, checkpoint_every=1), 1)
        rows += [
            row(f"{kind}, {MEGABASE:,} bp, forward and backward", result.seconds or 0, "s"),
            row(f"{kind}, {MEGABASE:,} bp, kernel", result.kernel, "s"),
            row(f"{kind}, {MEGABASE:,} bp, peak of the process", result.peak / GIGABYTE, "GB"),
        ]
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="short windows")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    parser.add_argument("--preset", action="store_true", help="only NucleoTransformer at 1 Mb: about half an hour")
    parser.add_argument("--case", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--repeats", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case is not None:
        torch.set_num_threads(1)
        if options.case[0] != "NucleoTransformer":
            taken = resource.getpagesize() * int(STATUS.read_text().split()[0])
            resource.setrlimit(resource.RLIMIT_AS, (taken + LIMIT, taken + LIMIT))
        print(json.dumps(take(Case(*options.case), options.repeats)))
        return
    if options.preset:
        show(megabase(["NucleoTransformer"]), options.json)
        return
    lengths = [4_096, 16_384] if options.quick else [16_384, 65_536, 262_144]
    rows = [
        *growth("sparse", lengths),
        *growth("hierarchical", lengths),
        *growth("modulus", lengths[:2]),
        *checkpointing(lengths[0]),
        *against_peers([4_096] if options.quick else [4_096, 16_384, 65_536]),
        *megabase(["tiny"] if options.quick else ["tiny", "hierarchical"]),
    ]
    show(rows, options.json)


if __name__ == "__main__":
    main()
