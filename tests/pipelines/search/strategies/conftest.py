import numpy as np
import pytest

from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.search.limits.admission import Admission
from espalier.pipelines.search.strategies.situation import StrategyContext
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial
from tests.pipelines.search.conftest import answer


@pytest.fixture
def situation_of():
    """Return a maker of situations: what a strategy sees after trials with these scores."""

    def make(space, scored, *, pending=(), seed=0, aims=None):
        results = [
            answer(Trial(number=number, configuration=configuration, seed=0), score)
            for number, (configuration, score) in enumerate(scored)
        ]
        history = History(METRICS["roc_auc"], tuple(results))
        options = {} if aims is None else {"aims": aims}
        return StrategyContext(
            space=space,
            history=history,
            tried=history.configurations,
            pending=tuple(pending),
            admission=Admission.of(space, history, None, 1, **options),
            favourites=(),
            seed=seed,
            root=0,
            rng=np.random.default_rng(seed),
        )

    return make
