"""Forecasts: columns are guessed, series shown, the command typed, and the file drawn."""

import re
from html import unescape

import pandas as pd
import pytest

from espalier.flows.studio.models.forecast_facts import forecast_facts
from espalier.flows.studio.predicting.forecasts import forecast_view
from espalier.flows.studio.tables.reading import SeenTable
from espalier.flows.studio.tables.series import Guess, guess_columns
from tests.forecast_maker import sales, saved_forecast


def as_csv(table):
    return table.to_csv(index=False).encode()


ASKED = {
    "time_column": "day",
    "target": "units",
    "series_column": "shop",
    "horizon": "7",
    "freq": "",
}


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (sales(), Guess("day", "units", "shop")),
        (sales(shops=("one",)).drop(columns="shop"), Guess("day", "units", "")),
        (pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]}), Guess()),
    ],
)
def test_the_columns_of_series_are_guessed(table, expected):
    assert guess_columns(SeenTable(table, is_whole=True)) == expected


def test_series_are_shown_before_training(visitor):
    key = visitor.table("sales.csv", as_csv(sales()))
    text = visitor.get(f"/data/{key}").text
    assert f'href="/forecast/{key}"' in text
    form = visitor.get(f"/forecast/{key}").text
    assert re.search(r'<option value="shop" selected>', form)
    shown = visitor.get(f"/forecast/{key}", params=ASKED).text
    assert "3 series of 180 values" in shown
    assert "7 steps" in shown
    assert "the values reach to 2026-03-01" in shown
    assert shown.count('<figure class="series">') == 3
    assert "<b>west</b>" not in shown
    assert "Start the training" in shown


def test_what_a_training_expects_of_the_series_is_checked_before_it(visitor):
    table = sales()
    gaps = (table["shop"] == "south") & (table.index % 60 > 5) & (table.index % 60 < 50)
    key = visitor.table("gaps.csv", as_csv(table[~gaps]))
    page = visitor.get(f"/forecast/{key}", params=ASKED).text
    place = unescape(re.search(r'hx-get="([^"]+/checks[^"]*)"', page)[1])
    part = visitor.get(place, headers={"hx-request": "true"}).text
    assert re.search(r"\d+ of \d+ expectations hold", part)
    assert "gap share" in part
    assert 'class="warning"' in part
    other = visitor.get(f"{place}&known_covariates=nosuch", headers={"hx-request": "true"}).text
    assert "nosuch" in unescape(other)  # not what was found without that column


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"horizon": "many"}, "horizon"),
        ({"horizon": ""}, "how many steps"),
        ({"time_column": ""}, "column of the times"),
        ({"series_column": ""}, "appear twice"),
        ({"target": "shop", "series_column": ""}, "number"),
        ({"freq": "nonsense"}, "nonsense"),
    ],
)
def test_what_is_no_series_is_said_in_a_line(visitor, changed, said):
    key = visitor.table("sales.csv", as_csv(sales()))
    reply = visitor.get(f"/forecast/{key}", params=ASKED | changed)
    assert reply.status_code == 400
    assert said in unescape(reply.text)
    assert "Start the training" not in reply.text


def test_the_training_is_the_command_that_one_would_type(visitor, monkeypatch):
    monkeypatch.setattr(
        "espalier.flows.studio.jobs.runner.program", lambda: ["/bin/echo", "espalier"]
    )
    key = visitor.table("sales.csv", as_csv(sales()))
    page = f"/forecast/{key}?time_column=day&target=units&series_column=shop&horizon=7&freq="
    fields = ASKED | {
        "known_covariates": "price",
        "name": "sales",
        "budget": "own",
        "own_budget": "90s",
        "metric": "wql",
        "quantiles": "0.05,0.5,0.95",
        "families": "ets",
    }
    text = unescape(visitor.post(f"/forecast/{key}", fields, page=page).text)
    for part in (
        "--target=units",
        "--horizon=7",
        "--time-column=day",
        "--series-column=shop",
        "--known-covariates=price",
        "--quantiles=0.05,0.5,0.95",
        "--time-budget=90s",
        "--metric=wql",
        "--families=ets",
    ):
        assert part in text
    wrong = visitor.post(f"/forecast/{key}", fields | {"quantiles": "1.5"}, page=page)
    assert wrong.status_code == 400
    assert "quantiles must be" in unescape(wrong.text)
    assert 'value="1.5"' in wrong.text


@pytest.fixture(scope="module")
def forecasting(new_home, visit, tmp_path_factory):
    """A visitor of a studio with a forecast: `sales`; and its settings."""
    from espalier.infra.registry.registry import register_version
    from espalier.infra.tracking.tracking import Tracking

    settings = new_home()
    folder, golden, fitted = saved_forecast(tmp_path_factory.mktemp("saved"))
    tracking = Tracking(settings)
    register_version(
        tracking,
        name="sales",
        run_id=tracking.start_run("training"),
        folder=folder,
        example=golden,
        tags={"holdout_score": 0.9, "metric": "mase", "task": "forecast"},
    )
    return visit(settings), settings, fitted


def test_the_page_of_a_forecast_asks_for_newest_rows_and_has_no_single_row(forecasting):
    visitor, _, _ = forecasting
    text = visitor.get("/predict/sales").text
    assert "Newest rows" in text
    assert "7 steps (D)" in text
    assert "Fill in a row" not in text
    for path in ("/models", "/models/sales", "/models/sales/1", "/predict", "/deploy", "/watch"):
        assert visitor.get(path).status_code == 200, path
    assert "/row" not in visitor.get("/models/sales/1").text
    refused = visitor.get("/predict/sales/row")
    assert (refused.status_code, "forecasts series" in refused.text) == (400, True)


def test_a_forecast_is_started_drawn_and_downloaded(forecasting, monkeypatch):
    visitor, settings, fitted = forecasting
    monkeypatch.setattr(
        "espalier.flows.studio.jobs.runner.program", lambda: ["/bin/echo", "espalier"]
    )
    key = visitor.table("sales.csv", as_csv(sales()))
    sent = visitor.post("/predict/sales/file", {"table": key}, page="/predict/sales")
    text = unescape(sent.text)
    assert "espalier predict sales.csv --model sales/1" in text
    assert "--proba" not in text
    job = sent.url.path.rpartition("/")[2]
    assert visitor.get(f"/work/{job}/forecast").status_code == 404
    made = fitted.predict()
    made.to_csv(settings.home / "studio" / "jobs" / job / "predictions.csv", index=False)
    assert "The forecast is ready" in visitor.get(f"/work/{job}").text
    page = visitor.get(f"/work/{job}/forecast", params={"series": "south"})
    assert page.status_code == 200
    assert "<option selected>south</option>" in page.text
    assert 'class="band"' in page.text
    assert 'class="past"' in page.text
    assert "from the 0.1 to the 0.9 quantile" in page.text
    assert page.text.count('<th scope="row">') == 7
    assert "<b>west</b>" not in page.text
    assert visitor.get(f"/work/{job}/result").text.startswith("shop,day,prediction,0.1,0.5,0.9")


def test_the_drawn_series_ends_where_its_forecast_begins(forecasting, tmp_path):
    _, settings, fitted = forecasting
    from espalier.infra.registry.registry import resolve

    facts = forecast_facts(resolve("sales", settings), settings)
    path = tmp_path / "made.csv"
    fitted.predict().to_csv(path, index=False)
    view = forecast_view(path, facts, sales(), "south")
    own = sales().query("shop == 'south'")["units"]
    assert view.story.past == tuple(own.tail(30))
    assert len(view.story.made) == len(view.story.low) == 7
    assert all(low <= high for low, high in zip(view.story.low, view.story.high, strict=True))
    assert forecast_view(path, facts, None, "nobody").chosen == "north"
