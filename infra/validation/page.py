"""Show a validation as one self-contained HTML page, similar to Great Expectations' Data Docs.

Everything that comes from the data is escaped, and the page loads no external files.
"""

from collections.abc import Iterable
from html import escape
from itertools import groupby

from espalier.infra.validation.report import CheckedExpectation, ValidationReport, describe
from espalier.pipelines.data.expectation import Severity

_STYLE = """
:root { --ink: #1f2a24; --soft: #66736b; --line: #e3e8e4; --leaf: #2f7d4f; --amber: #a86a00;
        --red: #b3261e; --ground: #f7f9f7; }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink);
       font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem }
h1 { font-size: 1.5rem; margin: 0 0 .25rem } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
p.sub { color: var(--soft); margin: 0 0 1.5rem }
.cards { display: flex; flex-wrap: wrap; gap: .75rem }
.card { background: #fff; border: 1px solid var(--line); border-radius: .6rem;
        padding: .7rem 1rem; min-width: 8.5rem }
.card b { display: block; font-size: 1.35rem } .card span { color: var(--soft) }
table { width: 100%; border-collapse: collapse; background: #fff; border: 1px solid var(--line);
        border-radius: .6rem; overflow: hidden }
td, th { text-align: left; padding: .5rem .8rem; border-top: 1px solid var(--line);
         vertical-align: top; overflow-wrap: anywhere }
th { color: var(--soft); font-weight: 600; border-top: 0 } td:first-child { width: 6.5rem }
.pill { display: inline-block; padding: .05rem .6rem; border-radius: 1rem; font-size: .85rem;
        white-space: nowrap }
.held { background: #e4f2e9; color: var(--leaf) } .warn { background: #fdf1dc; color: var(--amber) }
.refuse { background: #fbe5e3; color: var(--red) } .seen { color: var(--soft) }
.owned { background: #e8edf6; color: #33527f; margin-left: .5rem }
"""
_OWNED = '<span class="pill owned">stated by a person</span>'


def render(report: ValidationReport) -> str:
    """Return the page of a validation as HTML text."""
    failures = report.failures
    verdict = "The table is accepted" if report.success else "The table is refused"
    sampled = (
        f"; cell by cell expectations looked at {report.n_sampled:,} of them"
        if report.n_sampled < report.n_rows
        else ""
    )
    n_held = len(report.checked) - len(failures)
    n_refused = sum(each.severity is Severity.REFUSE for each in failures)
    n_owned = sum(each.expectation.owned for each in report.checked)
    cards = [
        (f"{n_held} of {len(report.checked)}", "expectations hold"),
        (f"{n_refused}", "broken, refusing"),
        (f"{len(failures) - n_refused}", "broken, warning"),
        (f"{report.n_rows:,} × {report.n_columns:,}", "rows × columns"),
        *([(f"{n_owned}", "stated by people")] if n_owned else []),
    ]
    parts = [
        f"<h1>{verdict}</h1>",
        f'<p class="sub">{report.n_rows:,} rows{sampled}. Great Expectations '
        f"{escape(report.gx_version)}, {report.seconds:.1f} s.</p>",
        '<div class="cards">',
        *(f'<div class="card"><b>{value}</b><span>{name}</span></div>' for value, name in cards),
        "</div>",
    ]
    if failures:
        parts += ["<h2>What does not hold</h2>", _table(failures)]
    for column, group in groupby(report.checked, key=lambda each: each.expectation.column):
        title = "The whole table" if column is None else f"Column {escape(column)}"
        parts += [f"<h2>{title}</h2>", _table(tuple(group))]
    if report.columns_unchecked:
        names = ", ".join(map(escape, report.columns_unchecked))
        parts += ["<h2>Covered by the set of names only</h2>", f"<p>{names}</p>"]
    return page_of(f"Validation: {verdict.lower()}", parts)


def page_of(title: str, parts: Iterable[str]) -> str:
    """Return a page of these parts; ``title`` and parts are HTML already."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>"
    )


def _table(checked: tuple[CheckedExpectation, ...]) -> str:
    rows = "".join(
        f'<tr><td><span class="pill {_kind(each)}">{_word(each)}</span></td>'
        f"<td>{escape(describe(each.expectation))}{_OWNED if each.expectation.owned else ''}"
        f"{_seen(each)}</td></tr>"
        for each in checked
    )
    return f"<table><tr><th>verdict</th><th>expectation</th></tr>{rows}</table>"


def _seen(checked: CheckedExpectation) -> str:
    seen = checked.observed_cells
    return f'<div class="seen">{escape(seen)}</div>' if seen else ""


def _kind(checked: CheckedExpectation) -> str:
    return "held" if checked.held else str(checked.severity)


def _word(checked: CheckedExpectation) -> str:
    return "holds" if checked.held else f"broken: {checked.severity}"
