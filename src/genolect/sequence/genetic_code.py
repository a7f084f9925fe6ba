"""The genetic codes of the NCBI, and translation.

Source: NCBI Taxonomy, The Genetic Codes (https://www.ncbi.nlm.nih.gov/Taxonomy/Utils/wprintgc.cgi).

Legend: L bases of a sequence, C codons.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import numpy.typing as npt

from genolect.errors import ConfigurationError
from genolect.sequence.alphabet import BASE_BITS, LETTERS, Bases, N

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
RARE = "UO"
"""Selenocysteine and pyrrolysine."""
AMBIGUOUS = "BZJX"
"""Asn or Asp, Gln or Glu, Leu or Ile, any."""
STOP = "*"
PROTEIN_LETTERS = AMINO_ACIDS + RARE + AMBIGUOUS + STOP

Letters = npt.NDArray[np.uint8]
"""Protein letters, one upper-case ASCII code each."""

CODON = 3
STANDARD = 1
UNKNOWN = "X"

# Amino acids of the standard code; codons in the order AAA AAC AAG AAT ACA … TTT.
_STANDARD = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF"
# Name; what differs from the standard code; start codons; codons that mean an amino acid or, in their place, stop.
_CODES: dict[int, tuple[str, str, str, str]] = {
    1: ("standard", "", "ATG CTG TTG", ""),
    2: ("vertebrate mitochondrial", "AGA* AGG* ATAM TGAW", "ATA ATC ATG ATT GTG", ""),
    3: ("yeast mitochondrial", "ATAM CTAT CTCT CTGT CTTT TGAW", "ATA ATG GTG", ""),
    4: ("mold mitochondrial and Mycoplasma", "TGAW", "ATA ATC ATG ATT CTG GTG TTA TTG", ""),
    5: ("invertebrate mitochondrial", "AGAS AGGS ATAM TGAW", "ATA ATC ATG ATT GTG TTG", ""),
    6: ("ciliate nuclear", "TAAQ TAGQ", "ATG", ""),
    9: ("echinoderm and flatworm mitochondrial", "AAAN AGAS AGGS TGAW", "ATG GTG", ""),
    10: ("euplotid nuclear", "TGAC", "ATG", ""),
    11: ("bacterial, archaeal and plant plastid", "", "ATA ATC ATG ATT CTG GTG TTG", ""),
    12: ("alternative yeast nuclear", "CTGS", "ATG CTG", ""),
    13: ("ascidian mitochondrial", "AGAG AGGG ATAM TGAW", "ATA ATG GTG TTG", ""),
    14: ("alternative flatworm mitochondrial", "AAAN AGAS AGGS TAAY TGAW", "ATG", ""),
    15: ("Blepharisma nuclear", "TAGQ", "ATG", ""),
    16: ("chlorophycean mitochondrial", "TAGL", "ATG", ""),
    21: ("trematode mitochondrial", "AAAN AGAS AGGS ATAM TGAW", "ATG GTG", ""),
    22: ("Scenedesmus obliquus mitochondrial", "TAGL TCA*", "ATG", ""),
    23: ("Thraustochytrium mitochondrial", "TTA*", "ATG ATT GTG", ""),
    24: ("Rhabdopleuridae mitochondrial", "AGAS AGGK TGAW", "ATG CTG GTG TTG", ""),
    25: ("candidate division SR1 and Gracilibacteria", "TGAG", "ATG GTG TTG", ""),
    26: ("Pachysolen tannophilus nuclear", "CTGA", "ATG CTG", ""),
    27: ("karyorelict nuclear", "TAAQ TAGQ TGAW", "ATG", "TGA"),
    28: ("Condylostoma nuclear", "TAAQ TAGQ TGAW", "ATG", "TAA TAG TGA"),
    29: ("Mesodinium nuclear", "TAAY TAGY", "ATG", ""),
    30: ("peritrich nuclear", "TAAE TAGE", "ATG", ""),
    31: ("Blastocrithidia nuclear", "TAAE TAGE TGAW", "ATG", "TAA TAG"),
    32: ("Balanophoraceae plastid", "TAGW", "ATA ATC ATG ATT CTG GTG TTG", ""),
    33: ("Cephalodiscidae mitochondrial", "AGAS AGGK TAAY TGAW", "ATG CTG GTG TTG", ""),
}
CODES = tuple(_CODES)
"""Numbers of the codes, as the NCBI gives them."""


@dataclass(frozen=True, slots=True, eq=False)
class GeneticCode:
    """What each codon means; the arrays are indexed by `codon_numbers`.

    Attributes
    ----------
    number : int
        The NCBI's number.
    name : str
        Whose code it is.
    amino_acids : ndarray of uint8, shape (125,)
        Letters. A codon with N has a meaning only where all its readings agree, and is X otherwise. A codon that stands
        for an amino acid or for stop by its place (codes 27, 28 and 31) has the amino acid's letter.
    starts, stops : ndarray of bool, shape (125,)
        Whether a codon can begin or end a protein, in all of its readings.
    """

    number: int
    name: str
    amino_acids: Letters
    starts: npt.NDArray[np.bool_]
    stops: npt.NDArray[np.bool_]


@cache
def genetic_code(number: int) -> GeneticCode:
    """Give one of the NCBI's genetic codes.

    Parameters
    ----------
    number : int
        1 is the standard code, 2 the vertebrate mitochondrial, 11 the bacterial one.

    Returns
    -------
    GeneticCode
        The code.

    Raises
    ------
    ConfigurationError
        If there is no such code.

    Examples
    --------
    >>> genetic_code(2).name
    'vertebrate mitochondrial'
    """
    if number not in _CODES:
        numbers = " ".join(map(str, CODES))
        raise ConfigurationError(f"there is no genetic code {number}", fix=f"choose one of the NCBI's: {numbers}")
    name, differences, starts, either = _CODES[number]
    meanings = dict(zip(map("".join, product(LETTERS[:N], repeat=CODON)), _STANDARD, strict=True))
    meanings |= {change[:CODON]: change[CODON] for change in differences.split()}
    stops = {codon for codon, letter in meanings.items() if letter == STOP} | set(either.split())
    rows = [[codon for codon in meanings if _reads(written, codon)] for written in product(LETTERS, repeat=CODON)]
    letters = [{meanings[codon] for codon in row} for row in rows]
    return GeneticCode(
        number,
        name,
        np.array([ord(min(found) if len(found) == 1 else UNKNOWN) for found in letters], dtype=np.uint8),
        np.array([set(row) <= set(starts.split()) for row in rows]),
        np.array([set(row) <= stops for row in rows]),
    )


def codon_numbers(bases: Bases) -> npt.NDArray[np.intp]:
    """Number codons in base 5, A C G T N = 0 … 4, leftmost base most significant.

    Parameters
    ----------
    bases : ndarray of uint8, shape (..., L)
        Base codes in frame; L is a multiple of 3.

    Returns
    -------
    ndarray of int, shape (..., C)
        0 to 124.

    Raises
    ------
    ValueError
        If L is no multiple of 3.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> codon_numbers(encode("AAATTTNNN")).tolist()
    [0, 93, 124]
    """
    *outer, length = bases.shape
    if length % CODON:
        raise ValueError(f"{length} bases are no whole number of codons")
    places = np.array([(N + 1) ** 2, N + 1, 1], dtype=np.intp)
    numbers: npt.NDArray[np.intp] = (bases & BASE_BITS).reshape(*outer, length // CODON, CODON) @ places
    return numbers


def translate(bases: Bases, code: int = STANDARD, *, begins: bool = False) -> Letters:
    """Translate codons into amino acids.

    Parameters
    ----------
    bases : ndarray of uint8, shape (..., L)
        Base codes in frame; L is a multiple of 3.
    code : int
        The NCBI's number of the genetic code.
    begins : bool
        Whether the first codon begins a protein: if it is one of the code's start codons it is then read as M.

    Returns
    -------
    ndarray of uint8, shape (..., C)
        Letters, stops as ``*``, codons with N whose readings differ as ``X``.

    Raises
    ------
    ConfigurationError
        If there is no such code.
    ValueError
        If L is no multiple of 3.

    Examples
    --------
    >>> from genolect.sequence.alphabet import encode
    >>> translate(encode("GTGCTNTAA"), begins=False).tobytes()
    b'VL*'
    >>> translate(encode("GTGCTNTAA"), 11, begins=True).tobytes()
    b'ML*'
    """
    meaning, numbers = genetic_code(code), codon_numbers(bases)
    letters = meaning.amino_acids[numbers]
    if begins and letters.size:
        letters[..., 0] = np.where(meaning.starts[numbers[..., 0]], ord("M"), letters[..., 0])
    return letters


def _reads(written: tuple[str, ...], codon: str) -> bool:
    """Tell whether a codon is one of the readings of another, in which N is any base."""
    return all(letter in (LETTERS[N], base) for letter, base in zip(written, codon, strict=True))
