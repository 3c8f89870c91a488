"""Compare a new predictor with the present one on datasets that neither was fitted to."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from espalier.pipelines.experience.recording.space_alignment import AlignedKnowledge
from espalier.pipelines.experience.transfer.process_validation import validate_process
from espalier.pipelines.experience.transfer.validate import Validation

TOLERANCE = 0.01
"""A smaller decrease of the mean rank correlation is within the variation by seeds and ties."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictorComparison:
    """How well both predictors rank the trials of each dataset when fitted without it.

    Attributes
    ----------
    present : Validation or None
        Validation of the predictor in use; None if there is none.
    fresh : Validation
        Validation of the new predictor, fitted to all records.
    """

    present: Validation | None
    fresh: Validation

    @property
    def difference(self) -> float:
        """Mean difference of the rank correlations, ``fresh`` minus ``present``."""
        if self.present is None or not self.present.by_dataset or not self.fresh.by_dataset:
            return 0.0
        values = [[value for _, value in each.by_dataset] for each in (self.fresh, self.present)]
        return float(np.mean(values[0]) - np.mean(values[1]))

    @property
    def is_not_worse(self) -> bool:
        """Whether the new predictor may replace the present one."""
        if self.present is None:
            return True
        if self.present.trusted and not self.fresh.trusted:
            return False
        return self.difference >= -TOLERANCE

    @property
    def words(self) -> str:
        """The result of the comparison as a sentence."""
        if self.present is None:
            return f"there was no predictor before; {self.fresh.words}"
        result = "is not worse" if self.is_not_worse else "is worse"
        return (
            f"the new predictor {result}: median Spearman {self.fresh.median:.3f}, the present "
            f"one's {self.present.median:.3f}, mean difference {self.difference:+.3f}, on "
            f"{len(self.fresh.by_dataset)} datasets left out one at a time"
        ) + ("" if self.fresh.trusted else f"; {self.fresh.words}")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        before = {} if self.present is None else dict(self.present.by_dataset)
        return {
            "words": self.words,
            "difference": self.difference,
            "is_not_worse": self.is_not_worse,
            "datasets": [
                {"dataset": name, "new": value, "present": before.get(name)}
                for name, value in self.fresh.by_dataset
            ],
        }


def compare_predictors(
    present: AlignedKnowledge | None, fresh: AlignedKnowledge
) -> PredictorComparison:
    """Compare a predictor fitted to ``present`` with one fitted to ``fresh``.

    Parameters
    ----------
    present : AlignedKnowledge or None
        The records that the predictor in use was fitted to.
    fresh : AlignedKnowledge
        The records of the new predictor; both predict the trials on its datasets.
    """
    return PredictorComparison(
        present=None if present is None else validate_process(present, fresh),
        fresh=validate_process(fresh, fresh),
    )
