"""First trials of tables with pictures: cheap, and never without the own columns of a table."""

import pytest

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.search.strategies.initial_design import initial_design
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.cost import CostModel
from espalier.pipelines.trials.history import History


def _space(n_rows=400, n_pictures=4, n_others=4, problem=ProblemKind.REGRESSION):
    n_classes = 1 if problem is ProblemKind.REGRESSION else 10
    shape = DatasetShape(
        problem=problem,
        n_rows=n_rows,
        n_columns=n_pictures + n_others,
        n_classes=n_classes,
        smallest_class=n_rows // n_classes,
        n_vectors=n_pictures,
        vector_width=3_008 * n_pictures,
    )
    return SearchSpace(choose_learners(None, shape), shape)


def _design(space, seconds):
    costs = CostModel.fit(space, History(get_metric(None, space.shape.problem, 10)), 5)
    return initial_design(space, costs, seconds)


@pytest.mark.parametrize("seconds", [None, 20.0])
def test_beside_other_columns_these_alone_come_first(seconds):
    design = _design(_space(), seconds)
    first = design.configurations[:3]
    assert {each["prep_vectors"] for each in first} == {"none"}
    assert len({each.family for each in first}) == 3
    rest = {each["prep_vectors"] for each in design.configurations[3:]}
    assert "score" in rest
    assert "all" in rest
    assert "none" not in rest


def test_pictures_alone_are_linear_on_directions_then_on_all_numbers():
    design = _design(_space(5_000, 1, 0, ProblemKind.MULTICLASS), None)
    linear = [each for each in design.configurations if each.family == "linear"]
    assert [each["prep_vectors"] for each in linear] == ["pca", "all"]
    assert design.configurations[0] == linear[0]
    # Few rows lie in a span of few numbers, so that all of them are as cheap.
    few = _design(_space(400, 1, 0, ProblemKind.MULTICLASS), None).configurations[0]
    assert (few.family, few["prep_vectors"]) == ("linear", "all")


def test_where_time_is_short_the_quickest_is_tried_in_any_case():
    space = _space(5_000, 1, 0, ProblemKind.MULTICLASS)
    design = _design(space, 1.0)
    assert design.n_sure == 1
    leaders = [space.default(name) for name in ("linear", "mlp", "bayes", "svm")]
    quickest = min(leaders, key=space.expected_seconds)
    assert design.configurations[0] == quickest


def test_pictures_of_few_rows_get_few_directions():
    few, many = _space(400, 4, 4), _space(9_000, 1, 0, ProblemKind.MULTICLASS)
    assert few.complete("knn", {"prep_vectors": "pca"})["prep_directions"] == 12
    assert many.default("knn")["prep_directions"] == 96


def test_a_first_fit_on_few_rows_is_expected_to_take_a_moment():
    space = _space()
    for design in _design(space, 20.0).configurations[:4]:
        assert space.expected_seconds(design) < 3.0
