"""Endpoints: switch one on for a model, see where it is, call it, switch it off."""

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from espalier.flows.studio.jobs import commands
from espalier.flows.studio.jobs.job import Job, JobState
from espalier.flows.studio.models.cards import all_cards, card_of
from espalier.flows.studio.web.context import Studio, StudioPart
from espalier.flows.studio.web.forms import CHECKED
from espalier.infra.network.ports import answers, ask_json, free_port
from espalier.pipelines.errors import UserError

router = APIRouter(prefix="/deploy")

FIRST_PORT = 8080
TOKEN_VARIABLE = "ESPALIER_ENDPOINT_TOKEN"
"""If the studio was started with it, its endpoints want this token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointView:
    """An endpoint as the page shows it.

    Attributes
    ----------
    job : Job
        Its process.
    url : str
        Where a model is asked.
    base : str
        Its first page.
    is_ready : bool
        Whether it answers.
    curl, python : str
        Lines that work when they are pasted; empty before it is ready.
    """

    job: Job
    url: str
    base: str
    is_ready: bool
    curl: str
    python: str


@router.get("", response_class=HTMLResponse)
def endpoints(request: Request, studio: StudioPart) -> HTMLResponse:
    """List the models with their endpoints."""
    last = _last_endpoints(studio)
    shown = {name: _view(job) for name, job in last.items() if _is_on(job)}
    failed = {
        name: job for name, job in last.items() if job.state in (JobState.FAILED, JobState.REFUSED)
    }
    context = {"models": all_cards(studio.settings), "endpoints": shown, "failed": failed}
    return studio.pages.page(request, "deploy.html", context)


@router.get("/{name}/state", response_class=HTMLResponse)
def state(request: Request, name: str, studio: StudioPart) -> HTMLResponse:
    """Return the part of the page about one model, while its endpoint starts."""
    job = _last_endpoints(studio).get(name)
    context = {
        "card": card_of(name, studio.settings),
        "endpoint": _view(job) if job is not None and _is_on(job) else None,
        "failure": job if job is not None and not _is_on(job) else None,
    }
    return studio.pages.page(request, "endpoint.html", context)


@router.post("/{name}/on", dependencies=CHECKED)
def switch_on(request: Request, name: str, studio: StudioPart) -> RedirectResponse:
    """Start an endpoint of a model's champion, for this machine."""
    card_of(name, studio.settings)
    job = _last_endpoints(studio).get(name)
    if job is not None and _is_on(job):
        raise UserError(f"the endpoint of {name!r} is on already")
    command = commands.endpoint(name, free_port(FIRST_PORT))
    studio.jobs.start(command, actor=studio.actor(request))
    return RedirectResponse("/deploy", status_code=303)


@router.post("/{name}/off", dependencies=CHECKED)
def switch_off(name: str, studio: StudioPart) -> RedirectResponse:
    """End the endpoint of a model."""
    job = _last_endpoints(studio).get(name)
    if job is not None:
        studio.jobs.stop(job)
    return RedirectResponse("/deploy", status_code=303)


def call_lines(
    url: str, rows: Sequence[Mapping[str, Any]], *, with_token: bool = False
) -> tuple[str, str]:
    """Return how to ask an endpoint about rows: in a shell, and in Python without a library.

    Parameters
    ----------
    url : str
        Where the model is asked.
    rows : sequence of mapping
        JSON-ready rows.
    with_token : bool
        Whether a token is sent along, from the environment.
    """
    body = json.dumps({"rows": rows}, ensure_ascii=False)
    bearer = f' -H "Authorization: Bearer ${TOKEN_VARIABLE}"' if with_token else ""
    kind = "-H 'Content-Type: application/json'"
    curl = f"curl -s {shlex.quote(url)} {kind}{bearer} -d {shlex.quote(body)}"
    header = '"Content-Type": "application/json"'
    if with_token:
        header += f', "Authorization": "Bearer " + os.environ["{TOKEN_VARIABLE}"]'
    python = (
        "import json, os, urllib.request\n"
        f"rows = {list(rows)!r}\n"
        "request = urllib.request.Request(\n"
        f"    {url!r},\n"
        '    data=json.dumps({"rows": rows}).encode(),\n'
        f"    headers={{{header}}},\n"
        ")\n"
        "print(json.load(urllib.request.urlopen(request)))"
    )
    return curl, python


def _last_endpoints(studio: Studio) -> dict[str, Job]:
    """Return the newest endpoint job of each model."""
    found: dict[str, Job] = {}
    for job in studio.jobs.all():
        if job.record.kind == "endpoint":
            found.setdefault(job.record.model, job)
    return found


def _is_on(job: Job) -> bool:
    return job.state is JobState.RUNNING and not job.is_told_to_stop


def _example_rows(url: str) -> list[dict[str, Any]] | None:
    """Return the rows that an endpoint itself gives as its example; None if it does not answer."""
    token = os.environ.get(TOKEN_VARIABLE)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        rows = ask_json(url, headers=headers)["example"]["rows"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return [dict(each) for each in rows]


def _view(job: Job) -> EndpointView:
    port = job.record.arguments[-1]
    base = f"http://127.0.0.1:{port}"
    url = f"{base}/models/{quote(job.record.model)}/predict"
    is_ready = answers(f"{base}/ready", seconds=2.0)
    curl = python = ""
    rows = _example_rows(f"{base}/models/{quote(job.record.model)}") if is_ready else None
    if rows is not None:
        curl, python = call_lines(url, rows, with_token=TOKEN_VARIABLE in os.environ)
    return EndpointView(job=job, url=url, base=base, is_ready=is_ready, curl=curl, python=python)
