"""Causal modelling: predict every token from those before it, along the strand on which its window was drawn.

By the chain rule the bits of a window's tokens add up to those of its bases. So that models with different tokens can
be compared, what a token costs is divided by the bases that it adds to those before it:

- *Words side by side* (single bases, k-mers, byte pairs): a token adds all of its bases. A stretch of DNA can be cut
  into byte pairs in many ways and only one of them is scored: the true bits per base are at most what is given here.
- *Overlapping words* with stride s: the word before has shown all but the last s bases, and only 4^s words can follow.
  What the model spends on all other words is no statement about DNA: bits of the s new bases
  = -log2 (p(word) / sum of p over the 4^s words that begin alike). After an unknown word a word counts as a whole.

Legend: B windows, L tokens, S predicted tokens, V predictable tokens.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from genolect.objectives.objective import Batch, Inputs


@dataclass(frozen=True)
class CausalMetrics:
    """Sums and counts, so that they add across batches and ranks.

    Attributes
    ----------
    nats : float
        Summed negative log-likelihood of the new bases of each token.
    count : int
        Number of these bases.
    token_nats : float
        Summed negative log-likelihood of the tokens among all that can be predicted.
    tokens : int
        Number of predicted tokens.
    """

    nats: float = 0.0
    count: int = 0
    token_nats: float = 0.0
    tokens: int = 0

    def __add__(self, other: CausalMetrics) -> CausalMetrics:
        return CausalMetrics(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))

    @property
    def bits_per_base(self) -> float:
        """Mean negative log2-likelihood of a base given those before it; the same measure for every tokenizer."""
        return self.nats / self.count / math.log(2) if self.count else math.nan

    @property
    def nats_per_token(self) -> float:
        """The loss; not comparable across tokenizers."""
        return self.token_nats / self.tokens if self.tokens else math.nan

    @property
    def perplexity(self) -> float:
        """Number of equally likely tokens that would be as hard to tell apart; not comparable across tokenizers."""
        return math.exp(self.nats_per_token)

    def means(self) -> dict[str, float]:
        """Give bits per base, nats per token and perplexity."""
        return {
            "bits_per_base": self.bits_per_base,
            "nats_per_token": self.nats_per_token,
            "perplexity": self.perplexity,
        }


@dataclass(frozen=True)
class CausalTargets:
    """What follows.

    Attributes
    ----------
    tokens : Tensor of int64, shape (S,)
        The true next token, counted from the first that can be predicted.
    bases : Tensor of int64, shape (S,)
        Bases that it adds.
    continues : Tensor of bool, shape (S,)
        Whether the token before it has shown its first bases.
    """

    tokens: Tensor
    bases: Tensor
    continues: Tensor


class CausalObjective:
    """The next token of every token; N and special tokens are read but never predicted, nor is a window's first token.

    Nothing is corrupted: a causal encoder hides the future by itself. Both directions of the genome are learned where
    windows are drawn from both strands.

    Parameters
    ----------
    targets : range
        Ids that can be predicted; the first of them is the first of the logits.
    stride : int, optional
        Bases from one word to the next where words overlap (`tokenizers.tokenizer`); all words of one length must then
        be the targets, in alphabetical order of whatever alphabet.

    Raises
    ------
    ValueError
        If the words cannot be divided into groups of 4^stride.

    Examples
    --------
    >>> ids = torch.tensor([[0, 3, 4, 2]])  # A T N G
    >>> spans = torch.tensor([[0, 1], [1, 2], [2, 3], [3, 4]])
    >>> objective = CausalObjective(range(4))
    >>> inputs, targets = objective.corrupt(Batch(ids.byte(), ids, spans), key=7)
    >>> inputs.selected.tolist(), targets.tokens.tolist()  # what follows A is T, what follows N is G
    ([[True, False, True, False]], [3, 2])
    >>> round(objective.loss(torch.zeros(2, 4), targets)[1].bits_per_base, 6)
    2.0
    """

    reads: Literal["tokens", "pooled"] = "tokens"
    causal: bool | None = True
    metrics = CausalMetrics

    def __init__(self, targets: range, *, stride: int | None = None) -> None:
        if stride is not None and (stride < 1 or len(targets) % 4**stride):
            raise ValueError(f"{len(targets)} words cannot overlap with a stride of {stride}")
        self.targets = targets
        self.stride = stride

    def corrupt(self, batch: Batch, key: int) -> tuple[Inputs, CausalTargets]:
        """Say what follows what.

        Parameters
        ----------
        batch : Batch
            Windows.
        key : int
            Not used: there is no chance in it.

        Returns
        -------
        inputs : Inputs
            The true tokens; selected are those that a predictable token follows.
        targets : CausalTargets
            What follows them, in reading order.

        Raises
        ------
        ValueError
            If the tokens overlap and no stride was given, or the other way round.
        """
        starts, ends = batch.spans.expand(*batch.ids.shape, 2).unbind(-1)
        overlapping = bool((starts[:, 1:] < ends[:, :-1]).any())
        if overlapping != (self.stride is not None) and batch.ids.shape[1] > 1:
            raise ValueError(f"the stride is {self.stride}, but the tokens overlap: {overlapping}")
        predictable = (batch.ids >= self.targets.start) & (batch.ids < self.targets.stop)
        selected = functional.pad(predictable[:, 1:], (0, 1))
        wanted = selected[:, :-1]
        continues = (predictable[:, :-1] & overlapping)[wanted]
        bases = torch.where(continues, self.stride or 0, (ends - starts)[:, 1:][wanted])
        tokens = batch.ids[:, 1:][wanted] - self.targets.start
        return Inputs(batch.ids, selected), CausalTargets(tokens, bases, continues)

    def loss(self, outputs: Tensor, targets: CausalTargets) -> tuple[Tensor, CausalMetrics]:
        """Cross-entropy of the next tokens.

        Parameters
        ----------
        outputs : Tensor, shape (S, V)
            Logits at the selected tokens, in reading order.
        targets : CausalTargets
            What follows them.

        Returns
        -------
        loss : Tensor, shape ()
            Mean over the tokens, in nats, of all V tokens against each other.
        metrics : CausalMetrics
            Sums and counts.
        """
        logits = outputs.to(torch.promote_types(outputs.dtype, torch.float32))
        nats = functional.cross_entropy(logits, targets.tokens, reduction="none")
        with torch.no_grad():
            base_nats = nats if self.stride is None else self.base_nats(logits, targets)
            sums = torch.stack([base_nats.double().sum(), targets.bases.double().sum(), nats.double().sum()]).tolist()
        count = len(targets.tokens)
        return nats.sum() / max(count, 1), CausalMetrics(sums[0], int(sums[1]), sums[2], count)

    def base_nats(self, logits: Tensor, targets: CausalTargets) -> Tensor:
        """Give what the new bases of each token cost, in nats.

        Parameters
        ----------
        logits : Tensor, shape (S, V)
            Logits at the selected tokens, in reading order.
        targets : CausalTargets
            What follows them.

        Returns
        -------
        Tensor, shape (S,)
            Negative log-likelihoods: among all tokens, or where a token continues the one before it, among those that
            begin alike.
        """
        if self.stride is None:
            return functional.cross_entropy(logits, targets.tokens, reduction="none")
        words = 4**self.stride  # Words that begin alike stand side by side in alphabetical order.
        alike = torch.arange(words, device=logits.device) + (targets.tokens // words * words)[:, None]
        nats = functional.cross_entropy(logits.gather(1, alike), targets.tokens % words, reduction="none")
        whole = ~targets.continues
        among_all = functional.cross_entropy(logits[whole], targets.tokens[whole], reduction="none")
        return nats.masked_scatter(whole, among_all)
