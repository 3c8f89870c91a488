"""How much memory a trial will take: an estimate by family, corrected by the trials so far."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.costs import matrix_columns, with_constructed
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialStatus

# A worker with its libraries and nothing to do, in MiB.
_BASE_MB = 250.0
# What importing and using a library of models adds.
_LIBRARY_MB = 50.0
_CELL_BYTES = 4.0
# A category's columns when it is one-hot encoded.
_ONE_HOT = 8.0
# Number of matrices in memory while a model is fitted: folds, copies, binned or transposed ones.
_COPIES = 4.0
# A trial that ran out of memory would have needed at least this multiple of what it used.
_MORE = 1.3
# An estimate that no trial of its family has confirmed must exceed a limit by this factor to count.
_DOUBT = 1.5
# The estimates of a family are corrected as if one trial had confirmed them already.
_PRIOR_TRIALS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryModel:
    """Predicts the resident memory of a worker while it runs a trial.

    Attributes
    ----------
    space : SearchSpace
        The families, and the shape of the table.
    base_mb : float
        MiB that a worker takes whatever the trial is: the least that was measured.
    log_factors : mapping of str to float
        By family, the mean log of measured over estimated growth.
    """

    space: SearchSpace
    base_mb: float
    log_factors: Mapping[str, float]

    @classmethod
    def fit(cls, space: SearchSpace, history: History) -> Self:
        """Return the model fitted to these trials."""
        seen = [
            (each, each.memory_mb * (_MORE if each.status is TrialStatus.MEMOUT else 1.0))
            for each in history.ordered
            if each.memory_mb is not None
        ]
        base = min([_BASE_MB + _data_mb(space.shape), *(mb for _, mb in seen)])
        model = cls(space=space, base_mb=base, log_factors={})
        errors: dict[str, list[float]] = {}
        for result, mb in seen:
            configuration = result.trial.configuration
            if configuration.family in space.families:
                estimate = model._growth_mb(configuration)
                error = math.log(max(mb - base, 1.0) / estimate)
                errors.setdefault(configuration.family, []).append(error)
        factors = {
            family: sum(each) / (len(each) + _PRIOR_TRIALS) for family, each in errors.items()
        }
        return cls(space=space, base_mb=base, log_factors=factors)

    def expected_mb(self, configurations: Sequence[Configuration]) -> NDArray[np.float64]:
        """Return the expected peak memory of each configuration, in MiB, shape (n,)."""
        return np.array(
            [
                self.base_mb
                + self._growth_mb(each) * math.exp(self.log_factors.get(each.family, 0.0))
                for each in configurations
            ]
        )

    def fits(self, configurations: Sequence[Configuration], limit_mb: float) -> NDArray[np.bool_]:
        """Return which are expected to stay within ``limit_mb``, shape (n,)."""
        doubt = [1.0 if each.family in self.log_factors else _DOUBT for each in configurations]
        return np.asarray(self.expected_mb(configurations) <= limit_mb * np.array(doubt))

    def _growth_mb(self, configuration: Configuration) -> float:
        """Return the family's own estimate in MiB, beyond the base."""
        shape = with_constructed(configuration, self.space.shape)
        one_hot = configuration.get("prep_encoding") == "onehot"
        columns = matrix_columns(shape, per_category=_ONE_HOT if one_hot else 1.0)
        matrix = shape.n_rows * columns * _CELL_BYTES / 2**20
        learner = next(each for each in self.space.learners if each.name == configuration.family)
        own = 0.0 if learner.expected_mb is None else learner.expected_mb(configuration, shape)
        return _LIBRARY_MB + _COPIES * matrix + own


def _data_mb(shape: DatasetShape) -> float:
    """Return the approximate MiB of the table itself; a text takes some 100 bytes.

    Vectors and pixels are there twice: as cells, and as a matrix when directions are sought or
    networks trained.
    """
    cells = 8.0 * shape.n_columns + 100.0 * shape.n_text + 6.0 * shape.vector_width
    cells += 6.0 * shape.n_pixels * shape.pixel_side**2
    return shape.n_rows * cells / 2**20
