"""Fold models of the best trials, kept on disk to serve in place of a refit."""

import pickle
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from espalier.pipelines.serialization.sealed_files import (
    OutdatedFileError,
    UnsealedError,
    dump_sealed,
    load_sealed,
)
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialResult

if TYPE_CHECKING:
    from espalier.pipelines.learners.candidate import Candidate

# Models of this many best trials are kept; larger ones cost more to write than they may save.
MOST_MODELS = 8
LARGEST_MB = 256.0
# All of at most so many folds serve. Of more, as where folds are drawn twice, only the first five:
# each further model makes predictions slower and hardly better.
MOST_FOLDS, _FIRST_FOLDS = 8, 5


def served_folds(n_folds: int) -> int:
    """Return of how many folds the models serve in place of a refit."""
    return max(1, n_folds if n_folds <= MOST_FOLDS else _FIRST_FOLDS)


def n_served(result: TrialResult) -> int:
    """Return the number of fold models that serve in place of a trial's refit."""
    return served_folds(len(result.fold_scores))


@dataclass(frozen=True, slots=True)
class FoldModels:
    """A folder of fold models, written by workers on this machine and read by their parent.

    Attributes
    ----------
    folder : Path
        Workers that do not find it, as on another machine, keep nothing.
    key : bytes
        Key of the models' seals; files without a valid seal are not opened
        (`espalier.pipelines.serialization.sealed_files`).
    """

    folder: Path
    key: bytes = field(repr=False)

    def wants(self, size_mb: float | None) -> bool:
        """Whether a trial's fold models are kept, given their total size in MiB."""
        return size_mb is not None and size_mb <= LARGEST_MB and self.folder.is_dir()

    def keep(self, trial: Trial, candidates: "Sequence[Candidate]", *, gain: float) -> None:
        """Write the models of a trial if it is among the best; leave out what cannot be written.

        Parameters
        ----------
        trial : Trial
            The trial that the models are from.
        candidates : sequence of Candidate
            One per fold that serves (`served_folds`).
        gain : float
            The trial's score in the direction "larger is better".
        """
        others = sorted((_gain(path) for path in self._paths()), reverse=True)
        if len(others) >= MOST_MODELS and gain < others[MOST_MODELS - 1]:
            return  # it would be the first to be deleted
        path = self.folder / f"{gain:.12e}_{_name(trial)}"
        with suppress(OSError, pickle.PicklingError, AttributeError, TypeError):
            dump_sealed(tuple(candidates), path, self.key, by_value=True)
        best = sorted(self._paths(), key=_gain, reverse=True)
        for path in best[MOST_MODELS:]:
            path.unlink(missing_ok=True)

    def load(self, trial: Trial) -> "tuple[Candidate, ...]":
        """Return the models of a trial; none if it was not kept."""
        return self.load_of(trial.number, trial.configuration)

    def load_of(self, number: int, configuration: Configuration) -> "tuple[Candidate, ...]":
        """Return the models of the trial of this number and configuration; none if not kept."""
        paths = list(self.folder.glob(f"*_{_name_of(number, configuration)}"))
        return self._opened(paths[0]) if len(paths) == 1 else ()

    def _opened(self, path: Path) -> "tuple[Candidate, ...]":
        try:
            candidates: tuple[Candidate, ...] = load_sealed(path, self.key)
        except (UnsealedError, OutdatedFileError):  # of another run or version, or cut off
            return ()
        except (ValueError, OSError, pickle.UnpicklingError, EOFError):
            return ()
        return candidates

    def best_of(self, family: str) -> "tuple[Candidate, ...]":
        """Return the models of the best kept trial of a family; none without one."""
        own = [path for path in self._paths() if path.stem.endswith(f"-{family}")]
        for path in sorted(own, key=_gain, reverse=True):
            if found := self._opened(path):
                return found
        return ()

    def of(self, history: History) -> frozenset[int]:
        """Return the numbers of the successful trials whose models are kept."""
        there = {path.name.partition("_")[2] for path in self._paths()}
        return frozenset(
            each.trial.number for each in history.successes if _name(each.trial) in there
        )

    def _paths(self) -> list[Path]:
        return list(self.folder.glob("*_*.pickle"))


def _name(trial: Trial) -> str:
    return _name_of(trial.number, trial.configuration)


def _name_of(number: int, configuration: Configuration) -> str:
    return f"{number}-{configuration.digest}-{configuration.family}.pickle"


def _gain(path: Path) -> float:
    return float(path.name.partition("_")[0])
