import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.assemble import assemble, read_times
from espalier.pipelines.errors import UserError
from espalier.pipelines.problem import ProblemKind

N = 120
RNG = np.random.default_rng(1)


def churn(**columns):
    table = pd.DataFrame(
        {
            "age": RNG.integers(18, 90, N),
            "plan": RNG.choice(["basic", "pro"], N),
            "churned": RNG.choice(["yes", "no"], N),
        },
        index=RNG.permutation(N) * 3,
    )
    return table.assign(**columns)


def test_a_table_becomes_a_dataset():
    table = churn()
    found = assemble(table, target="churned")
    dataset = found.dataset
    assert dataset.problem is ProblemKind.BINARY
    assert dataset.classes.tolist() == ["no", "yes"]
    assert dataset.classes[dataset.y].tolist() == table["churned"].tolist()
    assert list(dataset.X.columns) == ["age", "plan"]
    assert dataset.X["age"].tolist() == table["age"].tolist()
    assert (found.rows_without_target, found.notes) == (0, ())
    pd.testing.assert_frame_equal(found.preparation.apply(table), dataset.X)


def test_rows_without_a_target_are_left_out_and_counted():
    table = churn()
    table.iloc[[3, 50], 2] = None
    found = assemble(table, target="churned")
    assert found.rows.tolist() == [row for row in range(N) if row not in (3, 50)]
    assert found.rows_without_target == 2
    assert "2 of 120 rows have no value of 'churned'" in found.notes[0]
    assert found.dataset.X["age"].tolist() == table["age"].iloc[found.rows].tolist()


def test_groups_are_read_and_are_no_feature_and_times_are_one():
    days = pd.date_range("2020-01-01", periods=N)[::-1]
    shop = np.where(np.arange(N) < 2, None, np.arange(N) % 5)
    table = churn(shop=shop, day=days.strftime("%Y-%m-%d"))
    dataset = assemble(table, target="churned", group_column="shop", time_column="day").dataset
    assert list(dataset.X.columns) == ["age", "plan", "day"]
    assert len(np.unique(dataset.groups)) == 7  # two rows without a shop are alone
    assert (np.diff(dataset.times) == -86400.0).all()


def test_weights_are_read_are_no_feature_and_rows_of_none_are_left_out():
    weight = np.where(np.arange(N) % 4 == 0, 0.0, 1.0 + np.arange(N))
    table = churn(weight=weight)
    found = assemble(table, target="churned", weight_column="weight")
    assert list(found.dataset.X.columns) == ["age", "plan"]
    assert found.rows.tolist() == np.flatnonzero(weight).tolist()
    counted = weight[weight > 0]
    np.testing.assert_allclose(found.dataset.sample_weight, counted / counted.mean(), rtol=1e-6)
    assert "no weight in 'weight'" in found.notes[0]


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"target": "Churn"}, "target 'Churn' is not in the table; did you mean 'churned'"),
        ({}, {"target": "q"}, "there are: 'age', 'plan', 'churned'"),
        ({"churned": "yes"}, {"target": "churned"}, "one value only"),
        ({"churned": None}, {"target": "churned"}, "missing in every row"),
        ({}, {"target": "churned", "task": "multiclass"}, "use task binary"),
        ({}, {"target": "churned", "exclude": ["age", "plan"]}, "no feature is left"),
        ({}, {"target": "churned", "exclude": ["agee"]}, "did you mean 'age'"),
        ({}, {"target": "churned", "exclude": ["churned"]}, "cannot be excluded"),
        ({}, {"target": "churned", "group_column": "churned"}, "group column 'churned' is the"),
        ({}, {"target": "churned", "time_column": "plan"}, "neither dates nor numbers"),
        ({"g": 1}, {"target": "churned", "group_column": "g"}, "one value only"),
        ({"t": 1}, {"target": "churned", "time_column": "t"}, "one value only"),
        ({}, {"target": "churned", "weight_column": "plan"}, "does not hold numbers"),
        ({"w": -1.0}, {"target": "churned", "weight_column": "w"}, "of at least 0"),
        ({"w": 0.0}, {"target": "churned", "weight_column": "w"}, "some above it"),
        ({"w": [None] + [1.0] * (N - 1)}, {"target": "churned", "weight_column": "w"}, "in 1 row"),
        ({}, {"target": "churned", "min_rows": 500}, "120 row.*at least 500"),
    ],
)
def test_what_cannot_be_assembled_is_refused_in_one_line(change, options, message):
    with pytest.raises(UserError, match=message) as caught:
        assemble(churn(**change), **options)
    assert "\n" not in str(caught.value)


def test_too_few_rows_are_refused_unless_allowed():
    with pytest.raises(UserError, match="19 row"):
        assemble(churn().iloc[:19], target="churned")
    assert len(assemble(churn().iloc[:10], target="churned", min_rows=5).dataset) == 10
    with pytest.raises(UserError, match="no rows"):
        assemble(churn().iloc[:0], target="churned")


def test_a_time_that_is_missing_is_counted():
    times = pd.Series([1.0, None, 3.0, None], name="t")
    with pytest.raises(UserError, match="'t' is missing in 2 row"):
        read_times(times)


def test_doubtful_targets_are_noted():
    table = churn(stars=np.arange(N) % 5)
    assert "5 distinct whole numbers" in assemble(table, target="stars").notes[0]
    assert not assemble(table, target="stars", task="multiclass").notes
    labels = np.where(np.arange(N) % 2, "yes", np.where(np.arange(N) == 0, "Yes", "no"))
    notes = assemble(churn(churned=labels), target="churned").notes
    assert any("differ only by case" in note for note in notes)
    assert any("one row only" in note for note in notes)


def test_a_target_of_any_name_is_found():
    table = pd.DataFrame(RNG.normal(size=(30, 3)), columns=[0, 1, 2])
    assert assemble(table, target="2").dataset.X.columns.tolist() == ["0", "1"]
