"""The parts of a FASTA text, headers and stretches of sequence lines, cut out of blocks without a loop over lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from genolect.errors import InputError, shown
from genolect.sequence.lookalike import recognise
from genolect.sequence.source import Source, refuse_carriage_return

LONGEST_HEADER = 1 << 20


class FastaPart(NamedTuple):
    """A header line, or consecutive sequence lines (possibly cut within a line).

    Attributes
    ----------
    text : bytes
        The header without ``>`` and line end, or the sequence lines with theirs.
    line : int
        1-based line on which it begins.
    is_header : bool
        Which of the two.
    """

    text: bytes
    line: int
    is_header: bool


def fasta_parts(source: Source) -> Iterator[FastaPart]:
    r"""Cut a FASTA file into its parts.

    Parameters
    ----------
    source : Source
        The file.

    Yields
    ------
    FastaPart
        In the file's order; sequence lines that stand before the first header are empty ones.

    Raises
    ------
    InputError
        If the file does not begin with a header, or ``>`` stands inside a line.

    Examples
    --------
    >>> from tempfile import NamedTemporaryFile
    >>> with NamedTemporaryFile() as file:
    ...     _ = file.write(b">a\nAC\nG\n"), file.flush()
    ...     parts = [*fasta_parts(Source(file.name))]
    >>> [(part.text, part.line) for part in parts]
    [(b'a', 1), (b'AC\nG\n', 2)]
    """
    cutter = _Cutter(source.name)
    for block in source.blocks():
        yield from cutter.cut(block)
    yield from cutter.rest()


def read_header(part: FastaPart, path: str) -> tuple[str, str]:
    """Read a header line.

    Parameters
    ----------
    part : FastaPart
        The header.
    path : str
        The file, for messages.

    Returns
    -------
    name : str
        Its first word.
    description : str
        The rest; may be empty.

    Raises
    ------
    InputError
        If there is no name, or it is no printable UTF-8 text.

    Examples
    --------
    >>> read_header(FastaPart(b"chrI first one", 1, True), "a.fa")
    ('chrI', 'first one')
    """
    if b"\r" in part.text:
        refuse_carriage_return(path, part.line)
    try:
        words = [word.decode("utf-8") for word in part.text.split(None, 1)]
    except UnicodeDecodeError as error:
        what = f"the header {shown(part.text.decode('latin-1'))} is not UTF-8 text"
        fix = "convert the file: iconv -f LATIN1 -t UTF-8"
        raise InputError(what, fix=fix, path=path, line=part.line) from error
    if not words:
        raise InputError("the header has no name", fix="write a name after '>'", path=path, line=part.line)
    if not words[0].isprintable() or b"\x00" in part.text:
        what = f"the header {shown(words[0])} holds an invisible character"
        raise InputError(what, fix="write the name in plain letters", path=path, line=part.line)
    return words[0], words[1].rstrip() if len(words) > 1 else ""


@dataclass(slots=True)
class _Cutter:
    """Cuts one block after another and remembers where it is.

    Attributes
    ----------
    path : str
        For messages.
    line : int
        1-based line of the next byte.
    carried : bytes
        What waits for the next block: an unfinished header, or a carriage return.
    at_line_start : bool
        Whether the next byte begins a line.
    begun : bool
        Whether anything but empty lines was seen.
    """

    path: str
    line: int = 1
    carried: bytes = b""
    at_line_start: bool = True
    begun: bool = False

    def cut(self, block: bytes) -> Iterator[FastaPart]:
        """Yield the parts of the next block."""
        text = self.carried + block
        self.carried = b""
        if not self.begun:
            self._look_at_beginning(text)
        position = 0
        while position < len(text):
            mark = text.find(b">", position)
            if mark == position and self.at_line_start:
                end = text.find(b"\n", mark)
                if end < 0:
                    self._carry_header(text[mark:])
                    return
                yield FastaPart(text[mark + 1 : end].removesuffix(b"\r"), self.line, True)
                self.line += 1
                position = end + 1
                continue
            end = len(text) if mark < 0 else mark
            if mark < 0 and text.endswith(b"\r"):
                # Its line feed may come with the next block.
                self.carried, end = b"\r", end - 1
            if end > position:
                lines = text[position:end]
                yield FastaPart(lines, self.line, False)
                self.line += lines.count(b"\n")
                self.at_line_start = lines.endswith(b"\n")
            if mark >= 0 and not self.at_line_start:
                self._refuse("'>' stands inside a line of sequence", "begin each header on a line of its own")
            position = end + len(self.carried)

    def rest(self) -> Iterator[FastaPart]:
        """Yield what is left when the text has ended: a last line that is a header, or a carriage return."""
        if self.carried.startswith(b">"):
            yield FastaPart(self.carried[1:].removesuffix(b"\r"), self.line, True)
        elif self.carried:
            yield FastaPart(self.carried, self.line, False)

    def _look_at_beginning(self, text: bytes) -> None:
        content = text.lstrip(b"\r\n")
        self.begun = bool(content)
        if not content or content.startswith(b">"):
            return
        line = self.line + text.count(b"\n", 0, len(text) - len(content))
        if not content.strip():
            self._refuse("there is nothing but white space", "name a file with sequences", line)
        lookalike = recognise(content)
        if lookalike is not None:
            self._refuse(f"this is {lookalike.what}, not FASTA", lookalike.fix, line)
        beginning = shown(content[:200].split(b"\n")[0].rstrip().decode("utf-8", errors="replace"))
        self._refuse(f"the first line is no '>' header: {beginning}", "put a line '>name' above each sequence", line)

    def _carry_header(self, text: bytes) -> None:
        if len(text) > LONGEST_HEADER and b"\r" not in text:
            self._refuse("the header line is longer than 1 MB", "check that this is a FASTA file with line ends")
        if len(text) > LONGEST_HEADER:
            refuse_carriage_return(self.path, self.line)
        self.carried = text

    def _refuse(self, what: str, fix: str, line: int | None = None) -> NoReturn:
        raise InputError(what, fix=fix, path=self.path, line=line or self.line)
