"""What trials are evaluated on: the folds of a table, or the origins of a panel of series."""

from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.forecast_context import ForecastContext

TrialContext = EvaluationContext | ForecastContext
