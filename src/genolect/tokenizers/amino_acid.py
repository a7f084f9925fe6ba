"""Amino-acid tokens: one token per residue of a protein.

Legend: L residues of a protein.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from genolect.errors import ConfigurationError, InputError, shown
from genolect.sequence.genetic_code import AMINO_ACIDS, PROTEIN_LETTERS, RARE, UNKNOWN, Letters
from genolect.tokenizers.tokenizer import MASK, PADDING, Spans, TokenIds, hash_of
from genolect.tokenizers.tokenizer_json import every, word_file

WORDS = [*PROTEIN_LETTERS, MASK, PADDING]
VOCABULARY = {word: number for number, word in enumerate(WORDS)}
_INVALID = 0xFF


def _encoding_table() -> npt.NDArray[np.uint8]:
    table = np.full(256, _INVALID, dtype=np.uint8)
    for number, letter in enumerate(PROTEIN_LETTERS):
        table[[ord(letter), ord(letter.lower())]] = number
    return table


_ENCODING = _encoding_table()


class AminoAcidTokenizer:
    """One token per residue: the 20 amino acids, U O, B Z J X, the stop *, [MASK], [PAD] = 0 … 28.

    Residues that are known can be predicted: the 20 and U (selenocysteine) and O (pyrrolysine). The ambiguous letters,
    stops and special tokens never are.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> from genolect.sequence.genetic_code import translate
    >>> tokenizer = AminoAcidTokenizer()
    >>> tokenizer.encode(translate(encode("ATGGCTTAA"))).tolist()
    [10, 0, 26]
    >>> tokenizer.decode([10, 27, 26])
    'M[MASK]*'
    """

    kind = "amino_acid"
    vocabulary = VOCABULARY
    mask_id = VOCABULARY[MASK]
    padding_id = VOCABULARY[PADDING]
    targets = range(len(AMINO_ACIDS + RARE))

    @property
    def parameters(self) -> dict[str, int]:
        """See `Tokenizer`."""
        return {}

    @property
    def content_hash(self) -> str:
        """See `Tokenizer`."""
        return hash_of(self.kind, self.vocabulary)

    def encode(self, residues: Letters) -> TokenIds:
        """Turn protein letters into token ids.

        Parameters
        ----------
        residues : ndarray of uint8, shape (..., L)
            ASCII letters, upper or lower case.

        Returns
        -------
        ndarray of uint8, shape (..., L)
            Token ids.

        Raises
        ------
        InputError
            If a letter is none of the alphabet's, a gap for example.
        """
        ids = _ENCODING[residues]
        if ids.size and int(ids.max()) == _INVALID:
            letter = chr(int(residues[ids == _INVALID][0]))
            what = f"the character {shown(letter)} is no amino acid"
            raise InputError(what, fix=f"proteins are made of {PROTEIN_LETTERS}; remove gaps")
        return ids

    def spans(self, residues: Letters) -> Spans:
        """Give the residue that each token covers: shape (L, 2), 0-based half-open."""
        starts = np.arange(len(residues))
        return np.stack([starts, starts + 1], axis=1)

    def decode(self, ids: npt.ArrayLike) -> str:
        """Turn token ids into letters."""
        return "".join(WORDS[token] for token in np.asarray(ids))

    def reverse_complement(self, ids: TokenIds) -> NoReturn:
        """Refuse: a protein has one direction and no other strand."""
        raise ConfigurationError("a protein has no other strand", fix="use one strand only with amino-acid tokens")

    def to_ecosystem(self) -> dict[str, Any]:
        """Give the content of a ``tokenizer.json`` that the ``tokenizers`` library loads with the same ids.

        The library reads characters that `encode` refuses as X.
        """
        upper = {letter.lower(): letter for letter in PROTEIN_LETTERS if letter.isalpha()}
        return word_file(self.vocabulary, every(1), unknown=UNKNOWN, special=(MASK, PADDING), replaced=upper)
