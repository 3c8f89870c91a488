"""The commands that the pages start: those that a person would type into a shell."""

import csv
import io
import shlex
from dataclasses import replace
from pathlib import Path

from espalier.flows.studio.jobs.job import JobRecord
from espalier.flows.studio.jobs.runner import Command
from espalier.flows.studio.tables.entries import TableEntry
from espalier.pipelines.requests.train import TrainRequest

PREDICTIONS = "predictions.csv"

# Fields of a training request whose option is not called like the field.
_SWITCHES = {"interpretable": "--interpretable", "allow_baseline": "--allow-baseline"}
_VALUES = (
    "name",
    "task",
    "metric",
    "time_budget",
    "trials",
    "folds",
    "seed",
    "group_column",
    "time_column",
    "weight_column",
    "about",
    "max_latency_ms",
    "max_size_mb",
    "max_operations",
    "prefer",
    "query",
    "horizon",
    "series_column",
    "freq",
    "season",
)
_LISTS = ("families", "exclude", "objectives", "known_covariates", "quantiles")


def train(request: TrainRequest, table: TableEntry) -> Command:
    """Return the command of a training.

    Parameters
    ----------
    request : TrainRequest
        Its options; those that have their default are not written.
    table : TableEntry
        The table.
    """
    defaults = {name: each.default for name, each in TrainRequest.model_fields.items()}
    arguments = ["train", table.source, f"--target={request.target}"]
    values = {name: getattr(request, name) for name in _VALUES}
    arguments += [
        f"{_option(name)}={value}"
        for name, value in values.items()
        if value is not None and value != defaults[name]
    ]
    lists = {name: tuple(map(str, getattr(request, name))) for name in _LISTS}
    arguments += [f"{_option(name)}={_listed(names)}" for name, names in lists.items() if names]
    arguments += [option for name, option in _SWITCHES.items() if getattr(request, name)]
    return Command(
        kind="train",
        title=f"Train {request.model_name} on {table.name}",
        arguments=tuple(arguments),
        model=request.model_name,
        is_form=not table.is_upload,
        table=table.id,
    )


def extend(model: str, seconds: str) -> Command:
    """Return the command that searches further for a model's newest version."""
    return Command(
        kind="extend",
        title=f"Search {seconds} more for {model}",
        arguments=("train", model, "--extend", seconds),
        model=model,
    )


def retrain(model: str, table: TableEntry | None, budget: str | None, *, force: bool) -> Command:
    """Return the command that trains a challenger, on new rows or on today's of the old source."""
    arguments = ["retrain", model]
    if table is not None:
        arguments += ["--data", table.source]
        arguments += [f"--query={table.query}"] if table.query else []
    arguments += ["--time-budget", budget] if budget else []
    arguments += ["--force"] if force else []
    return Command(
        kind="retrain",
        title=f"Train {model} again" + ("" if table is None else f" on {table.name}"),
        arguments=tuple(arguments),
        model=model,
        is_form=table is not None and not table.is_upload,
        table="" if table is None else table.id,
    )


def promote(model: str, *, policy: str, actor: str, comment: str = "") -> Command:
    """Return the command that compares the challenger with the champion and decides.

    Parameters
    ----------
    model : str
        The registered model.
    policy : str
        ``never`` to compare only, ``auto`` to promote what is surely better, ``approve`` where the
        person at the page approves what is.
    actor, comment : str
        Who decides, and why.
    """
    titles = {
        "never": f"Compare the challenger of {model} with its champion",
        "auto": f"Promote the challenger of {model} if it is surely better",
        "approve": f"Approve the challenger of {model}",
    }
    arguments = ["promote", model, "--policy", policy, f"--actor={actor}"]
    if policy == "approve":
        arguments += ["--yes", f"--comment={comment or 'on the page of the studio'}"]
    kind = "compare" if policy == "never" else "promote"
    return Command(kind=kind, title=titles[policy], arguments=tuple(arguments), model=model)


def monitor(model: str, table: TableEntry | None) -> Command:
    """Return the command that measures drift and score of the champion.

    Parameters
    ----------
    model : str
        The registered model.
    table : TableEntry or None
        Recent rows; None for what its endpoints were asked.
    """
    if table is None:
        source, shown = ["--requests"], "what it was asked"
    else:
        source, shown = ["--data", table.source], table.name
        source += [f"--query={table.query}"] if table.query else []
    return Command(
        kind="monitor",
        title=f"Check {model} on {shown}",
        arguments=("monitor", model, *source, "--no-retrain"),
        model=model,
        is_form=table is not None and not table.is_upload,
        table="" if table is None else table.id,
    )


def predict(
    spec: str, table: TableEntry, *, proba: bool, interval: float | None, id_column: str | None
) -> Command:
    """Return the command that predicts the rows of a table into a CSV file of the job's folder.

    It works in the folder of the table: the name of the file stands beside each prediction, and
    must not tell where it lies.
    """
    path = Path(table.source)
    source = path.name if table.is_upload else table.source
    arguments = ["predict", source, "--model", spec, "--out", f"{{folder}}/{PREDICTIONS}"]
    arguments += [f"--query={table.query}"] if table.query else []
    arguments += ["--proba"] if proba else []
    arguments += ["--interval", f"{interval:g}"] if interval is not None else []
    arguments += [f"--id-column={id_column}"] if id_column else []
    return Command(
        kind="predict",
        title=f"Predict {table.name} with {spec}",
        arguments=tuple(arguments),
        model=spec.partition("/")[0].partition("@")[0],
        is_form=not table.is_upload,
        table=table.id,
        result=PREDICTIONS,
        has_outcome=False,
        place=str(path.parent) if table.is_upload else "",
    )


def forecast(spec: str, table: TableEntry) -> Command:
    """Return the command that forecasts what follows the series of a table, as a CSV file."""
    command = predict(spec, table, proba=False, interval=None, id_column=None)
    return replace(command, title=f"Forecast {table.name} with {spec}", is_forecast=True)


def endpoint(model: str, port: int) -> Command:
    """Return the command that serves a model's champion over HTTP, to this machine."""
    return Command(
        kind="endpoint",
        title=f"Endpoint of {model}",
        arguments=("endpoint", model, "--host", "127.0.0.1", "--port", str(port)),
        model=model,
        has_outcome=False,
    )


def shell_line(record: JobRecord) -> str:
    """Return the command as one would type it."""
    line = shlex.join(["espalier", *record.arguments])
    return f"cd {shlex.quote(record.place)} && {line}" if record.place else line


def _listed(names: tuple[str, ...]) -> str:
    """Return names separated by commas; those that have one themselves are quoted."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return line.getvalue()


def _option(field: str) -> str:
    return f"--{field.replace('_', '-')}"
