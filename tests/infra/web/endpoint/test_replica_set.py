"""Requests outlive the replicas that answer them."""

import asyncio

import pytest

from espalier.infra.web.answering.messages import ModelFacts, Question, Reply
from espalier.infra.web.endpoint.options import BatchLimits
from espalier.infra.web.endpoint.replica_set import BusyError, ReplicaSet
from espalier.infra.web.endpoint.replicas import ReplicaLostError

POISON = b"poison"


class Scripted:
    """A replica that echoes, ends over `POISON`, and can be held up."""

    facts = ModelFacts(problem="other")
    pid = None

    def __init__(self, gate=None, lives=10**9):
        self.gate, self.lives, self.batches, self.ended = gate, lives, [], False

    async def answer(self, questions):
        self.batches.append([each.body for each in questions])
        await asyncio.sleep(0)
        if self.gate is not None:
            await self.gate.wait()
        self.lives -= 1
        if self.lives < 0 or any(each.body == POISON for each in questions):
            raise ReplicaLostError("ended")
        return tuple(Reply(status=200, body=each.body) for each in questions)

    async def end(self):
        self.ended = True


def run(scenario, *, size=1, patience=20.0, make=Scripted, **limits):
    """Run a scenario with a set of replicas; return what it returns, and all replicas."""
    made = []

    async def start():
        made.append(make())
        return made[-1]

    async def whole():
        replicas = ReplicaSet(start, size=size, limits=BatchLimits(**limits), patience=patience)
        await replicas.open()
        try:
            return await scenario(replicas)
        finally:
            await replicas.close()

    return asyncio.run(whole()), made


def asking(replicas, *bodies):
    return asyncio.gather(*(replicas.ask(Question(body=body)) for body in bodies))


def test_requests_that_wait_share_a_batch():
    async def scenario(replicas):
        return await asking(replicas, *[b"%d" % number for number in range(150)])

    replies, (replica,) = run(scenario, requests=64)
    assert [reply.body for reply in replies] == [b"%d" % number for number in range(150)]
    assert len(replica.batches) <= 4
    assert max(map(len, replica.batches)) == 64


def test_a_large_request_shares_no_batch():
    async def scenario(replicas):
        return await asking(replicas, b"a", b"b" * 900, b"c" * 200, b"d")

    _, (replica,) = run(scenario, n_bytes=1000)
    sizes = [sum(map(len, batch)) for batch in replica.batches if len(batch) > 1]
    assert all(size <= 1000 for size in sizes)


def test_what_a_lost_replica_had_is_asked_again():
    async def scenario(replicas):
        replies = await asking(replicas, b"a", b"b", b"c")
        return replies, replicas.counts.restarts, replicas.n_alive

    lives = iter([0, 10**9])
    (replies, restarts, n_alive), made = run(scenario, make=lambda: Scripted(lives=next(lives)))
    assert [reply.status for reply in replies] == [200] * 3
    assert (restarts, n_alive, made[0].ended) == (1, 1, True)


def test_a_request_that_ends_two_replicas_is_given_up_and_harms_no_other():
    async def scenario(replicas):
        return await asking(replicas, b"a", POISON, b"b")

    (first, poison, last), made = run(scenario)
    assert (first.status, last.status) == (200, 200)
    assert poison.status == 500
    assert b"ended 2 times" in poison.body
    assert len(made) == 3


def test_a_replica_that_does_not_answer_is_replaced():
    gates = iter([asyncio.Event(), None])

    async def scenario(replicas):
        late = await replicas.ask(Question(body=b"a"))
        return late, await replicas.ask(Question(body=b"b"))

    (late, prompt), made = run(scenario, make=lambda: Scripted(next(gates)), patience=0.2)
    assert (late.status, prompt.status) == (504, 200)
    assert made[0].ended


def test_too_many_waiting_requests_are_turned_away():
    async def scenario(replicas):
        return await asyncio.gather(
            *(replicas.ask(Question(body=b"x")) for _ in range(10)), return_exceptions=True
        )

    outcomes, _ = run(scenario, waiting=4)
    assert sum(isinstance(each, BusyError) for each in outcomes) == 6
    assert sum(isinstance(each, Reply) for each in outcomes) == 4


def test_closing_answers_what_has_been_asked():
    async def scenario(replicas):
        asked = [asyncio.ensure_future(replicas.ask(Question(body=b"x"))) for _ in range(5)]
        await asyncio.sleep(0)
        await replicas.close()
        return [each.result().status for each in asked]

    assert run(scenario)[0] == [200] * 5


def test_whoever_has_gone_is_not_answered():
    gate = asyncio.Event()

    async def scenario(replicas):
        first = asyncio.ensure_future(replicas.ask(Question(body=b"first")))
        await asyncio.sleep(0.01)
        gone = asyncio.ensure_future(replicas.ask(Question(body=b"gone")))
        stays = asyncio.ensure_future(replicas.ask(Question(body=b"stays")))
        await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.sleep(0)
        gate.set()
        return await asyncio.gather(first, stays)

    _, (replica,) = run(scenario, make=lambda: Scripted(gate))
    assert replica.batches == [[b"first"], [b"stays"]]


def test_a_version_that_cannot_be_opened_leaves_nothing_behind():
    made = []

    async def start():
        made.append(Scripted())
        if len(made) == 2:
            raise OSError("no memory")
        return made[-1]

    async def scenario():
        replicas = ReplicaSet(start, size=3, limits=BatchLimits(), patience=1.0)
        with pytest.raises(OSError, match="no memory"):
            await replicas.open()

    asyncio.run(scenario())
    assert [each.ended for each in made] == [True, False, True]
