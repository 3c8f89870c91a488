"""Registered models as the pages show them: their versions, who serves, and what was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from espalier.infra.registry.registry import (
    CHALLENGER,
    CHAMPION,
    PREVIOUS,
    RegisteredVersion,
    list_models,
    versions_of,
)
from espalier.infra.settings import Settings
from espalier.infra.tracking.artifacts import (
    EXAMPLES_FILE,
    EXPLANATION_FILE,
    LEADERBOARD_FILE,
    REPORT_FILE,
    read_json_file,
    read_text_file,
)
from espalier.infra.tracking.decision_log import DecisionLog
from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.promotion.decision import Decision

SHOWN_TRIALS = 25


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A registered model with all its versions, the newest first.

    Attributes
    ----------
    name : str
        Its name.
    versions : tuple of RegisteredVersion
        At least one.
    """

    name: str
    versions: tuple[RegisteredVersion, ...]

    @property
    def champion(self) -> RegisteredVersion | None:
        """The version that serves."""
        return self._with(CHAMPION)

    @property
    def challenger(self) -> RegisteredVersion | None:
        """The version that may replace it."""
        return self._with(CHALLENGER)

    @property
    def previous(self) -> RegisteredVersion | None:
        """The version that a rollback restores."""
        return self._with(PREVIOUS)

    @property
    def serving(self) -> RegisteredVersion:
        """The champion, or the newest version where there is none."""
        return self.champion or self.versions[0]

    def version(self, number: int) -> RegisteredVersion:
        """Return a version by its number.

        Raises
        ------
        UserError
            There is none.
        """
        for each in self.versions:
            if each.version == number:
                return each
        raise UserError(f"model {self.name!r} has no version {number}")

    def _with(self, alias: str) -> RegisteredVersion | None:
        return next((each for each in self.versions if alias in each.aliases), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPage:
    """What the page of one version shows besides its tags.

    Attributes
    ----------
    importances : tuple of (str, float, float)
        Columns that the model needs, with the score lost without each and that loss as a share of
        the largest.
    leaderboard : tuple of mapping
        The best trials, as JSON records.
    n_trials : int
        Number of all trials.
    has_report : bool
        Whether the training left a report.
    """

    importances: tuple[tuple[str, float, float], ...]
    leaderboard: tuple[Mapping[str, Any], ...]
    n_trials: int
    has_report: bool


def all_cards(settings: Settings) -> tuple[ModelCard, ...]:
    """Return all models, by name."""
    found = list_models(settings)
    return tuple(
        ModelCard(name, tuple(group)) for name, group in groupby(found, key=lambda each: each.name)
    )


def card_of(name: str, settings: Settings) -> ModelCard:
    """Return a model.

    Raises
    ------
    UserError
        There is no such model.
    """
    return ModelCard(name, versions_of(name, settings))


def decisions_about(name: str, settings: Settings) -> tuple[Decision, ...]:
    """Return what was decided about a model, the newest first."""
    return tuple(reversed(DecisionLog(settings).read(name)))


def version_page(version: RegisteredVersion, settings: Settings) -> VersionPage:
    """Read what the page of a version shows from the run that made it."""
    if version.run_id is None:
        return VersionPage(importances=(), leaderboard=(), n_trials=0, has_report=False)
    rows = read_json_file(settings, version.run_id, LEADERBOARD_FILE) or []
    explained = read_json_file(settings, version.run_id, EXPLANATION_FILE) or {}
    return VersionPage(
        importances=_importances(explained.get("importances", ())),
        leaderboard=tuple(rows[:SHOWN_TRIALS]),
        n_trials=len(rows),
        has_report=report_of(version, settings) is not None,
    )


def report_of(version: RegisteredVersion, settings: Settings) -> str | None:
    """Return the HTML report of the training that made a version; None if it left none."""
    if version.run_id is None:
        return None
    return read_text_file(settings, version.run_id, REPORT_FILE)


def examples_of(version: RegisteredVersion, settings: Settings) -> str | None:
    """Return the page of pictures and texts of single rows; None if there is none."""
    if version.run_id is None:
        return None
    return read_text_file(settings, version.run_id, EXAMPLES_FILE)


def _importances(records: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, float, float], ...]:
    found = [(str(each["name"]), float(each["loss"])) for each in records]
    most = max((loss for _, loss in found), default=0.0)
    if most <= 0:
        return ()
    return tuple((name, loss, max(loss, 0.0) / most) for name, loss in found)
