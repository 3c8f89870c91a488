"""Writes small workbooks as Excel does, by hand: nothing in the project needs to write any."""

import datetime
import zipfile
from xml.sax.saxutils import escape, quoteattr

_NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_EPOCH = datetime.datetime(1899, 12, 30)
# Formats of cells: 0 general, 1 date, 2 date and time, 3 time, 4 duration.
_STYLES = (
    f"<styleSheet {_NS}><numFmts count='1'><numFmt numFmtId='170' formatCode='[h]:mm:ss'/>"
    "</numFmts><fonts count='1'><font/></fonts><fills count='1'><fill/></fills>"
    "<borders count='1'><border/></borders><cellStyleXfs count='1'><xf/></cellStyleXfs>"
    "<cellXfs count='5'><xf numFmtId='0'/><xf numFmtId='14' applyNumberFormat='1'/>"
    "<xf numFmtId='22' applyNumberFormat='1'/><xf numFmtId='21' applyNumberFormat='1'/>"
    "<xf numFmtId='170' applyNumberFormat='1'/></cellXfs></styleSheet>"
)


class Fault(str):
    """An error in a cell, such as ``#N/A``."""


def write_workbook(path, sheets, *, hidden=()):
    """Write a workbook and return its path.

    Parameters
    ----------
    path : path
        Where to.
    sheets : dict of str to list of list
        Rows of cells by the name of the sheet; None for an empty cell.
    hidden : collection of str
        Sheets that a person does not see.
    """
    names = list(sheets)
    listed = "".join(
        f"<sheet name={quoteattr(name)} sheetId='{at}' r:id='rId{at}'"
        f"{' state=' + quoteattr('hidden') if name in hidden else ''}/>"
        for at, name in enumerate(names, 1)
    )
    relations = "".join(
        f"<Relationship Id='rId{at}' Type='{_REL}/worksheet' Target='worksheets/sheet{at}.xml'/>"
        for at in range(1, len(names) + 1)
    )
    relations += f"<Relationship Id='rIdS' Type='{_REL}/styles' Target='styles.xml'/>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _content_types(len(names)))
        archive.writestr(
            "_rels/.rels",
            f"<Relationships xmlns='{_PACKAGE}/relationships'><Relationship Id='rId1' "
            f"Type='{_REL}/officeDocument' Target='xl/workbook.xml'/></Relationships>",
        )
        archive.writestr(
            "xl/workbook.xml",
            f"<workbook {_NS} xmlns:r='{_REL}'><sheets>{listed}</sheets></workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f"<Relationships xmlns='{_PACKAGE}/relationships'>{relations}</Relationships>",
        )
        archive.writestr("xl/styles.xml", _STYLES)
        for at, rows in enumerate(sheets.values(), 1):
            archive.writestr(f"xl/worksheets/sheet{at}.xml", _sheet(rows))
    return path


def table_rows(table):
    """Return a DataFrame as rows of cells, its header first."""
    cells = table.astype(object).where(table.notna(), None)
    return [list(map(str, table.columns)), *cells.to_numpy().tolist()]


def _content_types(n):
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    sheets = "".join(
        f"<Override PartName='/xl/worksheets/sheet{at}.xml' ContentType='{kind}.worksheet+xml'/>"
        for at in range(1, n + 1)
    )
    return (
        f"<Types xmlns='{_PACKAGE}/content-types'>"
        "<Default Extension='xml' ContentType='application/xml'/><Default Extension='rels' "
        "ContentType='application/vnd.openxmlformats-package.relationships+xml'/>"
        f"<Override PartName='/xl/workbook.xml' ContentType='{kind}.sheet.main+xml'/>"
        f"<Override PartName='/xl/styles.xml' ContentType='{kind}.styles+xml'/>{sheets}</Types>"
    )


def _sheet(rows):
    lines = []
    for at, row in enumerate(rows, 1):
        cells = "".join(_cell(cell, f"{_letters(column)}{at}") for column, cell in enumerate(row))
        lines.append(f"<row r='{at}'>{cells}</row>")
    return f"<worksheet {_NS}><sheetData>{''.join(lines)}</sheetData></worksheet>"


def _letters(column):
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _cell(cell, place):
    if cell is None:
        return ""
    if isinstance(cell, Fault):
        return f"<c r='{place}' t='e'><v>{cell}</v></c>"
    if isinstance(cell, bool):
        return f"<c r='{place}' t='b'><v>{int(cell)}</v></c>"
    if isinstance(cell, str):
        return f"<c r='{place}' t='inlineStr'><is><t>{escape(cell)}</t></is></c>"
    style, number = 0, cell
    if isinstance(cell, datetime.datetime):
        style, number = 2, (cell - _EPOCH) / datetime.timedelta(days=1)
    elif isinstance(cell, datetime.date):
        style, number = 1, (datetime.datetime.combine(cell, datetime.time()) - _EPOCH).days
    elif isinstance(cell, datetime.time):
        style, number = 3, (cell.hour * 3600 + cell.minute * 60 + cell.second) / 86_400
    elif isinstance(cell, datetime.timedelta):
        style, number = 4, cell / datetime.timedelta(days=1)
    return f"<c r='{place}' s='{style}'><v>{number!r}</v></c>"
