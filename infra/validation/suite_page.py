"""The expectations that people state for a model, as one self-contained HTML page."""

from html import escape

from espalier.infra.validation.page import page_of
from espalier.infra.validation.report import describe
from espalier.pipelines.data.expectation import Severity
from espalier.pipelines.data.owned.suite import OwnedSuite


def render_suite(suite: OwnedSuite, model: str, revision: int, actor: str) -> str:
    """Return the page of a suite as HTML text.

    Parameters
    ----------
    suite : OwnedSuite
        The expectations.
    model : str
        The registered model.
    revision : int
        How often they were changed.
    actor : str
        Who changed them last.
    """
    rows = "".join(
        f'<tr><td><span class="pill {each.severity}">{severity_word(each.severity)}</span></td>'
        f'<td>{escape(describe(each))}<div class="seen">{escape(each.key)}</div></td></tr>'
        for each in suite.expectations
    )
    parts = [
        f"<h1>What is expected of the tables of {escape(model)}</h1>",
        f'<p class="sub">Revision {revision}, by {escape(actor)}. Beside these, each training '
        "infers expectations from its table.</p>",
        f"<table><tr><th>severity</th><th>expectation</th></tr>{rows}</table>",
    ]
    if suite.silenced:
        parts.append("<h2>Not to be checked, though it could be inferred</h2>")
        parts.append(f"<p>{', '.join(map(escape, suite.silenced))}</p>")
    return page_of(f"Expectations: {escape(model)}", parts)


def severity_word(severity: Severity) -> str:
    """Return what people call the consequence of an expectation that does not hold."""
    return "error" if severity is Severity.REFUSE else "warning"
