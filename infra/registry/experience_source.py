"""Find the knowledge for a training run: by the setting, the registered champion, or as shipped."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from espalier.infra.registry.logged_predictor import champion_number, predictor_files
from espalier.infra.registry.registry import PREDICTOR_MODEL
from espalier.infra.settings import NO_EXPERIENCE, Settings
from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.knowledge import Knowledge, open_knowledge
from espalier.pipelines.experience.shipped import (
    FORECASTS,
    NAME,
    holds_knowledge,
    shipped_folder,
)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperienceSource:
    """The place of a folder of knowledge.

    Attributes
    ----------
    name : str
        Name for display.
    folder : Path
        Folder that `Knowledge.save` wrote.
    """

    name: str
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedExperience:
    """Loaded knowledge, with the name of its source."""

    source: ExperienceSource
    knowledge: Knowledge


def open_experience(settings: Settings, *, of_forecasts: bool = False) -> LoadedExperience | None:
    """Load the knowledge that training runs use; None if there is none or it is switched off.

    Unreadable knowledge is skipped, unless the settings name it. What is known of forecasts is in
    a folder of its own beside that of tables; a folder may hold one of the two.

    Raises
    ------
    UserError
        The folder in the settings holds no readable knowledge.
    StoreUnavailableError
        The registry does not answer.
    """
    if settings.experience == NO_EXPERIENCE:
        return None
    if settings.experience is not None:
        named = settings.experience
        inner = named / FORECASTS
        if of_forecasts and not holds_knowledge(inner):
            return None  # it was fitted to trials on tables alone
        if not of_forecasts and holds_knowledge(inner) and not holds_knowledge(named):
            return None  # or to those on series alone
        source = ExperienceSource(name=str(named), folder=inner if of_forecasts else named)
        return LoadedExperience(source=source, knowledge=open_knowledge(source.folder))
    for source in _by_default(settings, of_forecasts=of_forecasts):
        try:
            return LoadedExperience(source=source, knowledge=open_knowledge(source.folder))
        except UserError as error:
            _LOG.warning("%s is passed over: %s", source.name, error)
    return None


def _by_default(settings: Settings, *, of_forecasts: bool) -> Iterator[ExperienceSource]:
    number = champion_number(settings)
    if number is not None:
        folder = predictor_files(number, settings)
        folder = folder / FORECASTS if of_forecasts else folder
        if not of_forecasts or holds_knowledge(folder):
            yield ExperienceSource(name=f"{PREDICTOR_MODEL} version {number}", folder=folder)
    shipped = None if of_forecasts else shipped_folder()  # of forecasts none ships
    if shipped is not None:
        yield ExperienceSource(name=NAME, folder=shipped)
