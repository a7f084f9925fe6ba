"""Masked modelling of bases, for every tokenizer: the bases are hidden first, the tokens follow from them.

What becomes of a base (hidden, replaced by a random base, kept) is drawn for bases (`objectives.masking`). Each token
that touches a hidden base is then shown as ``[MASK]``; every other token is made from the changed bases, so overlapping
tokens agree with one another. Tokens that touch a selected base are predicted. Where the changed bases would be cut
into other tokens (byte-pair), there is no such tokenizing: a token that touches a replaced base is shown as a random
token. What byte-pair tokens still give away is where hidden words end, since that was cut with the hidden bases in
view.

Where words side by side are hidden whole, the share of hidden bases is the rate. Where words overlap, a base between
two hidden ones at most k apart has no token left that shows it, and is hidden too: at a rate of 0.15, 34 % of
the bases with 6-mers. Longer spans bring that near the rate; `objectives.leak` measures it.

Legend: B windows, W bases per window, L tokens, S selected tokens, V predictable tokens, C classes, k bases per word.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional

from genolect.config import Configuration
from genolect.errors import ConfigurationError
from genolect.objectives.masking import (
    DNABERT_NEIGHBOURS,
    GROVER_HIDDEN,
    GROVER_RANDOM,
    GROVER_RATE,
    HIDDEN,
    REPLACED,
    Hiding,
    counter_words,
    cumulative_limits,
    dnabert_tokens,
    draw_fates,
    hidden_word_nats,
    places_of,
    select_tokens,
)
from genolect.objectives.objective import Batch, Inputs
from genolect.objectives.token_layout import BASE_BITS, Layout, token_layout
from genolect.random import derived_key, key_words


def _is_grover(found: dict[str, Any]) -> bool:
    return found.get("scheme") == "grover"


class MaskedBasesConfig(Configuration):
    """Rates, blocks and classes of the masked objective.

    Attributes
    ----------
    scheme : {'bases', 'dnabert', 'grover'}
        Whether bases are hidden, or tokens as DNABERT or GROVER did, with their leaks.
    rate : float
        Probability that a base is selected (for the published schemes: about that of a token). With ``grover`` 0.022 by
        default.
    hidden_share, random_share : float
        Shares of the selected bases that are hidden, and that are replaced by random ones; the rest is shown as it is.
        With ``grover`` 0.8 and 0.2 by default.
    span : float
        Mean length in bases of the blocks that are hidden together; 1 for single bases.
    span_shape : {'geometric', 'fixed'}
        How their lengths are distributed.
    rate_multipliers : tuple of float, shape (C,)
        What the rate is multiplied by in each class; empty where classes play no part.
    loss_weights : tuple of float, shape (C,)
        Weight in the loss of the tokens of each class; empty where they are equal. A token's weight is the mean over
        its selected bases.
    """

    scheme: Literal["bases", "dnabert", "grover"] = "bases"
    rate: float = Field(default_factory=lambda found: GROVER_RATE if _is_grover(found) else 0.15, gt=0, lt=1)
    hidden_share: float = Field(default_factory=lambda found: GROVER_HIDDEN if _is_grover(found) else 0.8, ge=0, le=1)
    random_share: float = Field(default_factory=lambda found: GROVER_RANDOM if _is_grover(found) else 0.1, ge=0, le=1)
    span: float = Field(1.0, ge=1, le=1000)
    span_shape: Literal["geometric", "fixed"] = "geometric"
    rate_multipliers: tuple[float, ...] = ()
    loss_weights: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> MaskedBasesConfig:
        if self.hidden_share + self.random_share > 1:
            raise ValueError(f"hidden_share {self.hidden_share} + random_share {self.random_share} must be at most 1")
        if self.span_shape == "fixed" and self.span != round(self.span):
            raise ValueError(f"span {self.span} must be a whole number where span_shape is 'fixed'")
        if self.scheme != "bases" and (self.span > 1 or self.rate_multipliers):
            raise ValueError(f"scheme {self.scheme!r} has neither span nor rate_multipliers; use 'bases'")
        multipliers, weights = self.rate_multipliers, self.loss_weights
        if multipliers and weights and len(multipliers) != len(weights):
            raise ValueError(f"{len(multipliers)} rate_multipliers and {len(weights)} loss_weights must be as many")
        if min((*multipliers, *weights), default=0) < 0:
            raise ValueError("rate_multipliers and loss_weights must not be negative")
        if self.rate * max(multipliers, default=1) > 1:
            raise ValueError(f"rate {self.rate} times its largest multiplier {max(multipliers)} must be at most 1")
        return self

    @property
    def classes(self) -> int:
        """C, the number of classes that the configuration speaks of."""
        return max(len(self.rate_multipliers), len(self.loss_weights))

    @property
    def shares(self) -> tuple[tuple[float, float, float], ...]:
        """Of each class: the probability of being hidden, of being hidden or replaced, of being selected."""
        hidden = self.hidden_share
        # Shares that add to 1 but for rounding leave nothing as it is.
        changed = min(1.0, hidden + self.random_share)
        rates = [self.rate * factor for factor in self.rate_multipliers or (1.0,)]
        return tuple((rate * hidden, rate * changed, rate) for rate in rates)


@dataclass(frozen=True)
class MaskedMetrics:
    """Sums and counts over the selected tokens and over the hidden bases.

    Attributes
    ----------
    nats : float
        Summed negative log-likelihood of the selected tokens, unweighted.
    count : int
        Number of selected tokens.
    hidden_nats : float
        Summed negative log-likelihood of the hidden bases, each counted once.
    hidden_bases : int
        Their number.
    class_bases, class_selected : tuple of int, shape (C,)
        Bases of each class that are no N, and those of them that were selected; empty where there are no classes.
    """

    nats: float = 0.0
    count: int = 0
    hidden_nats: float = 0.0
    hidden_bases: int = 0
    class_bases: tuple[int, ...] = ()
    class_selected: tuple[int, ...] = ()

    def __add__(self, other: MaskedMetrics) -> MaskedMetrics:
        return MaskedMetrics(
            self.nats + other.nats,
            self.count + other.count,
            self.hidden_nats + other.hidden_nats,
            self.hidden_bases + other.hidden_bases,
            _added(self.class_bases, other.class_bases),
            _added(self.class_selected, other.class_selected),
        )

    @property
    def nats_per_token(self) -> float:
        """Mean negative log-likelihood of a selected token."""
        return self.nats / self.count if self.count else math.nan

    @property
    def perplexity(self) -> float:
        """As many equally likely tokens would be as hard to guess; comparable within one vocabulary only."""
        return math.exp(self.nats_per_token)

    def means(self) -> dict[str, float]:
        """Give bits per hidden base, nats per token and perplexity."""
        return {
            "bits_per_hidden_base": self.bits_per_hidden_base,
            "nats_per_token": self.nats_per_token,
            "perplexity": self.perplexity,
        }

    @property
    def bits_per_hidden_base(self) -> float:
        """Mean negative log2-likelihood of a hidden base: comparable across tokenizers, 2 for a uniform guess."""
        return self.hidden_nats / self.hidden_bases / math.log(2) if self.hidden_bases else math.nan

    @property
    def rates(self) -> tuple[float, ...]:
        """Measured share of the bases of each class that were selected; NaN where a class has none."""
        pairs = zip(self.class_selected, self.class_bases, strict=True)
        return tuple(selected / bases if bases else math.nan for selected, bases in pairs)


def _added(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(first + second for first, second in zip_longest(one, other, fillvalue=0))


UNKNOWN = 4
_UNSELECTED = -1


@dataclass(frozen=True)
class Vocabulary:
    """What the objective knows of a tokenizer.

    Attributes
    ----------
    mask_id : int
        Id of the mask token.
    targets : range
        Ids that can be predicted, one after the other; the first of them is the first of the logits.
    tokenize : callable or None
        From changed bases, uint8, (B, W), to ids, int64, (B, L), N counting as a base; None where other bases would be
        cut at other places (byte-pair).
    codes : Tensor of int64, shape (V,), or None
        `hidden_words.word_codes` of the targets; needed where words overlap.
    frequencies : sequence of float, or None
        What random replacements are drawn from, up to a common factor: 4 of bases A C G T where there is `tokenize`,
        else V of tokens. None draws all equally often.
    """

    mask_id: int
    targets: range
    tokenize: Callable[[Tensor], Tensor] | None = None
    codes: Tensor | None = None
    frequencies: Sequence[float] | None = None


@dataclass(frozen=True)
class MaskedTargets:
    """What is to be predicted, for the selected tokens in reading order.

    Attributes
    ----------
    truth : Tensor of int64, shape (S,)
        The true tokens, 0 to V - 1.
    counted : Tensor of int64, shape (S,)
        Hidden bases that each token counts: a base that several tokens hold is counted by one of them.
    bases : Tensor of bool, shape (B, W)
        The bases that were selected; for the published schemes, those that no token outside the selection shows.
    given : Tensor of int64, shape (S,), or None
        Which bases of the word are known (see `hidden_words`); None where none is.
    weights : Tensor of float64, shape (S,), or None
        Of each token in the loss; None where they are equal.
    class_bases, class_selected : Tensor of int64, shape (C,), or None
        Bases of each class that are no N, and those of them that are selected.
    """

    truth: Tensor
    counted: Tensor
    bases: Tensor
    given: Tensor | None = None
    weights: Tensor | None = None
    class_bases: Tensor | None = None
    class_selected: Tensor | None = None


class MaskedBases:
    r"""The masked objective for one tokenizer.

    The loss is the mean cross-entropy of the selected tokens, in nats, weighted by class where weights are given.
    Bits per hidden base count each hidden base once, whatever tokens hold it. Where words stand side by side, that is
    the cost of the selected words by their number of bases. Where words overlap, the words that tile the window (with
    a stride of 1 every k-th, and the last) share its bases out among them, and with :math:`K_t` the bases of word t
    that an unselected word shows, or that an earlier tile counted,

    .. math:: -\frac{1}{n \ln 2} \sum_t \ln \frac{p_t(y_t)}{\sum_{w: w = y_t \text{ on } K_t} p_t(w)}

    over the selected tiles, n being the number of their bases outside :math:`K_t`.

    Parameters
    ----------
    config : MaskedBasesConfig
        Rates, blocks, classes, scheme.
    words : Vocabulary
        The tokenizer.

    Raises
    ------
    ConfigurationError
        If the frequencies are not as many as what is drawn, or given for a published scheme.
    """

    reads: Literal["tokens"] = "tokens"
    causal: bool | None = False
    metrics = MaskedMetrics

    def __init__(self, config: MaskedBasesConfig, words: Vocabulary) -> None:
        self.config = config
        self.words = words
        drawn = len(words.targets) if words.tokenize is None else UNKNOWN
        if words.frequencies is not None and len(words.frequencies) != drawn:
            what = f"{len(words.frequencies)} frequencies for {drawn} replacements"
            raise ConfigurationError(what, fix="give one for each base, or without tokenizing, for each token")
        frequencies = words.frequencies or (1.0,) * drawn
        self._ends = cumulative_limits(frequencies)
        if config.scheme != "bases" and len(set(frequencies)) > 1:
            what = f"scheme {config.scheme!r} draws random tokens evenly"
            raise ConfigurationError(what, fix="give no frequencies, or use scheme 'bases'")
        by_base = tuple(frequencies) if words.tokenize is not None else (1.0,) * UNKNOWN
        self._hiding = Hiding(config.shares, config.span, config.span_shape, by_base)
        # Single bases one by one, replaced evenly: what `select_tokens` does in one pass.
        self._plain = config.span == 1 and len(words.targets) == UNKNOWN and len(set(frequencies)) == 1
        self._known: tuple[Tensor, Layout] | None = None

    def corrupt(self, batch: Batch, key: int) -> tuple[Inputs, MaskedTargets]:
        """Hide some bases.

        Parameters
        ----------
        batch : Batch
            Windows.
        key : int
            Every draw is a function of it.

        Returns
        -------
        inputs : Inputs
            What the encoder sees.
        targets : MaskedTargets
            What it has to predict.

        Raises
        ------
        ConfigurationError
            If the tokens or the classes do not fit the configuration.
        """
        layout = self._layout(batch)
        self._check(batch, layout)
        touched = None
        if self.config.scheme != "bases":
            shown, selected = self._published(batch, key, layout)
        elif layout.single and self._plain and batch.classes is None:
            shares = self._hiding.shares[0]
            shown, truth = self._select(batch.ids, key, shares)
            selected = touched = truth != _UNSELECTED
        else:
            classes = batch.classes if self.config.rate_multipliers else None
            fates, bases = draw_fates(batch.bases, key, self._hiding, classes=classes, firsts=layout.firsts)
            touched = fates > 0
            selected = (layout.count(touched) > 0) & self.predictable(batch.ids)
            shown = self._replaced(batch.ids, selected, fates, bases, layout, key)
            shown = torch.where(selected & (layout.count(fates == HIDDEN) > 0), self.words.mask_id, shown)
        return Inputs(shown, selected), self._targets(batch, layout, selected, touched)

    def loss(self, outputs: Tensor, targets: MaskedTargets) -> tuple[Tensor, MaskedMetrics]:
        """Cross-entropy at the selected tokens.

        Parameters
        ----------
        outputs : Tensor, shape (S, V)
            Logits at the selected tokens, in reading order.
        targets : MaskedTargets
            What `corrupt` gave.

        Returns
        -------
        loss : Tensor, shape ()
            Mean over the selected tokens, in nats, weighted by class; 0 where all weights are.
        metrics : MaskedMetrics
            Sums and counts, unweighted.
        """
        logits = outputs.to(torch.promote_types(outputs.dtype, torch.float32))
        if targets.weights is None:
            total = functional.cross_entropy(logits, targets.truth, reduction="sum")
            loss, nats = total / max(len(targets.truth), 1), total
        else:
            each = functional.cross_entropy(logits, targets.truth, reduction="none")
            weights = targets.weights.to(each.dtype)
            nats = each.sum()
            loss = (weights * each).sum() / weights.sum().clamp(min=torch.finfo(each.dtype).tiny)
        hidden = nats.detach()
        if targets.given is not None and self.words.codes is not None:
            counts = targets.counted > 0
            codes = self.words.codes.to(logits.device)
            given = targets.given[counts]
            hidden = hidden_word_nats(logits.detach()[counts], targets.truth[counts], given, codes).sum()
        sums = torch.stack([nats.detach().double(), hidden.double(), targets.counted.sum().double()]).tolist()
        classes = [_numbers(targets.class_bases), _numbers(targets.class_selected)]
        return loss, MaskedMetrics(sums[0], len(targets.truth), sums[1], int(sums[2]), *classes)

    def _layout(self, batch: Batch) -> Layout:
        """Read the spans, once where every batch has the same."""
        if self._known is None or self._known[0] is not batch.spans or self._known[1].width != batch.bases.shape[1]:
            self._known = batch.spans, token_layout(batch.spans, batch.bases.shape[1])
        return self._known[1]

    def _check(self, batch: Batch, layout: Layout) -> None:
        config, tiles = self.config, layout.tiles
        if config.classes:
            most = -1 if batch.classes is None else int(batch.classes.max())
            if not 0 <= most < config.classes:
                given = "no classes" if batch.classes is None else f"class {most}"
                fix = "give every base its class, and every class a number"
                raise ConfigurationError(
                    f"the windows have {given}, the configuration speaks of {config.classes}", fix=fix
                )
        if tiles is not None and self.words.codes is None:
            raise ConfigurationError("the words overlap, and their bases are not known", fix="give Vocabulary.codes")
        if tiles is not None and config.scheme == "bases" and config.random_share and self.words.tokenize is None:
            what = "random tokens among overlapping ones would stand out"
            raise ConfigurationError(what, fix="give Vocabulary.tokenize, or set random_share = 0")
        if config.scheme == "dnabert":
            k = 0 if tiles is None else tiles.places.shape[1]
            if k not in DNABERT_NEIGHBOURS or batch.ids.shape[1] != layout.width - k + 1:
                what = "scheme 'dnabert' masks words of 3 to 6 bases, one beginning at each base"
                raise ConfigurationError(what, fix="take overlapping k-mers of 3 to 6, or scheme 'bases'")

    def predictable(self, ids: Tensor) -> Tensor:
        """Tell which tokens can be predicted."""
        return (ids >= self.words.targets.start) & (ids < self.words.targets.stop)

    def _select(self, ids: Tensor, key: int, shares: tuple[float, float, float]) -> tuple[Tensor, Tensor]:
        options = {"mask_id": self.words.mask_id, "unselected": _UNSELECTED}
        return select_tokens(ids, key, shares, self.words.targets, **options)

    def _published(self, batch: Batch, key: int, layout: Layout) -> tuple[Tensor, Tensor]:
        """Mask tokens, none that holds an N."""
        known = layout.count((batch.bases & BASE_BITS) >= UNKNOWN) == 0
        ids = torch.where(known, batch.ids, _UNSELECTED)
        config, shares = self.config, self.config.shares[0]
        if config.scheme == "grover":
            shown, truth = self._select(ids, key, shares)
            selected = truth != _UNSELECTED
        else:
            k = batch.bases.shape[1] - batch.ids.shape[1] + 1
            fates = (config.hidden_share, config.random_share)
            targets, mask_id = self.words.targets, self.words.mask_id
            shown, selected = dnabert_tokens(ids, key, config.rate, fates, k=k, targets=targets, mask_id=mask_id)
        return torch.where(selected, shown, batch.ids), selected

    def _replaced(
        self, ids: Tensor, selected: Tensor, fates: Tensor, bases: Tensor, layout: Layout, key: int
    ) -> Tensor:
        """Show random bases or tokens where bases are replaced."""
        if not self.config.random_share:
            return ids
        if self.words.tokenize is not None:
            return torch.where(selected, self.words.tokenize(bases), ids)
        places = (selected & (layout.count(fates == REPLACED) > 0)).flatten().nonzero().flatten()
        draws = counter_words(places, *key_words(derived_key(key, "replacements")))[1]
        ends = torch.tensor(self._ends, device=ids.device)
        shown = ids.flatten().clone()
        shown[places] = self.words.targets.start + torch.searchsorted(ends, draws, right=True)
        return shown.view_as(ids)

    def _targets(self, batch: Batch, layout: Layout, selected: Tensor, touched: Tensor | None) -> MaskedTargets:
        """Gather what is to be predicted; `touched` are the selected bases, where bases were selected."""
        truth = batch.ids.reshape(-1)[places_of(selected)] - self.words.targets.start
        visible = layout.covered(~selected & self.predictable(batch.ids)) if layout.tiles is not None else None
        weighing = layout.covered(selected) if touched is None else touched
        if touched is None:
            touched = weighing if visible is None else weighing & ~visible
        counted, given = (torch.ones_like(truth), None) if layout.single else _counted(layout, selected, visible)
        weights = class_bases = class_selected = None
        if batch.classes is not None:
            kinds = batch.classes.long()
            number = self.config.classes or int(kinds.max()) + 1
            known = (batch.bases & BASE_BITS) < UNKNOWN
            class_bases, class_selected = (torch.bincount(kinds[on], minlength=number) for on in (known, touched))
            if self.config.loss_weights:
                per_class = torch.tensor(self.config.loss_weights, dtype=torch.float64, device=kinds.device)
                sums = layout.count(torch.where(weighing, per_class[kinds], 0.0))
                weights = sums[selected] / layout.count(weighing)[selected]
        return MaskedTargets(truth, counted, touched, given, weights, class_bases, class_selected)


def _counted(layout: Layout, selected: Tensor, visible: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Give the number of bases that each selected token counts, and the bits of those that are known."""
    tiles = layout.tiles
    if tiles is None or visible is None:
        return (layout.ends - layout.starts).expand_as(selected)[selected], None
    known = visible[:, tiles.places] | ~tiles.fresh
    bits = 3 << 2 * torch.arange(tiles.places.shape[1] - 1, -1, -1, device=selected.device)
    counted, given = torch.zeros((2, *selected.shape), dtype=torch.int64, device=selected.device)
    counted[:, tiles.tokens] = (~known).sum(-1)
    given[:, tiles.tokens] = (known * bits).sum(-1)
    return counted[selected], given[selected]


def _numbers(counts: Tensor | None) -> tuple[int, ...]:
    return () if counts is None else tuple(counts.tolist())
