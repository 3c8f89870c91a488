from espalier.pipelines.surrogate.forest import ForestPredictor
from tests.contracts.predictor_suite import PredictorSuite


class TestForestPredictor(PredictorSuite):
    def new_predictor(self, seed):
        return ForestPredictor(seed=seed)
