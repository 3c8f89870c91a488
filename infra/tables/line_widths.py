"""Check that every row of a text table has as many fields as its header, while it is read.

pandas fills up rows that are too short and, below a header that is too short, cuts or shifts the
others, all without a word. So the bytes are looked at on their way to it.
"""

import codecs
import io
import re
from typing import IO, Any

import numpy as np

from espalier.pipelines.errors import UserError

_NEWLINE = ord("\n")
_BLOCK = 1024 * 1024
_FIRST_BLOCK = 64 * 1024
"""Bytes that are looked at together; at first fewer, as the header is read the slow way."""


class CheckedLines(io.RawIOBase):
    """A binary file that checks the rows which are read from it.

    A row that does not fit ends the reading: the file seems to end there, as no exception would
    come through the reader of pandas. So `raise_fault` must be called when it is done.

    Parameters
    ----------
    file : binary file
        What to read.
    delimiter : str
        Character between fields.
    encoding : str
        How the text is encoded.
    shown : str
        Name of the table, for messages.
    n_skipped : int
        Number of lines before the header; they are no rows.
    """

    def __init__(
        self, file: IO[bytes], *, delimiter: str, encoding: str, shown: str, n_skipped: int = 0
    ) -> None:
        self._file = file
        self._shown = shown
        # In UTF-16 a delimiter is two bytes; other encodings have ASCII's as they are.
        wide = encoding.startswith("utf-16")
        self._decoder = codecs.getincrementaldecoder(encoding)("replace") if wide else None
        self._ending = _Ending() if encoding.startswith("utf-8") else None
        self._check = _WidthCheck(ord(delimiter), n_skipped)
        self._begun = False
        self._fault: str | None = None
        self._ended = False

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Return up to ``size`` bytes."""
        if self._fault is not None:
            return b""
        block = self._file.read(-1 if size is None else size)
        self._look_at(block)
        return b"" if self._fault is not None else block

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; return the number of bytes."""
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        """Close the file underneath too."""
        self._file.close()
        super().close()

    def raise_fault(self) -> None:
        """Raise an error if a row that was read so far does not fit.

        Raises
        ------
        UserError
            A row has more or fewer fields than the header, or the file ends within one.
        """
        if self._fault is None and not self._ended:
            self._fault = self._check.feed(b"", now=True)
        if self._fault is not None:
            raise UserError(f"{self._shown} {self._fault}")

    def _look_at(self, block: bytes) -> None:
        if self._ended:
            return
        self._ended = not block
        if self._decoder is not None:
            block = self._decoder.decode(block, final=not block).encode("utf-8", "replace")
        elif b"\x00" in block:
            self._fault = (
                "has bytes of zero within its text; it is damaged, or was not fully written"
            )
            return
        if not self._begun:
            self._begun, block = True, block.removeprefix(codecs.BOM_UTF8)
        if self._ending is not None and self._ending.is_cut(block, final=self._ended):
            self._fault = "ends in the middle of a character; it was not fully written"
            return
        self._fault = self._check.feed(block, final=self._ended)


class _Ending:
    """Tells whether a text in UTF-8 ends within a character."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._others = False  # whether there was any character beyond ASCII
        self._valid = True

    def is_cut(self, block: bytes, *, final: bool) -> bool:
        """Look at the next bytes; return whether the text is cut off at their end."""
        if not self._valid or (block and block.isascii() and not self._decoder.getstate()[0]):
            return False
        try:
            self._others |= not self._decoder.decode(block, final).isascii()
        except UnicodeDecodeError:
            self._valid = False
            # After nothing but ASCII the last byte may as well be a letter of another encoding.
            return final and not block and self._others
        return False


class _WidthCheck:
    """Counts the fields of rows in blocks of bytes."""

    def __init__(self, delimiter: int, n_skipped: int = 0) -> None:
        self._delimiter = delimiter
        self._n_skipped = n_skipped
        self._others = bytes(set(range(256)) - {delimiter, _NEWLINE})
        self._blanks = b" " if delimiter == ord("\t") else b" \t"
        some = re.escape(bytes([delimiter]))
        # A quoted field begins where a field does; any other quote is a character like others.
        begins = rb'"(?<![^\n\r' + some + rb']")'
        self._quoted = re.compile(begins + rb'[^"]*+(?:""[^"]*+)*+"')
        self._opened = re.compile(begins)
        self._parts: list[bytes] = []
        self._waiting = 0
        self._wait = _FIRST_BLOCK
        self._line = 1
        self._width: int | None = None

    def feed(self, block: bytes, *, final: bool = False, now: bool = False) -> str | None:
        """Look at the next bytes; return what is wrong with them, if anything.

        Small blocks wait for others, unless they are the last ones or are to be looked at now.
        """
        self._parts.append(block)
        self._waiting += len(block)
        if not (final or now) and self._waiting < self._wait:
            return None
        data = b"".join(self._parts)
        if final and data and not data.endswith((b"\n", b"\r")):
            data += b"\n"
        n_fitting = self._fitting(data)
        if n_fitting:
            self._parts, self._waiting = [data[n_fitting:]], len(data) - n_fitting
            self._wait = _BLOCK
            if not final or self._waiting == 0:
                return None
            data = data[n_fitting:]
        hidden = self._quoted.sub(_without_marks, data) if b'"' in data else data
        end = self._end_of_rows(hidden, final)
        rows, rest = data[:end], data[end:]
        self._parts, self._waiting = [rest], len(rest)
        # A quoted field that has no end yet is not searched for it again and again.
        self._wait = max(_BLOCK, 2 * len(rest))
        if final and rest:
            return (
                f"has a quoted field that begins after line {self._line + _lines(rows) - 1:,} and "
                "never ends; it was not fully written, or a quote is missing"
            )
        fault = self._rows(rows, hidden[:end]) if rows else None
        self._line += _lines(rows)
        return fault

    def _fitting(self, data: bytes) -> int:
        """Return how many bytes at the beginning are rows that fit for certain; count their lines.

        This is the quick way for most of a file. It may return 0 where rows fit nevertheless.
        """
        end = data.rfind(b"\n") + 1
        if self._width is None or end == 0:
            return 0
        rows = plain = data[:end]
        if b'"' in rows:
            plain = self._quoted.sub(b"", rows)
            if self._opened.search(plain):
                return 0
        if b"\r" in plain and plain.count(b"\r") != plain.count(b"\r\n"):
            return 0
        marks = plain.translate(None, self._others)
        n_rows, rest = divmod(len(marks), self._width)
        row = bytes([self._delimiter]) * (self._width - 1) + b"\n"
        if rest or marks != row * n_rows:
            return 0
        self._line += n_rows if plain is rows else _lines(rows)
        return end

    def _end_of_rows(self, hidden: bytes, final: bool) -> int:
        """Return where the last whole row ends in bytes whose quoted fields are hidden."""
        opened = self._opened.search(hidden) if b'"' in hidden else None
        usable = hidden if opened is None else hidden[: opened.start()]
        # A return at the very end may be half of a line's end.
        if not final and usable.endswith(b"\r"):
            usable = usable[:-1]
        return max(usable.rfind(b"\n"), usable.rfind(b"\r")) + 1

    def _rows(self, rows: bytes, plain: bytes) -> str | None:
        """Check whole rows; in ``plain`` their quoted fields are hidden."""
        if b"\r" in plain:
            plain = plain.replace(b"\r\n", b" \n").replace(b"\r", b"\n")
        cells = np.frombuffer(plain, dtype=np.uint8)
        ends = np.flatnonzero(cells == _NEWLINE)
        starts = np.concatenate([[0], ends[:-1] + 1])
        first = min(self._n_skipped, len(ends))
        ends, starts, self._n_skipped = ends[first:], starts[first:], self._n_skipped - first
        marks = np.concatenate([[0], np.cumsum(cells == self._delimiter)])
        widths = marks[ends] - marks[starts] + 1
        if self._width is None:
            for at, width in enumerate(widths):
                if plain[starts[at] : ends[at]].strip(self._blanks):
                    self._width = int(width)
                    break
            else:
                return None
        for at in np.flatnonzero(widths != self._width).tolist():
            if not plain[starts[at] : ends[at]].strip(self._blanks):
                continue  # an empty line is no row
            line = self._line + _lines(rows[: starts[at]])
            more = "more" if widths[at] > self._width else "fewer"
            return (
                f"does not fit in line {line:,}: {_fields(widths[at])} where the header has "
                f"{self._width}, so {more} than there are columns; mend the line (a text with "
                f"{chr(self._delimiter)!r} in it must be in quotes) or write the file anew"
            )
        return None


def _without_marks(quoted: "re.Match[bytes]") -> bytes:
    """Return as many bytes that separate nothing."""
    return b"q" * len(quoted[0])


def _lines(data: bytes) -> int:
    """Return the number of line ends."""
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def _fields(count: int) -> str:
    return f"{count} field" if count == 1 else f"{count} fields"
