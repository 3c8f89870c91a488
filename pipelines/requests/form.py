"""What requests share: their base class, frozen, with errors in one line, and common fields."""

import csv
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)

from espalier.pipelines.errors import UserError
from espalier.pipelines.export.base.formats import PortableFormat
from espalier.pipelines.members.preference import SCORE, Objective, Preference
from espalier.pipelines.members.preference import Prefer as Preferred
from espalier.pipelines.redaction import redact, redact_source
from espalier.pipelines.requests.form_schema import as_form


def _empty_is_none(value: Any) -> Any:
    # A form sends an empty field as "", and the default of most fields is "none".
    return (value.strip() or None) if isinstance(value, str) else value


def _split(value: Any) -> Any:
    """Return the distinct names of a comma-separated text or of a list, as a tuple."""
    if value is None:
        return ()
    names = _named(value) if isinstance(value, str) else value
    return tuple(dict.fromkeys(str(name).strip() for name in names if str(name).strip()))


def _named(text: str) -> list[str]:
    """Return the names in a text; one with a comma stands in double quotes."""
    if '"' not in text:
        return text.split(",")
    return next(csv.reader([text], skipinitialspace=True))


def _without_password(value: str | None) -> str | None:
    # Prefect stores a flow run's parameters as JSON; a password must not get there.
    return None if value is None else redact_source(value)


def _some_workers(value: int | None) -> int | None:
    if value is not None and value < 1:
        raise UserError(f"the number of workers must be at least 1, not {value}")
    return value


OptionalText = Annotated[str | None, BeforeValidator(_empty_is_none)]
OptionalNumber = Annotated[float | None, BeforeValidator(_empty_is_none)]
OptionalPortable = Annotated[PortableFormat | None, BeforeValidator(_empty_is_none)]
NameList = Annotated[tuple[str, ...], BeforeValidator(_split)]
Objectives = Annotated[
    NameList,
    Field(
        title="Objectives",
        description="The score, and what is to be small beside it: latency, size, operations. Then "
        "smaller forms of the best models are made and compared. Empty for the score alone.",
        json_schema_extra={"items": {"type": "string", "enum": list(get_args(Objective))}},
    ),
]
Prefer = Annotated[
    OptionalText,
    Field(
        title="Prefer",
        description="The model to take: score (the best), small (the smallest within one standard "
        "error of the best) or balanced (the nearest to the best of everything). Empty for score.",
        json_schema_extra={"enum": list(get_args(Preferred))},
    ),
]
Workers = Annotated[
    int | None,
    AfterValidator(_some_workers),
    Field(
        title="Workers",
        description="Number of worker processes on this machine; empty for one per core.",
    ),
]
DaskScheduler = Annotated[
    OptionalText,
    Field(
        title="Dask scheduler",
        description="Address of a running Dask scheduler (tcp://...) to use instead of workers on "
        "this machine.",
    ),
]
DataSource = Annotated[str, PlainSerializer(_without_password, when_used="json")]
OptionalSource = Annotated[
    str | None,
    BeforeValidator(_empty_is_none),
    PlainSerializer(_without_password, when_used="json"),
]


def check_preference(objectives: Sequence[str], prefer: str | None) -> Preference:
    """Return what is wanted beside the score.

    Raises
    ------
    UserError
        A name is unknown or given twice, or ``score`` is not among the objectives.
    """
    return Preference(objectives=tuple(objectives) or (SCORE,), prefer=prefer)


class Form(BaseModel):
    """Base of the requests: frozen, refuses unknown fields, shown as a form in the Prefect UI."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=as_form)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """Return the request with the options ``values``.

        Raises
        ------
        UserError
            An option is invalid; the message is one line about the first such option. (The
            constructor raises `pydantic.ValidationError` instead.)
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise UserError(explain_error(error)) from None


def explain_error(error: ValidationError) -> str:
    """Return the first validation error in ``error`` as one line for the user."""
    first = error.errors(include_url=False)[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, UserError):
        return str(cause)
    option = ".".join(str(part) for part in first["loc"]).replace("_", "-")
    given = first.get("input")
    if first["type"] == "missing":
        return f"{option} is missing; give it"
    if first["type"] == "extra_forbidden":
        return f"there is no option {option!r}; remove it"
    shown = f" {redact(str(given))!r}" if isinstance(given, str | int | float) else ""
    return f"{option}{shown} cannot be used: {first['msg'].lower()}"
