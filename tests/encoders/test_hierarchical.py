"""The hierarchical encoder: blocks are alike, and hear each other."""

from __future__ import annotations

import pytest
import torch

from genolect.encoders.hierarchical import Hierarchical, HierarchicalConfig, in_blocks
from genolect.encoders.layers.blocks import draw_weights
from genolect.errors import ConfigurationError

B, D, PATCH, BLOCK = 2, 6, 4, 20
SHAPE = {
    "vocabulary": 7,
    "width": D,
    "patch": PATCH,
    "block": BLOCK,
    "layers": 2,
    "heads": 3,
    "feed_forward": 17,
}


def encoder(**changes: object) -> Hierarchical:
    """An encoder all of whose weights act."""
    network = Hierarchical(HierarchicalConfig(**{**SHAPE, **changes}))
    generator = torch.Generator().manual_seed(8)
    draw_weights(network, generator)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "merge" in name or "weigh" in name:
                parameter.normal_(std=0.3, generator=generator)
    return network.eval()


def ids(length: int, rows: int = B, of: int = 4) -> torch.Tensor:
    return torch.randint(of, (rows, length), generator=torch.Generator().manual_seed(9))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"block": 22}, r"block 22 must be a multiple of patch 4"),
        ({"heads": 5}, r"patch x width = 24 must be a multiple of 2 x heads = 10"),
        ({"periods": [2.0] * 5}, r"periods .* must be positive, one for every two channels of a head at most"),
        ({"periods": [-1.0]}, r"periods \(-1.0,\) must be positive"),
        ({"patch": 0}, r"patch: .*greater than or equal to 1.*given '?0"),
    ],
)
def test_shapes_that_cannot_be_are_refused(given, message):
    with pytest.raises(ConfigurationError, match=f"^plan: .*{message}"):
        HierarchicalConfig.from_mapping({**SHAPE, **given}, "plan")


def test_a_configuration_survives_being_written():
    config = HierarchicalConfig(**SHAPE, periods=(10.5,), checkpoint_every=2)
    assert HierarchicalConfig.from_mapping(config.to_mapping(), "plan") == config
    assert config.sees_ahead
    assert len(config.to_mapping()) <= 10
    assert min(abs(period - 10.5) for period in config.periods_in_tokens) < 1e-9
    assert len(config.periods_in_tokens) == PATCH * D // 3 // 2


@pytest.mark.parametrize("length", [1, 3, 19, 20, 21, 40, 67, 97])
def test_any_length_is_read(length):
    """Gradients come from every token; none is dropped where the window ends within a patch or a block."""
    network = encoder()
    embedded = torch.zeros(B, length, D, requires_grad=True)
    network.stem.register_forward_hook(lambda module, given, found: found + embedded)
    hidden = network(ids(length))
    assert hidden.shape == (B, length, D)
    hidden.square().cos().sum().backward()
    assert (embedded.grad.abs().sum(-1) > 0).all()


@pytest.mark.parametrize(("source", "target"), [(3, 60), (60, 3), (0, 63), (17, 17)])
def test_a_base_in_one_of_64_blocks_is_heard_in_another(source, target):
    network = encoder()
    embedded = torch.zeros(1, 64 * BLOCK, D, requires_grad=True)
    network.stem.register_forward_hook(lambda module, given, found: found + embedded)
    hidden = network(ids(64 * BLOCK, rows=1))
    hidden[0, target * BLOCK + 7].square().cos().sum().backward()
    assert embedded.grad[0, source * BLOCK + 13].abs().sum() > 0


@torch.no_grad()
def test_without_the_light_attention_blocks_are_alone():
    network, given = encoder(block=60), ids(5 * 60)
    for layer in network.layers:
        layer.across.attention.merge.weight.zero_()
    changed = given.clone()
    changed[:, 2 * 60 + 30] = 5  # The stem does not reach the next block from here.
    heard = (network(changed) - network(given)).abs().amax((0, 2)).view(5, 60)
    assert (heard[2] > 0).all()
    assert not heard[[0, 1, 3, 4]].any()


@torch.no_grad()
def test_blocks_share_their_weights():
    """Without the light attention, and away from the edges of the stem, equal blocks look equal."""
    network = encoder(block=60)
    for layer in network.layers:
        layer.across.attention.merge.weight.zero_()
    block = ids(60)
    hidden = network(block.repeat(1, 4)).view(B, 4, 60, D)
    torch.testing.assert_close(hidden[:, 1], hidden[:, 2], atol=1e-6, rtol=1e-6)


@torch.no_grad()
def test_a_shorter_last_block_is_read_as_it_would_be_alone():
    network = encoder(layers=1)
    network.layers[0].across.attention.merge.weight.zero_()
    patches = torch.randn(B, 12, PATCH * D, generator=torch.Generator().manual_seed(2))

    def read(part: torch.Tensor) -> torch.Tensor:
        return network.layers[0](part, *network._angles(part))

    for part in (slice(0, 5), slice(5, 10), slice(10, 12)):
        torch.testing.assert_close(read(patches)[:, part], read(patches[:, part]), atol=1e-5, rtol=0)


@torch.no_grad()
def test_a_summary_starts_as_the_mean_of_its_block():
    network = Hierarchical(HierarchicalConfig(**SHAPE))
    hidden = torch.randn(B, 3, 5, 24, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(network.layers[0].across._sum_up(hidden), hidden.mean(2))


def test_blocks_hold_every_patch_once():
    hidden = torch.arange(2 * 17 * 3.0).view(2, 17, 3)
    for block in (1, 4, 16, 17, 30):
        assert torch.equal(torch.cat([part.flatten(1, 2) for part in in_blocks(hidden, block)], dim=1), hidden)


@torch.no_grad()
@pytest.mark.parametrize("length", [80, 67])
def test_the_last_state_is_the_answer(length):
    network, given = encoder(), ids(length)
    states = network.states(given, given)
    assert len(states) == 1 + 1 + 2 + 1
    assert {state.shape for state in states} == {(B, length, D)}
    assert torch.equal(states[-1], network(given))
