"""A year of a team in an hour: models retrained week by week, and everything killed at random.

    python benchmarks/year/year.py --models 20 --weeks 52 --stores postgresql
    python benchmarks/year/year.py --models 2 --weeks 4

The calendar is a loop: in each simulated week every model gets a longer table, and real commands
(`espalier train`, `retrain`, `promote`, `monitor`) are run on one of two machines that share
MLflow's store, Prefect's server and a folder of run records, but no home folder. Many are killed
with all their processes at a random moment, and repeated on the other machine, as a schedule would.
Some weeks a column is missing (refused by the schema), the export is cut short (refused by the
expectations that people state), or the values have moved (a warning); promotions are decided by the
gate or approved by a person; Prefect's server is killed while a command is at work, and started
again; half way Espalier is upgraded on all machines, and every champion is asked its golden rows.

At the end: no run of MLflow or Prefect is left running, no run made two versions, no promotion is
one that the gate forbids, every training that ended well left its version, the log of decisions has
no gaps and agrees with the aliases, refused tables made no version, and what a retraining asks of
MLflow and leaves on disk is no more in the last third of the year than in the first. The last line
is JSON; the exit status is 1 if a promise was broken.
"""

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from checks import audit, end_what_died
from hosts import Host, Outcome, Stores, run_until_done, upgraded_source
from report import Year, conclude, megabytes

FIRST_ROWS, ROWS_A_WEEK = 240, 60
REFUSED = 2
# A broken table every so many weeks.
_SCHEMA_EVERY, _VOLUME_EVERY, _DRIFT_EVERY, _SERVER_EVERY = 13, 11, 9, 6


class Team:
    """Runs the commands of a year on the machines.

    Parameters
    ----------
    hosts : list of Host
        The machines.
    stores : Stores
        What they share.
    data : Path
        Folder of the tables, which all machines read.
    options : Namespace
        Options of the program.
    """

    def __init__(
        self, hosts: list[Host], stores: Stores, data: Path, options: argparse.Namespace
    ) -> None:
        self.hosts = hosts
        self.stores = stores
        self.data = data
        self.options = options
        self.draw = random.Random(options.seed)
        self.year = Year()

    def week(self, week: int) -> None:
        """Do what is to be done in a week, model by model."""
        for number in range(self.options.models):
            name = f"model-{number}"
            if week == 0:
                self._first(name, number)
                continue
            self._broken_tables(name, number, week)
            moved = 2.5 if (week + number) % _DRIFT_EVERY == 0 else 0.0
            self._write(name, number, week, shift=moved)
            self._retrain(name, week, kills_server=(week + number) % _SERVER_EVERY == 3)
            self._promote(name, number, week)
            if (week + number) % 4 == 0:
                outcome = self._run("monitor", name, "--data", str(self._path(name)))
                if outcome.status not in (0, 1, 3):  # exceeded limits are an outcome too
                    self._wrong(f"monitor of {name} in week {week}", outcome)
        self.year.disk.append(megabytes([each.folder for each in self.hosts], self.data.parent))

    def upgrade(self, source: Path) -> None:
        """Upgrade Espalier on all machines, and ask all champions their golden rows."""
        for host in self.hosts:
            host.source = source
        outcome = self._run("check")
        if outcome.status != 0:
            self._wrong("check after the upgrade", outcome)

    def _first(self, name: str, number: int) -> None:
        self._write(name, number, 0)
        arguments = [
            "train",
            str(self._path(name)),
            *("--target", "y", "--name", name, "--seed", str(number)),
            *("--trials", str(self.options.trials), "--families", "linear", "--workers", "1"),
        ]
        outcome = self._until_done(arguments)
        self._note_version(name, outcome, "version")
        stated = self._run(
            "expectations", name, "--min-rows", "80%", "--reason", "the export is whole"
        )
        if stated.status != 0:
            self._wrong(f"expectations of {name}", stated)

    def _broken_tables(self, name: str, number: int, week: int) -> None:
        """Give a table that must be refused, in the weeks that have one."""
        if (week + number) % _SCHEMA_EVERY == 1:
            self._write(name, number, week, without="b")
            self._must_refuse(name, "a missing column", week)
        if (week + number) % _VOLUME_EVERY == 2:
            self._write(name, number, week, share=0.4)
            self._must_refuse(name, "a table cut short", week)

    def _must_refuse(self, name: str, what: str, week: int) -> None:
        outcome = self._until_done(["retrain", name])
        if outcome.status == REFUSED:
            self.year.refused += 1
        else:
            self._wrong(f"{what} of {name} in week {week} was not refused", outcome)

    @contextmanager
    def _server_killed(self, *, is_time: bool) -> Iterator[None]:
        """Kill Prefect's server, if it is time, at some moment of the block, and start it again."""
        if not is_time:
            yield
            return
        delay = self.draw.uniform(0.0, 30.0)
        failed: list[BaseException] = []

        def kill() -> None:
            time.sleep(delay)
            try:
                self.stores.kill_prefect()
            except BaseException as error:  # of another thread, to be raised in this one
                failed.append(error)

        thread = threading.Thread(target=kill)
        thread.start()
        try:
            yield
        finally:
            thread.join()
        if failed:
            raise failed[0]

    def _retrain(self, name: str, week: int, *, kills_server: bool) -> None:
        with self._server_killed(is_time=kills_server):
            outcome = self._until_done(["retrain", name])
        if kills_server and outcome.status == 1:  # it said so, and its schedule gives it again
            outcome = self._until_done(["retrain", name])
        self._note_version(name, outcome, "training")
        if not outcome.killed and outcome.status == 0:
            self.year.calls.append((week, outcome.calls))

    def _promote(self, name: str, number: int, week: int) -> None:
        asked = ["promote", name]
        if (week + number) % 3 == 0:
            asked += ["--policy", "approve", "--yes", "--actor", "ann"]
        outcome = self._until_done(asked)
        if outcome.status not in (0, 1):
            self._wrong(f"promote of {name} in week {week}", outcome)

    def _until_done(self, arguments: list[str]) -> Outcome:
        self.year.counts[arguments[0]] += 1
        kills = self.draw.choice((1, 2)) if self.draw.random() < self.options.kill else 0
        outcome = run_until_done(self.hosts, arguments, kills=kills, draw=self.draw)
        self.year.killed += outcome.killed
        return outcome

    def _run(self, *arguments: str) -> Outcome:
        self.year.counts[arguments[0]] += 1
        return self.draw.choice(self.hosts).run(*arguments)

    def _note_version(self, name: str, outcome: Outcome, key: str) -> None:
        found = outcome.record.get("version")
        nested = outcome.record.get(key)
        if not isinstance(found, int) and isinstance(nested, dict):
            found = nested.get("version")
        if outcome.status != 0:
            self._wrong(f"a training of {name}", outcome)
        if outcome.record.get("outcome") == "unchanged":  # killed after its version was made
            found = outcome.record.get("last")
        if isinstance(found, int):
            self.year.trained.setdefault(name, set()).add(found)

    def _wrong(self, what: str, outcome: Outcome) -> None:
        said = " ".join(outcome.text.split())[-400:]
        self.year.wrongly.append(f"{what}: status {outcome.status}, {said}")
        print(f"WRONG {self.year.wrongly[-1]}", flush=True)

    def _path(self, name: str) -> Path:
        return self.data / f"{name}.csv"

    def _write(
        self,
        name: str,
        number: int,
        week: int,
        *,
        shift: float = 0.0,
        share: float = 1.0,
        without: str | None = None,
    ) -> None:
        table = table_of(number, week, shift=shift)
        table = table.head(round(share * len(table)))
        if without is not None:
            table = table.drop(columns=without)
        table.to_csv(self._path(name), index=False)


def table_of(number: int, week: int, *, shift: float = 0.0) -> pd.DataFrame:
    """Return a model's table in a week: rows of all weeks so far, the last ones perhaps moved."""
    rng = np.random.default_rng([number, 7])
    n = FIRST_ROWS + ROWS_A_WEEK * week
    a, b = rng.normal(size=(2, FIRST_ROWS + ROWS_A_WEEK * 400))[:, :n]
    noise = np.random.default_rng([number, 8]).normal(size=n)
    kind = np.random.default_rng([number, 9]).choice(["x", "y", "z"], size=n)
    if shift:
        a[-ROWS_A_WEEK:] += shift
    # The level changes every other week, so that retrained models are better, and get promoted.
    of_week = np.maximum(0, (np.arange(n) - FIRST_ROWS) // ROWS_A_WEEK + 1)
    level = np.array([0.0, 2.0, 4.0, 2.0])[(of_week + number % 2) // 2 % 4]
    y = a - 0.5 * b + level + (kind == "x") + 0.4 * noise
    days = pd.Timestamp("2026-01-05") + pd.to_timedelta(np.arange(n) * 7 // ROWS_A_WEEK, "D")
    return pd.DataFrame({"day": days.astype(str), "a": a, "b": b, "kind": kind, "y": y})


def main() -> None:
    """Run the year, and print what was found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=2)
    parser.add_argument("--weeks", type=int, default=4)
    parser.add_argument("--trials", type=int, default=2)
    parser.add_argument("--kill", type=float, default=0.4, help="share of commands to kill")
    parser.add_argument("--stores", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most-growth", type=float, default=1.3)
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no week after these")
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="espalier-year-") as scratch:
        folder = Path(scratch)
        stores = Stores(folder / "stores", options.stores)
        hosts = [Host(name, folder / name, stores) for name in ("one", "two")]
        team = Team(hosts, stores, folder / "data", options)
        try:
            stores.start()
            team.data.mkdir()
            for host in hosts:
                host.make()
            for week in range(options.weeks):
                if time.monotonic() - started > 60 * options.minutes:
                    break
                if week == options.weeks // 2:
                    team.upgrade(upgraded_source(folder / "upgraded"))
                team.week(week)
                print(f"week {week + 1} of {options.weeks}: {dict(team.year.counts)}", flush=True)
            for host in hosts:
                end_what_died(host)
            os.environ.update(hosts[0].environment)
            found = audit(team.year.trained)
        finally:
            stores.stop()
    seconds = time.monotonic() - started
    sys.exit(conclude(team.year, found, options, seconds, servers_killed=stores.killed))


if __name__ == "__main__":
    main()
