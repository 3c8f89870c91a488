"""The first step of every reading: fill in the secrets of a source, and check that it may be read.

Nothing about a source is looked up before, so that a form learns nothing of what it may not read.
"""

from espalier.infra.access.form_limits import guard_of, require_readable, require_readable_file
from espalier.infra.access.guarded_http import HttpGuard
from espalier.infra.access.origin import current_origin
from espalier.infra.settings import load_settings
from espalier.infra.tables.databases import is_database
from espalier.infra.tables.placeholders import fill_in
from espalier.infra.tables.workbooks.names import split_sheet


def open_to_us(source: str) -> str:
    """Return ``source`` with its secrets filled in, if whoever asked for it may have it read.

    Raises
    ------
    UserError
        A secret is missing, or a form may not have this source read.
    """
    filled = fill_in(source)
    if current_origin().is_form:
        # Without its sheet it is the path that is opened, with whatever links are on it.
        path, _ = split_sheet(filled)
        written, _ = split_sheet(source)
        require_readable(written, path, load_settings(), is_database=is_database(filled))
    return filled


def require_matches_open(matches: tuple[str, ...]) -> tuple[str, ...]:
    """Return the local files that a pattern matches, if whoever asked may have all of them read.

    Raises
    ------
    UserError
        One lies elsewhere by a link.
    """
    if current_origin().is_form:
        settings = load_settings()
        for each in matches:
            require_readable_file(each, settings)
    return matches


def guard_for(source: str) -> HttpGuard | None:
    """Return the guard for opening a web address; None where none is needed."""
    return guard_of(source, load_settings()) if current_origin().is_form else None
