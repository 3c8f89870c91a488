"""Share a machine's cores and memory between the runs on it: a file that all of them keep.

docs/decisions/0055-cores-of-a-host.md says why. There is no daemon: every run renews its share
itself, and the share of a process that has ended is free.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from espalier.infra.processes.file_lock import exclusive
from espalier.infra.processes.identity import ProcessIdentity

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a run needs of a machine, and what it has of it.

    Attributes
    ----------
    mark : str
        Identifies the run; a process may have several.
    owner : ProcessIdentity
        The process.
    n_wanted : int
        Number of workers that it can use at most.
    cores : float
        Cores of one of its workers; below 1 if the user wants more workers than there are cores.
    memory : int
        Bytes of memory of one of its workers.
    n_held : int
        Number of workers that may work now.
    is_ready : bool
        Whether it has work for a worker now.
    served : int
        Place in the line: where there are fewer cores than runs, smaller ones come first.
    """

    mark: str
    owner: ProcessIdentity
    n_wanted: int
    cores: float
    memory: int
    n_held: int = 0
    is_ready: bool = True
    served: int = 0

    @classmethod
    def parse(cls, record: Mapping[str, Any]) -> Self | None:
        """Return the share in a record; None if it cannot be read."""
        try:
            owner = ProcessIdentity.parse(record["owner"])
            return None if owner is None else cls(**{**record, "owner": owner})
        except (TypeError, KeyError):
            return None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self) | {"owner": self.owner.to_dict()}


@dataclass(frozen=True, slots=True)
class Machine:
    """What all runs together may use of a machine.

    Attributes
    ----------
    cores : int
        Number of cores.
    memory : int
        Bytes of memory.
    """

    cores: int
    memory: int

    def fair_workers(self, shares: Sequence[Share]) -> dict[str, int]:
        """Return the number of workers that each run should have, by its mark.

        Workers are given out one by one, each to the run that has the fewest cores so far, until
        nothing is left that a run could use. So each run gets its first one before others get more.
        """
        fair = dict.fromkeys((share.mark for share in shares), 0)
        cores, memory = self.cores + _ROUNDING, self.memory
        while fitting := [
            share
            for share in shares
            if fair[share.mark] < share.n_wanted and share.cores <= cores and share.memory <= memory
        ]:
            next_one = min(fitting, key=lambda share: _order(share, fair[share.mark]))
            fair[next_one.mark] += 1
            cores -= next_one.cores
            memory -= next_one.memory
        return fair

    def room_for(self, share: Share, others: Sequence[Share]) -> int:
        """Return how many workers of a run fit beside those that the others hold."""
        cores = self.cores + _ROUNDING - sum(each.n_held * each.cores for each in others)
        memory = self.memory - sum(each.n_held * each.memory for each in others)
        return max(0, min(int(cores / share.cores), memory // max(1, share.memory)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A run among those of its machine.

    Attributes
    ----------
    share : Share
        Its share.
    n_fair : int
        Number of workers that it will have once others have given back what they have too much.
    n_runs : int
        Number of runs, this one included.
    """

    share: Share
    n_fair: int
    n_runs: int


@dataclass(frozen=True, slots=True)
class HostShares:
    """The shares of the runs of a machine, in a file that is changed under a lock.

    Attributes
    ----------
    path : Path
        The file. Runs that keep another one are not seen.
    machine : Machine
        What all of them may use.
    """

    path: Path
    machine: Machine

    def n_runs(self) -> int:
        """Return the number of runs that have a share."""
        with self._open() as shares:
            return len(shares)

    def renew(self, share: Share, n_busy: int, *, has_ended: bool = False) -> Standing:
        """Bring the share of a run up to date; a run that has none yet joins.

        A run that has too much gives back what none of its workers is busy with; one that has too
        little gets what is free. What all runs hold never exceeds the machine.

        Parameters
        ----------
        share : Share
            The share. How much the run holds and its place in the line are taken from the file.
        n_busy : int
            Number of its workers that have a job.
        has_ended : bool
            Whether a job of it has ended: then runs that hold nothing come before it.
        """
        with self._open() as shares:
            known = shares.pop(share.mark, None)
            others = tuple(shares.values())
            mine = replace(share, n_held=0 if known is None else known.n_held)
            goes_last = known is None or (has_ended and any(not each.n_held for each in others))
            newest = max((each.served for each in others), default=0)
            mine = replace(mine, served=newest + 1 if goes_last else known.served if known else 0)
            fair = self.machine.fair_workers((*others, mine))[mine.mark]
            if fair < mine.n_held:
                mine = replace(mine, n_held=max(fair, min(n_busy, mine.n_held)))
            else:
                room = self.machine.room_for(mine, others)
                mine = replace(mine, n_held=max(mine.n_held, min(fair, room)))
            shares[mine.mark] = mine
            return Standing(share=mine, n_fair=fair, n_runs=len(shares))

    def leave(self, mark: str) -> None:
        """Remove a run."""
        with self._open() as shares:
            shares.pop(mark, None)

    @contextmanager
    def _open(self) -> Iterator[dict[str, Share]]:
        """Yield the shares of live processes, by mark, and write them back if they change."""
        with exclusive(self.path.with_suffix(".lock")):
            before = self._read()
            shares = {mark: share for mark, share in before.items() if not share.owner.is_dead}
            yield shares
            if shares != before:
                partial = self.path.with_suffix(".new")
                partial.write_text(json.dumps([each.to_dict() for each in shares.values()]))
                partial.replace(self.path)

    def _read(self) -> dict[str, Share]:
        try:
            records = json.loads(self.path.read_text())
        except (FileNotFoundError, ValueError):  # a torn file is as good as none: all renew
            return {}
        shares = [Share.parse(record) for record in records]
        return {share.mark: share for share in shares if share is not None}


def _order(share: Share, n_workers: int) -> tuple[bool, bool, float, int]:
    """Return the place of a run in the line for its next worker."""
    has_none = n_workers == 0
    return not has_none, has_none and not share.is_ready, n_workers * share.cores, share.served
