"""The parts of a studio that its pages use."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from espalier.flows.studio.jobs.runner import JobRunner
from espalier.flows.studio.predicting.opened import ModelShelf
from espalier.flows.studio.security.door import Door
from espalier.flows.studio.tables.checks import RowChecker
from espalier.flows.studio.tables.entries import TableShelf
from espalier.flows.studio.tables.reading import TableReader
from espalier.flows.studio.web.rendering import Pages
from espalier.infra.actor import current_actor
from espalier.infra.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """The parts of a studio.

    Attributes
    ----------
    settings : Settings
        Name the stores.
    door : Door
        Password and sessions.
    pages : Pages
        Renders templates.
    shelf : TableShelf
        The tables.
    reader : TableReader
        Reads them for display.
    jobs : JobRunner
        Starts commands.
    models : ModelShelf
        Models that answer single rows.
    most_bytes : int
        The largest upload.
    checker : RowChecker
        Checks tables as a training does.
    one_guess : Semaphore
        Held while a wrong password is answered, so that one is tried after the other.
    """

    settings: Settings
    door: Door
    pages: Pages
    shelf: TableShelf
    reader: TableReader
    jobs: JobRunner
    models: ModelShelf
    most_bytes: int
    checker: RowChecker = field(default_factory=RowChecker)
    one_guess: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    def actor(self, request: Request) -> str:
        """Return for whom decisions of a request are recorded.

        It is whom the authenticating proxy names, where there is one (the setting
        ``user_header``), else the user of the studio's process.
        """
        header = self.settings.user_header
        given = [] if header is None else request.headers.getlist(header)
        # Two values: one is not the proxy's.
        name = given[0].strip()[:200] if len(given) == 1 else ""
        return name or f"{current_actor()}, in the studio"


def studio_of(request: Request) -> Studio:
    """Return the studio that a request belongs to."""
    found = request.app.state.studio
    assert isinstance(found, Studio)
    return found


StudioPart = Annotated[Studio, Depends(studio_of)]
"""The studio, as a parameter of a page."""
