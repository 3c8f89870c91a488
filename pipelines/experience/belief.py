"""How far a search has believed experience in the end: as far as it had forecast its own trials."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from espalier.pipelines.search.limits.thinning import thinned
from espalier.pipelines.search.strategies.guided import complete_folds
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.fold_noise import fold_noise
from espalier.pipelines.surrogate.gaussian_process import GaussianProcess
from espalier.pipelines.surrogate.kernel import Embedding
from espalier.pipelines.surrogate.prior_mean import Experience, GuidedProcess
from espalier.pipelines.surrogate.targets import observe
from espalier.pipelines.trials.history import History

_FEWEST = 6  # as for the weight itself (`prior_mean`)
_SHOWN_FROM = 3  # trials of a family below which its own weight says little


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """Weights of experience against a run's own trials, in [0, 1].

    Attributes
    ----------
    common : float
        Weight over all families.
    families : tuple of (str, float)
        Weight in each family with a few trials, the most believed first.
    """

    common: float
    families: tuple[tuple[str, float], ...]

    @property
    def words(self) -> str:
        """The weights as one line."""
        said = f"experience was believed to {self.common:.0%} in the end"
        if not self.families:
            return said
        (most, high), (least, low) = self.families[0], self.families[-1]
        if round(high - low, 2) < 0.1:
            return said
        return f"{said} ({most} {high:.0%}, {least} {low:.0%})"

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "common": round(self.common, 3),
            "families": {name: round(weight, 3) for name, weight in self.families},
        }


def measure_belief(
    prior: Experience | None, space: SearchSpace, history: History, *, seed: int
) -> Belief | None:
    """Return how far experience is believed after these trials.

    None without a prediction of experience, or with too few trials to judge it by.
    """
    if prior is None or len(history.successes) < _FEWEST:
        return None
    learned = thinned(history)
    observed = observe(learned)
    model = GuidedProcess(
        GaussianProcess(Embedding(space.coordinates)),
        prior,
        seed=seed,
        n_families=len(space.families),
    )
    model.fit(
        space.encode(observed.configurations),
        observed.gains,
        noise=fold_noise(complete_folds(learned)),
    )
    tried = Counter(each.family for each in observed.configurations)
    weights = [
        (name, float(weight))
        for name, weight in zip(space.families, model.weights_, strict=True)
        if tried[name] >= _SHOWN_FROM
    ]
    weights.sort(key=lambda each: -each[1])
    return Belief(common=model.weight_, families=tuple(weights))
