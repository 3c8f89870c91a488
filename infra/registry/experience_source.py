"""Which experience a training asks: the one named, else the learned champion, else the shipped."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from espalier.infra.registry.logged_predictor import champion_number, predictor_files
from espalier.infra.registry.registry import PREDICTOR_MODEL
from espalier.infra.settings import NO_EXPERIENCE, Settings
from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.knowledge import Knowledge, open_knowledge
from espalier.pipelines.experience.shipped import NAME, shipped_folder

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperienceSource:
    """Where learned experience is.

    Attributes
    ----------
    name : str
        For people.
    folder : Path
        What `Knowledge.save` wrote.
    """

    name: str
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedExperience:
    """Experience with its origin."""

    source: ExperienceSource
    knowledge: Knowledge


def open_experience(settings: Settings) -> LoadedExperience | None:
    """Return the experience that trainings use; None where there is none or none is wanted.

    Where nobody asked for a particular one, one that cannot be read is passed over.

    Raises
    ------
    UserError
        The folder that the settings name holds none that can be read.
    StoreUnavailableError
        The registry does not answer.
    """
    if settings.experience == NO_EXPERIENCE:
        return None
    if settings.experience is not None:
        source = ExperienceSource(name=str(settings.experience), folder=settings.experience)
        return LoadedExperience(source=source, knowledge=open_knowledge(source.folder))
    for source in _by_default(settings):
        try:
            return LoadedExperience(source=source, knowledge=open_knowledge(source.folder))
        except UserError as error:
            _LOG.warning("%s is passed over: %s", source.name, error)
    return None


def _by_default(settings: Settings) -> Iterator[ExperienceSource]:
    number = champion_number(settings)
    if number is not None:
        yield ExperienceSource(
            name=f"{PREDICTOR_MODEL} version {number}", folder=predictor_files(number, settings)
        )
    shipped = shipped_folder()
    if shipped is not None:
        yield ExperienceSource(name=NAME, folder=shipped)
