"""Models of the folds of the best trials, kept on disk: they serve where a refit does not."""

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
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialResult

if TYPE_CHECKING:
    from espalier.pipelines.learners.candidate import Candidate

# The best so many trials are kept; larger models cost more to write than they may save.
MOST_MODELS = 8
LARGEST_MB = 256.0
# Of more folds than these, which is where they are drawn twice, the first ones serve: each further
# model makes an answer slower and hardly better.
MOST_FOLDS = 5


def n_served(result: TrialResult) -> int:
    """Return how many fold models serve in the place of a trial's refit."""
    return max(1, min(MOST_FOLDS, len(result.fold_scores)))


@dataclass(frozen=True, slots=True)
class FoldModels:
    """A folder of models, written by the workers of this machine and read by their parent.

    Attributes
    ----------
    folder : Path
        Workers that do not find it, as on another machine, keep nothing.
    key : bytes
        With which models are sealed: no other file is opened
        (`espalier.pipelines.serialization.sealed_files`).
    """

    folder: Path
    key: bytes = field(repr=False)

    def wants(self, size_mb: float | None) -> bool:
        """Whether models of this size, all folds of a trial together, are kept at all."""
        return size_mb is not None and size_mb <= LARGEST_MB and self.folder.is_dir()

    def keep(self, trial: Trial, candidates: "Sequence[Candidate]", *, gain: float) -> None:
        """Write the models of a trial if it is among the best; leave out what cannot be written.

        Parameters
        ----------
        trial : Trial
            Whose models they are.
        candidates : sequence of Candidate
            One a fold, `MOST_FOLDS` at most.
        gain : float
            Its score, turned so that larger is better.
        """
        others = sorted((_gain(path) for path in self._paths()), reverse=True)
        if len(others) >= MOST_MODELS and gain < others[MOST_MODELS - 1]:
            return  # it would be the first to go
        path = self.folder / f"{gain:.12e}_{_name(trial)}"
        with suppress(OSError, pickle.PicklingError, AttributeError, TypeError):
            dump_sealed(tuple(candidates), path, self.key, by_value=True)
        best = sorted(self._paths(), key=_gain, reverse=True)
        for path in best[MOST_MODELS:]:
            path.unlink(missing_ok=True)

    def load(self, trial: Trial) -> "tuple[Candidate, ...]":
        """Return the models of a trial; none if it was not kept."""
        try:
            (path,) = self.folder.glob(f"*_{_name(trial)}")
            candidates: tuple[Candidate, ...] = load_sealed(path, self.key)
        except (UnsealedError, OutdatedFileError):  # of another run or version, or cut off
            return ()
        except (ValueError, OSError, pickle.UnpicklingError, EOFError):
            return ()
        return candidates

    def of(self, history: History) -> frozenset[int]:
        """Return the numbers of the successful trials whose models are kept."""
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
