"""The differentiable predictor of a search space, fitted to the trials so far."""

from espalier.pipelines.acquisition.guide import BelievingPredictor
from espalier.pipelines.search.strategies.guided import complete_folds
from espalier.pipelines.search.strategies.situation import StrategyContext
from espalier.pipelines.surrogate.additive import AdditiveProcess, is_all_choices
from espalier.pipelines.surrogate.fold_noise import fold_noise
from espalier.pipelines.surrogate.gaussian_process import GaussianProcess
from espalier.pipelines.surrogate.kernel import Embedding
from espalier.pipelines.surrogate.prior_mean import GuidedProcess
from espalier.pipelines.surrogate.targets import observe


def fitted_process(situation: StrategyContext) -> BelievingPredictor:
    """Return the predictor: of shared choices where there are only choices, of distances else.

    It predicts normal scores of the trials' ranks.
    """
    space, observed = situation.space, observe(situation.history)
    X = space.encode(observed.configurations)
    if is_all_choices(space):
        return AdditiveProcess(space).fit(X, observed.gains)
    noise = fold_noise(complete_folds(situation.history))
    process = GaussianProcess(Embedding(space.coordinates))
    if situation.prior is None:
        return process.fit(X, observed.gains, noise=noise)
    guided = GuidedProcess(
        process, situation.prior, seed=situation.seed, n_families=len(space.families)
    )
    return guided.fit(X, observed.gains, noise=noise)
