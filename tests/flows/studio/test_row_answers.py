"""The form for one row, and answers that are numbers."""

import numpy as np
import pandas as pd
import pytest

from espalier.flows.studio.predicting.answer import answer_row
from espalier.flows.studio.predicting.opened import OpenedForRows
from espalier.flows.studio.predicting.row_form import fields_of, filled_row
from espalier.infra.registry.registry import RegisteredVersion
from espalier.pipelines.automl.estimators import AutoMLRegressor


@pytest.fixture(scope="module")
def houses():
    """An opened model of prices, with a column of every kind."""
    rng = np.random.default_rng(0)
    n = 150
    size = rng.uniform(30, 200, n).round(1)
    rows = pd.DataFrame(
        {
            "size": size,
            "rooms": rng.integers(1, 7, n),
            "built": pd.date_range("1990-01-01", periods=n, freq="30D"),
            "garden": rng.random(n) > 0.5,
            "town": rng.choice(["Rome", "Oslo", "Łódź"], n),
            "code": [f"{number % 5:03d}" for number in range(n)],
        }
    )
    price = 3.0 * size + 20.0 * rows["garden"] + rng.normal(0, 5, n)
    model = AutoMLRegressor(
        time_budget=None, n_trials=1, families=["linear"], random_state=0, n_jobs=1
    )
    fitted = model.fit(rows, price).model_
    version = RegisteredVersion(
        name="houses", version=1, alias="champion", run_id=None, uri="models:/houses/1"
    )
    return OpenedForRows(version=version, model=fitted, rows=rows.head(40), warnings=())


def usual(opened, **changes):
    fields = fields_of(opened)
    texts = {each.column: each.value for each in fields} | changes
    return filled_row(fields, {each.key: texts[each.column] for each in fields})


def test_every_column_has_a_field_of_its_kind(houses):
    kinds = {each.column: each.kind for each in fields_of(houses)}
    assert kinds == {
        "size": "number",
        "rooms": "number",
        "built": "date",
        "garden": "choice",
        "town": "choice",
        "code": "choice",
    }
    fields = {each.column: each for each in fields_of(houses)}
    assert set(fields["garden"].choices) == {"True", "False"}
    assert set(fields["code"].choices) == {"000", "001", "002", "003", "004"}
    assert "to" in fields["size"].hint


def test_the_usual_row_is_one_that_the_model_reads_as_its_training_did(houses):
    row = usual(houses, garden="True", code="003")
    assert bool(row.loc[0, "garden"])
    read = houses.model.preparation.apply(row)
    same = houses.model.preparation.apply(houses.rows.head(1))
    assert list(read.dtypes) == list(same.dtypes)
    assert read.notna().all().all()


def test_a_number_is_answered_with_bounds_and_effects_that_add_up(houses):
    answer = answer_row(houses, usual(houses, size="150", garden="True"))
    value = float(answer.prediction)
    assert value == pytest.approx(470, abs=25)
    low, high = answer.interval
    assert low < value < high
    effects = answer.effects
    assert effects.base + sum(effects.columns.values()) == pytest.approx(answer.level)
    assert next(iter(effects.columns)) == "size"
    assert answer.probabilities == ()
    assert answer.strength(effects.columns["size"]) == 1.0


def test_a_decimal_comma_is_understood(houses):
    assert usual(houses, size="150,5").loc[0, "size"] == 150.5


def test_a_value_that_was_never_seen_is_answered_too(houses):
    answer = answer_row(houses, usual(houses, town="Paris", rooms="99", built="2100-01-01"))
    assert np.isfinite(float(answer.prediction))
