"""Choosing families, and the user's own."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.errors import UserError
from espalier.pipelines.learners.base.learner import BuildContext, TrainingPackage
from espalier.pipelines.learners.base.scores import class_scores
from espalier.pipelines.learners.custom import learner_from_estimator
from espalier.pipelines.learners.registry import LEARNERS, _by_name, choose_learners
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace

BINARY = DatasetShape(
    problem=ProblemKind.BINARY, n_rows=100, n_columns=3, n_classes=2, smallest_class=40
)
NUMBERS = DatasetShape(problem=ProblemKind.REGRESSION, n_rows=100, n_columns=3, smallest_class=100)


def names(*args: object, **options: object) -> list[str]:
    return [learner.name for learner in choose_learners(*args, **options)]


def test_all_families_by_default_in_order() -> None:
    assert names(None, BINARY) == [each for each in LEARNERS if each != "ebm"]
    assert names(list(LEARNERS), BINARY) == list(LEARNERS)
    assert "bayes" not in names(None, NUMBERS)


def test_much_time_adds_a_slow_family_where_its_default_takes_a_small_part() -> None:
    assert "ebm" in names(None, BINARY, seconds=300.0)
    assert "ebm" not in names(None, BINARY, seconds=60.0)
    many = replace(BINARY, n_rows=90_000, n_columns=60)
    assert "ebm" not in names(None, many, seconds=300.0)
    assert names(["linear"], BINARY, seconds=300.0) == ["linear"], "what is named stays alone"


def test_much_time_adds_no_family_whose_package_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("espalier.pipelines.learners.base.learner.find_spec", lambda name: None)
    assert "ebm" not in names(None, BINARY, seconds=300.0)


def test_the_order_asked_for_does_not_matter() -> None:
    assert names(["linear", "lightgbm"], BINARY) == names(["lightgbm", "linear"], BINARY)


def test_interpretable_ones_only() -> None:
    assert names(None, NUMBERS, interpretable=True) == ["linear", "ebm"]
    with pytest.raises(UserError, match="interpretable"):
        choose_learners(["lightgbm"], BINARY, interpretable=True)


def test_interpretable_ones_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("espalier.pipelines.learners.base.learner.find_spec", lambda name: None)
    assert names(None, NUMBERS, interpretable=True) == ["linear"]


def test_a_named_family_without_its_package_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("espalier.pipelines.learners.base.learner.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"'ebm' needs .*'interpret-core'.*espalier\[interpretable"):
        choose_learners(["linear", "ebm"], BINARY)
    # The families that need nothing more are not concerned.
    assert "ebm" not in names(None, BINARY)
    assert names(["linear"], BINARY) == ["linear"]


def test_a_family_of_ones_own_may_name_its_package() -> None:
    package = TrainingPackage(module="no_such_module_here", distribution="no-such-package")
    own = replace(LEARNERS["linear"], name="own", trained_by=package)
    with pytest.raises(UserError, match="pip install no-such-package"):
        choose_learners([own], BINARY)


def test_unknown_family_names_the_nearest() -> None:
    with pytest.raises(UserError, match=r"'lightgmb'; did you mean 'lightgbm'\?.*catboost"):
        choose_learners(["lightgmb"], BINARY)


def test_a_family_twice() -> None:
    with pytest.raises(UserError, match="twice"):
        choose_learners(["knn", "knn"], BINARY)


def test_none_left_says_which_could() -> None:
    with pytest.raises(UserError, match=r"bayes cannot|none of the families bayes .* lightgbm"):
        choose_learners(["bayes"], NUMBERS)


def test_two_learners_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two learners"):
        _by_name((LEARNERS["knn"], LEARNERS["knn"]))


def test_limits_keep_a_family_out() -> None:
    large = DatasetShape(
        problem=ProblemKind.BINARY, n_rows=60_000, n_columns=3, n_classes=2, smallest_class=999
    )
    assert "knn" not in names(None, large)
    assert "lightgbm" in names(None, large)


def test_own_estimator_with_a_space() -> None:
    own = learner_from_estimator(
        "tree",
        DecisionTreeClassifier(max_depth=4),
        space={"max_depth": (1, 12), "criterion": ["gini", "entropy"]},
    )
    assert own.problems == {ProblemKind.BINARY, ProblemKind.MULTICLASS}
    space = SearchSpace(choose_learners(["linear", own], BINARY), BINARY)
    assert space.families == ("linear", "tree")
    default = space.default("tree")
    assert default.model_values == {"max_depth": 4, "criterion": "gini"}
    copy = pickle.loads(pickle.dumps(own))
    made = copy.build(default.model_values, BuildContext(shape=BINARY, seed=5))
    assert (made.max_depth, made.random_state) == (4, 5)


@pytest.mark.parametrize(
    ("name", "estimator", "options", "message"),
    [
        ("my tree", DecisionTreeClassifier(), {}, "letters"),
        ("tree", DecisionTreeClassifier, {}, "estimator object"),
        ("tree", object(), {}, "estimator object"),
        ("tree", DecisionTreeClassifier(), {"space": {"depth": (1, 3)}}, "no parameter 'depth'"),
        ("tree", DecisionTreeClassifier(), {"problems": ["ranking"]}, "ranking"),
    ],
)
def test_own_estimators_that_cannot_work(
    name: str, estimator: object, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        learner_from_estimator(name, estimator, **options)


def test_own_regressor_is_for_regression_only() -> None:
    own = learner_from_estimator("sgd", SGDRegressor())
    assert own.problems == {ProblemKind.REGRESSION}
    with pytest.raises(UserError, match="sgd"):
        choose_learners([own], BINARY)


class LabelsOnly(KNeighborsClassifier):
    predict_proba = property()  # hasattr says no


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", [SGDClassifier(random_state=0), LabelsOnly(3)])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_scores_of_models_without_probabilities(model: object, n_classes: int) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 2))
    y = np.digitize(X[:, 0], [0.0, 0.8][: n_classes - 1])
    scores = class_scores(model.fit(X, y), X)
    assert scores.shape == (90, n_classes)
    np.testing.assert_allclose(scores.sum(axis=1), 1)
    assert np.mean(scores.argmax(axis=1) == y) > 0.6
