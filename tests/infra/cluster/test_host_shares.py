"""How the runs of a machine share it: real files, and processes that come, go and are killed."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.infra.cluster.host_claim import claim_host
from espalier.infra.cluster.host_shares import HostShares, Machine, Share
from espalier.infra.processes.identity import ProcessIdentity
from espalier.infra.settings import Settings
from espalier.pipelines.resources.memory import worker_memory

ME = ProcessIdentity.mine()
GIB = 2**30


def share(mark, *, wanted=8, cores=1, memory=GIB, ready=True):
    return Share(mark=mark, owner=ME, n_wanted=wanted, cores=cores, memory=memory, is_ready=ready)


@pytest.fixture
def shares(tmp_path):
    return HostShares(tmp_path / "host.json", Machine(8, 16 * GIB))


def test_one_run_alone_has_all_and_never_more(shares):
    standing = shares.renew(share("a"), 0)
    assert (standing.share.n_held, standing.n_fair, standing.n_runs) == (8, 8, 1)
    assert shares.renew(share("a"), 5).share.n_held == 8


def test_a_run_gives_back_what_it_is_not_busy_with_and_the_next_one_gets_it(shares):
    shares.renew(share("a"), 0)
    assert shares.renew(share("b"), 0).share.n_held == 0
    assert shares.renew(share("a"), 7).share.n_held == 7, "nobody is stopped"
    assert shares.renew(share("b"), 0).share.n_held == 1
    assert shares.renew(share("a"), 3).share.n_held == 4
    assert shares.renew(share("b"), 1).share.n_held == 4
    shares.leave("b")
    assert shares.renew(share("a"), 4).share.n_held == 8, "it grows when the other ends"


def test_memory_is_shared_too(shares):
    shares.renew(share("a", memory=4 * GIB), 0)
    standing = shares.renew(share("b", memory=4 * GIB), 0)
    assert standing.n_fair == 2
    assert shares.renew(share("a", memory=4 * GIB), 0).share.n_held == 2


def test_where_there_are_more_runs_than_cores_they_take_turns(tmp_path):
    shares = HostShares(tmp_path / "host.json", Machine(2, 16 * GIB))
    runs = [share(mark) for mark in "abcd"]
    for run in runs:
        shares.renew(run, 0)
    served = dict.fromkeys("abcd", 0)
    busy = dict.fromkeys("abcd", 0)
    for _ in range(20):
        for run in runs:
            held = shares.renew(run, busy[run.mark]).share.n_held
            busy[run.mark] = held
        assert sum(busy.values()) == 2
        for run in runs:  # all jobs end
            if busy[run.mark]:
                served[run.mark] += 1
                busy[run.mark] = 0
                shares.renew(run, 0, has_ended=True)
    assert min(served.values()) >= 9


def test_a_run_that_has_no_work_now_keeps_no_core_from_one_that_has(tmp_path):
    shares = HostShares(tmp_path / "host.json", Machine(1, 16 * GIB))
    shares.renew(share("a"), 1)
    assert shares.renew(share("b"), 0).share.n_held == 0
    assert shares.renew(share("a", ready=False), 0).share.n_held == 0
    assert shares.renew(share("b"), 0).share.n_held == 1


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"mark": "a"}]', '{"a": 1}'])
def test_a_damaged_file_is_as_good_as_none(shares, content):
    shares.path.write_text(content)
    assert shares.renew(share("a"), 0).share.n_held == 8


def test_the_share_of_a_dead_process_is_free(shares):
    child = subprocess.Popen(["sleep", "60"])
    child.kill()
    child.wait()
    shares.renew(replace(share("dead"), owner=replace(ME, pid=child.pid)), 8)
    assert shares.renew(share("a"), 0).share.n_held == 8


moves = st.lists(
    st.tuples(
        st.sampled_from("abcde"),
        st.sampled_from(["renew", "start", "end", "leave"]),
    ),
    max_size=60,
)


@settings(max_examples=30, deadline=None)
@given(moves=moves, n_cores=st.integers(1, 9), cores=st.lists(st.integers(1, 3), min_size=5))
def test_what_all_hold_never_exceeds_the_machine(tmp_path_factory, moves, n_cores, cores):
    path = tmp_path_factory.mktemp("host") / "host.json"
    shares = HostShares(path, Machine(n_cores, n_cores * GIB))
    sizes = {mark: min(size, n_cores) for mark, size in zip("abcde", cores, strict=False)}
    held = dict.fromkeys("abcde", 0)
    busy = dict.fromkeys("abcde", 0)
    for mark, move in moves:
        run = share(mark, cores=sizes[mark], memory=sizes[mark] * GIB)
        if move == "leave":
            shares.leave(mark)
            held[mark] = busy[mark] = 0
            continue
        ended = move == "end" and busy[mark] > 0
        busy[mark] -= ended
        held[mark] = shares.renew(run, busy[mark], has_ended=ended).share.n_held
        busy[mark] = min(busy[mark] + (move == "start"), held[mark])
        assert sum(held[each] * sizes[each] for each in held) <= n_cores
        assert held[mark] >= busy[mark]


# --- processes ------------------------------------------------------------------------------------

RUN = """
import json, sys
from pathlib import Path
from espalier.infra.cluster import host_claim
from espalier.infra.settings import Settings
host_claim.usable_cores = lambda: 8
host_claim.machine_memory = lambda: 16 * 2**30
with host_claim.claim_host(
    Settings(home=Path(sys.argv[1])), workers=None, memory_limit=None, is_timed=True
) as claim:
    for line in sys.stdin:
        claim._renew()
        print(json.dumps([claim.n_workers, claim.n_threads, claim.memory]), flush=True)
"""


class Run:
    """A process with a claim; it says what it has whenever it is asked."""

    def __init__(self, home):
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def has(self):
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def test_four_processes_at_once_share_the_machine_and_a_killed_ones_share_returns(tmp_path):
    runs = [Run(tmp_path) for _ in range(4)]
    try:
        # Whichever began first: all are there, then all have given back, then all have got it.
        for _ in range(3):
            had = [run.has() for run in runs]
        assert [n for n, _, _ in had] == [2, 2, 2, 2]
        assert sum(n * threads for n, threads, _ in had) <= 8
        assert sum(n * memory for n, _, memory in had) <= 0.8 * 16 * GIB
        runs[0].process.kill()
        runs[0].process.wait()
        runs[1].end()
        for _ in range(2):
            had = [run.has() for run in runs[2:]]
        assert [n for n, _, _ in had] == [4, 4]
        runs[2].end()
        assert runs[3].has()[0] == 8
    finally:
        for run in runs:
            run.process.kill()
            run.process.wait()


# --- claims ---------------------------------------------------------------------------------------


@pytest.fixture
def claim(tmp_path, monkeypatch):
    monkeypatch.setattr("espalier.infra.cluster.host_claim.usable_cores", lambda: 8)
    made = []

    def claim(workers=None, limit=None, *, timed=True):
        made.append(
            claim_host(Settings(home=tmp_path), workers=workers, memory_limit=limit, is_timed=timed)
        )
        return made[-1]

    yield claim
    for each in made:
        each.close()


@pytest.mark.parametrize(
    ("workers", "timed", "n", "threads"),
    [(None, True, 8, 1), (2, True, 2, 4), (2, False, 2, 1), (3, True, 3, 2), (20, True, 20, 1)],
)
def test_alone_a_run_has_what_it_asks_for_and_says_nothing(claim, workers, timed, n, threads):
    alone = claim(workers, timed=timed)
    assert (alone.n_workers, alone.n_start, alone.n_threads) == (n, n, threads)
    assert alone.memory == pytest.approx(worker_memory(None, n), abs=n)
    assert alone.line is None
    assert alone.opening_line is None


def test_a_memory_limit_limits_the_number_of_workers(claim):
    limit = worker_memory(None, 3)
    alone = claim(limit=f"{limit}b")
    assert (alone.n_workers, alone.n_threads, alone.memory) == (3, 2, limit)


def test_a_run_beside_another_has_half_and_says_so(claim):
    first = claim()
    second = claim()
    assert second.n_start == 4
    assert second.opening_line == (
        "this run begins with 4 of 8 cores: 1 other run on this machine; it gets more as they end"
    )
    first.need(1)
    first._renew()
    second._renew()
    assert (first.n_workers, second.n_workers) == (4, 4)
    assert second.mean_cores < 8
    assert "of 8 cores on average: up to 1 other run worked on this machine" in second.line


def test_a_run_that_ends_makes_room(claim):
    first, second = claim(), claim()
    first._renew()
    second.close()
    second.close()
    first._renew()
    assert first.n_workers == 8


def test_busy_workers_are_not_given_back(claim):
    first = claim()
    first.watch(lambda: 6)
    claim()
    first._renew()
    assert first.n_workers == 6


def test_two_wide_workers_become_narrow_ones_beside_others(claim):
    claim()
    claim()
    claim()
    wide = claim(workers=2)
    assert (wide.n_start, wide.n_threads) == (2, 1)


def test_a_home_that_cannot_be_written_stops_no_run(tmp_path, monkeypatch):
    monkeypatch.setattr("espalier.infra.cluster.host_claim.usable_cores", lambda: 8)
    file = tmp_path / "home"
    file.write_text("")
    with claim_host(Settings(home=file), workers=None, memory_limit=None, is_timed=True) as claim:
        assert claim.n_workers == claim.n_start == 8
