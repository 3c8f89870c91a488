"""The method ``report`` of fitted estimators for tables."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from espalier.pipelines.errors import UserError
from espalier.pipelines.problem import ProblemKind

if TYPE_CHECKING:  # a fitted estimator must load without what writes pages
    from pathlib import Path

    import pandas as pd

    from espalier.pipelines.automl.notebook.html_page import HtmlPage
    from espalier.pipelines.automl.notebook.record import TrainingRecord
    from espalier.pipelines.calibration.report import AdjustmentReport
    from espalier.pipelines.explain.explanation import Explanation
    from espalier.pipelines.explain.search.story import SearchStory
    from espalier.pipelines.metrics.metric import Metric
    from espalier.pipelines.pages.facts import DataFacts, ScoreFacts
    from espalier.pipelines.pages.first_screen import FirstScreen
    from espalier.pipelines.serving.model import EnsembleModel
    from espalier.pipelines.trials.history import History


class Reports:
    """Base class of estimators that write a report about themselves."""

    model_: "EnsembleModel"
    metric: Any
    families: Any
    interpretable: bool
    time_budget: float | None
    cv_score_: float
    holdout_score_: float | None
    holdout_interval_: tuple[float, float] | None
    adjusted_: "AdjustmentReport"
    ensemble_report_: "pd.DataFrame"
    _record: "TrainingRecord"

    def _raw_rows(self, X: Any) -> "pd.DataFrame":
        """Return X as a table with the training's column names."""
        raise NotImplementedError

    def report(self, path: "str | Path | None" = None, X: Any = None, y: Any = None) -> "HtmlPage":
        """Return a report about the model and how it was found, and write it to a file.

        Parameters
        ----------
        path : str, Path or None
            The HTML file, or one that ends in ``.md`` for Markdown without charts; None to write
            none.
        X, y : DataFrame or array-like, or None
            Rows that the model was not fitted to, and their targets. Scores, curves, mistakes and
            what answers depend on are measured on them; without them the report has what
            cross-validation and the hold-out of `fit` say.

        Returns
        -------
        HtmlPage
            The page; a notebook shows it.

        Raises
        ------
        NotFittedError
            `fit` was not called.
        UserError
            Only one of ``X`` and ``y`` is given, they differ in length, a target is unknown, or the
            folder does not exist.
        """
        from espalier.pipelines.automl.notebook.html_page import HtmlPage
        from espalier.pipelines.explain.leaderboard import make_leaderboard
        from espalier.pipelines.pages.facts import EnsembleFacts, PageFacts
        from espalier.pipelines.trials.failures import failures_of

        check_is_fitted(self, "model_")
        metric, history = self._metric_and_history()
        explanation, scored = self._measured(metric, X, y)
        return HtmlPage.of(
            PageFacts(
                title=type(self).__name__,
                metric=metric.name,
                higher_is_better=metric.higher_is_better,
                data=self._data_facts(),
                scored=scored,
                ensemble=EnsembleFacts(
                    method=self.model_.method,
                    cv_score=self.cv_score_,
                    combiners=_combiners(self.ensemble_report_),
                    adjusted=self.adjusted_,
                ),
                explanation=explanation,
                leaderboard=make_leaderboard(history, self.model_.weights),
                failures=failures_of(history),
                story=self._story(history),
                first=None
                if scored is None
                else self._first(metric, scored, len(history.failures)),
            ),
            path,
        )

    def _metric_and_history(self) -> "tuple[Metric, History]":
        from espalier.pipelines.automl.notebook.record import history_of
        from espalier.pipelines.metrics.catalogue import get_metric

        shape = self._record.shape
        metric = get_metric(self.metric, shape.problem, shape.n_classes)
        return metric, history_of(metric, self._record.trials)

    def _measured(
        self, metric: "Metric", X: Any, y: Any
    ) -> "tuple[Explanation, ScoreFacts | None]":
        """Return what given rows say of the model, and its score on them or on the hold-out."""
        from espalier.pipelines.evaluation.holdout import bootstrap_interval
        from espalier.pipelines.explain.explanation import NOTHING_EXPLAINED, explain
        from espalier.pipelines.metrics.scoring import score_predictions
        from espalier.pipelines.pages.facts import ScoreFacts
        from espalier.pipelines.resources.budget import NEVER

        record = self._record
        if (X is None) != (y is None):
            raise UserError("give both X and y, or neither")
        if X is None:
            known = record.baseline is not None and self.holdout_interval_ is not None
            if not known or self.holdout_score_ is None:
                return NOTHING_EXPLAINED, None
            assert record.baseline is not None
            assert self.holdout_interval_ is not None
            return NOTHING_EXPLAINED, ScoreFacts(
                score=self.holdout_score_,
                baseline=record.baseline,
                interval=self.holdout_interval_,
                n_rows=record.n_holdout,
            )
        rows = self._raw_rows(X)
        truth = self._truth(y)
        if len(truth) != len(rows):
            raise UserError(f"X has {len(rows):,} rows, and y has {len(truth):,}")
        predictions = self.model_.predict_for_metric(rows, metric)
        constant = np.repeat(record.constant, len(truth), axis=0)
        scored = ScoreFacts(
            score=score_predictions(metric, truth, predictions, None),
            baseline=score_predictions(metric, truth, constant, None),
            interval=bootstrap_interval(
                metric, truth, predictions, seed=record.seed, deadline=NEVER
            ),
            n_rows=len(truth),
        )
        explanation = explain(
            self.model_,
            rows,
            truth,
            metric=metric,
            seed=record.seed,
            deadline=NEVER,
            positions=np.arange(len(rows)),
        )
        return explanation, scored

    def _truth(self, y: Any) -> NDArray[Any]:
        """Return targets as codes of the classes, or values."""
        given = np.asarray(y).ravel()
        classes = self.model_.classes
        if classes is None:
            return np.asarray(given, dtype=np.float64)
        codes = {label: code for code, label in enumerate(classes.tolist())}
        unknown = sorted({str(each) for each in given.tolist() if each not in codes})
        if unknown:
            raise UserError(
                f"y has label(s) that fit did not see: {', '.join(unknown[:5])}; the classes are "
                f"{', '.join(map(str, classes[:10]))}"
            )
        return np.array([codes[each] for each in given.tolist()], dtype=np.int64)

    def _data_facts(self) -> "DataFacts":
        from espalier.pipelines.pages.facts import DataFacts

        record, preparation = self._record, self.model_.preparation
        return DataFacts(
            source="",
            target="y",
            problem=record.shape.problem,
            n_rows=record.shape.n_rows,
            n_columns=record.shape.n_columns,
            folds=record.folds,
            notes=preparation.notes,
            set_aside=tuple((str(each.name), each.reason) for each in preparation.dropped),
            columns=record.columns,
        )

    def _first(self, metric: "Metric", scored: "ScoreFacts", n_failed: int) -> "FirstScreen":
        from espalier.pipelines.explain.trust import Evidence
        from espalier.pipelines.pages.first_screen import table_screen

        evidence = Evidence(
            score=scored.score,
            baseline=scored.baseline,
            cv_score=self.cv_score_,
            interval=scored.interval,
            higher_is_better=metric.higher_is_better,
            n_rows=scored.n_rows,
            calibration=self.adjusted_.calibration
            if self._record.shape.problem is not ProblemKind.REGRESSION
            else None,
            failed_share=n_failed / max(len(self._record.trials), 1),
        )
        return table_screen(metric.name, evidence).with_more(
            steps=(
                ("See why rows are answered as they are.", "model.explain(X)"),
                ("Take it along as one file.", 'model.export("model.onnx")'),
            )
        )

    def _story(self, history: "History") -> "SearchStory | None":
        from espalier.pipelines.explain.search.story import tell_search
        from espalier.pipelines.learners.registry import choose_learners
        from espalier.pipelines.space.joint import SearchSpace

        record = self._record
        # All choices of the families; a portable search had fewer.
        learners = choose_learners(
            self.families,
            record.shape,
            interpretable=self.interpretable,
            seconds=self.time_budget,
        )
        space = SearchSpace(learners, record.shape, record.objectives)
        return tell_search(history, space, weights=self.model_.weights, seed=record.seed)


def _combiners(report: "pd.DataFrame") -> tuple[tuple[str, float, int], ...]:
    return tuple(
        (str(row[0]), float(row[1]), int(row[2])) for row in report.itertuples(index=False)
    )
