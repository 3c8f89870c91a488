"""End a search early because the person who watches it has seen enough.

The program that shows a run's progress (`espalier.flows.progress.progress_file`) asks for it by a
file beside the progress file. The search then ends as if its time were spent, and everything after
it is done as usual, in the time that it always has: ensemble, score on the hold-out, registration.
"""

import time
from pathlib import Path

from espalier.flows.progress.progress_file import watched_file
from espalier.pipelines.resources.budget import Deadline

FINISH_FILE = "finish-now"


def ask_to_finish(progress_path: Path) -> None:
    """Ask the run that writes this progress file to end its search and to finish."""
    progress_path.with_name(FINISH_FILE).touch()


def is_asked_to_finish(progress_path: Path) -> bool:
    """Return whether that run was asked to finish."""
    return progress_path.with_name(FINISH_FILE).exists()


def until_told(deadline: Deadline) -> Deadline:
    """Return a deadline that is passed at once when the watched run is asked to finish.

    The same deadline where nobody watches, and where there is no time limit: a number of trials
    that was asked for is always run.
    """
    path = watched_file()
    if path is None or deadline.at is None or deadline.clock is not time.monotonic:
        return deadline
    asked = path.with_name(FINISH_FILE)

    def clock() -> float:
        return float("inf") if asked.exists() else time.monotonic()

    return Deadline(deadline.at, clock)
