"""An endpoint without its HTTP: models by name, their versions, and the watch over the registry."""

import asyncio
import logging
import random
import time
import uuid
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from espalier.infra.places import request_log_folder
from espalier.infra.settings import Settings
from espalier.infra.web.answering.answerer import refusal
from espalier.infra.web.answering.messages import Question, Reply
from espalier.infra.web.answering.opening import ModelSource
from espalier.infra.web.endpoint.metrics import EndpointMetrics
from espalier.infra.web.endpoint.options import EndpointOptions
from espalier.infra.web.endpoint.registry_versions import RegistryVersions
from espalier.infra.web.endpoint.replica_set import BusyError, ReplicaSet
from espalier.infra.web.endpoint.replicas import OwnReplica, ProcessReplica, Replica
from espalier.infra.web.endpoint.request_log import RequestLog
from espalier.infra.web.endpoint.served_model import Placement, ServedModel
from espalier.pipelines.errors import UserError

_LOG = logging.getLogger(__name__)

_BUSY = 503
_RETRY_POLLS = 15
_MOST_NAMED = 20
"""Turns of the watch after which a version that could not be opened is tried again."""


class Endpoint:
    """Serves registered models; a context manager that opens and closes them.

    Parameters
    ----------
    options : EndpointOptions
        What is served, and how.
    settings : Settings
        Name the stores and the home folder.

    Raises
    ------
    UserError
        There is no such model, alias or version, or one is named twice.
    """

    def __init__(self, options: EndpointOptions, settings: Settings) -> None:
        self.options = options
        self._registry = RegistryVersions(options, settings)
        self._first: dict[str, Placement] = {}
        for spec in options.models:
            name, placement = self._registry.first_placement(spec)
            if name in self._first:
                raise UserError(f"model {name!r} is named twice; serve one version of it at a time")
            self._first[name] = placement
        self._models = {name: self._served(name) for name in self._first}
        self._logs = {
            name: RequestLog(
                request_log_folder(settings.home, name),
                most_bytes=options.log.most_bytes,
                keep_days=settings.keep_requests_days,
            )
            for name in self._first
        }
        self.metrics = EndpointMetrics(self._models, self._logs)
        self._watches: list[asyncio.Task[None]] = []
        self._draw = random.Random()
        self._n_users = 0

    @property
    def models(self) -> Mapping[str, ServedModel]:
        """The served models by name."""
        return self._models

    @property
    def is_ready(self) -> bool:
        """Whether every model could answer now."""
        return all(each.is_ready for each in self._models.values())

    async def __aenter__(self) -> Self:
        """Open all models; entered again, it is the same endpoint."""
        self._n_users += 1
        if self._n_users > 1:
            return self
        try:
            async with asyncio.TaskGroup() as group:
                for name, placement in self._first.items():
                    group.create_task(self._place(self._models[name], placement))
            self._require_redacted()
        except ExceptionGroup as failures:
            await self._close()
            raise failures.exceptions[0] from None
        except UserError:
            await self._close()
            raise
        self._watches = [
            asyncio.create_task(self._follow_registry(model)) for model in self._models.values()
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Answer what has been asked, and close."""
        self._n_users -= 1
        if not self._n_users:
            await self._close()

    async def ask(self, name: str, question: Question) -> tuple[Reply, int | None]:
        """Return the reply of a model, and the version that gave it; None if none could.

        Parameters
        ----------
        name : str
            Name of a served model.
        question : Question
            The request; alias, id and whether it is logged are filled in.
        """
        began = time.perf_counter()
        version: int | None = None
        try:
            async with asyncio.timeout(self.options.patience):
                chosen = self._models[name].choose()
                if chosen is None:
                    reply = refusal(_BUSY, f"model {name!r} is not ready yet")
                else:
                    version = chosen.version
                    reply = await chosen.replicas.ask(self._filled(question, chosen.alias))
        except BusyError as error:
            reply = refusal(_BUSY, str(error))
        except TimeoutError:
            reply = refusal(_BUSY, f"no answer within {self.options.patience:g} s; try again later")
        if reply.log:
            self._logs[name].append(reply.log)
        seconds = time.perf_counter() - began
        self.metrics.count(name, version, reply.status, reply.n_rows, seconds)
        return reply, version

    def _filled(self, question: Question, alias: str | None) -> Question:
        sample = self.options.log.sample
        return Question(
            body=question.body,
            media=question.media,
            options=question.options,
            style=question.style,
            alias=alias,
            request_id=question.request_id or uuid.uuid4().hex,
            is_logged=sample > 0 and self._draw.random() < sample,
        )

    def _served(self, name: str) -> ServedModel:
        def make_set(version: int) -> ReplicaSet:
            return self._replicas(name, version)

        return ServedModel(name, make_set, challenger_share=self.options.challenger_share)

    def _replicas(self, name: str, version: int) -> ReplicaSet:
        """Return the replicas of a version, not opened yet; its files are fetched once."""
        fetching: list[asyncio.Task[ModelSource]] = []
        n_processes = self.options.workers

        async def start() -> Replica:
            if not fetching or (fetching[0].done() and fetching[0].exception() is not None):
                fetched = asyncio.to_thread(self._registry.source, name, version)
                fetching[:] = [asyncio.create_task(fetched)]
            source = await asyncio.shield(fetching[0])
            if not n_processes:
                return await OwnReplica.started(source)
            return await ProcessReplica.started(source, n_processes=n_processes)

        return ReplicaSet(
            start,
            size=max(1, n_processes),
            limits=self.options.batches,
            patience=self.options.patience,
        )

    async def _follow_registry(self, model: ServedModel) -> None:
        """Let versions take over when their alias moves; what fails is said and tried again."""
        while True:
            await asyncio.sleep(self.options.poll_seconds * (_RETRY_POLLS if model.problem else 1))
            now = model.placement
            if now is None:
                continue
            try:
                wanted = await asyncio.to_thread(self._registry.moved, model.name, now)
                model.problem = ""
                await self._place(model, wanted)
            except Exception as error:
                model.problem = _one_line(error)
                _LOG.warning("%s: what serves stays as it is: %s", model.name, model.problem)

    async def _place(self, model: ServedModel, wanted: Placement) -> None:
        """Let versions answer; a challenger that cannot be opened keeps no champion away.

        Raises
        ------
        UserError
            The version that is to answer cannot be opened.
        """
        try:
            await model.place(wanted)
        except UserError as error:
            if wanted.challenger is None:
                raise
            await model.place(Placement(version=wanted.version, alias=wanted.alias))
            model.problem = _one_line(error)
            _LOG.warning("%s: the challenger answers nothing: %s", model.name, model.problem)

    def _require_redacted(self) -> None:
        """Make sure that a column that must not be logged is not merely misspelt.

        Raises
        ------
        UserError
            No model has such a column.
        """
        known = {
            column.name
            for model in self._models.values()
            for replicas in model.sets.values()
            for column in replicas.facts.columns
        }
        unknown = sorted(self.options.log.rules.redacted - known)
        if unknown and known:
            raise UserError(
                f"no model has a column {unknown[0]!r} to leave out of the log; there are "
                f"{', '.join(repr(name) for name in sorted(known)[:_MOST_NAMED])}"
            )

    async def _close(self) -> None:
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        self._watches.clear()
        await asyncio.gather(*(each.close() for each in self._models.values()))
        for log in self._logs.values():
            await asyncio.to_thread(log.close)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
