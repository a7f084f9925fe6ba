"""How well a small Enformer predicts real tracks, beside ridge regression on the words of the same windows.

    python benchmarks/tracks.py [--seconds 300] [--quick] [--json PATH]

Yeast; the real data lie where GENOLECT_DATA says. One network learns both heads at once on one thread: chromatin, the
mean coverage by ATAC-seq fragments in bins of 128 bases, and expression, log(1 + FPKM) in the bin of a start of
transcription on the strand that is read. Whole chromosomes are held out. The figure is Pearson's correlation on the
test chromosomes: of log(1 + coverage) over bins, and of log(1 + FPKM) over genes whose start is the centre of the
window. The peer chooses its words' length, its span around the bin and its penalty on the validation chromosomes.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from correlations import Floats, estimated_rows
from rows import Row, row, show

from genolect.encoders.enformer import SMALL, SMALL_WINDOW, Enformer, expected_start
from genolect.encoders.layers.blocks import draw_weights
from genolect.genome.genome import PreparedGenome, prepare_genome
from genolect.genome.holdout import GenomeSplit, choose_split
from genolect.genome.tracks import SiteValues, TrackSampler, TrackShape, read_track_windows, tile_predicted
from genolect.objectives.tracks import joint_loss, poisson_loss
from genolect.pretraining.kinds.kmer_ridge import KmerRidge
from genolect.pretraining.optimizer import TwoOptimizers, share_of_peak
from genolect.random import derived_generator
from genolect.sequence.interval import Interval, Strand
from genolect.sequence.track import Signal, Track
from genolect.statistics.metrics import pearson

DATA = Path(os.environ.get("GENOLECT_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SHAPE = TrackShape(SMALL_WINDOW, SMALL.bin_length, SMALL.crop)
HIGHEST_COVERAGE = 100.0
"""Coverage is cut here: the ribosomal repeat, collapsed in the assembly, reaches thousands."""

WINDOWS, SEED, TIMED_STEPS, WARM_UP_SHARE = 8, 1, 20, 0.05
MATRIX_RATE, RATE = 0.01, 2e-3
EXPRESSION_WEIGHT = 5.0
"""A window has 48 bins of chromatin and one or two starts of transcription."""


class CutTrack(NamedTuple):
    """A track whose bins do not exceed a height."""

    track: Track
    height: float

    def bins(self, place: Interval, bin_length: int) -> Signal:
        return np.minimum(self.track.bins(place, bin_length), np.float32(self.height))


class Gene(NamedTuple):
    """A start of transcription and log(1 + FPKM)."""

    site: Interval
    expression: float

    def window(self) -> Interval:
        """The window as read that has the start in the middle."""
        half, site = SHAPE.length // 2, self.site
        start = site.start - half if site.strand == "+" else site.end - half
        return Interval(site.name, max(0, start), max(0, start) + SHAPE.length, site.strand)


class Material(NamedTuple):
    """What both models learn from."""

    genome: PreparedGenome
    split: GenomeSplit
    coverage: CutTrack
    genes: list[Gene]

    def genes_in(self, regions: Sequence[Interval]) -> list[Gene]:
        """Genes whose window lies in one of the stretches."""
        half = SHAPE.length // 2 + 1
        return [
            gene
            for region in regions
            for gene in self.genes
            if gene.site.name == region.name and region.start + half <= gene.site.start < region.end - half
        ]


def read_material(folder: Path) -> Material:
    """Prepare the genome and read what was measured; the mitochondrion, another compartment, stays out."""
    genome = prepare_genome([DATA / "genomes" / "yeast.fa.gz"], folder / "prepared")
    lengths = {name: length for name, length in genome.lengths.items() if name != "Mito"}
    coverage = CutTrack(Track(DATA / "annotations" / "yeast_fragment_coverage.bw", lengths), HIGHEST_COVERAGE)
    genes = []
    with gzip.open(DATA / "tasks" / "yeast_expression.tsv.gz", "rt", encoding="utf-8") as table:
        for line in csv.DictReader(table, delimiter="\t"):
            if line["fpkm"] and line["chrom"] in lengths:
                strand: Strand = "+" if line["strand"] == "+" else "-"
                site = Interval(line["chrom"], int(line["start"]), int(line["end"]), strand)
                genes.append(Gene(site, float(np.log1p(float(line["fpkm"])))))
    return Material(genome, choose_split(lengths), coverage, genes)


def tensors(targets: dict[str, npt.NDArray[np.float32]]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(values) for name, values in targets.items()}


def gene_window(genes: Sequence[Gene], lengths: Mapping[str, int], step: int) -> Interval:
    """Draw a gene, and a window in which its start lies up to 2,048 bases from the middle."""
    generator = derived_generator(SEED, "gene windows", step)
    middle = genes[generator.integers(len(genes))].window()
    start = middle.start + int(generator.integers(-2_048, 2_049))
    start = min(max(0, start), lengths[middle.name] - SHAPE.length)
    return Interval(middle.name, start, start + SHAPE.length, middle.strand)


def weighted_poisson(rates: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    return EXPRESSION_WEIGHT * poisson_loss(rates, counts)


def train(material: Material, seconds: float) -> tuple[Enformer, int]:
    """Train for so many seconds of processor time; give the network and the number of steps.

    A step reads two windows: one from anywhere in the training chromosomes, one around a gene of theirs.
    """
    genome, regions = material.genome, material.split.train
    genes = material.genes_in(regions)
    in_training = {region.name for region in regions}
    sites = SiteValues([gene for gene in material.genes if gene.site.name in in_training])
    signals = {"expression": [sites], "chromatin": [material.coverage]}
    sampler = TrackSampler(genome, regions, signals, SHAPE, seed=SEED, purpose="track training")
    network = Enformer(SMALL)
    draw_weights(network, torch.Generator().manual_seed(SEED))
    first = tensors(sampler.draw(0, 200).targets)
    expected_start(network, {name: values.nanmean(dim=(0, 1)) for name, values in first.items()})
    optimizer = TwoOptimizers(network, matrix_learning_rate=MATRIX_RATE, learning_rate=RATE)
    losses = {"expression": weighted_poisson, "chromatin": poisson_loss}
    started, step, steps = time.process_time(), 0, TIMED_STEPS
    while step < steps:
        places = [*sampler.draw(step, 1).places, gene_window(genes, genome.lengths, step)]
        windows = read_track_windows(genome, places, signals, SHAPE)
        ids = torch.from_numpy(windows.bases.astype(np.int64))
        loss = joint_loss(network(ids), tensors(windows.targets), losses)
        loss.backward()
        timed = step < TIMED_STEPS
        optimizer.step((step + 1) / 100 if timed else share_of_peak(step, steps, WARM_UP_SHARE))
        step += 1
        if step == TIMED_STEPS:
            steps = max(step, int(seconds / (time.process_time() - started) * step))
        if step % 200 == 0:
            print(f"step {step} of {steps}, loss {loss.item():.4f}, {time.process_time() - started:.0f} s", flush=True)
    return network.eval(), steps


@torch.no_grad()
def predictions(network: Enformer, material: Material, places: Sequence[Interval], head: str) -> Floats:
    """Predict one head in windows, shape (windows, bins)."""
    parts = []
    for first in range(0, len(places), WINDOWS):
        windows = read_track_windows(material.genome, places[first : first + WINDOWS], {}, SHAPE)
        parts.append(network(torch.from_numpy(windows.bases.astype(np.int64)))[head][..., 0].double().numpy())
    return np.concatenate(parts)


def both_strands(network: Enformer, material: Material, places: Sequence[Interval]) -> Floats:
    """Predicted log(1 + coverage) of windows, the mean of both reading directions, flat."""
    reverse = [Interval(place.name, place.start, place.end, "-") for place in places]
    forward = predictions(network, material, places, "chromatin")
    return np.log1p((forward + predictions(network, material, reverse, "chromatin")[:, ::-1]) / 2).ravel()


def measured_coverage(material: Material, places: Sequence[Interval]) -> Floats:
    """True log(1 + coverage) of the predicted bins of windows, flat."""
    bins = [material.coverage.bins(SHAPE.predicted(place), SHAPE.bin_length) for place in places]
    return np.log1p(np.concatenate(bins).astype(np.float64))


def chromatin_rows(network: Enformer, material: Material) -> list[Row]:
    """Compare over the bins of the test chromosomes."""
    lengths = material.genome.lengths
    places = {role: tile_predicted(regions, lengths, SHAPE) for role, regions in material.split.regions().items()}
    truth = {role: measured_coverage(material, windows) for role, windows in places.items()}
    centres = {
        role: [
            Interval(part.name, start, start + SHAPE.bin_length, "+")
            for part in map(SHAPE.predicted, windows)
            for start in range(part.start, part.end, SHAPE.bin_length)
        ]
        for role, windows in places.items()
    }
    peer = KmerRidge(material.genome, spans=(640, 2_176, SHAPE.length), words=(4, 5), stranded=False)
    peer.fit(centres, truth)
    print("validation:", pearson(truth["validation"], both_strands(network, material, places["validation"])))
    ours = both_strands(network, material, places["test"])
    return estimated_rows("chromatin", truth["test"], ours, peer.predict(centres["test"]), peer.name)


def expression_rows(network: Enformer, material: Material) -> list[Row]:
    """Compare over the genes of the test chromosomes."""
    genes = {role: material.genes_in(regions) for role, regions in material.split.regions().items()}
    genes = {role: sorted(found, key=lambda gene: (gene.site.name, gene.site.start)) for role, found in genes.items()}
    truth = {role: np.array([gene.expression for gene in found]) for role, found in genes.items()}
    peer = KmerRidge(material.genome, spans=(1_024, 2_048, SHAPE.length), words=(4, 5), stranded=True)
    sites = {role: [gene.site for gene in found] for role, found in genes.items()}
    peer.fit(sites, truth)
    centre = SHAPE.length // SHAPE.bin_length // 2 - SHAPE.crop

    def predicted(role: str) -> Floats:
        windows = [gene.window() for gene in genes[role]]
        return predictions(network, material, windows, "expression")[:, centre]

    print("validation:", pearson(truth["validation"], predicted("validation")))
    return estimated_rows("expression", truth["test"], predicted("test"), peer.predict(sites["test"]), peer.name)


def measure(folder: Path, seconds: float) -> list[Row]:
    """Measure every row."""
    torch.set_num_threads(1)
    material = read_material(folder)
    network, steps = train(material, seconds)
    return [
        *chromatin_rows(network, material),
        *expression_rows(network, material),
        row("trained values", sum(parameter.numel() for parameter in network.parameters()), "parameters"),
        row("bases read in training", steps * 2 * SHAPE.length, "bases"),
        row("processor time of training, one thread", seconds, "s"),
    ]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300, help="processor time of training")
    parser.add_argument("--quick", action="store_true", help="ten seconds of training")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        show(measure(Path(folder), 10 if options.quick else options.seconds), options.json)


if __name__ == "__main__":
    main()
