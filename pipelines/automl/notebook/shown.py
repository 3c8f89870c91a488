"""How an estimator shows itself in a notebook: what it found, above scikit-learn's own diagram."""

from collections.abc import Sequence
from html import escape
from typing import Any, ClassVar

from sklearn.utils import estimator_html_repr

from espalier.pipelines.metrics.score_interval import describe_interval

_TRIALS = 5
_STYLE = (
    "font-family:system-ui,sans-serif;font-size:13px;max-width:46em;border:1px solid "
    "rgba(127,127,127,.35);border-radius:6px;padding:8px 12px;margin:4px 0"
)
_CELL = "text-align:left;padding:1px 14px 1px 0;border:0;background:none"


class ShownInNotebooks:
    """Base class of the estimators: adds a summary to scikit-learn's representation as HTML.

    ``sklearn.set_config(display="text")`` switches both off.
    """

    def _summary(self) -> "tuple[list[str], list[Sequence[str]]] | None":
        """Return lines and rows (the first is the heading), or None before `fit`."""
        raise NotImplementedError

    def _asked(self) -> str:
        """Return in words what `fit` would do."""
        raise NotImplementedError

    def _repr_html_inner(self) -> str:
        """Return the summary and scikit-learn's diagram; what ``_repr_html_`` returns."""
        found = self._summary()
        lines, rows = ([f"not fitted: {self._asked()}"], []) if found is None else found
        name = escape(type(self).__name__)
        said = "<br>".join(escape(each) for each in lines)
        return (
            f'<div style="{_STYLE}"><b>{name}</b><br>{said}{_table(rows)}</div>'
            f"{estimator_html_repr(self)}"
        )

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        """Return what Jupyter asks for first."""
        bundle: dict[str, str] = super()._repr_mimebundle_(**options)  # type: ignore[misc]
        if "text/html" in bundle:
            bundle["text/html"] = self._repr_html_inner()
        return bundle


class TableShown(ShownInNotebooks):
    """Base class of the estimators for tables."""

    _task: ClassVar[str]
    time_budget: float | None
    n_trials: int | None
    metric_: str
    cv_score_: float
    holdout_score_: float | None
    holdout_interval_: tuple[float, float] | None
    leaderboard_: Any
    model_: Any

    def _summary(self) -> tuple[list[str], list[Sequence[str]]] | None:
        if not hasattr(self, "model_"):
            return None
        lines = [f"{self.metric_} {self.cv_score_:.5g} in cross-validation, {self.model_.method}"]
        if self.holdout_score_ is not None and self.holdout_interval_ is not None:
            said = describe_interval(self.holdout_interval_)
            lines.append(f"{self.holdout_score_:.5g} on held-out rows ({said})")
        lines.append(f"{len(self.leaderboard_)} trials; model.report() tells more")
        return lines, leaderboard_rows(self.leaderboard_)

    def _asked(self) -> str:
        return f"{self._task}, {budget_words(self.time_budget, self.n_trials)}"


class ForecastShown(ShownInNotebooks):
    """Base class of the forecaster."""

    horizon: int
    time_budget: float | None
    n_trials: int | None
    metric: str
    freq_: str
    season_: int
    cv_score_: float
    method_: str
    leaderboard_: Any

    def _summary(self) -> tuple[list[str], list[Sequence[str]]] | None:
        if not hasattr(self, "model_"):
            return None
        lines = [
            f"{self.horizon} steps of {self.freq_}, season {self.season_}",
            f"{self.metric} {self.cv_score_:.5g} at earlier origins, {self.method_}",
            f"{len(self.leaderboard_)} trials; model.report() tells more",
        ]
        return lines, leaderboard_rows(self.leaderboard_)

    def _asked(self) -> str:
        return f"{self.horizon} steps, {budget_words(self.time_budget, self.n_trials)}"


def budget_words(seconds: float | None, trials: int | None) -> str:
    """Return what a search may take, in words."""
    parts = [] if seconds is None else [f"{seconds:g} s"]
    parts += [] if trials is None else [f"{trials} trials"]
    return " or ".join(parts) or "no limit"


def leaderboard_rows(leaderboard: Any) -> list[Sequence[str]]:
    """Return the best rows of a leaderboard and all members, as text under a heading."""
    shown = leaderboard[(leaderboard.index < _TRIALS) | (leaderboard["weight"] > 0)]
    return [
        ("trial", "family", "score", "weight"),
        *(
            (
                str(row.trial),
                str(row.family),
                "" if row.score is None or row.score != row.score else f"{row.score:.5g}",
                f"{row.weight:.2f}" if row.weight else "",
            )
            for row in shown.itertuples()
        ),
    ]


def _table(rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f'<th style="{_CELL};opacity:.6">{escape(each)}</th>' for each in rows[0])
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{escape(each)}</td>' for each in row) + "</tr>"
        for row in rows[1:]
    )
    return f'<table style="margin:6px 0 0 0;border:0"><tr>{head}</tr>{body}</table>'
