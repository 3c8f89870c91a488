"""What the estimators show in a notebook: themselves, progress, a report, explanations."""

import io
import re
import sys
import types
from contextlib import redirect_stdout
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from espalier import AutoMLClassifier, AutoMLForecaster, AutoMLRegressor
from espalier.pipelines.automl.notebook.live import TrialPanel, in_notebook, shown_trials
from espalier.pipelines.errors import UserError
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.resources.budget import Budget
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialResult, TrialStatus

QUICK = {"time_budget": None, "n_trials": 3, "n_jobs": 1, "n_folds": 2, "random_state": 0}


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True, as_frame=True)
    return X, y.map(dict(enumerate(["<setosa>", "versicolor", "virginica"])))


@pytest.fixture(scope="module")
def classifier(iris):
    X, y = iris
    model = AutoMLClassifier(families=["linear", "bayes"], holdout_fraction=0.2, **QUICK)
    return model.fit(X, y)


@pytest.fixture(scope="module")
def regressor(iris):
    X, _ = iris
    model = AutoMLRegressor(families=["linear", "extra_trees"], **QUICK)
    return model.fit(X.iloc[::2, :3], X.iloc[::2, 3])


def told(number, score, *, failed=False):
    result = TrialResult(
        trial=Trial(number=number, configuration=Configuration.of("linear", {}), seed=0),
        status=TrialStatus.FAILED if failed else TrialStatus.SUCCESS,
        score=None if failed else score,
        error="<b>broken</b>" if failed else None,
        seconds=0.5,
    )
    return TrialOutcome(result)


@pytest.fixture
def kernel(monkeypatch):
    """A stand-in for the parts of IPython that are asked, where there is no notebook."""
    shown = []

    class Handle:
        def update(self, content):
            shown.append(content)

    def display(content, display_id):
        assert display_id is True
        shown.append(content)
        return Handle()

    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    inner = types.ModuleType("IPython.display")
    inner.HTML, inner.display = str, display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", inner)
    return shown


@pytest.mark.parametrize("kind", [AutoMLClassifier, AutoMLRegressor, AutoMLForecaster])
def test_an_unfitted_estimator_shows_what_it_would_do_above_sklearns_diagram(kind):
    html = kind(time_budget=7)._repr_html_()
    assert f"<b>{kind.__name__}</b><br>not fitted" in html
    assert "7 s" in html
    assert "sk-container" in html
    bundle = kind(time_budget=7)._repr_mimebundle_()
    assert bundle["text/html"].startswith(html.partition("sk-container-id")[0][:400])
    assert bundle["text/plain"] == repr(kind(time_budget=7))


def test_a_fitted_estimator_shows_scores_and_members(classifier):
    html = classifier._repr_html_()
    assert f"{classifier.metric_} {classifier.cv_score_:.5g} in cross-validation" in html
    assert f"{classifier.holdout_score_:.5g} on held-out rows" in html
    assert "3 trials" in html
    assert "linear" in html


def test_a_clone_shows_no_score_and_text_display_shows_no_html(classifier):
    assert "not fitted" in clone(classifier)._repr_html_()
    with sklearn.config_context(display="text"):
        assert not hasattr(classifier, "_repr_html_")
        assert set(classifier._repr_mimebundle_()) == {"text/plain"}


def test_a_pipeline_around_it_is_shown_by_sklearn():
    html = make_pipeline(StandardScaler(), AutoMLClassifier())._repr_html_()
    assert "AutoMLClassifier" in html


def test_a_forecaster_shows_its_horizon_step_and_score():
    days = pd.date_range("2026-01-01", periods=50)
    sales = pd.DataFrame({"time": days, "target": 10.0 + np.arange(50) % 7})
    model = AutoMLForecaster(horizon=7, time_budget=None, n_trials=2, n_jobs=1).fit(sales)
    html = model._repr_html_()
    assert "7 steps of D, season 7" in html
    assert "sk-container" in html
    page = model.report().html
    for part in (
        "forecast of 7 steps (D)",
        "newest origin of the back-test",
        "Some series",
        "By step",
        "What the calendar does",
        "day of the week",
        "What the series are made of",
        "The search",
    ):
        assert part in page, part


def test_progress_outside_of_a_notebook_is_a_line_a_trial_without_carriage_returns():
    assert not in_notebook()
    said = io.StringIO()
    with (
        redirect_stdout(said),
        shown_trials(METRICS["accuracy"], Budget(trials=2), verbose=1) as heard,
    ):
        heard(told(0, 0.9))
        heard(told(1, 0.8))
    assert said.getvalue().count("\n") == 2
    assert "\r" not in said.getvalue()


def test_progress_in_a_notebook_is_one_panel_that_is_redrawn(kernel):
    said = io.StringIO()
    with (
        redirect_stdout(said),
        shown_trials(METRICS["accuracy"], Budget(trials=4), verbose=1) as heard,
    ):
        for number, score in enumerate([0.7, 0.9, 0.8]):
            heard(told(number, score))
        heard(told(3, None, failed=True))
    assert said.getvalue() == ""
    final = kernel[-1]
    assert "searched" in final
    assert "4 trials" in final
    assert "1 without a score" in final
    assert "best accuracy 0.9" in final
    assert "<b>broken" not in final


def test_nothing_is_shown_unless_asked_for(kernel):
    with shown_trials(METRICS["accuracy"], Budget(trials=1), verbose=0) as heard:
        assert heard is None
    assert kernel == []


def test_the_panel_is_drawn_at_most_twice_a_second_and_knows_what_is_better():
    now, shown = [0.0], []
    place = SimpleNamespace(update=shown.append)
    panel = TrialPanel(METRICS["rmse"], Budget(seconds=10), place, clock=lambda: now[0])
    for number, score in enumerate([3.0, 2.0, 4.0]):
        now[0] += 0.2
        panel.heard(told(number, score))
    assert len(shown) == 1
    now[0] = 5.0
    panel.heard(told(3, 5.0))
    assert "width:50%" in shown[-1]
    assert "48 a minute" in shown[-1]
    assert "best rmse 2 " in shown[-1]


def test_a_report_on_new_rows_is_a_whole_page_of_the_estimators_own(classifier, iris, tmp_path):
    X, y = iris
    page = classifier.report(tmp_path / "report.html", X, y)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.html == text
    assert page.path == tmp_path / "report.html"
    for part in (
        "AutoMLClassifier",
        "On 150 rows that it never saw",
        "What the model needs",
        "What it mixes up",
        "The search",
        "The ensemble",
        "petal width (cm)",
        "1 % to 99 %",
        "model.explain(X)",
        "&lt;setosa&gt;",
    ):
        assert part in text, part
    assert "<setosa>" not in text
    assert "<script" not in text
    ElementTree.fromstring(re.search(r"<svg.*?</svg>", text, re.DOTALL).group())


def test_a_report_without_rows_has_the_holdout_or_cross_validation(classifier, regressor):
    held = classifier.report().html
    assert "30 rows that the search never saw" in held
    assert "What it mixes up" not in held
    alone = regressor.report().html
    assert "No rows were held out" in alone
    assert "The search" in alone


def test_a_report_of_values_has_residuals_and_intervals(regressor, iris):
    X, _ = iris
    html = regressor.report(X=X.iloc[1::2, :3], y=X.iloc[1::2, 3]).html
    assert "How far values are off" in html


def test_a_notebook_shows_the_report_in_a_frame(classifier):
    html = classifier.report()._repr_html_()
    assert html.startswith("<iframe")
    assert "<h1>" not in html  # escaped, as the content of an attribute


def test_what_a_report_cannot_use_is_one_line(classifier, iris, tmp_path):
    X, y = iris
    with pytest.raises(UserError, match="give both X and y"):
        classifier.report(X=X)
    with pytest.raises(UserError, match="X has 150 rows, and y has 149"):
        classifier.report(X=X, y=y[:-1])
    with pytest.raises(UserError, match="did not see: rose"):
        classifier.report(X=X, y=y.replace("virginica", "rose"))
    with pytest.raises(UserError, match="does not exist"):
        classifier.report(tmp_path / "nowhere" / "report.html")
    with pytest.raises(NotFittedError):
        AutoMLClassifier().report()


def test_contributions_sum_to_the_answer(classifier, regressor, iris):
    X, _ = iris
    rows = X.iloc[[0, 60, 140]]
    found = classifier.explain(rows, background=X)
    assert list(found.columns) == ["prediction", "base", "answer", *X.columns]
    assert list(found.index) == [0, 60, 140]
    np.testing.assert_allclose(found["base"] + found[X.columns].sum(axis=1), found["answer"])
    proba = classifier.predict_proba(rows).max(axis=1)
    np.testing.assert_allclose(found["answer"], proba, atol=1e-6)
    values = regressor.explain(rows.iloc[:, :3].rename(columns={}), background=X.iloc[:, :3])
    np.testing.assert_allclose(values["answer"], regressor.predict(rows.iloc[:, :3]), atol=1e-6)


def test_one_class_can_be_explained_for_all_rows(classifier, iris):
    X, _ = iris
    found = classifier.explain(X.iloc[[0, 140]], background=X, label="virginica")
    place = list(classifier.classes_).index("virginica")
    proba = classifier.predict_proba(X.iloc[[0, 140]])[:, place]
    np.testing.assert_allclose(found["answer"], proba, atol=1e-6)
    with pytest.raises(UserError, match="label 'rose' is unknown"):
        classifier.explain(X.iloc[:2], label="rose")


def test_a_single_row_needs_others_to_compare_with(classifier, iris):
    X, _ = iris
    with pytest.raises(UserError, match="no rows to compare with: give background="):
        classifier.explain(X.iloc[:1])
