"""CatBoost: boosting of symmetric trees with ordered statistics of categories.

Prokhorenkova, Gusev, Vorobev, Dorogush, Gulin: *CatBoost: unbiased boosting with categorical
features* (2018).
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.learners.families.boosted_trees import BoostedTrees, BoostingRows
from espalier.pipelines.learners.families.boosting_rounds import (
    Patience,
)

if TYPE_CHECKING:
    pass

# Losses measured in a fit, at most.
_MOST_LOSSES = 1_000


class CatBoostModel(BoostedTrees):
    """CatBoost with early stopping; the trees after the best round are removed."""

    def _boost(
        self,
        train: BoostingRows,
        watched: BoostingRows | None,
        categorical: tuple[int, ...],
        patience: Patience,
    ) -> None:
        from catboost import CatBoost, CatBoostError

        X = train.X
        self.categorical_ = categorical
        self.is_constant_ = bool((np.nanmin(X, axis=0) == np.nanmax(X, axis=0)).all())
        table = self._pool(X, train.y, train.weight)
        valid = None if watched is None else self._pool(watched.X, watched.y, watched.weight)

        least, name = self._least_loss(watched), self.parameters.get("eval_metric")

        class Watch:
            n_losses = 0

            def after_iteration(self, info: Any) -> bool:
                part = info.metrics.get("validation")
                if part is None:
                    return not patience.stop(info.iteration - 1, None)
                losses = part[name] if name in part else next(iter(part.values()))
                if len(losses) == self.n_losses:  # none was measured after this round
                    return not patience.late
                self.n_losses = len(losses)
                return not patience.stop(info.iteration - 1, float(losses[-1]) - least)

        self.booster_ = CatBoost(
            {
                **self.parameters,
                # A tree without any column is empty and wastes a round.
                "rsm": max(float(self.parameters["rsm"]), 1.0 / X.shape[1]),
                "iterations": self.rounds,
                "thread_count": self.n_threads,
                "allow_writing_files": False,
                "logging_level": "Silent",
                "use_best_model": False,
                "metric_period": self._rounds_between_losses(watched),
            }
        )
        self.booster_.fit(table, eval_set=valid, callbacks=[Watch()])
        self.n_iterations_ = max(1, min(patience.best_round + 1, self.booster_.tree_count_))
        if self.n_iterations_ < self.booster_.tree_count_:
            # Where some trees are empty, CatBoost miscounts them and refuses to remove others. A
            # few trees past the best one do little harm.
            with suppress(CatBoostError):
                self.booster_.shrink(self.n_iterations_)

    def _rounds_between_losses(self, watched: BoostingRows | None) -> int:
        """Return how many rounds apart losses are measured: a tenth of what a step of 1 takes.

        After each round CatBoost copies all losses measured so far for its callbacks. With a loss
        each round, that takes longer than the trees from some 1,000 rounds on.
        """
        if watched is None:
            return self.rounds
        by_rate = round(0.1 / float(self.parameters["learning_rate"]))
        return max(1, by_rate, self.rounds // _MOST_LOSSES)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return values, shape (n_rows,), or class codes."""
        if self.parameters["loss_function"] not in ("Logloss", "MultiClass"):
            on_log = self.parameters["loss_function"].startswith(("Poisson", "Tweedie"))
            return np.asarray(
                self.booster_.predict(
                    self._pool(X),
                    prediction_type="Exponent" if on_log else "RawFormulaVal",
                    thread_count=self.n_threads,
                )
            )
        return np.argmax(self.predict_proba(X), axis=1)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes)."""
        return np.asarray(
            self.booster_.predict(
                self._pool(X), prediction_type="Probability", thread_count=self.n_threads
            )
        )

    def _pool(
        self, X: Any, y: NDArray[Any] | None = None, weight: NDArray[Any] | None = None
    ) -> Any:
        """Return a CatBoost pool; its category columns must be objects of bytes."""
        from catboost import FeaturesData, Pool

        categories = list(self.categorical_)
        numbers = np.delete(X, categories, axis=1) if categories else X
        texts = None
        if categories:
            codes = X[:, categories].astype(np.int64)
            names = np.array([b"%d" % code for code in range(int(codes.max(initial=0)) + 1)])
            texts = names.astype(object)[codes]
        data = FeaturesData(
            num_feature_data=np.ascontiguousarray(numbers) if numbers.shape[1] else None,
            cat_feature_data=texts,
        )
        return Pool(data, label=y, weight=weight)
