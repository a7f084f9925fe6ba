"""Codon tokens: words of three bases in frame, read with a genetic code."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
import numpy.typing as npt

from genolect.errors import ConfigurationError
from genolect.sequence.genetic_code import CODON, STANDARD, STOP, Letters, genetic_code, translate
from genolect.tokenizers.kmer import KmerTokenizer
from genolect.tokenizers.tokenizer import TokenIds


class CodonTokenizer(KmerTokenizer):
    """One token per codon: the 64 codons in the order A C G T, then NNN (a codon that holds an N), [MASK], [PAD].

    The first base is the first of a codon; `sequence.coding` gives such sequences. One or two bases after the last
    codon have no token. All 64 codons can be predicted, stops too.

    Parameters
    ----------
    code : int
        The NCBI's number of the genetic code. It decides what the tokens mean, not their ids.

    Raises
    ------
    ConfigurationError
        If there is no such code.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> tokenizer = CodonTokenizer(2)
    >>> ids = tokenizer.encode(encode("ATATGAAGA"))
    >>> [tokenizer.words[token] for token in ids], tokenizer.amino_acids(ids).tobytes()
    (['ATA', 'TGA', 'AGA'], b'MW*')
    """

    kind = "codon"

    def __init__(self, code: int = STANDARD) -> None:
        super().__init__(CODON, CODON)
        self.code = genetic_code(code)
        # Base codes of every codon, NNN included: the digits of the id in base 4, and N N N.
        places = np.arange(4**CODON)[:, None] // [16, 4, 1] % 4
        codons = np.concatenate([places, [[4, 4, 4]]]).astype(np.uint8)
        self._meanings = translate(codons, code)[:, 0]

    @property
    def parameters(self) -> dict[str, int]:
        """See `Tokenizer`."""
        return {"code": self.code.number}

    @property
    def stop_ids(self) -> npt.NDArray[np.intp]:
        """Ids of the codons that only mean stop."""
        return np.flatnonzero(self._meanings == ord(STOP))

    def amino_acids(self, ids: TokenIds) -> Letters:
        """Translate tokens: letters of any shape, ``*`` for stop, ``X`` for NNN; special tokens have no meaning.

        NNN is X whatever its bases were; `translate` on the bases knows that CTN is leucine.
        """
        return self._meanings[ids]

    def reverse_complement(self, ids: TokenIds) -> NoReturn:
        """Refuse: the other strand of a coding sequence is no coding sequence."""
        what = "codons have no other strand: the reverse complement of a coding sequence codes for nothing"
        raise ConfigurationError(what, fix="use one strand only, or nucleotide or k-mer tokens")
