"""Models of trials that fit once, kept on disk: they serve where there is no time for a refit."""

import pickle
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.history import History
from pipelines.sealed_files import UnsealedError, dump_sealed, load_sealed
from pipelines.trial import Trial

if TYPE_CHECKING:
    from pipelines.learners.candidate import Candidate

# The best so many are kept; larger models cost more to write than they may save.
MOST_MODELS = 8
LARGEST_MB = 256.0


@dataclass(frozen=True, slots=True)
class FoldModels:
    """A folder of models, written by the workers of this machine and read by their parent.

    Attributes
    ----------
    folder : Path
        Workers that do not find it, as on another machine, keep nothing.
    key : bytes
        With which models are sealed: no other file is opened (`pipelines.sealed_files`).
    """

    folder: Path
    key: bytes = field(repr=False)

    def keep(
        self, trial: Trial, candidate: "Candidate", *, gain: float, size_mb: float | None
    ) -> None:
        """Write the model of a trial if it is among the best; leave out what cannot be written.

        Parameters
        ----------
        trial : Trial
            Whose model it is.
        candidate : Candidate
            The fitted model.
        gain : float
            Its score, turned so that larger is better.
        size_mb : float or None
            Its size in MiB; None if it does not pickle.
        """
        if size_mb is None or size_mb > LARGEST_MB or not self.folder.is_dir():
            return
        path = self.folder / f"{gain:.12e}_{_name(trial)}"
        with suppress(OSError, pickle.PicklingError, AttributeError, TypeError):
            dump_sealed(candidate, path, self.key, by_value=True)
        best = sorted(self._paths(), key=_gain, reverse=True)
        for path in best[MOST_MODELS:]:
            path.unlink(missing_ok=True)

    def load(self, trial: Trial) -> "Candidate | None":
        """Return the model of a trial; None if it was not kept."""
        try:
            (path,) = self.folder.glob(f"*_{_name(trial)}")
            candidate: Candidate = load_sealed(path, self.key)
        except UnsealedError:  # of another run, or cut off
            return None
        except (ValueError, OSError, pickle.UnpicklingError, EOFError, AttributeError, ImportError):
            return None
        return candidate

    def of(self, history: History) -> frozenset[int]:
        """Return the numbers of the successful trials whose model is kept."""
        there = {path.name.partition("_")[2] for path in self._paths()}
        return frozenset(
            each.trial.number for each in history.successes if _name(each.trial) in there
        )

    def _paths(self) -> list[Path]:
        return list(self.folder.glob("*_*.pickle"))


def _name(trial: Trial) -> str:
    return f"{trial.number}-{trial.configuration.digest}.pickle"


def _gain(path: Path) -> float:
    return float(path.name.partition("_")[0])
