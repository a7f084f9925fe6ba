"""Batches: functions of the step, labels that lie where the classes are, pairs that are pairs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genolect.genome.classes import classify_bases
from genolect.genome.genome import prepare_genome
from genolect.genome.orthologs import OrthologPairSampler, read_ortholog_fasta
from genolect.genome.tracks import SiteValues, TrackShape
from genolect.genome.windows import WindowSampler
from genolect.models.inference import WindowTokens
from genolect.objectives.supervised import NO_CLASS
from genolect.pretraining.batches import GenomeBatches
from genolect.pretraining.kinds.labels import LabelledBatches
from genolect.pretraining.kinds.species import OrthologBatches
from genolect.pretraining.kinds.tracks import TrackBatches
from genolect.sequence.interval import Interval
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from tests.toys import CPU

B, W = 41, 30
DEVICE = CPU.device


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("genome")
    letters = np.random.default_rng(5).choice(list("ACGT"), (2, 3_000))
    records = "".join(f">{name}\n{''.join(row)}\n" for name, row in zip(("one", "two"), letters, strict=True))
    (folder / "genome.fa").write_text(records)
    return prepare_genome([folder / "genome.fa"], folder / "prepared")


def batches(genome, tokenizer=None, *, seed: int = 3, placed: bool = False, classes: bool = True) -> GenomeBatches:
    regions = [Interval("one", 0, 3_000), Interval("two", 0, 3_000)]
    windows = WindowSampler(genome, regions, length=W, seed=seed, purpose="training")
    kinds = classify_bases(genome, {"gene": [Interval("one", 500, 2_000)]}) if classes else None
    return GenomeBatches(windows, WindowTokens(tokenizer or NucleotideTokenizer()), B, classes=kinds, placed=placed)


def test_a_step_gives_the_same_batch_however_often_and_by_whom_it_is_asked(genome):
    one, other = batches(genome), batches(genome)
    first = one.draw(5, DEVICE)
    assert one.draw(5, DEVICE) is first
    one.draw(6, DEVICE)
    again = one.draw(5, DEVICE)
    assert torch.equal(again.bases, first.bases)
    assert torch.equal(other.draw(5, DEVICE).ids, first.ids)
    assert not torch.equal(batches(genome, seed=4).draw(5, DEVICE).ids, first.ids)


def test_windows_come_with_classes_and_places_where_these_are_asked_for(genome):
    made = batches(genome, placed=True)
    batch = made.draw(2, DEVICE)
    inside = 0
    for row, place in enumerate(made.windows.places(2, B)):
        assert batch.places[row].tolist() == [place.start, ["one", "two"].index(place.name)]
        expected = [int(place.name == "one" and 500 <= base < 2_000) for base in range(place.start, place.end)]
        assert batch.classes[row].tolist() == (expected[::-1] if place.strand == "-" else expected)
        inside += sum(expected)
    assert 0 < inside < B * W
    plain = batches(genome, classes=False).draw(2, DEVICE)
    assert plain.classes is None
    assert plain.places is None
    assert torch.equal(plain.ids, batch.ids)


@pytest.mark.parametrize("of", ["window", "token"])
def test_labels_are_the_classes_of_centres(genome, of):
    made = batches(genome, KmerTokenizer(3, 2))
    labelled = LabelledBatches(made, of, 1.0, ()).draw(2, DEVICE)
    classes = made.draw(2, DEVICE).classes.long()
    assert labelled.ids is made.draw(2, DEVICE).ids  # So one pass of the encoder serves this part and the others.
    if of == "window":
        assert torch.equal(labelled.labels, classes[:, W // 2])
    else:
        assert torch.equal(labelled.labels, classes[:, 1::2][:, : labelled.ids.shape[1]])


def test_counts_lie_where_the_track_is_in_reading_order(genome):
    made = batches(genome)
    site = made.windows.places(2, B)[0]
    middle = (site.start + site.end) // 2
    shape = TrackShape(W, 5, 1)
    tracks = TrackBatches(made, [SiteValues([(Interval(site.name, middle, middle + 1, site.strand), 4.0)])], shape)
    batch = tracks.draw(2, DEVICE)
    assert batch.ids is made.draw(2, DEVICE).ids  # So one pass of the encoder serves several tracks.
    assert batch.counts.shape == (B, 4, 1)
    np.testing.assert_array_equal(batch.counts.numpy(), tracks.counts(2))
    place = middle - site.start if site.strand == "+" else site.end - 1 - middle
    assert batch.counts[0, place // 5 - 1, 0] == 4


def test_labels_are_shown_for_their_share_and_records(genome):
    made = batches(genome)
    some, ones = LabelledBatches(made, "window", 0.25, ()), LabelledBatches(made, "window", 1.0, ("two",))
    shown = [(some.draw(step, DEVICE).labels != NO_CLASS).float().mean().item() for step in range(60)]
    assert np.mean(shown) == pytest.approx(0.25, abs=0.04)
    for step in range(5):
        names = [place.name for place in made.windows.places(step, B)]
        assert (ones.draw(step, DEVICE).labels != NO_CLASS).tolist() == [name == "two" for name in names]
        assert torch.equal(some.draw(step, DEVICE).labels, some.draw(step, DEVICE).labels)


def test_partners_follow_the_first_members(tmp_path):
    genes = {"a": "ACGT", "b": "GGCA", "c": "TTAC"}
    rows = [
        f">{gene}|{species}\n{(letters * 9)[: 30 + species]}\n" for gene, letters in genes.items() for species in (1, 2)
    ]
    (tmp_path / "genes.fa").write_text("".join(rows))
    table = read_ortholog_fasta(tmp_path / "genes.fa")
    source = OrthologBatches(OrthologPairSampler(table, pairs=3, bases=20, seed=1), WindowTokens(NucleotideTokenizer()))
    batch = source.draw(4, DEVICE)
    assert batch.ids.shape == (6, 20)
    for row in range(3):
        assert set(map(tuple, batch.ids[row].view(5, 4).tolist())) == set(
            map(tuple, batch.ids[row + 3].view(5, 4).tolist())
        )
    assert torch.equal(source.draw(4, DEVICE).ids, batch.ids)
    assert not torch.equal(source.draw(5, DEVICE).ids, batch.ids)
