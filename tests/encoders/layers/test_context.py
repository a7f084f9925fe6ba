"""Context evidence equals a slow reference, and a counted window never hears its own echo."""

from __future__ import annotations

from collections import Counter
from itertools import product
from math import log, log1p

import pytest
import torch
from Bio.Seq import reverse_complement
from hypothesis import given, settings
from hypothesis import strategies as st

from genolect.encoders.layers.context import CHANNELS, PRIOR, ContextEvidence

LENGTHS = (1, 2, 4)
LETTERS = "ACGTN."  # the dot stands for [MASK]
COMPLEMENT = dict(zip("ACGT", "TGCA", strict=True))


def words_of(stretches: list[str]) -> Counter[str]:
    """Every word of up to five letters, on both strands."""
    found: Counter[str] = Counter()
    for stretch in stretches:
        for strand in (stretch, reverse_complement(stretch)):
            for size in range(1, max(LENGTHS) + 2):
                found.update(strand[start : start + size] for start in range(len(strand) - size + 1))
    return Counter({word: count for word, count in found.items() if set(word) <= set("ACGT")})


def table(words: Counter[str], k: int) -> torch.Tensor:
    rows = [[words["".join(context) + base] for base in "ACGT"] for context in product("ACGT", repeat=k)]
    return torch.tensor(rows, dtype=torch.int32)


def module(words: Counter[str], *, causal: bool = False) -> ContextEvidence:
    evidence = ContextEvidence(LENGTHS, causal=causal)
    evidence.set_counts({k: table(words, k) for k in range(max(LENGTHS) + 1)})
    return evidence


def ids(*windows: str) -> torch.Tensor:
    return torch.tensor([[LETTERS.index(letter) for letter in window] for window in windows])


def by_hand(words: Counter[str], shown: str, counted: str = "") -> torch.Tensor:
    """The evidence of one window, letter by letter; shape (L, 2, number of lengths, CHANNELS)."""
    own = words_of([counted])
    sums = [1 + sum(words["".join(c) + base] for c in product("ACGT", repeat=LENGTHS[0])) for base in "ACGT"]
    share = {base: count / sum(sums) for base, count in zip("ACGT", sums, strict=True)}
    rows = torch.zeros(len(shown), 2, len(LENGTHS), CHANNELS, dtype=torch.float64)
    for position in range(len(shown)):
        for side, column in product((0, 1), range(len(LENGTHS))):
            k = LENGTHS[column]
            left = shown[position - k : position] if position >= k else ""
            context = reverse_complement(shown[position + 1 : position + 1 + k]) if side else left
            if len(context) < k or not set(context) <= set("ACGT"):
                continue
            partner = {base: COMPLEMENT[base] if side else base for base in "ACGT"}
            counts = {base: words[context + partner[base]] - own[context + partner[base]] for base in "ACGT"}
            total = sum(counts.values())
            rows[position, side, column] = torch.tensor(
                [
                    *(
                        log((counts[b] + PRIOR * share[partner[b]]) / ((total + PRIOR) * share[partner[b]]))
                        for b in "ACGT"
                    ),
                    log1p(total) / 8,
                ],
                dtype=torch.float64,
            )
    return rows


def look_up(evidence: ContextEvidence, shown: str, counted: str = "") -> torch.Tensor:
    found = evidence(ids(shown), ids(counted) if counted else None)[0]
    return found.view(len(shown), 2, len(LENGTHS), CHANNELS)


def hide(window: str, *positions: int) -> str:
    return "".join("." if position in positions else letter for position, letter in enumerate(window))


# A stretch with everything that echoes: repeats of periods 1, 2 and 3, palindromes, an N, and plain sequence.
GENOME = "CATTGACCGATCTTAAAAAAAAAGCGCGCGCGTACGTACGACGACGACGNGAATTCGGCATGCCAATTGGTAACCATGGATCCGTCTGATTACAG"


@settings(deadline=None, max_examples=60)
@given(
    stretches=st.lists(st.text("ACGTN", min_size=1, max_size=60), min_size=1, max_size=3),
    shown=st.text(LETTERS, min_size=1, max_size=23),
)
def test_evidence_equals_the_reference(stretches, shown):
    words = words_of(stretches)
    found = look_up(module(words), shown)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), by_hand(words, shown), atol=1e-5, rtol=1e-5)


@settings(deadline=None, max_examples=60)
@given(start=st.integers(0, len(GENOME) - 1), length=st.integers(1, 31), masks=st.sets(st.integers(0, 30)))
def test_evidence_of_a_counted_window_equals_the_reference(start, length, masks):
    window = GENOME[start : start + length]
    words = words_of([GENOME])
    shown = hide(window, *masks)
    torch.testing.assert_close(
        look_up(module(words), shown, window).double(), by_hand(words, shown, window), atol=1e-5, rtol=1e-5
    )


@settings(deadline=None, max_examples=60)
@given(start=st.integers(0, len(GENOME) - 7), length=st.integers(7, 31), masks=st.sets(st.integers(0, 30), min_size=1))
def test_a_counted_window_looks_as_if_it_had_never_been_counted(start, length, masks):
    """Left out are the words that lie wholly in the window, on both strands; those that cross its edges stay."""
    window = GENOME[start : start + length]
    everything, rest = words_of([GENOME]), words_of([GENOME])
    rest.subtract(words_of([window]))
    assert min(rest.values()) >= 0
    with_window, without = module(everything), module(rest)
    # Base frequencies are a property of the whole genome; they alone are not those of the rest.
    without.counts_1.copy_(with_window.counts_1)
    shown = hide(window, *masks)
    found, expected = look_up(with_window, shown, window), look_up(without, shown)
    torch.testing.assert_close(found[:, :, 1:], expected[:, :, 1:], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("position", range(4, len(GENOME) - 4))
def test_evidence_does_not_know_the_hidden_base(position):
    """Two genomes that differ in one base only look alike around it, once the window is left out."""
    start, end = max(0, position - 12), min(len(GENOME), position + 9)
    views = []
    for base in "ACGT":
        genome = GENOME[:position] + base + GENOME[position + 1 :]
        words = words_of([genome])
        evidence = module(words)
        evidence.counts_1.fill_(3)  # the same base frequencies for all four
        window = genome[start:end]
        views.append(look_up(evidence, hide(window, position - start), window)[:, :, 1:])
    for view in views[1:]:
        torch.testing.assert_close(view, views[0], atol=0, rtol=0)


def test_without_leaving_out_the_hidden_base_would_be_heard():
    words = words_of([GENOME])
    window, position = GENOME[:20], 10
    shown = hide(window, position)
    loud, silent = look_up(module(words), shown)[position], look_up(module(words), shown, window)[position]
    truth = "ACGT".index(window[position])
    assert (loud[:, -1, truth] > silent[:, -1, truth] + 0.1).all()


def test_a_stranger_in_the_context_takes_nothing_away():
    """Where another base is shown than was counted, the context looked up is not the window's own."""
    window, shown = "TTTCAGGATTC", "TTTGAGGATTC"
    evidence = module(words_of([window, "CCGAGGACC", "GAGGATGAGGT"]))
    found, expected = look_up(evidence, shown, window)[7, 0, -1], look_up(evidence, shown)[7, 0, -1]
    assert expected[-1] == pytest.approx(log1p(3) / 8)  # GAGG is followed by A twice, by T once
    assert torch.equal(found, expected)


@settings(deadline=None, max_examples=40)
@given(shown=st.text(LETTERS, min_size=9, max_size=23), data=st.data())
def test_only_the_visible_neighbours_are_read(shown, data):
    evidence = module(words_of([GENOME]))
    position = data.draw(st.integers(0, len(shown) - 1))
    other = "".join(
        letter if 0 < abs(place - position) <= 4 else data.draw(st.sampled_from(LETTERS))
        for place, letter in enumerate(shown)
    )
    torch.testing.assert_close(look_up(evidence, other)[position], look_up(evidence, shown)[position], atol=0, rtol=0)


def test_nothing_behind_a_mask_is_read():
    found = look_up(module(words_of([GENOME])), "ACG.TNCA")
    reach = (found != 0).any(-1).int()  # per position and side: which lengths speak
    assert reach[:, 0].tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 0], [0] * 3, [1, 0, 0], [0] * 3, [1, 0, 0]]
    assert reach[:, 1].tolist() == [[1, 1, 0], [1, 0, 0], [0] * 3, [1, 0, 0], [0] * 3, [1, 1, 0], [1, 0, 0], [0] * 3]


def test_the_other_strand_swaps_the_sides():
    evidence = module(words_of([GENOME]))
    shown = GENOME[20:43]
    here, there = look_up(evidence, shown), look_up(evidence, reverse_complement(shown)).flip(0, 1)
    there = torch.cat([there[..., :4].flip(-1), there[..., 4:]], dim=-1)
    torch.testing.assert_close(there, here, atol=1e-6, rtol=1e-6)


def test_a_window_is_read_alike_alone_and_in_a_batch():
    evidence = module(words_of([GENOME]))
    windows = [GENOME[start : start + 23] for start in (0, 7, 41)]
    shown = [hide(window, 5, 11, 12) for window in windows]
    together = evidence(ids(*shown), ids(*windows))
    assert together.shape == (3, 23, evidence.channels)
    for row, (window, masked) in enumerate(zip(windows, shown, strict=True)):
        assert torch.equal(evidence(ids(masked), ids(window))[0], together[row])


def test_a_module_without_counts_says_nothing_about_bases():
    found = look_up(ContextEvidence(LENGTHS), GENOME[:11], GENOME[:11])
    assert found.abs().max() < 1e-6


def test_counts_are_saved_with_the_network_and_not_trained():
    evidence = module(words_of([GENOME]))
    assert [*evidence.parameters()] == []
    other = ContextEvidence(LENGTHS)
    other.load_state_dict(evidence.state_dict())
    assert torch.equal(other(ids(GENOME)), evidence(ids(GENOME)))
    with pytest.raises(RuntimeError, match=r"size of tensor a \(4\).*\(16\)"):
        evidence.set_counts({k: torch.zeros(16, 4) for k in LENGTHS})


# ---------------------------------------------------------------- one side, for causal encoders


def about_the_next(evidence: ContextEvidence, shown: str, counted: str = "") -> torch.Tensor:
    found = evidence(ids(shown), ids(counted) if counted else None)[0]
    return found.view(len(shown), len(LENGTHS), CHANNELS)


@settings(deadline=None, max_examples=40)
@given(start=st.integers(0, len(GENOME) - 2), length=st.integers(1, 31), masks=st.sets(st.integers(0, 30)))
def test_causal_evidence_is_what_the_left_says_about_the_next_base(start, length, masks):
    """A base more at the end, seen by nobody, makes room for what is said about it."""
    words, window = words_of([GENOME]), GENOME[start : start + length]
    shown = hide(window, *masks)
    for counted in ("", window):
        expected = by_hand(words, shown + "A", counted)[1:, 0]
        found = about_the_next(module(words, causal=True), shown, counted)
        torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=1e-5)


@settings(deadline=None, max_examples=40)
@given(shown=st.text(LETTERS, min_size=2, max_size=23), data=st.data())
def test_causal_evidence_reads_nothing_to_the_right(shown, data):
    place = data.draw(st.integers(1, len(shown) - 1))
    rest = len(shown) - place
    other = shown[:place] + data.draw(st.text(LETTERS, min_size=rest, max_size=rest))
    evidence = module(words_of([GENOME]), causal=True)
    assert torch.equal(about_the_next(evidence, other)[:place], about_the_next(evidence, shown)[:place])


@pytest.mark.parametrize("position", range(4, len(GENOME) - 4, 3))
def test_causal_evidence_of_a_counted_window_does_not_know_what_comes(position):
    """Two genomes that differ in one base only look alike up to it, once all words of the window are left out."""
    start, end = max(0, position - 12), min(len(GENOME), position + 9)
    views = []
    for base in "ACGT":
        genome = GENOME[:position] + base + GENOME[position + 1 :]
        evidence = module(words_of([genome]), causal=True)
        evidence.counts_1.fill_(3)  # the same base frequencies for all four
        window = genome[start:end]
        views.append(about_the_next(evidence, window, window)[: position - start, 1:])
    assert all(torch.equal(view, views[0]) for view in views)


def test_words_to_come_would_be_heard_if_they_were_kept():
    """Leaving out only what was read so far, as a careful reader might, lets the future speak through the counts."""
    window, position = GENOME[:20], 9
    evidence = module(words_of([GENOME]), causal=True)
    careful = about_the_next(evidence, window, window[: position + 1] + "N" * (19 - position))[position, -1]
    silent = about_the_next(evidence, window, window)[position, -1]
    truth = "ACGT".index(window[position + 1])
    assert careful[truth] > silent[truth] + 0.1
