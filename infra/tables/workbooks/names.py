"""Names of workbooks in sources: ``book.xlsx`` or, of several sheets, ``book.xlsx#March``."""

import re

ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_SHEET = re.compile(rf"(.*?(?:{'|'.join(map(re.escape, ENDINGS))})(?:\?[^#]*)?)#(.+)", re.I | re.S)


def split_sheet(source: str) -> tuple[str, str | None]:
    """Return a source without its sheet, and the sheet; None where it names none.

    A sheet is part of the source, so that whatever takes and remembers a source takes and
    remembers it too.

    Parameters
    ----------
    source : str
        A path or a URL, such as ``book.xlsx#March`` or ``s3://shop/book.xlsx#March``.
    """
    found = _SHEET.fullmatch(source)
    return (source, None) if found is None else (found[1], found[2])


def with_sheet(path: str, sheet: str | None) -> str:
    """Return the source that `split_sheet` takes apart."""
    return path if sheet is None else f"{path}#{sheet}"
