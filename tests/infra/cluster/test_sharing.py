"""The rules of sharing alone: runs with jobs of any length, on any number of workers."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.infra.cluster.job_keys import demand_key, job_key, new_run_mark, run_of
from espalier.infra.cluster.sharing import WorkerTasks, fair_workers
from tests.contracts.outcomes import success

TRIAL = success(3).result.trial


def test_a_key_says_whose_job_it_is():
    run = new_run_mark()
    assert run_of(job_key(TRIAL, run)) == run
    assert run_of(demand_key(run)) is None
    assert run_of("trial-3-other-" + run) is None


def test_dask_takes_trials_and_what_stands_for_them_for_one_kind():
    from dask.utils import key_split

    run = new_run_mark()
    assert key_split(job_key(TRIAL, run)) == key_split(demand_key(run)) == "trial"


@dataclass
class Run:
    """A run that always has work; its jobs take ``length`` rounds."""

    mark: str
    length: int
    wants: int = 10**6
    served: int = 0  # rounds of all its jobs
    longest_wait: int = 0
    waited: int = 0
    jobs: list = field(default_factory=list)


class Scheduler:
    """Workers with one thread each, which take their tasks in the order in which they came."""

    def __init__(self, n_workers):
        self.queues = {f"w{number}": [] for number in range(n_workers)}  # of [key, rounds left]
        self.round = 0
        self.seen = {}

    def tasks(self):
        return {name: [key for key, _ in queue] for name, queue in self.queues.items()}

    def ask(self, run):
        """Let a run give out jobs, as `DaskWorkerSet` does; move the first waiting one."""
        begun = {queue[0][0] for queue in self.queues.values() if queue}
        recent = frozenset(mark for mark, seen in self.seen.items() if self.round - seen < 2)
        view = WorkerTasks(run.mark, self.tasks(), recent=recent)
        own = [key for keys in self.tasks().values() for key in keys if run_of(key) == run.mark]
        room = view.share - len([key for key in own if key in begun])
        waiting = [key for key in own if key not in begun]
        for key, name in zip(waiting, view.idle[: max(0, room)], strict=False):
            for queue in self.queues.values():
                queue[:] = [each for each in queue if each[0] != key]
            self.queues[name].append([key, run.length])
        view = WorkerTasks(run.mark, self.tasks(), recent=recent)
        idle, queues = fair_workers(view, begun, ())
        for name in [*idle, *queues][: max(0, run.wants - view.n_own)]:
            self.queues[name].append([job_key(TRIAL, run.mark), run.length])

    def work(self, runs):
        served = Counter()
        self.round += 1
        for keys in self.tasks().values():
            self.seen |= dict.fromkeys(map(run_of, keys), self.round)
        for queue in self.queues.values():
            if queue:
                queue[0][1] -= 1
                served[run_of(queue[0][0])] += 1
                if not queue[0][1]:
                    queue.pop(0)
        for run in runs:
            run.served += served[run.mark]
            run.waited = 0 if served[run.mark] else run.waited + 1
            run.longest_wait = max(run.longest_wait, run.waited)


def play(scheduler, runs, n_rounds):
    for _ in range(n_rounds):
        for run in runs:
            scheduler.ask(run)
        assert all(scheduler.queues.values()), "no worker is idle while somebody has work"
        scheduler.work(runs)


def some_runs(*lengths):
    return [Run(new_run_mark(), length) for length in lengths]


@settings(max_examples=40, deadline=None)
@given(
    n_workers=st.integers(1, 6),
    lengths=st.lists(st.integers(1, 7), min_size=2, max_size=4),
    late=st.integers(0, 12),
)
def test_no_run_starves_a_later_one_nor_the_reverse(n_workers, lengths, late):
    scheduler, runs = Scheduler(n_workers), some_runs(*lengths)
    play(scheduler, runs[:1], late)
    play(scheduler, runs, 200)
    # One job of each run at every worker, at most, comes before a job that waits.
    longest = 2 * sum(lengths) + max(lengths)
    assert all(run.longest_wait <= longest for run in runs)
    if n_workers >= len(runs):
        least = n_workers // len(runs)
        assert all(run.served >= 0.8 * 200 * least - n_workers * longest for run in runs)


def test_two_runs_have_half_of_the_workers_each_however_long_their_jobs_are():
    scheduler, runs = Scheduler(4), some_runs(1, 9)
    play(scheduler, runs[1:], 20)
    play(scheduler, runs, 400)
    long_before = runs[1].served
    assert runs[0].served == pytest.approx(800, abs=90)
    assert long_before == pytest.approx(800 + 80, abs=90)


def test_one_worker_goes_round():
    scheduler, runs = Scheduler(1), some_runs(3, 3, 3)
    play(scheduler, runs, 90)
    assert [run.served for run in runs] == [30, 30, 30]


def test_what_a_run_does_not_need_the_others_have():
    scheduler, runs = Scheduler(4), some_runs(2, 2)
    runs[0].wants = 1
    play(scheduler, runs, 100)
    assert runs[0].served == 100
    assert runs[1].served == 300


def test_a_run_that_is_alone_has_all_and_sees_its_own_jobs_only():
    view = WorkerTasks("0" * 12, {"a": [], "b": [], "c": ["etl-1"]})
    assert (view.share, view.n_runs, set(view.idle)) == (3, 1, {"a", "b"})
    assert fair_workers(view, (), ()) == (view.idle, ["c"])


def test_runs_that_start_together_do_not_all_begin_with_the_same_worker():
    tasks = {f"w{number}": [] for number in range(8)}
    first = {WorkerTasks(new_run_mark(), tasks).idle[0] for _ in range(40)}
    assert len(first) > 2
