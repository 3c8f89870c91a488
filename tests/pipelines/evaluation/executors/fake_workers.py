"""Workers that do nothing at the moments a test tells them to, on a clock of their own."""

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any

from espalier.pipelines.errors import WorkerLostError
from espalier.pipelines.evaluation.executors.job_pool import JobPool
from espalier.pipelines.evaluation.executors.memory_gate import MemoryGate
from espalier.pipelines.evaluation.executors.workers import Answer, WorkerGoneError
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial

NEVER = float("inf")
DONE = Answer("done")
ROOMY = MemoryGate(available=lambda: NEVER)


class Clock:
    """Stands still until it is moved."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@dataclass(frozen=True)
class Act:
    """What a worker does with a job: begins, works, reports."""

    seconds: float = 1.0
    report: Any = DONE
    begins_after: float = 0.0
    hears: bool = True  # gives up when it is asked to
    memory_mb: float | None = None
    turn_after: float = 0.0  # how long jobs of others come first


class FakeWorker:
    def __init__(self, name, workers):
        self.name = name
        self.workers = workers
        self.begins_at_once = workers.begin_at_once
        self.work = None
        self.act = None
        self.gone = False
        self.given = self.ends = 0.0

    @property
    def turn(self):
        turn = self.given + self.act.turn_after
        return turn if turn <= self.workers.clock() else None

    @property
    def begins(self):
        return self.given + self.act.turn_after + self.act.begins_after

    @property
    def began(self):
        return self.begins if self.begins <= self.workers.clock() else None

    @property
    def memory_mb(self):
        return self.act.memory_mb

    def start(self, work, seconds):
        if self.gone:
            self.workers.there.remove(self)
            raise WorkerGoneError
        script = self.workers.acts[work]
        self.act = script.popleft() if script else Act()
        self.work, self.given = work, self.workers.clock()
        self.ends = self.begins + self.act.seconds
        self.workers.given.append((self.workers.clock(), self.name, work, seconds))

    def look(self):
        if self.workers.clock() < self.ends:
            return None
        self.work = None
        return self.act.report


class FakeWorkers:
    """A `WorkerSet`; ``given`` says what was started when, where and with how many seconds."""

    def __init__(self, n_workers, *, on_this_machine=True, begin_at_once=True):
        self.clock = Clock()
        self.on_this_machine = on_this_machine
        self.begin_at_once = begin_at_once
        self.acts = defaultdict(deque)
        self.there = []
        self.given = []
        self.killed = []
        self.closed = False
        self.wanted = 0
        self.hopeless = False
        self.join(n_workers)

    @property
    def n_workers(self):
        return max(1, len(self.there))

    def join(self, n_workers):
        first = len(self.there) + len(self.killed)
        self.there += [FakeWorker(f"w{first + more}", self) for more in range(n_workers)]

    def play(self, work, *acts):
        """Have the next starts of ``work`` go like that."""
        self.acts[work].extend(acts)

    def free(self):
        if self.hopeless:
            raise WorkerLostError("nobody is left")
        return [worker for worker in self.there if worker.work is None]

    def want(self, n_jobs):
        self.wanted = n_jobs

    def wait(self, seconds):
        busy = [each for each in self.there if each.work is not None]
        moments = [each.ends for each in busy]
        moments += [each.begins for each in busy if each.began is None]
        self.clock.now = min([self.clock() + seconds, *(max(m, self.clock()) for m in moments)])

    def interrupt(self, workers):
        for worker in workers:
            if worker.act.hears and worker.began is not None:
                worker.ends = self.clock() + 0.25

    def kill(self, worker):
        self.there.remove(worker)
        self.killed.append(worker.name)
        self.join(1)

    def close(self):
        self.closed = True


def trial(number, seconds_limit=None):
    configuration = Configuration.of("knn", {"k": 3})
    return Trial(number=number, configuration=configuration, seed=0, seconds_limit=seconds_limit)


def pool_of(workers, **options):
    return JobPool(workers, **{"gate": ROOMY, "clock": workers.clock} | options)


def run(pool, workers, seconds=1000.0):
    """Step until nothing is pending or the time is up; return what ended, in that order."""
    results = []
    deadline = Deadline.after(seconds, workers.clock)
    while pool.pending and not deadline.passed:
        results += pool.step(deadline.seconds_left, deadline)
    return results


def run_one(work, *acts, workers=None, **options):
    """Run one piece of work; return its result and the workers."""
    workers = workers or FakeWorkers(1)
    workers.play(work, *acts)
    pool = pool_of(workers, **options)
    pool.add(work)
    (result,) = run(pool, workers)
    assert pool.pending == ()
    return result, workers
