"""Read the file of schedules, and check it before anything is started.

``infra/deploy/schedules.yaml`` in the sources is an example with explanations.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from espalier.infra.tables.placeholders import placeholders
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.duration import parse_duration
from espalier.pipelines.requests.form import explain_error

ScheduledFlow = Literal["retrain", "monitor", "promote", "predict", "extend", "learn", "check"]
Promotion = Literal["auto", "approve", "never"]


class Schedule(BaseModel):
    """One entry of the file of schedules.

    Its values are those of the file, since they are sent to Prefect: placeholders for secrets are
    not filled in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(
        min_length=1, description="The registered model; the schedule's name for learn and check."
    )
    cron: str = Field(min_length=1, description="When, in the five fields of cron.")
    flow: ScheduledFlow = Field(default="retrain", description="What is done.")
    time_zone: str = Field(default="UTC", description="Whose clock the cron fields mean.")
    data: str | None = Field(default=None, description="Where the rows are read from.")
    query: str | None = Field(default=None, description="The SELECT where the data are a database.")
    budget: str | None = Field(default=None, description="Time a retraining may take, like 30m.")
    promotion: Promotion | None = Field(
        default=None, description="Who lets a better challenger become champion."
    )
    options: Mapping[str, Any] = Field(
        default_factory=dict, description="Further parameters of the flow, as in its form."
    )
    where: str = Field(default="", exclude=True, description="File and line of the entry.")

    @field_validator("cron")
    @classmethod
    def _a_cron(cls, value: str) -> str:
        from prefect.client.schemas.schedules import CronSchedule

        try:
            CronSchedule(cron=value)
        except ValueError:
            raise UserError(
                f"cron {value!r} is not understood; write minute, hour, day, month and weekday, "
                "like '0 4 1 * *'"
            ) from None
        return value

    @field_validator("time_zone")
    @classmethod
    def _a_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise UserError(f"time zone {value!r} is unknown; write it like Europe/Paris") from None
        return value

    @field_validator("budget")
    @classmethod
    def _a_duration(cls, value: str | None) -> str | None:
        if value is not None:
            parse_duration(value)
        return value

    @property
    def name(self) -> str:
        """Name of the deployment, besides the flow's name."""
        return self.model

    @property
    def in_words(self) -> str:
        """Description of when it runs, for display."""
        return f"Model {self.model}, at `{self.cron}` ({self.time_zone})."

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the flow run: the flow's request."""
        common = {"data": self.data, "query": self.query}
        by_flow: dict[str, dict[str, Any]] = {
            "retrain": {"name": self.model, "time_budget": self.budget, "promote": self.promotion},
            "monitor": {"name": self.model, "time_budget": self.budget, "promote": self.promotion},
            "promote": {"name": self.model, "policy": self.promotion},
            "predict": {"model": self.model},
            "extend": {"model": self.model, "time_budget": self.budget},
            # Flows that are not about a model: here `model` is the name of the schedule.
            "learn": {"promote": self.promotion},
            "check": {},
        }
        own = by_flow[self.flow]
        named = {key: value for key, value in (own | common).items() if value is not None}
        return named | dict(self.options)


def read_schedules(path: Path, environ: Mapping[str, str] | None = None) -> tuple[Schedule, ...]:
    """Return the entries of a file of schedules.

    Raises
    ------
    UserError
        The file is missing or not YAML, or an entry is invalid, a duplicate, or names an
        environment variable that is not set; the message names file and line.
    """
    values = os.environ if environ is None else environ
    entries = tuple(_entry(line, record, path) for line, record in _records(path))
    seen: dict[tuple[str, str], Schedule] = {}
    for each in entries:
        before = seen.setdefault((each.flow, each.model), each)
        if before is not each:
            raise UserError(
                f"{each.where}: {each.flow} of {each.model!r} is scheduled already in "
                f"{before.where}; join them, or remove one"
            )
        for name in placeholders(each.data or ""):
            if name not in values:
                raise UserError(
                    f"{each.where}: environment variable {name!r} is not set; set it before "
                    "starting, for this process and those it starts"
                )
    return entries


def _records(path: Path) -> list[tuple[int, Any]]:
    """Return each entry with its line number, counted from 1."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the schedules {str(path)!r} cannot be read: {error}") from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        record = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(f"{path}:{line} is no YAML: {error.problem}") from None
    if root is None:
        return []
    if not isinstance(record, list):
        raise UserError(f"{path}: the schedules must be a list; begin each entry with '- model:'")
    return [(node.start_mark.line + 1, each) for node, each in zip(root.value, record, strict=True)]


def _entry(line: int, record: Any, path: Path) -> Schedule:
    where = f"{path}:{line}"
    if not isinstance(record, dict):
        raise UserError(f"{where}: an entry must have named fields, at least model and cron")
    if "where" in record:
        raise UserError(f"{where}: there is no option 'where'; remove it")
    try:
        return Schedule.model_validate({**record, "where": where})
    except ValidationError as error:
        raise UserError(f"{where}: {explain_error(error)}") from None
