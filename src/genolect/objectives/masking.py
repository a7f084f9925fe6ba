"""Which bases are hidden, replaced or kept: a pure function of the bases and a key, the same on every device.

A window is cut into blocks of one or more bases, and each block has one draw u, uniform on [0, 1). A base is selected
where u lies below the rate of its class, and the same u says what becomes of it. So a base is selected with exactly the
rate of its class, wherever it stands and however long the blocks are; hidden stretches are joined blocks, m / (1 - r)
bases long on average for blocks of mean length m. Rates are multiples of 2^-32.

Where words do not overlap, a block never ends inside a word: then hiding each word that touches a hidden base hides no
base more, and the share of hidden bases is the rate for every tokenizer. An N is never selected.

Legend: B windows, W bases per window, C classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from numba import njit
from torch import Tensor

from genolect.arrays import BASES
from genolect.objectives.token_layout import BASE_BITS
from genolect.random import KEY_STEP, LOW, MULTIPLIER, ROUNDS, derived_key, key_words, random_words

Codes = npt.NDArray[np.uint8]
Keys = tuple[int, int, int, int]
Blocks = tuple[int, int]

UNSELECTED, HIDDEN, REPLACED, KEPT = range(4)
"""Fates of a base: not selected; hidden; shown as a random base; selected, but shown as it is."""

_HALF = np.uint64(32)


@njit(cache=True, nogil=True)
def write_fates(
    bases: Codes,
    classes: Codes,
    firsts: npt.NDArray[np.int64],
    chances: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    draws: tuple[Keys, Blocks],
    out: npt.NDArray[Any],
) -> None:
    """Write the fate of each base, and the base that is shown.

    Parameters
    ----------
    bases : ndarray of uint8, shape (B, W)
        Base codes.
    classes : ndarray of uint8, shape (B, W) or (1, 1)
        Class of each base; (1, 1) where all are of class 0.
    firsts : ndarray of int64, shape (B, W), (1, W) or (1, 0)
        First base of the word that each base belongs to, where words are hidden whole; (1, 0) where they are not.
    chances : tuple of ndarray of int64
        Shape (C, 3): a base is selected where its draw lies below the third number, hidden below the first, replaced
        below the second. Shape (3,): a random base is A, C, G where its draw lies below them, else T.
    draws : tuple
        The key (low and high 32 bits) of the fates and that of the blocks; and the blocks: a base begins a block where
        its draw lies below the first number, or, if that is -1, every so many bases as the second says.
    out : ndarray of uint8, shape (2, B, W)
        Written in place: fates, and bases.

    Examples
    --------
    >>> bases, out = np.array([[0, 1, 4, 11]], dtype=np.uint8), np.empty((2, 1, 4), dtype=np.uint8)
    >>> all_hidden = np.full((1, 3), 2**32), np.array([2**30, 2**31, 3 * 2**30])
    >>> none = np.zeros((1, 1), dtype=np.uint8), np.zeros((1, 0), dtype=np.int64)
    >>> write_fates(bases, *none, all_hidden, ((1, 2, 3, 4), (2**32, 1)), out)
    >>> out.tolist()
    [[[1, 1, 0, 1]], [[4, 4, 4, 4]]]
    """
    limits, ends = chances
    (low, high, block_low, block_high), (block_limit, period) = draws
    whole = firsts.shape[1] > 0
    plain = not whole and block_limit > 0xFFFFFFFF
    for row in range(bases.shape[0]):
        start = row * bases.shape[1]
        words = firsts[min(row, firsts.shape[0] - 1)]
        phase = np.int64(0)
        if block_limit < 0:
            phase = np.int64((random_words(row, block_low, block_high)[0] * np.uint64(period)) >> _HALF)
        block = own = 0
        left, right = random_words(start, low, high)
        for place in range(bases.shape[1]):
            if plain:
                left, right = random_words(start + place, low, high)
                own = place
            else:
                if block_limit < 0:
                    begins = bool((place + phase) % period == 0)
                else:
                    begins = bool(np.int64(random_words(start + place, block_low, block_high)[0]) < block_limit)
                if begins:
                    block = place
                if (not whole or words[place] == place) and own != block:
                    own = block
                    left, right = random_words(start + own, low, high)
            base = bases[row, place] & 7
            kind = classes[row, place] if classes.shape[1] > 1 else 0
            draw = np.int64(left)
            fate = UNSELECTED
            if base < 4 and draw < limits[kind, 2]:
                fate = HIDDEN if draw < limits[kind, 0] else (REPLACED if draw < limits[kind, 1] else KEPT)
            if fate == HIDDEN:
                base = 4
            elif fate == REPLACED:
                stranger = right if own == place else random_words(start + place, low, high)[1]
                other = np.int64(stranger)
                base = (other >= ends[0]) + (other >= ends[1]) + (other >= ends[2])
            out[0, row, place] = fate
            out[1, row, place] = base


Ids = npt.NDArray[np.int64]

_HALF_WORD = np.uint64(32)


@njit(cache=True, nogil=True)
def replace_selected(
    ids: Ids, words: tuple[int, int], limits: tuple[int, int, int], choice: tuple[int, int, int, int], out: Ids
) -> None:
    """Write what is shown, and what was true where a token was selected.

    Parameters
    ----------
    ids : ndarray of int64, shape (number of tokens,)
        True tokens.
    words : tuple of int
        Low and high 32 bits of the key.
    limits : tuple of int
        A token is selected where its first word of 32 bits lies below the third limit; below the first it is hidden,
        below the second replaced by a random one.
    choice : tuple of int
        First id that can be selected, how many of them there are, the id that hides, the id that means "not selected".
    out : ndarray of int64, shape (2, number of tokens)
        Written in place: what is shown, and the truth.

    Examples
    --------
    >>> ids, out = np.array([0, 1, 2, 3, 4]), np.empty((2, 5), dtype=np.int64)
    >>> replace_selected(ids, (1, 2), (2**32, 2**32, 2**32), (0, 4, 5, -100), out)
    >>> out.tolist()
    [[5, 5, 5, 5, 4], [0, 1, 2, 3, -100]]
    """
    first, many, hiding, unselected = choice
    hidden, replaced, selected = np.uint64(limits[0]), np.uint64(limits[1]), np.uint64(limits[2])
    low, high = words
    shown, truth = out[0], out[1]
    for place in range(len(ids)):
        left, right = random_words(place, low, high)
        token = ids[place]
        stranger = first + np.int64((right * np.uint64(many)) >> _HALF_WORD)
        appearance = hiding if left < hidden else (stranger if left < replaced else token)
        chosen = (left < selected) & (token >= first) & (token < first + many)
        shown[place] = appearance if chosen else token
        truth[place] = token if chosen else unselected


RESOLUTION = 2**32
MOST_TOKENS = 2**32
HOST = "cpu"
"""The device whose tokens `selection_kernel` reads."""


def select_tokens(
    ids: Tensor, key: int, shares: tuple[float, float, float], targets: range, *, mask_id: int, unselected: int
) -> tuple[Tensor, Tensor]:
    """Hide, replace or keep some tokens, and say which.

    Parameters
    ----------
    ids : Tensor of int64
        True tokens, of any shape.
    key : int
        Every draw is a function of it, not negative, below 2^64.
    shares : tuple of float
        Probability that a token is hidden; that it is hidden or replaced by a random one of the targets (itself
        included); that it is selected at all. Ascending, at most 1.
    targets : range
        Ids that can be selected, one after the other.
    mask_id : int
        What is shown for a hidden token.
    unselected : int
        What stands for the truth where no token was selected.

    Returns
    -------
    shown : Tensor of int64, the shape of `ids`
        What the encoder sees, on the device of `ids`.
    truth : Tensor of int64, the shape of `ids`
        The true token where one was selected, `unselected` elsewhere.

    Raises
    ------
    ValueError
        If there are 2^32 tokens or more, or the targets are not side by side.

    Examples
    --------
    >>> ids = torch.arange(6)
    >>> shown, truth = select_tokens(ids, 7, (1.0, 1.0, 1.0), range(1, 4), mask_id=9, unselected=-100)
    >>> shown.tolist(), truth.tolist()
    ([0, 9, 9, 9, 4, 5], [-100, 1, 2, 3, -100, -100])
    """
    if ids.numel() >= MOST_TOKENS or targets.step != 1:
        raise ValueError(f"{ids.numel()} tokens and targets {targets} need fewer than 2^32 tokens and a step of 1")
    words = key_words(key)
    hidden, replaced, selected = shares
    limits = (round(hidden * RESOLUTION), round(replaced * RESOLUTION), round(selected * RESOLUTION))
    choice = (targets.start, len(targets), mask_id, unselected)
    if ids.device.type == HOST:
        out = torch.empty((2, *ids.shape), dtype=torch.int64)
        replace_selected(ids.contiguous().view(-1).numpy(), words, limits, choice, out.view(2, -1).numpy())
        return out[0], out[1]
    return _select_anywhere(ids, words, limits, choice)


def _select_anywhere(
    ids: Tensor, words: tuple[int, int], limits: tuple[int, int, int], choice: tuple[int, int, int, int]
) -> tuple[Tensor, Tensor]:
    """Do what `replace_selected` does with operations that every device has, to the last bit."""
    first, many, hiding, unselected = choice
    left, right = counter_words(torch.arange(ids.numel(), device=ids.device).view(ids.shape), *words)
    hidden, replaced, selected = limits
    stranger = first + (right * many >> 32)
    appearance = torch.where(left < hidden, hiding, torch.where(left < replaced, stranger, ids))
    chosen = (left < selected) & (ids >= first) & (ids < first + many)
    return torch.where(chosen, appearance, ids), torch.where(chosen, ids, unselected)


def places_of(flags: Tensor) -> Tensor:
    """Give the places that are set, in reading order; on the processor numpy finds them four times faster than torch.

    Parameters
    ----------
    flags : Tensor of bool
        Of any shape.

    Returns
    -------
    Tensor of int64, shape (number of them,)
        Places in the flattened tensor.

    Examples
    --------
    >>> places_of(torch.tensor([[False, True], [True, False]])).tolist()
    [1, 2]
    """
    if flags.device.type == HOST:
        return torch.from_numpy(np.flatnonzero(flags.numpy()))
    return flags.flatten().nonzero().flatten()


def counter_words(left: Tensor, low: int, high: int) -> tuple[Tensor, Tensor]:
    """Do what `random.random_words` does, on any device: in int64 a product wraps, and the mask mends its upper half.

    Parameters
    ----------
    left : Tensor of int64
        Places, below 2^32, of any shape.
    low, high : int
        Words of a key (`random.key_words`).

    Returns
    -------
    left, right : Tensor of int64, the shape of the places
        Two random words per place, each below 2^32.

    Examples
    --------
    >>> from genolect.random import random_words
    >>> [int(word) for word in counter_words(torch.tensor([5]), 1, 2)] == [int(word) for word in random_words(5, 1, 2)]
    True
    """
    right = torch.full_like(left, high)
    for number in range(ROUNDS):
        product = left * MULTIPLIER
        left = ((product >> 32) & LOW) ^ ((low + number * KEY_STEP) & LOW) ^ right
        right = product & LOW
    return left, right


@dataclass(frozen=True)
class Hiding:
    """How bases are drawn.

    Attributes
    ----------
    shares : tuple of (float, float, float), one per class
        Probability that a base of the class is hidden; that it is hidden or replaced; that it is selected. Ascending.
    span : float
        Mean number of bases per block, at least 1.
    shape : {'geometric', 'fixed'}
        Whether the lengths of blocks are geometric, or all the same (a whole number, the first one cut at random).
    frequencies : tuple of 4 floats
        Of A C G T among the bases shown for replaced ones.
    """

    shares: tuple[tuple[float, float, float], ...]
    span: float = 1.0
    shape: Literal["geometric", "fixed"] = "geometric"
    frequencies: tuple[float, ...] = (0.25, 0.25, 0.25, 0.25)

    @property
    def limits(self) -> list[list[int]]:
        """The shares as draws of 32 bits."""
        return [[round(share * RESOLUTION) for share in shares] for shares in self.shares]

    @property
    def ends(self) -> list[int]:
        """Where the draws for A, C and G end."""
        return cumulative_limits(self.frequencies)[:-1]

    @property
    def blocks(self) -> tuple[int, int]:
        """Below which draw a block begins (-1: never by a draw), and every how many bases one does otherwise."""
        fixed = self.shape == "fixed" and self.span > 1
        return (-1, round(self.span)) if fixed else (round(RESOLUTION / self.span), 1)


def cumulative_limits(frequencies: Sequence[float]) -> list[int]:
    """Cut the draws of 32 bits into one stretch per word, as long as the word is frequent.

    Parameters
    ----------
    frequencies : sequence of float
        Of the words, up to a common factor.

    Returns
    -------
    list of int
        Where each word's stretch ends; the last ends at 2^32.

    Examples
    --------
    >>> [end / 2**32 for end in cumulative_limits([3, 1, 4])]
    [0.375, 0.5, 1.0]
    """
    total = sum(frequencies)
    return [round(part / total * RESOLUTION) for part in accumulate(frequencies)]


def draw_fates(
    bases: Tensor, key: int, hiding: Hiding, *, classes: Tensor | None = None, firsts: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Draw what becomes of each base.

    Parameters
    ----------
    bases : Tensor of uint8, shape (B, W)
        Base codes.
    key : int
        Every draw is a function of it, not negative, below 2^64.
    hiding : Hiding
        Rates.
    classes : Tensor of uint8, shape (B, W), optional
        Class of each base, below C.
    firsts : Tensor of int64, shape (W,) or (B, W), optional
        First base of the word that each base belongs to: words are hidden whole.

    Returns
    -------
    fates : Tensor of uint8, shape (B, W)
        `UNSELECTED`, `HIDDEN`, `REPLACED` or `KEPT`.
    shown : Tensor of uint8, shape (B, W)
        The bases with random ones for those replaced and N for those hidden, so that nothing made of them can tell.

    Raises
    ------
    ValueError
        If there are 2^32 bases or more.

    Examples
    --------
    >>> bases = torch.tensor([[0, 1, 2, 3, 4]], dtype=torch.uint8)
    >>> draw_fates(bases, 7, Hiding(shares=((0.0, 0.0, 1.0),)))[0].tolist()
    [[3, 3, 3, 3, 0]]
    """
    if bases.numel() >= MOST_TOKENS:
        raise ValueError(f"{bases.numel()} bases are too many at once: fewer than 2^32 are needed")
    keys = (*key_words(key), *key_words(derived_key(key, "blocks")))
    if bases.device.type != HOST:
        return _draw_anywhere(bases, keys, hiding, classes, firsts)
    out = torch.empty((2, *bases.shape), dtype=torch.uint8)
    kinds = np.zeros((1, 1), dtype=np.uint8) if classes is None else classes.contiguous().numpy()
    starts = np.zeros((1, 0), dtype=np.int64) if firsts is None else np.atleast_2d(firsts.contiguous().numpy())
    chances = np.array(hiding.limits, dtype=np.int64), np.array(hiding.ends, dtype=np.int64)
    write_fates(bases.contiguous().numpy(), kinds, starts, chances, (keys, hiding.blocks), out.numpy())
    return out[0], out[1]


def _draw_anywhere(
    bases: Tensor, keys: tuple[int, int, int, int], hiding: Hiding, classes: Tensor | None, firsts: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Do what `write_fates` does with operations that every device has, to the last bit."""
    B, W = bases.shape
    places = torch.arange(B * W, device=bases.device).view(B, W)
    left, right = counter_words(places, keys[0], keys[1])
    blocks = _blocks(places, keys[2:], hiding.blocks)
    if firsts is not None:
        blocks = blocks.gather(1, firsts.expand(B, W))
    left = left.gather(1, blocks)
    limits = torch.tensor(hiding.limits, device=bases.device)
    kinds = torch.zeros_like(bases, dtype=torch.int64) if classes is None else classes.long()
    hidden, replaced, selected = (left < limits[:, number][kinds] for number in range(3))
    codes = bases & BASE_BITS
    known = codes < BASES
    fates = torch.where(hidden, HIDDEN, torch.where(replaced, REPLACED, torch.where(selected, KEPT, UNSELECTED)))
    fates = torch.where(known & selected, fates, UNSELECTED).to(torch.uint8)
    ends = torch.tensor(hiding.ends, device=bases.device)
    strangers = (right[..., None] >= ends).sum(-1).to(torch.uint8)
    unknown = torch.full_like(codes, BASES)
    shown = torch.where(fates == HIDDEN, unknown, torch.where(fates == REPLACED, strangers, codes))
    return fates, shown


def _blocks(places: Tensor, key: tuple[int, ...], blocks: tuple[int, int]) -> Tensor:
    """Give the first base of the block of each base."""
    limit, period = blocks
    B, W = places.shape
    columns = torch.arange(W, device=places.device)
    if limit < 0:
        phases = counter_words(torch.arange(B, device=places.device), *key)[0] * period >> 32
        begins = (columns + phases[:, None]) % period == 0
    elif limit >= RESOLUTION:
        return columns.expand(B, W)
    else:
        begins = counter_words(places, *key)[0] < limit
    return torch.where(begins, columns, 0).cummax(1).values


DNABERT_NEIGHBOURS = {3: (-1, 0, 1), 4: (-1, 0, 1, 2), 5: (-2, -1, 0, 1, 2), 6: (-2, -1, 0, 1, 2, 3)}
"""Words that are masked with a centre, by k, from the left."""

GROVER_RATE = 0.022
GROVER_HIDDEN, GROVER_RANDOM = 0.8, 0.2

Shares = tuple[float, float]


def dnabert_tokens(
    ids: Tensor, key: int, rate: float, shares: Shares, *, k: int, targets: range, mask_id: int
) -> tuple[Tensor, Tensor]:
    """Mask runs of overlapping words as DNABERT did; what becomes of each word of a run is drawn for it alone.

    Random words are drawn from the targets; DNABERT's code drew them from all tokens, five special ones among them.

    Parameters
    ----------
    ids : Tensor of int64, shape (B, L)
        True tokens, one for every base but the last k - 1.
    key : int
        Every draw is a function of it.
    rate : float
        0.15 in its first 100,000 steps, then 0.2; runs overlap, so that slightly fewer tokens are selected.
    shares : tuple of float
        Share of the selected tokens that is hidden, and that is random; 0.8 and 0.1.
    k : int
        3 to 6.
    targets : range
        Ids that can be selected.
    mask_id : int
        What hides.

    Returns
    -------
    shown : Tensor of int64, shape (B, L)
        What the encoder sees.
    selected : Tensor of bool, shape (B, L)
        The tokens to predict.

    Examples
    --------
    >>> ids = torch.arange(9).view(1, 9)
    >>> shown, selected = dnabert_tokens(ids, 2, 0.3, (1.0, 0.0), k=3, targets=range(64), mask_id=65)
    >>> shown.tolist()
    [[65, 65, 2, 3, 4, 65, 65, 65, 65]]
    """
    centre = rate / k
    drawn = select_tokens(
        ids, derived_key(key, "centres"), (centre, centre, centre), targets, mask_id=mask_id, unselected=-1
    )
    centres = drawn[1] >= 0
    chosen = torch.zeros_like(centres)
    L = ids.shape[1]
    for step in DNABERT_NEIGHBOURS[k]:
        chosen[:, max(step, 0) : L + min(step, 0)] |= centres[:, max(-step, 0) : L - max(step, 0)]
    hidden, random = shares
    offered = torch.where(chosen, ids, -1)
    shown, truth = select_tokens(offered, key, (hidden, hidden + random, 1.0), targets, mask_id=mask_id, unselected=-1)
    selected = truth >= 0
    return torch.where(selected, shown, ids), selected


LETTERS = "ACGT"
LONGEST = 31


def word_codes(words: Iterable[str]) -> Tensor:
    """Write words of equal length as numbers with two bits per base, the leftmost most significant.

    Parameters
    ----------
    words : iterable of str
        Words of A C G T, at most 31 bases.

    Returns
    -------
    Tensor of int64, shape (V,)
        The numbers.

    Raises
    ------
    ValueError
        If words differ in length, are too long, or hold another letter.

    Examples
    --------
    >>> word_codes(["AA", "AT", "GC"]).tolist()
    [0, 3, 9]
    """
    words = list(words)
    if len({len(word) for word in words}) != 1 or len(words[0]) > LONGEST:
        raise ValueError(f"words need one length of at most {LONGEST} bases")
    digits = torch.tensor([[LETTERS.index(letter) for letter in word] for word in words])
    return (digits << 2 * torch.arange(digits.shape[1] - 1, -1, -1)).sum(1)


def hidden_word_nats(logits: Tensor, truth: Tensor, given: Tensor, codes: Tensor) -> Tensor:
    r"""Give the negative log-likelihood of a word's hidden bases, given those of its bases that are known.

    The prediction is renormalised over the words that agree with the known bases:

    .. math:: -\ln \frac{p(y)}{\sum_{w: w = y \text{ at the known bases}} p(w)}

    Parameters
    ----------
    logits : Tensor, shape (S, V)
        Predictions.
    truth : Tensor of int64, shape (S,)
        The true words, 0 to V - 1.
    given : Tensor of int64, shape (S,)
        The two bits of every known base set, as in `word_codes`.
    codes : Tensor of int64, shape (V,)
        The words.

    Returns
    -------
    Tensor, shape (S,)
        In nats.

    Examples
    --------
    >>> codes = word_codes(first + second for first in "ACGT" for second in "ACGT")
    >>> nats = hidden_word_nats(torch.zeros(3, 16), torch.tensor([0, 5, 7]), torch.tensor([0, 12, 15]), codes)
    >>> (nats / torch.tensor(2.0).log()).tolist()  # both bases unknown, the second unknown, none unknown
    [4.0, 2.0, 0.0]
    """
    agrees = ((codes[None] ^ codes[truth][:, None]) & given[:, None]) == 0
    known = logits.masked_fill(~agrees, -torch.inf).logsumexp(1)
    return known - logits.gather(1, truth[:, None])[:, 0]
