"""Finding partners: the bar equals a search of its own, embeddings are read as they are, genes count alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genolect.errors import InputError
from genolect.genome.orthologs import Orthologs
from genolect.genome.windows import tile_windows
from genolect.models import inference
from genolect.models.inference import WindowTokens
from genolect.objectives.contrastive import ContrastiveConfig, reverse_complemented
from genolect.pretraining.kinds import contrastive, species
from genolect.pretraining.kinds import exam as exams
from genolect.pretraining.kinds.contrastive import set_view_exam
from genolect.pretraining.kinds.kind import HeldOutTask
from genolect.pretraining.kinds.retrieval import RetrievalExam, retrieve
from genolect.pretraining.kinds.species import set_ortholog_exam
from genolect.sequence.interval import Interval
from tests.pretraining.exam_toys import CPU, TOKENIZERS, Told, opinionated, toy_genome
from tests.pretraining.kinds.test_retrieval import kmer_vectors

WINDOW = 60
REGION = Interval("one", 0, 2_400)
SAME = ContrastiveConfig(reverse_complement=0.0, mutation_rate=1e-9)


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    return toy_genome(tmp_path_factory.mktemp("genome"))


def views(genome, config: ContrastiveConfig = SAME, name: str = "nucleotide", *, most: int = 999) -> RetrievalExam:
    tokens = WindowTokens(TOKENIZERS[name])
    return set_view_exam(genome, [REGION], tokens, config, head="views", window=WINDOW, most=most, seed=4)


def genes(number: int = 13, species: int = 3, *, length: int = 70, mutated: float = 0.3) -> Orthologs:
    """Genes of random bases, changed at random in each species; the last species lacks the last two."""
    generator = np.random.default_rng(9)
    ancestors = generator.integers(4, size=(number, length), dtype=np.uint8)
    rows = [(gene, kind) for gene in range(number) for kind in range(species) if kind < 2 or gene < number - 2]
    sequences = []
    for gene, kind in rows:
        changed = generator.random(length) < mutated
        sequence = np.where(changed, generator.integers(4, size=length), ancestors[gene]).astype(np.uint8)
        sequences.append(sequence[: length - 2 * kind])
    names = tuple(f"gene{number:02}" for number in range(number)), tuple("ABC"[:species])
    return Orthologs(*names, *np.array(rows, dtype=np.int64).T, tuple(sequences))


@pytest.mark.parametrize("name", TOKENIZERS)
def test_equal_views_are_found_by_everyone(genome, name):
    result = views(genome, name=name).result(opinionated(TOKENIZERS[name]), CPU, seed=1)
    assert (result.model.value, result.bar.value, result.difference.value) == (1, 1, 0)
    assert result.extra["mean_rank"] == result.extra["mean_rank_of_bar"] == 1
    assert result.extra["recall_of_encoder_states"] == result.extra["mean_rank_of_encoder_states"] == 1
    assert result.unit_count == 2 * result.extra["candidates"] == 2 * 38  # Two windows are N.
    assert "level" in result.verdict()
    assert (result.measure, result.counted, result.lower_is_better) == ("recall at 1", "questions", False)


def test_views_differ_as_configured(genome):
    config = ContrastiveConfig(reverse_complement=1.0, mutation_rate=1e-9)
    pool = views(genome, config).pool
    first, second = (torch.from_numpy(half) for half in np.split(pool.bases, 2))
    assert torch.equal(reverse_complemented(1.0)(first, 0), second)
    shorter = views(genome, ContrastiveConfig(crop=11, shift=5)).pool.bases
    assert shorter.shape == (76, 11)
    again, other = (views(genome, ContrastiveConfig(mutation_rate=0.3)).pool.bases for _ in range(2))
    assert (again == other).all()


def test_the_bar_is_blind_to_the_strand_and_the_best_of_its_lengths(genome):
    exam = views(genome, ContrastiveConfig(reverse_complement=1.0, mutation_rate=1e-9))
    assert exam.bar == 1
    hard = views(genome, ContrastiveConfig(mutation_rate=0.3))
    partners, group = np.tile(np.arange(38), 2), np.repeat([0, 1], 38)
    trials = {
        k: retrieve(kmer_vectors(list(hard.pool.bases), k), partners, group).means["recall_at_1"].mean()
        for k in (3, 4, 5, 6)
    }
    assert len(set(trials.values())) > 1
    assert hard.bar == pytest.approx(max(trials.values()))
    assert trials[hard.word_length] == max(trials.values())
    worst = min(trials, key=lambda k: trials[k])
    other = hard.with_word_length(worst)
    assert other.bar == pytest.approx(trials[worst])
    assert other.bar_name == f"k-mer cosine (k = {worst})"
    assert other.bar < hard.bar


def test_embeddings_are_what_the_head_says(genome):
    """Rows turn up in the order of the windows; partners that look the same are found, strangers that do are not."""
    exam = views(genome)
    own = torch.eye(38).repeat(2, 1)
    assert exam.score(Told(own), CPU) == 1
    turned = torch.cat([torch.eye(38), torch.eye(38).roll(1, 0)])
    assert exam.score(Told(turned), CPU) == 0
    assert exam.score(Told(torch.ones(76, 5)), CPU) == 0  # All tie.
    some = torch.cat([torch.eye(38), torch.eye(38)[[1, 0, *range(2, 38)]]])
    assert exam.score(Told(some), CPU) == pytest.approx(36 / 38)


def test_states_are_means_of_the_first_and_the_last_layer(genome):
    exam, model = views(genome), opinionated()
    ids = torch.from_numpy(exam.pool.bases & 7).long()
    with torch.no_grad():
        states = model.encoder.states(ids)
    expected = torch.cat([states[0].mean(1), states[-1].mean(1)], dim=1)
    np.testing.assert_allclose(exam._states(model, CPU), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["nucleotide", "byte-pair"])
def test_the_size_of_a_batch_changes_nothing(genome, name, monkeypatch):
    exam, model = views(genome, ContrastiveConfig(mutation_rate=0.2), name), opinionated(TOKENIZERS[name])
    before = exam.result(model, CPU, seed=1)
    assert 0 < before.model.value < 1
    monkeypatch.setattr(inference, "TOKENS_PER_BATCH", 1)
    assert exam.result(model, CPU, seed=1).model == before.model


def test_windows_without_bases_are_left_out(genome):
    assert len(views(genome).counts) == 38
    assert views(genome).blocks.tolist() == [number for number in range(40) if number not in (5, 6)]
    tokens = WindowTokens(TOKENIZERS["nucleotide"])
    with pytest.raises(InputError, match=r"0 of 15 held-out windows of 60 bases hold enough bases to be told apart"):
        set_view_exam(genome, [Interval("two", 0, 900)], tokens, SAME, head="views", window=WINDOW, most=99, seed=4)


def test_no_more_windows_are_taken_than_can_be_compared(genome, monkeypatch):
    monkeypatch.setattr(contrastive, "MOST_WINDOWS", 20)
    assert 15 <= len(views(genome).counts) <= 20
    windows = tile_windows(genome, [REGION], length=WINDOW, most=20)[0]
    assert (views(genome).pool.bases[0] == windows[0]).all()


# ---------------------------------------------------------------- orthologues


def orthologues(table: Orthologs, window: int = WINDOW) -> HeldOutTask:
    return set_ortholog_exam(table, WindowTokens(TOKENIZERS["5-mers side by side"]), head="views", window=window)


def test_orthologues_are_found_and_genes_count_alike():
    table, model = genes(), opinionated(TOKENIZERS["5-mers side by side"])
    exam = orthologues(table)
    middle = [sequence[(len(sequence) - WINDOW) // 2 :][:WINDOW] for sequence in table.sequences]
    assert (exam.pool.bases == np.stack(middle)).all()
    result = exam.result(model, CPU, seed=1)
    assert result.unit_count == 11 * 6 + 2 * 2
    found = retrieve(kmer_vectors(middle, exam.word_length), table.gene, table.of_species)
    bar = found.estimates(found.resamples(seed=1))["recall_at_1"]
    assert (result.bar.value, result.bar.low, result.bar.high) == pytest.approx((bar.value, bar.low, bar.high))
    assert 0 < result.bar.value < 1
    with torch.no_grad():
        answers = model(WindowTokens(model.tokenizer).ids(torch.from_numpy(np.stack(middle))), None, head="views")
    own = retrieve(answers.numpy(), table.gene, table.of_species)
    difference = own.compared_with(found, found.resamples(seed=1))["recall_at_1"]
    assert result.difference.value == pytest.approx(difference.value)
    assert (result.difference.low, result.difference.high) == pytest.approx((difference.low, difference.high))
    assert result.extra["mean_rank"] == pytest.approx(own.means["mean_rank"].mean())
    assert result.extra["mean_rank_of_bar"] == pytest.approx(found.means["mean_rank"].mean())


def test_a_model_that_knows_the_genes_beats_the_bar():
    table = genes(mutated=0.6)
    exam = orthologues(table)
    knowing = Told(torch.eye(13)[torch.from_numpy(table.gene)])
    assert exam.score(knowing, CPU) == 1 > exam.bar
    assert exam.score(Told(torch.eye(13)[torch.from_numpy((table.gene + table.of_species) % 13)]), CPU) == 0


def test_many_genes_are_thinned_evenly(monkeypatch):
    monkeypatch.setattr(species, "MOST_WINDOWS", 4)
    assert len(orthologues(genes()).counts) == 4


@pytest.mark.parametrize(
    ("table", "window", "said"),
    [
        (genes(), 67, r"'gene00 of C' has 66 bases, fewer than a window of 67"),
        (genes().only(["gene03"]), WINDOW, r"there is no other gene to tell 'gene03' from"),
    ],
)
def test_genes_that_cannot_be_asked_for_are_refused(table, window, said):
    with pytest.raises(InputError, match=said):
        orthologues(table, window)


def test_words_of_many_lengths_are_cut_in_parts(genome, monkeypatch):
    monkeypatch.setattr(exams, "WINDOWS_AT_ONCE", 5)
    assert views(genome, name="byte-pair").score(opinionated(TOKENIZERS["byte-pair"]), CPU) > 0
