"""The method ``explain`` of fitted estimators for tables."""

from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from espalier.pipelines.errors import UserError

if TYPE_CHECKING:  # a fitted estimator must load without what explains
    import pandas as pd

    from espalier.pipelines.serving.model import EnsembleModel

BACKGROUND_ROWS = 200
FEWEST_OTHERS = 2


class Explains:
    """Base class of estimators that say which columns moved an answer."""

    model_: "EnsembleModel"

    def _raw_rows(self, X: Any) -> "pd.DataFrame":
        """Return X as a table with the training's column names."""
        raise NotImplementedError

    def explain(
        self, X: Any, *, background: Any = None, label: Any = None, random_state: int = 0
    ) -> "pd.DataFrame":
        """Return how much each column moved the answer to each row, as Shapley values.

        A row's contributions sum to its answer less the base, the mean answer to the rows that it
        is compared with. They are estimated by replacing columns of such rows by the row's own,
        which takes some 2,000 predictions for each row: give tens of rows, not thousands.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n_rows, n_columns)
            The rows to explain, as in `predict`.
        background : DataFrame, array-like or None
            Rows to compare with; None for those of ``X`` themselves.
        label : label or None
            The class whose probability is explained; None for the predicted one of each row. Not
            for values.
        random_state : int
            Draws the rows to compare with, and the orders of columns.

        Returns
        -------
        DataFrame, shape (n_rows, 3 + n_columns)
            With the index of ``X``: ``prediction``, ``base`` and ``answer`` (the explained
            probability or value), then a column of contributions for each column that the model
            uses. Where one of those has such a name, ours has an underscore after it.

        Raises
        ------
        NotFittedError
            `fit` was not called.
        UserError
            There are no rows to compare with, or the label is unknown.
        """
        import pandas as pd

        from espalier.pipelines.explain.effects.contributions import explain_row, explained_answer
        from espalier.pipelines.seeds import drawn_rows

        check_is_fitted(self, "model_")
        rows = self._raw_rows(X)
        names = list(self.model_.feature_names)
        if background is not None:
            others = self._raw_rows(background)
        elif len(rows) >= FEWEST_OTHERS:
            others = rows
        else:
            raise UserError(
                "there are no rows to compare with: give background=, such as rows of the training"
            )
        drawn = drawn_rows(len(others), BACKGROUND_ROWS, seed=random_state)
        compared = others.iloc[drawn][names].reset_index(drop=True)
        predictions = self.model_.predict(rows)
        own = [name if name not in names else f"{name}_" for name in _OWN]
        lines = []
        for place, prediction in enumerate(predictions):
            answer = explained_answer(self.model_, prediction if label is None else label)
            found = explain_row(answer, rows.iloc[[place]][names], compared, seed=random_state)
            given = (prediction, found.base, found.answer)
            lines.append(
                dict(zip(own, given, strict=True)) | {name: found.columns[name] for name in names}
            )
        index = X.index if isinstance(X, pd.DataFrame) else None
        return pd.DataFrame(lines, index=index, columns=[*own, *names])


_OWN = ("prediction", "base", "answer")
