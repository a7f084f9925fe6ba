"""Windows cut into tokens: what joins a tokenizer to an objective, on whatever device the windows are.

Single bases and k-mers are made on the device itself. All other words are cut on the CPU; where windows have different
numbers of them, all are cut to the fewest, so that no batch has padding (byte-pair words of yeast: 6 % of the bases of
256-base windows are lost, 4 % of 1,024).

Legend: B windows, W bases per window, L tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from genolect.objectives.device_tokens import kmer_ids, nucleotide_ids
from genolect.objectives.hidden_words import word_codes
from genolect.objectives.masked_bases import Words
from genolect.objectives.objective import Batch
from genolect.tokenizers.foreign_words import DnabertTokenizer
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.nucleotide import NucleotideTokenizer
from genolect.tokenizers.tokenizer import Tokenizer


class WindowTokens:
    """Cuts windows of equal length into tokens.

    Parameters
    ----------
    tokenizer : Tokenizer
        The tokenizer.

    Examples
    --------
    >>> batch = WindowTokens(KmerTokenizer(2, 2)).batch(torch.tensor([[0, 0, 3, 2, 1]], dtype=torch.uint8))
    >>> batch.ids.tolist(), batch.spans.tolist()  # AA TG
    ([[0, 14]], [[0, 2], [2, 4]])
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._spans: Tensor | None = None

    def ids(self, bases: Tensor) -> Tensor:
        """Give the tokens of windows; parameters as for `batch`.

        Returns
        -------
        Tensor of int64, shape (B, L)
            Token ids, on the device of the bases.
        """
        tokenizer = self.tokenizer
        if isinstance(tokenizer, NucleotideTokenizer):
            return nucleotide_ids(bases)
        if isinstance(tokenizer, KmerTokenizer):
            return kmer_ids(bases, tokenizer.k, tokenizer.stride)
        rows = [tokenizer.encode(row) for row in bases.cpu().numpy()]
        fewest = min(map(len, rows))
        return torch.from_numpy(np.stack([row[:fewest] for row in rows]).astype(np.int64)).to(bases.device)

    def batch(self, bases: Tensor) -> Batch:
        """Give windows as an objective sees them.

        Parameters
        ----------
        bases : Tensor of uint8, shape (B, W)
            Base codes.

        Returns
        -------
        Batch
            On the device of the bases. Where all windows are cut at the same places, `spans` has shape (L, 2) and is
            the same tensor in every batch.
        """
        ids = self.ids(bases)
        return Batch(bases, ids, self._placed(bases, ids.shape[1]))

    def _placed(self, bases: Tensor, tokens: int) -> Tensor:
        """Give the bases that each token covers, (L, 2) or (B, L, 2)."""
        tokenizer, known = self.tokenizer, self._spans
        if isinstance(tokenizer, NucleotideTokenizer | KmerTokenizer):
            if known is None or len(known) != tokens or known.device != bases.device:
                known = torch.from_numpy(tokenizer.spans(bases[0].cpu().numpy())).to(bases.device)
        else:
            rows = np.stack([tokenizer.spans(row)[:tokens] for row in bases.cpu().numpy()])
            if (rows != rows[0]).any():
                return torch.from_numpy(rows).to(bases.device)
            if known is None or not np.array_equal(known.cpu().numpy(), rows[0]):
                known = torch.from_numpy(rows[0]).to(bases.device)
        self._spans = known
        return known


def centre_tokens(batch: Batch) -> Tensor:
    """Give the token of each window that covers its centre base; the last one where none reaches as far.

    Parameters
    ----------
    batch : Batch
        Windows.

    Returns
    -------
    Tensor of int64, shape (B,)
        Places in the rows.

    Examples
    --------
    >>> batch = WindowTokens(KmerTokenizer(2, 2)).batch(torch.zeros(1, 9, dtype=torch.uint8))
    >>> centre_tokens(batch).tolist()  # base 4 is in the third word
    [2]
    """
    centre = batch.bases.shape[1] // 2
    ends = batch.spans[..., 1].expand(batch.ids.shape)
    return (ends <= centre).sum(dim=1).clamp(max=batch.ids.shape[1] - 1)


def words_of(tokenizer: Tokenizer, base_frequencies: Sequence[float] | None = None) -> Words:
    """Say what the masked objective has to know of a tokenizer.

    Parameters
    ----------
    tokenizer : Tokenizer
        The tokenizer.
    base_frequencies : sequence of float, shape (4,), optional
        Of A C G T, up to a common factor: what random replacements are drawn from, evenly where not given. A word that
        is drawn whole (byte-pair) has the product of its bases' frequencies.

    Returns
    -------
    Words
        What `objectives.masked_bases.MaskedBases` needs.

    Examples
    --------
    >>> words_of(NucleotideTokenizer()).targets
    range(0, 4)
    """
    targets, vocabulary = tokenizer.targets, list(tokenizer.vocabulary)
    if isinstance(tokenizer, NucleotideTokenizer | KmerTokenizer | DnabertTokenizer):
        codes = word_codes(vocabulary[token] for token in targets)
        tokenize = WindowTokens(tokenizer).ids
        return Words(tokenizer.mask_id, targets, tokenize, codes, base_frequencies)
    frequencies = None
    if base_frequencies is not None:
        by_letter = dict(zip("ACGT", base_frequencies, strict=True))
        frequencies = [_product(vocabulary[token], by_letter) for token in targets]
    return Words(tokenizer.mask_id, targets, frequencies=frequencies)


def _product(word: str, by_letter: dict[str, float]) -> float:
    """Multiply the frequencies of a word's letters; 0 for what is no word of A C G T."""
    return float(np.prod([by_letter.get(letter, 0.0) for letter in word]))
