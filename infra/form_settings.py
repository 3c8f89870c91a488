"""The settings that say what runs of Prefect may do: part of `espalier.infra.settings.Settings`."""

import json
import os
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

SECRET_PREFIX = "ESPALIER_SECRET_"
"""Environment variables that begin so are secrets for data sources; see the security page."""

Listed = Annotated[tuple[str, ...], NoDecode]
"""Texts that a variable separates by commas."""


class FormSettings(BaseSettings):
    """What a form of Prefect's pages may have read and written, and how long a run may take.

    `espalier.infra.access` says what a form is.
    """

    data_roots: Listed = Field(
        default=(),
        description="Where files may be that are read for a form of the Prefect pages: folders, "
        "and beginnings of addresses (`s3://bucket/folder`), separated by commas. Empty: nowhere; "
        "but `espalier serve` with a Prefect server of its own, which only this machine reaches, "
        "takes your home folder and the working folder.",
    )
    out_roots: Listed = Field(
        default=(),
        description="Folders that a form may have predictions written to, separated by commas; a "
        "relative path is below the first. Empty: `predictions` in the home folder.",
    )
    form_hosts: Listed = Field(
        default=(),
        description="Hosts that a form may have read although they are private, databases, or get "
        "a secret: names (`db.shop`), patterns (`*.internal`), addresses, networks "
        "(`10.1.0.0/16`), separated by commas; `*` for all. Hosts of URLs in `ESPALIER_SECRET_...` "
        "are named thereby. Empty: public web addresses only.",
    )
    run_hours: float = Field(
        default=48.0,
        ge=0.0,
        description="Hours that a run started by Prefect may take beyond its time budget and the "
        "time a person has to answer; it is ended then. 0: no limit.",
    )

    @field_validator("data_roots", "out_roots", "form_hosts", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value.startswith("["):  # as JSON, for names with commas
            return tuple(json.loads(value))
        return tuple(each.strip() for each in value.split(",") if each.strip())

    @field_validator("data_roots", "out_roots")
    @classmethod
    def _absolute_roots(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            each if "://" in each else os.path.abspath(os.path.expanduser(each)) for each in value
        )
