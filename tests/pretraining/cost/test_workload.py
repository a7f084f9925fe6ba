"""Work counted from shapes is the work that torch counts, and the weights those that are built."""

from __future__ import annotations

import pytest
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from genolect.encoders.transformer import TransformerConfig
from genolect.errors import ConfigurationError
from genolect.models.model import new_model
from genolect.pretraining.cost.trial import (
    Workload,
    block_matrices,
    counts_bytes,
    flops,
    parameter_count,
    trial_training,
)
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.toys import CPU

ENCODERS = {
    "nucleotide": {
        "vocabulary": 7,
        "width": 24,
        "layers": 3,
        "heads": 2,
        "feed_forward": 40,
        "context_lengths": (2, 3),
    },
    "wide feed-forward": {"vocabulary": 7, "width": 16, "layers": 1, "heads": 4, "feed_forward": 90, "stem_reach": 5},
    "causal": {"vocabulary": 9, "width": 20, "layers": 2, "heads": 5, "feed_forward": 13, "causal": True},
    "words": {"vocabulary": 70, "width": 12, "layers": 2, "heads": 3, "feed_forward": 5, "context_lengths": ()},
}


@pytest.fixture(params=ENCODERS)
def workload(request):
    encoder = TransformerConfig(**({"stem_reach": 3} | ENCODERS[request.param]))
    return Workload(encoder=encoder, targets=encoder.vocabulary - 3, windows=5, tokens=34)


def test_parameters_are_those_of_the_model_that_is_built(workload):
    model = trial_training(workload, CPU).model
    assert parameter_count(workload) == model.parameter_count
    shapes = [tuple(matrix.shape) for matrix in trial_training(workload, CPU).optimizer.matrices]
    assert sorted(shapes) == sorted(block_matrices(workload.encoder) * workload.encoder.layers)
    held = sum(counts.untyped_storage().nbytes() for counts in model.buffers())
    assert counts_bytes(workload.encoder) == held


def test_the_default_model_is_counted_right():
    encoder = TransformerConfig(vocabulary=len(NucleotideTokenizer.vocabulary))
    model = new_model(encoder, NucleotideTokenizer(), seed=3)
    assert parameter_count(Workload(encoder=encoder, targets=4)) == model.parameter_count


def test_operations_are_those_that_torch_counts(workload):
    training = trial_training(workload, CPU)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:  # It sees no fused attention.
        training.step()
    metrics = training.progress.recent["trial"]
    selected = (metrics.tokens if workload.encoder.causal else metrics.count) / workload.tokens_per_step
    counted = flops(workload.model_copy(update={"selected_share": selected}))
    assert sum(counted.values()) == counter.get_total_flops()
    assert counted["head"] > 0


def test_a_batch_without_windows_is_refused():
    with pytest.raises(ConfigurationError, match=r"windows: .* given '0'"):
        Workload.from_mapping({"encoder": {"vocabulary": 7}, "targets": 4, "windows": 0}, "batch")
