"""Tell people and automations what happened to a model."""

from collections.abc import Sequence
from dataclasses import asdict

from espalier.infra.operations.notify import ModelNews, notify
from espalier.infra.orchestration.events import emit
from espalier.infra.settings import load_settings
from espalier.pipelines.redaction import redact

_LONGEST = 500


def tell(
    event: str, model: str, what: str, reasons: Sequence[str] = (), *, aloud: bool = True
) -> None:
    """Emit an event in Prefect, and send a notification to the target of the setting ``notify``.

    Parameters
    ----------
    event : str
        Name of the event; see `espalier.infra.orchestration.events`.
    model : str
        The registered model.
    what : str
        What happened, as the rest of a sentence that begins with the model's name.
    reasons : sequence of str
        Whole sentences, the decisive one first.
    aloud : bool
        Whether people are told too, or automations only.
    """
    news = ModelNews(
        event=event,
        model=model,
        what=what,
        reason=redact(" ".join(" ".join(reasons).split()))[:_LONGEST],
        url=_page(),
    )
    emit(event, f"espalier.model.{model}", model, asdict(news) | {"text": news.text})
    target = load_settings().notify
    if aloud and target is not None:
        notify(target, news)


def _page() -> str:
    from prefect.context import FlowRunContext
    from prefect.utilities.urls import url_for

    context = FlowRunContext.get()
    run = None if context is None else context.flow_run
    return "" if run is None else url_for(run) or ""
