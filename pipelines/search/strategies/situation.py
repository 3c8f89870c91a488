"""What a strategy knows when it proposes configurations, and what it answers with."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from espalier.pipelines.search.limits.admission import Admission
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.prior_mean import Experience
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History


class SourcedProposal(NamedTuple):
    """A configuration, the source that proposed it, and its expected gain in standard errors.

    The gain is None if no predictor was asked, or if it would have chosen a barred family.
    """

    configuration: Configuration
    origin: str
    expected_gain: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyContext:
    """What a strategy knows when it proposes configurations.

    Attributes
    ----------
    space : SearchSpace
        The search space.
    history : History
        Trials of families in the space, to learn from.
    tried : frozenset of Configuration
        All that must not be proposed again, learned from or not.
    pending : tuple of Configuration
        Configurations that are running or already proposed for this batch.
    admission : Admission
        The rule for which configurations may be started.
    favourites : tuple of Configuration
        Configurations that experience suggests.
    seed : int
        Seed of this batch.
    root : int
        Seed of the run, the same for all of its batches.
    rng : Generator
        Random numbers of this batch.
    prior : Experience or None
        Predictions from earlier runs for this dataset.
    """

    space: SearchSpace
    history: History
    tried: frozenset[Configuration]
    pending: tuple[Configuration, ...]
    admission: Admission
    favourites: tuple[Configuration, ...]
    seed: int
    root: int
    rng: np.random.Generator
    prior: Experience | None = None

    def is_open(self, configuration: Configuration) -> bool:
        """Whether a configuration is new, not pending, and may be started."""
        return (
            configuration not in self.tried
            and configuration not in self.pending
            and bool(self.admission.worthwhile([configuration])[0])
        )
