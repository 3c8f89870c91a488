"""Several replicas of one version behind one queue of requests.

Requests that wait while all replicas are busy are put together: the next free replica takes as many
as a batch may hold. Nothing ever waits for a batch to fill, so a lone request is answered at once,
and the busier the endpoint is, the larger its batches are.

A replica that ends gets a successor, and the requests that it had are asked again, now one by one:
the one that ended it may do so again, and would take the others along. A request that has ended
two replicas is given up.
"""

import asyncio
import collections
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from espalier.infra.web.answering.answerer import refusal
from espalier.infra.web.answering.messages import ModelFacts, Question, Reply
from espalier.infra.web.endpoint.options import BatchLimits
from espalier.infra.web.endpoint.replicas import Replica, ReplicaLostError
from espalier.pipelines.errors import EspalierError

_LOG = logging.getLogger(__name__)

MOST_TRIES = 2
RETRY_SECONDS = (0.0, 0.2, 1.0, 5.0, 15.0, 30.0)
"""Pauses before a lost replica is started again; the last one repeats."""

StartReplica = Callable[[], Awaitable[Replica]]


class BusyError(EspalierError):
    """Too many requests wait already."""


@dataclass(eq=False)
class _Waiting:
    """A question that waits for its reply."""

    question: Question
    reply: "asyncio.Future[Reply]"
    tries: int = 0


@dataclass(eq=False)
class SetCounts:
    """What happened in a set of replicas, for the metrics.

    Attributes
    ----------
    batches, batched : int
        Number of batches, and of requests in them.
    restarts : int
        Replicas that were replaced.
    """

    batches: int = 0
    batched: int = 0
    restarts: int = 0


class ReplicaSet:
    """Answers requests with one version of a model.

    Parameters
    ----------
    start : callable () -> awaitable Replica
        Starts one more replica.
    size : int
        Number of replicas.
    limits : BatchLimits
        How requests are put together.
    patience : float
        Seconds after which a replica that does not answer is ended.
    """

    def __init__(
        self, start: StartReplica, *, size: int, limits: BatchLimits, patience: float
    ) -> None:
        self._start = start
        self._size = size
        self._limits = limits
        self._patience = patience
        self._queue: collections.deque[_Waiting] = collections.deque()
        self._wakened = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self._alive: dict[int, Replica] = {}
        self._n_open = 0
        self._closing = False
        self._facts: ModelFacts | None = None
        self.counts = SetCounts()

    async def open(self) -> None:
        """Start all replicas and wait for them.

        Raises
        ------
        UserError
            The version cannot be opened.
        """
        tasks = [asyncio.ensure_future(self._start()) for _ in range(self._size)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        replicas = [each for each in results if not isinstance(each, BaseException)]
        failures = [each for each in results if isinstance(each, BaseException)]
        if failures:
            await asyncio.gather(*(each.end() for each in replicas))
            raise failures[0]
        self._facts = replicas[0].facts
        for slot, each in enumerate(replicas):
            self._alive[slot] = each
            self._tasks.append(asyncio.create_task(self._serve(slot, each)))

    @property
    def facts(self) -> ModelFacts:
        """What the model needs and answers."""
        if self._facts is None:
            raise RuntimeError("the replicas are not open yet")
        return self._facts

    @property
    def n_alive(self) -> int:
        """Number of replicas that can answer now."""
        return len(self._alive)

    @property
    def pids(self) -> tuple[int, ...]:
        """Processes of the replicas."""
        return tuple(each.pid for each in self._alive.values() if each.pid is not None)

    @property
    def n_waiting(self) -> int:
        """Number of requests that no replica has taken yet."""
        return len(self._queue)

    async def ask(self, question: Question) -> Reply:
        """Return the reply to a question.

        Raises
        ------
        BusyError
            Too many requests wait already.
        """
        if len(self._queue) >= self._limits.waiting:
            raise BusyError(f"{len(self._queue):,} requests wait already; try again later")
        waiting = _Waiting(question, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._n_open += 1  # before anything else can run: a set that closes waits for it
        try:
            async with self._wakened:
                self._wakened.notify()
            return await waiting.reply
        finally:
            self._n_open -= 1
            if self._closing:
                async with self._wakened:
                    self._wakened.notify_all()

    async def close(self) -> None:
        """Answer what has been asked, then end the replicas."""
        self._closing = True
        async with self._wakened:
            await self._wakened.wait_for(lambda: not self._n_open)
        await self.abandon()

    async def abandon(self) -> None:
        """End the replicas at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(each.end() for each in self._alive.values()))
        self._alive.clear()

    async def _serve(self, slot: int, replica: Replica) -> None:
        """Give batches to one replica, and to its successors."""
        while True:
            batch = await self._next_batch()
            self.counts.batches += 1
            self.counts.batched += len(batch)
            try:
                async with asyncio.timeout(self._patience):
                    replies = await replica.answer([each.question for each in batch])
            except ReplicaLostError:
                self._ask_again(batch)
                replica = await self._successor(slot, replica)
                continue
            except TimeoutError:
                late = refusal(504, f"no answer within {self._patience:g} s")
                _settle(batch, [late] * len(batch))
                replica = await self._successor(slot, replica)
                continue
            except Exception as error:  # whatever it is, its requests must not wait for ever
                _LOG.exception("a batch could not be answered")
                failed = refusal(500, f"the request failed with {type(error).__name__}")
                _settle(batch, [failed] * len(batch))
                continue
            _settle(batch, replies)

    async def _next_batch(self) -> list[_Waiting]:
        """Wait for requests, and take as many as a batch may hold."""
        while True:
            async with self._wakened:
                await self._wakened.wait_for(lambda: self._queue)
                batch: list[_Waiting] = []
                n_bytes = 0
                while self._queue and len(batch) < self._limits.requests:
                    following = self._queue[0]
                    size = len(following.question.body)
                    alone = following.question.is_alone
                    if batch and (alone or n_bytes + size > self._limits.n_bytes):
                        break
                    self._queue.popleft()
                    if following.reply.done():  # whoever asked has gone
                        continue
                    batch.append(following)
                    n_bytes += size
                    if alone:
                        break
                if batch:
                    if self._queue:
                        self._wakened.notify()  # the rest is for another replica
                    return batch

    def _ask_again(self, batch: list[_Waiting]) -> None:
        """Put the requests of a lost replica back to the front, one by one from now on."""
        again = []
        for each in batch:
            each.tries += 1
            if each.tries >= MOST_TRIES:
                said = f"the model's process ended {each.tries} times over this request"
                _settle([each], [refusal(500, said)])
                continue
            each.question = replace(each.question, is_alone=True)
            again.append(each)
        self._queue.extendleft(reversed(again))

    async def _successor(self, slot: int, lost: Replica) -> Replica:
        """Start a replica in the place of a lost one, however long that takes."""
        self._alive.pop(slot, None)
        async with self._wakened:
            self._wakened.notify_all()  # what it had is for the others
        with contextlib.suppress(Exception):
            await lost.end()
        _LOG.warning("a worker has ended and is replaced (process %s)", lost.pid)
        self.counts.restarts += 1
        pauses = list(RETRY_SECONDS)
        while True:
            await asyncio.sleep(pauses.pop(0) if len(pauses) > 1 else pauses[0])
            try:
                replica = await self._start()
            except Exception as error:
                _LOG.error("a worker could not be started again: %s", error)
                continue
            self._alive[slot] = replica
            return replica


def _settle(batch: list[_Waiting], replies: "list[Reply] | tuple[Reply, ...]") -> None:
    for each, reply in zip(batch, replies, strict=True):
        if not each.reply.done():
            each.reply.set_result(reply)
