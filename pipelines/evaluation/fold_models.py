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
        Made by `at`; workers that do not find it, as on another machine, keep nothing.
    key : bytes
        With which models are sealed: no other file is opened (`pipelines.sealed_files`).
    """

    folder: Path
    key: bytes = field(repr=False)

    @classmethod
    def at(cls, folder: Path, *, n_folds: int, timed: bool, key: bytes) -> "FoldModels | None":
        """Return the models of a run in ``folder``, which is made; None where none are wanted.

        Without a clock there is time for any refit; with several folds there is no one model.
        """
        if n_folds != 1 or not timed:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, key)

    def keep(self, trial: Trial, candidate: "Candidate", size_mb: float | None) -> None:
        """Write the model of a trial, whole or not at all; what cannot be written is left out."""
        if size_mb is None or size_mb > LARGEST_MB or not self.folder.is_dir():
            return
        with suppress(OSError, pickle.PicklingError, AttributeError, TypeError):
            dump_sealed(candidate, self._path(trial), self.key, by_value=True)

    def load(self, trial: Trial) -> "Candidate | None":
        """Return the model of a trial; None if it was not kept."""
        try:
            candidate: Candidate = load_sealed(self._path(trial), self.key)
        except (OSError, pickle.UnpicklingError, EOFError, AttributeError, ImportError):
            return None
        except UnsealedError:  # of another run, or cut off
            return None
        return candidate

    def of(self, history: History) -> frozenset[int]:
        """Return the numbers of the successful trials whose model is kept."""
        return frozenset(
            each.trial.number for each in history.successes if self._path(each.trial).exists()
        )

    def prune(self, history: History) -> None:
        """Remove the models of all but the best trials."""
        best = sorted(history.successes, key=history.gain, reverse=True)
        for each in best[MOST_MODELS:]:
            self._path(each.trial).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove all; nothing needs them any more."""
        for path in self.folder.glob("*"):
            path.unlink(missing_ok=True)

    def _path(self, trial: Trial) -> Path:
        # A run that was killed may have left another trial of this number.
        return self.folder / f"{trial.number}-{trial.configuration.digest}.pickle"
