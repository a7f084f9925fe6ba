"""Enformer: shapes, crop, heads, the second input, the published size."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from safetensors.torch import load, save

from genolect.encoders.enformer import (
    PUBLISHED,
    PUBLISHED_WINDOW,
    SMALL,
    SMALL_WINDOW,
    WITH_ACCESSIBILITY,
    WITH_ACCESSIBILITY_WINDOW,
    Enformer,
    EnformerConfig,
    expected_start,
)
from genolect.encoders.layers.blocks import draw_weights
from genolect.errors import ConfigurationError

B, L = 3, 88
SHAPE = {
    "width": 20,
    "stages": 3,
    "stem_reach": 7,
    "layers": 2,
    "heads": 5,
    "feed_forward": 13,
    "crop": 2,
    "outputs": {"expression": 2, "chromatin": 4},
}


def woken(**changes: object) -> Enformer:
    """A network as training would leave it: everything that starts at zero has moved away."""
    network = Enformer(EnformerConfig.model_validate({**SHAPE, **changes}))
    generator = torch.Generator().manual_seed(7)
    draw_weights(network, generator)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.1)
        network.train()(windows(7), signals(7) if network.config.input_tracks else None)
    return network.eval()


@torch.no_grad()
def without_transformer(**changes: object) -> Enformer:
    """The same with blocks that pass on what they get: a base is heard in its own bin and near by only."""
    network = woken(**changes)
    for block in network.blocks:
        block.attention.merge.weight.zero_()
        block.feed_forward.merge.weight.zero_()
    return network


def windows(rows: int = B, length: int = L) -> torch.Tensor:
    return torch.randint(5, (rows, length), generator=torch.Generator().manual_seed(9))


def signals(rows: int = B, length: int = L, tracks: int = 2) -> torch.Tensor:
    return 9 * torch.rand((rows, tracks, length), generator=torch.Generator().manual_seed(5))


@torch.no_grad()
def test_every_head_predicts_counts_above_zero_in_every_bin():
    predicted = woken()(windows())
    assert {name: tuple(counts.shape) for name, counts in predicted.items()} == {
        "expression": (B, 7, 2),
        "chromatin": (B, 7, 4),
    }
    assert all((counts > 0).all() for counts in predicted.values())


@torch.no_grad()
@pytest.mark.parametrize("tracks", [0, 2])
def test_a_window_is_read_alike_alone_and_in_any_batch(tracks):
    network, given = woken(input_tracks=tracks), windows()
    extra = signals() if tracks else None
    together = network(given, extra)
    for row in range(B):
        alone = network(given[row : row + 1], None if extra is None else extra[row : row + 1])
        for name, counts in alone.items():
            torch.testing.assert_close(counts[0], together[name][row], atol=2e-6, rtol=2e-6)


@torch.no_grad()
def test_the_crop_is_centred():
    network, given = without_transformer(), windows(1)
    before = network.encode(given)
    for kept, position in ((0, 2 * 8 + 4), (3, 5 * 8 + 4), (6, 8 * 8 + 4)):
        changed = given.clone()
        changed[0, position] = (changed[0, position] + 1) % 5
        heard = (network.encode(changed) - before).abs().amax(-1)[0]
        assert heard[kept] > 0.01
        assert not heard[[far for far in range(7) if abs(far - kept) > 2]].any()
    uncropped = without_transformer(crop=0)
    torch.testing.assert_close(uncropped.encode(given)[:, 2:-2], before)


@torch.no_grad()
def test_bins_hear_bases_that_were_cropped_and_bases_far_away():
    network, given = woken(), windows(1)
    before = network(given)["expression"]
    changed = given.clone()
    changed[0, 3] = (changed[0, 3] + 1) % 5
    assert (network(changed)["expression"] - before).abs().amin(-1).min() > 0


@torch.no_grad()
def test_the_second_input_is_read_where_it_lies():
    network, given, extra = without_transformer(input_tracks=2), windows(1), signals(1)
    before = network.encode(given, extra)
    changed = extra.clone()
    changed[0, 1, 5 * 8 + 4] += 50
    heard = (network.encode(given, changed) - before).abs().amax(-1)[0]
    assert heard[2:5].min() > 0.05
    assert not heard[[0, 6]].any()


@pytest.mark.parametrize(
    ("tracks", "extra", "message"),
    [
        (0, signals(), r"signals of shape \(3, 2, 88\) for 3 windows of 88 bases, 0 tracks"),
        (2, None, r"signals of shape None for 3 windows of 88 bases, 2 tracks"),
        (2, signals(tracks=1), r"signals of shape \(3, 1, 88\)"),
        (2, signals(length=80), r"signals of shape \(3, 2, 80\)"),
    ],
)
def test_signals_of_another_shape_are_refused(tracks, extra, message):
    with pytest.raises(ValueError, match=message):
        woken(input_tracks=tracks)(windows(), extra)


@pytest.mark.parametrize(("length", "bins"), [(40, 1), (88, 7), (160, 16)])
def test_bins_behind_the_crop_are_counted(length, bins):
    assert EnformerConfig.model_validate(SHAPE).predicted_bins(length) == bins


@pytest.mark.parametrize("length", [32, 84, 0])
def test_windows_without_a_whole_bin_behind_the_crop_are_refused(length):
    with pytest.raises(ValueError, match=f"window of {length} bases must be a multiple of 8"):
        woken()(windows(length=length))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"width": 24}, r"width 24 must be a multiple of 2 x heads = 10"),
        ({"stem_reach": 8}, r"stem_reach 8 must be odd"),
        ({"outputs": {}}, r"outputs: .*at least 1"),
        ({"outputs": {"a.b": 2}}, r"head 'a.b' of 2 tracks: a name is a word"),
        ({"outputs": {"rna": 0}}, r"head 'rna' of 0 tracks"),
        ({"stages": 2}, r"stages: .*greater than or equal to 3"),
        ({"depth": 3}, r"unknown key 'depth'"),
    ],
)
def test_shapes_that_cannot_be_are_refused(given, message):
    with pytest.raises(ConfigurationError, match=f"^plan: .*{message}"):
        EnformerConfig.from_mapping({**SHAPE, **given}, "plan")


def test_the_configuration_stays_small_and_survives_being_written():
    assert len(EnformerConfig.model_fields) <= 10
    for config in (PUBLISHED, WITH_ACCESSIBILITY, SMALL):
        assert EnformerConfig.from_mapping(config.to_mapping(), "plan") == config


@torch.no_grad()
def test_saved_and_loaded_it_predicts_the_same_bits():
    network, given, extra = woken(input_tracks=2), windows(), signals()
    other = Enformer(EnformerConfig.from_mapping(network.config.to_mapping(), "plan")).eval()
    other.load_state_dict(load(save(network.state_dict())))
    for name, counts in network(given, extra).items():
        assert torch.equal(other(given, extra)[name], counts)


def test_every_weight_learns_once_it_left_zero():
    network = woken(input_tracks=2).train()
    predicted = network(windows(), signals())
    generator = torch.Generator().manual_seed(1)
    sum((counts * torch.randn(counts.shape, generator=generator)).sum() for counts in predicted.values()).backward()
    assert [name for name, parameter in network.named_parameters() if not parameter.grad.any()] == []


@torch.no_grad()
def test_heads_start_at_the_means_they_are_given():
    network = Enformer(EnformerConfig.model_validate(SHAPE))
    draw_weights(network, torch.Generator().manual_seed(2))
    means = {"expression": torch.tensor([0.01, 60.0]), "chromatin": torch.tensor([1.0, 2.0, 3.0, 4.0])}
    expected_start(network, means)
    for name, counts in network(windows()).items():
        torch.testing.assert_close(counts, means[name].expand_as(counts), atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_reduced_precision_stays_close():
    network, given = woken(), windows()
    with torch.autocast("cpu", torch.bfloat16):
        reduced = network.encode(given)
    difference = (reduced.float() - network.encode(given)).abs()
    assert 0 < difference.mean() < 0.02
    assert difference.max() < 0.2


def published_parameters() -> dict[str, int]:
    """Weights of the published network, counted from its description; trained ones only."""
    widths = [4, 768, 768, 896, 1024, 1152, 1280, 1536]
    tower = 0
    for stage, (before, after) in enumerate(pairwise(widths)):
        reach = 5 if stage else 15
        tower += before * after * reach + after + (2 * before if stage else 0)  # batch norm, convolution
        tower += 2 * after + after * after + after + after * after  # pointwise convolution with its norm; pooling
    keys, positions = 8 * 64, 192
    attention = 2 * 1536 * keys + 1536 * 1536 + 1536 * 1536 + 1536 + positions * keys + 2 * keys
    feed_forward = 1536 * 3072 + 3072 + 3072 * 1536 + 1536
    layers = 11 * (attention + feed_forward + 4 * 1536)
    pointwise = 2 * 1536 + 1536 * 3072 + 3072
    return {"tower": tower, "layers": layers, "pointwise": pointwise, "human": 3073 * 5313, "mouse": 3073 * 1643}


def test_the_published_size_beside_the_published_count():
    """246.18 million are reported for a port with the human head alone; each difference of ours has its reason."""
    reference = published_parameters()
    assert sum(reference.values()) - reference["mouse"] == pytest.approx(246.18e6, abs=0.01e6)
    with torch.device("meta"):
        network = Enformer(PUBLISHED)
    ours = {name: sum(weight.numel() for weight in part.parameters()) for name, part in network.named_children()}
    assert ours["heads"] == reference["human"] + reference["mouse"]
    assert ours["widen"] + ours["norm"] == reference["pointwise"]
    assert ours["tower"] - reference["tower"] == 768 * 15  # N is a letter of its own
    wider_keys = 2 * 1536 * (1536 - 512)
    no_positions = 192 * 512 + 2 * 512
    no_biases = 1536 + 3072 + 1536 + 2 * 1536  # of attention, feed-forward and the two norms
    assert ours["blocks"] - reference["layers"] == 11 * (wider_keys - no_positions - no_biases)
    assert sum(ours.values()) == 284_641_836


def test_the_published_window_gives_the_published_bins():
    assert (PUBLISHED.bin_length, PUBLISHED.predicted_bins(PUBLISHED_WINDOW)) == (128, 896)
    assert WITH_ACCESSIBILITY.predicted_bins(WITH_ACCESSIBILITY_WINDOW) == 384
    assert SMALL.predicted_bins(SMALL_WINDOW) == 48
    with torch.device("meta"):
        predicted = Enformer(PUBLISHED)(torch.zeros(1, PUBLISHED_WINDOW, dtype=torch.int64))
    assert {name: tuple(counts.shape) for name, counts in predicted.items()} == {
        "human": (1, 896, 5313),
        "mouse": (1, 896, 1643),
    }
