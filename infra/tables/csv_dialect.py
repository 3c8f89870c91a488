"""Detect the encoding, delimiter and decimal sign of a text table from its beginning."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from espalier.infra.tables.opening import open_bytes
from espalier.pipelines.errors import UserError
from espalier.pipelines.redaction import redact_source

_SNIFFED_BYTES = 256 * 1024
_BLOCK_BYTES = 4 * 1024 * 1024
_DELIMITERS = (",", ";", "\t", "|")
_COMMA_IN_FIELD = re.compile(rb"\d,\d")
# Neither thousands (1.050) nor dates (01.02.2024) tell that points are the decimal signs.
_WITH_COMMA = re.compile(r"\d,\d+(?![\d.,])")
_WITH_POINT = re.compile(r"(?<![\d.,])\d+\.(?!\d{3}\b)\d+(?![\d.,])")
_COMMA_IN_QUOTES = re.compile(rb'"[^"\n]*\d,\d')
_THOUSANDS = re.compile(rb"(?<![\d.])[1-9]\d{0,2}\.\d{3}(?![\d.])")
_NAMED = re.compile(r"\ufeff?\"?sep=([,;|:^~\t ])\"?[ \t]*(?:\r\n|\r|\n)", re.IGNORECASE)
_TAIL_BYTES = 100
_COUNTED = 64 * 1024


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """The encoding and delimiter of a text table.

    Attributes
    ----------
    encodings : tuple of str
        Encodings to try in turn, the likeliest first; the last one accepts any bytes.
    delimiter : str
        Character between fields.
    decimal : str
        The decimal sign of most numbers. It is what to try first: columns may have another one.
    n_skipped : int
        Number of lines before the header: 1 where the first one names the delimiter, as Excel's
        ``sep=;`` does.
    """

    encodings: tuple[str, ...]
    delimiter: str
    decimal: str = "."
    n_skipped: int = 0


def sniff(source: str, *, tabbed: bool) -> CsvDialect:
    """Detect the dialect of a file or URL.

    Raises
    ------
    UserError
        The file is empty or not text.
    """
    with open_bytes(source) as file:
        head = file.read(_SNIFFED_BYTES)
    if not head.strip(b"\x00\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise UserError(f"{redact_source(source)!r} is empty; give a table with data")
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UserError(f"{redact_source(source)!r} is not text; is it really a CSV file?")
    encodings = _encodings(head)
    # Delimiters and digits are the same in all of them.
    text = head.decode(encodings[0], errors="ignore")
    named = _NAMED.match(text)
    if named:
        text = text[named.end() :]
    delimiter = named[1] if named else "\t" if tabbed else _delimiter(text)
    return CsvDialect(encodings, delimiter, _decimal(text, delimiter), int(named is not None))


def fitting_encoding(source: str, dialect: CsvDialect) -> str:
    """Return the first encoding of ``dialect`` that reads the whole of ``source``.

    The file is read once, in blocks: a reader of chunks cannot start again with another encoding
    half-way.

    Raises
    ------
    UserError
        The text is cut off within a character.
    """
    for encoding in dialect.encodings[:-1]:
        decoder = codecs.getincrementaldecoder(encoding)()
        is_ascii = True
        try:
            for block in _blocks(source):
                is_ascii &= decoder.decode(block).isascii()
        except UnicodeDecodeError:
            continue
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            if is_ascii:  # the last byte may as well be a letter of another encoding
                continue
            raise UserError(
                f"{redact_source(source)!r} ends in the middle of a character; it was not fully "
                "written: export or copy it again"
            ) from None
        return encoding
    return dialect.encodings[-1]


def has_number_commas(source: str, dialect: CsvDialect) -> bool:
    """Return whether a field may hold digits with a comma between them; the file is read once."""
    if dialect.encodings[0] == "utf-16":
        return True
    return _occurs(source, _COMMA_IN_QUOTES if dialect.delimiter == "," else _COMMA_IN_FIELD)


def has_points_at_thousands(source: str, dialect: CsvDialect) -> bool:
    """Return whether a field may be like ``1.050``; the file is read once."""
    return dialect.encodings[0] == "utf-16" or _occurs(source, _THOUSANDS)


def _occurs(source: str, pattern: "re.Pattern[bytes]") -> bool:
    """Return whether a pattern of at most `_TAIL_BYTES` occurs in a file."""
    tail = b""
    for block in _blocks(source):
        if pattern.search(tail + block):
            return True
        tail = block[-_TAIL_BYTES:]
    return False


def _blocks(source: str) -> Iterator[bytes]:
    with open_bytes(source) as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


def _encodings(head: bytes) -> tuple[str, ...]:
    if head.startswith(b"\xef\xbb\xbf"):
        return ("utf-8-sig", "latin-1")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    return ("utf-8", "cp1252", "latin-1")


def _decimal(text: str, delimiter: str) -> str:
    """Return the decimal sign of most numbers in the first lines."""
    if delimiter == ",":
        return "."
    text = text[:_COUNTED]
    return "," if len(_WITH_COMMA.findall(text)) > len(_WITH_POINT.findall(text)) else "."


def _delimiter(text: str) -> str:
    """Return the delimiter that splits the first lines into the most fields, equally in all.

    The standard library's sniffer also accepts letters and spaces and is often wrong; counting
    four candidates is more reliable.
    """
    lines = text.splitlines()[:100]
    if len(lines) > 1:
        lines = lines[:-1]  # the last one may be cut off
    sample = "\n".join(line for line in lines if line.strip())
    best, most = ",", 0.0
    for delimiter in _DELIMITERS:
        widths = [len(row) for row in csv.reader(io.StringIO(sample), delimiter=delimiter) if row]
        if not widths or widths[0] < 2:
            continue
        even = sum(width == widths[0] for width in widths) / len(widths)
        if even * even * widths[0] > most:
            best, most = delimiter, even * even * widths[0]
    return best
