"""Letters of a FASTA record: turned into base codes in one step, and diagnosed where they are no bases."""

from __future__ import annotations

from typing import NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from genolect.errors import InputError, shown
from genolect.sequence.alphabet import ENCODING, INVALID, IUPAC, SOFT_MASK, Bases, T
from genolect.sequence.fasta_part import FastaPart
from genolect.sequence.source import refuse_carriage_return

_FROM_IUPAC = 0b0001_0000
_FROM_U = 0b0010_0000
_CODE_BITS = np.uint8(0b0000_1111)
_LINE_ENDS = b"\r\n"
_PROTEIN = "this looks like protein; give nucleotides, or say so to genolect tokenizer inspect: --alphabet protein"
_MADE_OF = "A C G T U N and the IUPAC codes"
_REMEDIES: dict[str, tuple[str, str]] = {
    **{
        letter: (f"the letter {letter!r}, which is no nucleotide,", f"{_PROTEIN} (masked bases are written N)")
        for letter in "EFIJLOPQXZefijlopqxz"
    },
    **{digit: (f"the digit {digit!r}", "delete position numbers from the sequence lines") for digit in "0123456789"},
    **{gap: (f"the gap {gap!r}", "if this is an alignment, remove its gaps (seqkit seq -g)") for gap in "-."},
    **{space: (f"white space {space!r}", "delete it from the sequence lines") for space in " \t"},
    "*": ("the stop '*'", _PROTEIN),
    ";": ("the character ';'", "delete comment lines"),
}
_THYMINE = tuple(bytes([code]) for code in (T, T | SOFT_MASK))


def _flagged_encoding() -> Bases:
    """Give the alphabet's table, with a flag where a letter becomes another: IUPAC to N, U to T."""
    table = ENCODING.copy()
    for letters, flag in ((IUPAC, _FROM_IUPAC), ("U", _FROM_U)):
        table[list((letters + letters.lower()).encode())] |= flag
    return table


_FLAGGED = _flagged_encoding()
_TRANSLATION = _FLAGGED.tobytes()


class Letters(NamedTuple):
    """Encoded sequence lines.

    Attributes
    ----------
    bases : ndarray of uint8, shape (L,)
        Base codes.
    ambiguous : int
        How many were IUPAC ambiguity codes and are now N.
    uracil : int
        How many were U and are now T.
    has_thymine : bool
        Whether any was T.
    """

    bases: Bases
    ambiguous: int
    uracil: int
    has_thymine: bool


def encode_lines(part: FastaPart, name: str, path: str, *, search_thymine: bool = True) -> Letters:
    r"""Turn sequence lines into base codes and count what was changed.

    Parameters
    ----------
    part : FastaPart
        Sequence lines.
    name, path : str
        The record and the file, for messages.
    search_thymine : bool
        Whether to look for T; a record needs to be searched only until one is found.

    Returns
    -------
    Letters
        The codes and counts.

    Raises
    ------
    InputError
        At the first character that is no base; the message says what it probably means.

    Examples
    --------
    >>> encode_lines(FastaPart(b"ACG\nRu\n", 2, False), "a", "a.fa").bases.tolist()
    [0, 1, 2, 4, 11]
    """
    codes = part.text.translate(_TRANSLATION, _LINE_ENDS)
    flagged = np.frombuffer(codes, dtype=np.uint8)
    highest = int(flagged.max(initial=0))
    if highest == INVALID or (b"\r" in part.text and part.text.count(b"\r") != part.text.count(b"\r\n")):
        refuse_character(part, name, path, invalid=_FLAGGED == INVALID, made_of=_MADE_OF)
    # The first T is almost always found at once; only RNA is searched to its end.
    has_thymine = search_thymine and any(code in codes for code in _THYMINE)
    if highest < _FROM_IUPAC:
        return Letters(flagged, 0, 0, has_thymine)
    ambiguous = int(np.count_nonzero(flagged & _FROM_IUPAC))
    return Letters(flagged & _CODE_BITS, ambiguous, int(np.count_nonzero(flagged & _FROM_U)), has_thymine)


def line_of_first(letter: str, part: FastaPart) -> int:
    r"""Find the line on which a letter, upper or lower case, first stands; the part must contain it.

    Examples
    --------
    >>> line_of_first("U", FastaPart(b"ACG\nRu\n", 2, False))
    3
    """
    text = part.text.upper()
    return part.line + text.count(b"\n", 0, text.index(letter.encode()))


def refuse_character(
    part: FastaPart, name: str, path: str, *, invalid: npt.NDArray[np.bool_], made_of: str
) -> NoReturn:
    r"""Refuse sequence lines at the first character that is none of an alphabet's.

    Parameters
    ----------
    part : FastaPart
        Sequence lines with such a character, or with a lone carriage return.
    name, path : str
        The record and the file, for messages.
    invalid : ndarray of bool, shape (256,)
        Which bytes are no letters.
    made_of : str
        What sequences are made of, for the message.

    Raises
    ------
    InputError
        Always, with the line; the message says what the character probably means.

    Examples
    --------
    >>> refuse_character(FastaPart(b"AC\n7", 2, False), "a", "a.fa", invalid=np.full(256, True), made_of="nothing")
    Traceback (most recent call last):
    ...
    genolect.errors.InputError: a.fa:2: the character 'A' in the sequence 'a'. Fix: sequences are made of nothing.
    """
    letters = np.frombuffer(part.text, dtype=np.uint8)
    following = np.append(letters[1:], np.uint8(0))
    wrong = invalid[letters] & (letters != ord("\n"))
    wrong &= ~((letters == ord("\r")) & (following == ord("\n")))
    position = int(np.argmax(wrong))
    line = part.line + part.text.count(b"\n", 0, position)
    if letters[position] == ord("\r"):
        refuse_carriage_return(path, line)
    what, fix = _diagnosis(part.text[position : position + 4], made_of)
    raise InputError(f"{what} in the sequence {shown(name)}", fix=fix, path=path, line=line)


def _diagnosis(beginning: bytes, made_of: str) -> tuple[str, str]:
    """Say what the first character of these bytes is, and what to do."""
    character = beginning.decode("utf-8", errors="replace")[0]
    if character in _REMEDIES:
        return _REMEDIES[character]
    if character == "\N{REPLACEMENT CHARACTER}":
        return f"a byte {beginning[0]:#04x} that is not text", "check that the file is text and was not damaged"
    if not character.isascii():
        return f"the character {shown(character)} (U+{ord(character):04X})", f"sequences are made of {made_of}"
    return f"the character {shown(character)}", f"sequences are made of {made_of}"
