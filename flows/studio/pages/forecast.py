"""Forecasts: which columns are series, what was found of them, and the form that starts one."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from espalier.flows.studio.jobs import commands
from espalier.flows.studio.pages.data import checks_page, entry_of
from espalier.flows.studio.tables.entries import TableEntry
from espalier.flows.studio.tables.series import SeriesView, guess_columns, look_at_series
from espalier.flows.studio.web.budgets import BUDGETS, asked_budget
from espalier.flows.studio.web.context import Studio, StudioPart
from espalier.flows.studio.web.forms import SentForm, text_of, texts_of
from espalier.flows.studio.web.metric_words import described
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.form_schema import FORECAST_FAMILIES, FORECAST_METRICS
from espalier.pipelines.requests.model_names import default_name
from espalier.pipelines.requests.train import TrainRequest

router = APIRouter(prefix="/forecast")

METRICS = (*FORECAST_METRICS, "mae", "rmse", "smape")
USUAL_HORIZON = "14"
_COLUMNS = ("time_column", "target", "series_column", "horizon", "freq")
_OPTIONS = ("name", "metric", "season", "quantiles", "trials", "seed")
_FIELDS = (*_COLUMNS, *_OPTIONS, "budget", "own_budget")


@router.get("/{key}", response_class=HTMLResponse)
def series(request: Request, key: str, studio: StudioPart) -> HTMLResponse:
    """Ask which columns are series and, once they are chosen, show them and the options."""
    entry, asked = entry_of(studio, key), request.query_params
    seen = studio.reader.read(entry)
    names = [str(name) for name in seen.rows.columns]
    if "target" not in asked:
        guess = guess_columns(seen)
        values = _values({}) | {
            "time_column": guess.time,
            "target": guess.target,
            "series_column": guess.series,
            "horizon": USUAL_HORIZON,
        }
        return _page(request, studio, entry, names, values)
    values = _values(asked) | {"name": default_name(entry.name), "seed": "0"}
    known = tuple(asked.getlist("known_covariates"))
    view, error = None, ""
    try:
        view = look_at_series(seen, _request(entry, values, known))
    except UserError as wrong:
        error = str(wrong)
    return _page(request, studio, entry, names, values, known=known, view=view, error=error)


@router.get("/{key}/checks", response_class=HTMLResponse)
def checks(request: Request, key: str, studio: StudioPart) -> HTMLResponse:
    """Check the series as a training does; htmx gets the part alone."""
    entry, asked = entry_of(studio, key), request.query_params
    given: dict[str, object] = {name: asked.get(name, "") for name in _COLUMNS}
    given |= {"known_covariates": tuple(asked.getlist("known_covariates"))}
    given |= {"data": entry.source, "query": entry.query}
    return checks_page(request, studio, entry, given)


@router.post("/{key}")
def start(request: Request, key: str, studio: StudioPart, form: SentForm) -> Response:
    """Start the training of a forecast, and show its progress."""
    entry = entry_of(studio, key)
    seen = studio.reader.read(entry)
    values = _values(form)
    known, families = texts_of(form, "known_covariates"), texts_of(form, "families")
    view: SeriesView | None = None
    try:
        view = look_at_series(seen, _request(entry, values, known))
        asked = _request(entry, values, known, families, is_whole=True)
    except UserError as error:
        names = [str(name) for name in seen.rows.columns]
        return _page(
            request,
            studio,
            entry,
            names,
            values,
            known=known,
            families=families,
            view=view,
            error=str(error),
        )
    job = studio.jobs.start(commands.train(asked, entry), actor=studio.actor(request))
    return RedirectResponse(f"/work/{job.record.id}", status_code=303)


def _values(given: Mapping[str, object]) -> dict[str, str]:
    values = {name: text_of(given, name) for name in _FIELDS}
    return values | {"budget": values["budget"] or BUDGETS[1][0]}


def _request(
    entry: TableEntry,
    values: Mapping[str, str],
    known: tuple[str, ...],
    families: tuple[str, ...] = (),
    *,
    is_whole: bool = False,
) -> TrainRequest:
    """Return the request that a form describes; of its columns alone unless ``is_whole``.

    Raises
    ------
    UserError
        A field cannot be used.
    """
    for name, word in (("time_column", "the times"), ("target", "the values"), ("horizon", "")):
        if not values[name]:
            raise UserError(
                f"choose the column of {word}" if word else "say how many steps to forecast"
            )
    given: dict[str, Any] = {
        "data": entry.source,
        "query": entry.query,
        "known_covariates": known,
        **{name: values[name] for name in _COLUMNS},
    }
    if is_whole:
        given |= {name: values[name] for name in _OPTIONS if values[name]}
        given |= {"families": families, "time_budget": asked_budget(values)}
    return TrainRequest.parse(given)


def _page(
    request: Request,
    studio: Studio,
    entry: TableEntry,
    names: list[str],
    values: Mapping[str, str],
    *,
    known: tuple[str, ...] = (),
    families: tuple[str, ...] = (),
    view: SeriesView | None = None,
    error: str = "",
) -> HTMLResponse:
    usual, other = described(METRICS)
    chosen = [(name, values[name]) for name in _COLUMNS]
    chosen += [("known_covariates", name) for name in known]
    context = {
        "checks": f"/forecast/{entry.id}/checks?{urlencode(chosen)}",
        "entry": entry,
        "names": names,
        "values": values,
        "known": known,
        "view": view,
        "chosen": families,
        "families": FORECAST_FAMILIES,
        "budgets": BUDGETS,
        "usual_metrics": usual,
        "other_metrics": other,
        "section": "data",
        "error": error,
    }
    return studio.pages.page(request, "forecast.html", context, 400 if error else 200)
