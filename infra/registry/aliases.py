"""Move the aliases of a registered model safely, with an entry in the decision log.

`AliasKeeper` moves ``champion`` and ``previous`` under the registry's lock, only if they are still
where they were when the decision was made, and checks the result. Each move has its entry in the
decision log; a move without one was made by hand, which is accepted and logged.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from espalier.infra.registry.registry import CHALLENGER, CHAMPION, PREVIOUS, version_numbers
from espalier.infra.registry.registry_lock import RegistryLock
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking.decision_log import DecisionLog
from espalier.infra.tracking.store import make_client
from espalier.infra.tracking.trial_runs import plain_text
from espalier.pipelines.errors import EspalierError
from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind, champions_before

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LOG = logging.getLogger(__name__)

# MLflow's limit is 5000 characters.
_LONGEST = 4800

ELSEWHERE = "somebody, outside of promote and rollback"


class AliasesMovedError(EspalierError):
    """The aliases have moved since the decision was made; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aliases:
    """The versions that a model's aliases point to; None for an alias that is not set."""

    champion: int | None
    challenger: int | None
    previous: int | None


@dataclass(frozen=True, slots=True)
class _Noticed:
    """The last number of the log, a move by hand if any, and decisions completed just now."""

    sequence: int
    moved: Decision | None
    completed: tuple[Decision, ...]


class AliasKeeper:
    """Moves the aliases of one model.

    Parameters
    ----------
    settings : Settings
        Name the registry.
    model : str
        The registered model.
    """

    def __init__(self, settings: Settings, model: str) -> None:
        self._settings = settings
        self._model = model
        self.log = DecisionLog(settings)
        self._client: MlflowClient | None = None

    @property
    def client(self) -> "MlflowClient":
        """The MLflow client of the registry."""
        if self._client is None:
            self._client = make_client(self._settings)
        return self._client

    def read(self) -> Aliases:
        """Return the versions that the aliases point to now."""
        with store_errors(self._settings.mlflow_registry_uri):
            found = self.client.get_registered_model(self._model).aliases
        places = {
            name: int(found[name]) if name in found else None
            for name in (CHAMPION, CHALLENGER, PREVIOUS)
        }
        return Aliases(**places)

    def pile(self) -> tuple[int, ...]:
        """Return the earlier champions that a rollback could restore, by the log, latest last."""
        decisions = self.log.read(self._model)
        versions = self._versions()
        first = min(versions, default=None)
        return champions_before(decisions, first, versions)

    def notice(self) -> Decision | None:
        """Log a move of the champion by hand since the last decision, and return it, if any.

        Unfinished decisions of earlier processes are completed or withdrawn first.
        """
        with self._lock() as lock:
            return self._notice(lock).moved

    def carry_out(self, decision: Decision, markdown: str) -> Decision:
        """Move the aliases as ``decision`` says, and log it.

        Returns
        -------
        Decision
            The decision with its number in the log.

        Raises
        ------
        AliasesMovedError
            The champion has changed since the decision was made.
        """
        with self._lock() as lock:
            noticed = self._notice(lock)
            for settled in noticed.completed:  # an interrupted earlier try of the same decision
                if _same(settled, decision):
                    return settled
            now = self.read()
            if now.champion != decision.champion_before:
                raise AliasesMovedError(
                    f"the champion of {self._model!r} is {_shown(now.champion)} by now, not "
                    f"{_shown(decision.champion_before)} as when this was decided; nothing was "
                    "changed, try again"
                )
            if decision.champion_after == now.champion:  # no alias moves
                decision = replace(decision, previous_after=now.previous)
            lock.check()
            placed = self.log.open(decision, markdown, sequence=noticed.sequence + 1)
            try:
                self._move(lock, placed)
            except BaseException:
                # An unfinished decision is completed or withdrawn by the next run.
                _LOG.warning("the aliases of %r were not moved to the end", self._model)
                raise
            self.log.finish(placed)
        self._tag(placed)
        return placed

    def _lock(self) -> RegistryLock:
        return RegistryLock(self.client, self._model)

    def _notice(self, lock: RegistryLock) -> "_Noticed":
        begun = self.log.unfinished(self._model)
        completed = tuple(each for each in begun if self._settle(lock, each))
        now, decisions = self.read(), self.log.read(self._model)
        at = decisions[-1].sequence if decisions else 0
        versions = self._versions()
        if decisions:
            last = decisions[-1]
            champion, previous = last.champion_after, last.previous_after
        else:
            champion, previous = min(versions, default=None), None
        # Deleting a version deletes its aliases.
        previous = previous if previous in versions else None
        if now.champion == champion and now.previous == previous:
            return _Noticed(at, None, completed)
        found = Decision(
            kind=DecisionKind.BY_HAND,
            model=self._model,
            version=now.champion,
            champion_before=champion,
            champion_after=now.champion,
            previous_after=now.previous,
            actor=ELSEWHERE,
            reasons=_moves(champion, previous, now),
        )
        lock.check()
        placed = self.log.open(found, " ".join(found.reasons), sequence=at + 1)
        self.log.finish(placed)
        self._tag(placed)
        return _Noticed(at + 1, placed, completed)

    def _settle(self, lock: RegistryLock, begun: Decision) -> bool:
        """Complete or withdraw an unfinished decision; return whether it is completed."""
        if self.read().champion == begun.champion_after:
            if begun.champion_after != begun.champion_before:
                self._move(lock, begun)
            self.log.finish(begun)
            self._tag(begun)
            return True
        self.log.withdraw(begun)
        return False

    def _move(self, lock: RegistryLock, decision: Decision) -> None:
        """Move the aliases, champion first: once it has moved, the rest can be completed later."""
        with store_errors(self._settings.mlflow_registry_uri):
            now = self.read()
            if decision.champion_after != now.champion and decision.champion_after is not None:
                lock.check()
                self.client.set_registered_model_alias(
                    self._model, CHAMPION, str(decision.champion_after)
                )
            if decision.previous_after != now.previous and decision.previous_after is not None:
                lock.check()
                self.client.set_registered_model_alias(
                    self._model, PREVIOUS, str(decision.previous_after)
                )
            if decision.previous_after is None and now.previous is not None:
                lock.check()
                self.client.delete_registered_model_alias(self._model, PREVIOUS)
            if now.challenger is not None and now.challenger == decision.champion_after:
                lock.check()
                # A training may have set a newer challenger since: that one stays. Ours sets it
                # under this lock; somebody else's, or a person, does not.
                if self.read().challenger == decision.champion_after:
                    self.client.delete_registered_model_alias(self._model, CHALLENGER)
            after = self.read()
        wanted = (decision.champion_after, decision.previous_after)
        if (after.champion, after.previous) != wanted:
            raise AliasesMovedError(
                f"the aliases of {self._model!r} were moved by somebody else at the same time: "
                f"champion is {_shown(after.champion)}, previous is {_shown(after.previous)}"
            )

    def _tag(self, decision: Decision) -> None:
        """Tag the versions concerned with the decision."""
        kind, reasons = str(decision.kind), " ".join(decision.reasons)
        tags = {
            "espalier.decision": kind,
            "espalier.decision_reason": plain_text(reasons, _LONGEST),
            "espalier.decided_by": decision.actor,
            "espalier.decided_at": time.strftime(
                "%Y-%m-%dT%H:%M:%SZ", time.gmtime(decision.at_ms / 1000)
            ),
            "espalier.decision_run": decision.run_id,
        }
        moved = decision.champion_before != decision.champion_after
        if moved and decision.champion_before is not None:
            tags["espalier.replaced_version"] = str(decision.champion_before)
            self._set_tags(
                decision.champion_before,
                {"espalier.replaced_by": str(decision.champion_after), "espalier.replaced": kind},
            )
        if decision.version is not None:
            self._set_tags(decision.version, tags)

    def _set_tags(self, version: int, tags: Mapping[str, str]) -> None:
        from mlflow.exceptions import MlflowException

        with store_errors(self._settings.mlflow_registry_uri):
            try:
                for key, value in tags.items():
                    self.client.set_model_version_tag(self._model, str(version), key, value)
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
                _LOG.info("version %s of %r was deleted", version, self._model)

    def _versions(self) -> frozenset[int]:
        with store_errors(self._settings.mlflow_registry_uri):
            return version_numbers(self.client, self._model)


def _moves(champion: int | None, previous: int | None, now: Aliases) -> tuple[str, ...]:
    """Describe in words which aliases have moved."""
    said = []
    if now.champion != champion:
        said.append(
            f"The alias champion was moved from {_shown(champion)} to {_shown(now.champion)} "
            "outside of promote and rollback."
        )
    if now.previous != previous:
        said.append(
            f"The alias previous was moved from {_shown(previous)} to {_shown(now.previous)} "
            "outside of promote and rollback."
        )
    return tuple(said)


def _same(one: Decision, other: Decision) -> bool:
    """Return whether two log entries are the same decision."""
    facts = [
        (each.kind, each.version, each.champion_before, each.champion_after, each.actor)
        for each in (one, other)
    ]
    return facts[0] == facts[1]


def _shown(version: int | None) -> str:
    return "no version" if version is None else f"version {version}"
