"""The options that make a training a forecast."""

import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.families.definitions import FORECASTERS
from espalier.pipelines.forecasting.metrics import FORECAST_METRICS as METRICS
from espalier.pipelines.metrics.catalogue import METRICS as TABLE_METRICS
from espalier.pipelines.requests.form_schema import FORECAST_FAMILIES, FORECAST_METRICS
from espalier.pipelines.requests.train import TrainRequest

TABLE = {"data": "sales.csv", "target": "units"}
SERIES = {**TABLE, "time_column": "day", "horizon": 28}


def parse(**options):
    return TrainRequest.parse({**SERIES, **options})


def test_names_in_the_form_are_those_of_the_registries():
    assert {each.name for each in FORECASTERS} == set(FORECAST_FAMILIES)
    assert set(METRICS) == set(FORECAST_METRICS) | (set(METRICS) & set(TABLE_METRICS))


def test_a_horizon_makes_it_a_forecast():
    request = parse(series_column="store", known_covariates="price, promo", quantiles="0.9,0.1")
    assert request.is_forecast
    assert request.learns_all
    assert request.levels == (0.1, 0.9)
    columns = request.series_columns
    assert (columns.time, columns.series, columns.target) == ("day", "store", "units")
    assert columns.known_covariates == ("price", "promo")
    assert TrainRequest.parse(request.model_dump(mode="json")) == request
    assert parse().levels == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def test_the_layout_of_the_table_names_its_series():
    wide = parse(wide=True, exclude="note").series_columns
    assert (wide.series, wide.exclude) == ("series", ("note",))
    tree = parse(hierarchy="region", series_column="store").series_columns
    assert tree.hierarchy == ("region", "store")
    assert tree.inputs == ("region", "store", "day", "units")
    assert parse(holidays="de, us-ca").series_columns.holidays == ("DE", "US-CA")


def test_a_time_column_alone_keeps_its_meaning_for_tables():
    request = TrainRequest.parse({**TABLE, "time_column": "day"})
    assert not request.is_forecast
    assert not request.learns_all
    assert "horizon" not in request.essentials


def test_the_options_of_a_forecast_name_the_run():
    plain = parse()
    for change in (
        {"horizon": 7},
        {"season": 7},
        {"quantiles": (0.5,)},
        {"freq": "D"},
        {"past_covariates": "visitors"},
        {"static": "kind"},
        {"holidays": "DE"},
        {"hierarchy": "region,store"},
        {"wide": True},
    ):
        assert parse(**change).digest != plain.digest


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"horizon": 0}, "from 1 to 10000 steps, not 0"),
        ({"time_column": None}, "needs --time-column"),
        ({"horizon": None, "season": 7}, "--season is an option of forecasts; give --horizon"),
        ({"horizon": None, "quantiles": "0.5"}, "--quantiles is an option of forecasts"),
        ({"quantiles": "0.1,a"}, "are no numbers"),
        ({"quantiles": "0.1,1.5"}, "between 0 and 1"),
        ({"quantiles": "0.1,0.1"}, "different numbers"),
        ({"objectives": "score,size"}, "--objectives is an option of tables"),
        ({"prefer": "small"}, "--prefer is an option of tables"),
        ({"max_operations": 5}, "--max-operations is an option of tables"),
        ({"search": "differentiable"}, "models of tables and forecasts share none"),
        ({"season": 0}, "at least 1 step"),
        ({"series_column": "day"}, "'day' cannot be the time column and the series column"),
        ({"known_covariates": "units"}, "cannot be the target and the known covariate"),
        ({"exclude": "day"}, "'day' is the time column; it cannot be excluded"),
        ({"task": "binary"}, "predicts numbers"),
        ({"folds": 3}, "--folds is an option of tables"),
        ({"weight_column": "w"}, "--weight-column is an option of tables"),
        ({"static": "units"}, "cannot be the target and the static covariate"),
        ({"hierarchy": "region,day"}, "cannot be the time column and the level of the hierarchy"),
        ({"wide": True, "static": "kind"}, "a wide table has no place for --static"),
        ({"wide": True, "hierarchy": "region"}, "a wide table has no place for --hierarchy"),
        ({"horizon": None, "wide": True}, "--wide is an option of forecasts; give --horizon"),
        ({"serving": "bagged"}, "--bagged and --refit are options of tables"),
    ],
)
def test_options_that_cannot_be_are_refused_in_one_line(options, said):
    with pytest.raises(UserError) as caught:
        parse(**options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
