"""Open the files of a version, whoever made it."""

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from espalier.infra.web.answering.answerer import Answerer
from espalier.infra.web.answering.answering_model import AnsweringModel
from espalier.infra.web.answering.messages import LogRules, Question

OnDifference = Literal["refuse", "warn"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelSource:
    """Where a version's files are, and how it is to be served.

    Attributes
    ----------
    name : str
        Name of the registered model.
    version : int
        Number of the version.
    folder : str
        What `save_model` wrote or, of a model of another maker, the folder of the MLflow model.
    is_own : bool
        Whether it is one of Espalier's models that answer row by row.
    is_forecast : bool
        Whether it is one of Espalier's forecasts.
    background : DataFrame or None
        Rows of its training table to explain answers by.
    most_rows : int
        Number of rows to accept in one request.
    on_difference : str
        What to do if it does not answer the rows it was saved with as it did then: ``refuse`` it,
        or ``warn`` and serve it.
    rules : LogRules
        What of a row may be logged.
    """

    name: str
    version: int
    folder: str
    is_own: bool = True
    is_forecast: bool = False
    background: pd.DataFrame | None = None
    most_rows: int = 10_000
    on_difference: OnDifference = "refuse"
    rules: LogRules = field(default_factory=LogRules)

    @property
    def label(self) -> str:
        """Name and version, for display."""
        return f"{self.name}/{self.version}"


def open_source(source: ModelSource) -> Answerer:
    """Open a version and let it answer once, so that its first request is as quick as later ones.

    Raises
    ------
    ModelDiffersError
        It does not answer as it did when it was saved, and that is to be refused.
    UserError
        Its files are missing.
    """
    answerer = Answerer(
        _opened(source),
        name=source.name,
        version=source.version,
        rules=source.rules,
    )
    if answerer.facts.columns:
        from pydantic_core import to_json

        warm = to_json({"rows": answerer.facts.example_rows})
        answerer.answer([Question(body=warm)])
    return answerer


def _opened(source: ModelSource) -> AnsweringModel:
    if source.is_forecast:
        return _forecast(source)
    return _own(source) if source.is_own else _of_others(source)


def _forecast(source: ModelSource) -> AnsweringModel:
    from espalier.infra.web.answering.forecast_answers import ForecastAnswers
    from espalier.pipelines.serving.saved_forecast import open_forecast

    opened = open_forecast(source.folder)
    if source.on_difference == "refuse":
        opened.check.require_same_answers(source.label)
    return ForecastAnswers(
        opened.forecaster, notes=tuple(opened.check.lines), most_rows=source.most_rows
    )


def _own(source: ModelSource) -> AnsweringModel:
    from espalier.infra.web.answering.ensemble_answers import EnsembleAnswers
    from espalier.pipelines.serving.saved_model import open_model

    opened = open_model(source.folder)
    if source.on_difference == "refuse":
        opened.check.require_same_answers(source.label)
    return EnsembleAnswers(
        opened.model,
        notes=opened.check.lines,
        background=source.background,
        most_rows=source.most_rows,
    )


def _of_others(source: ModelSource) -> AnsweringModel:
    import mlflow.pyfunc

    from espalier.infra.web.answering.pyfunc_answers import PyfuncAnswers

    return PyfuncAnswers(mlflow.pyfunc.load_model(source.folder), most_rows=source.most_rows)
