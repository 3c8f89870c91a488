"""A report as Markdown: the sentences and tables of the page, without its charts."""

from collections.abc import Iterator, Sequence

from espalier.pipelines.explain.explanation import Explanation
from espalier.pipelines.metrics.score_interval import describe_interval
from espalier.pipelines.pages.facts import PageFacts
from espalier.pipelines.pages.markdown import escape_markdown as escape
from espalier.pipelines.pages.markdown import escaped_table
from espalier.pipelines.pages.markdown_model import forecast_blocks, model_blocks
from espalier.pipelines.pages.page import COLUMNS_SHOWN, TRIALS_SHOWN
from espalier.pipelines.pages.search_section import ORIGINS
from espalier.pipelines.pages.wording import number, setting, task_of, words_of

_SETTINGS_SHOWN = 6


def render_markdown(facts: PageFacts) -> str:
    """Return the report as Markdown; nothing of the data is markup."""
    explanation = facts.explanation
    told = (
        model_blocks(explanation, facts)
        if isinstance(explanation, Explanation)
        else forecast_blocks(explanation, facts)
    )
    blocks = [
        *_heading(facts),
        *told,
        *_search(facts),
        *_ensemble(facts),
        *_data(facts),
        *_failures(facts),
        *_reproduce(facts),
    ]
    return "\n\n".join(blocks) + "\n"


def _heading(facts: PageFacts) -> Iterator[str]:
    data, words, held = facts.data, words_of(facts.data), facts.scored
    task = task_of(data)
    badge = f" ({escape(facts.badge)})" if facts.badge else ""
    source = f" in {escape(data.source)}" if data.source else ""
    yield f"# {escape(facts.title)}{badge}"
    yield f"{task[0].upper()}{task[1:]} for {escape(data.target)}{source}."
    if facts.first is not None:
        yield from map(escape, facts.first.how_good)
        yield f"**{facts.first.judgement.headline}**"
        reasons = [each.said for each in facts.first.judgement.reasons] or [words.all_well]
        yield _items(reasons)
        if facts.first.steps:
            yield "What to do next:"
            yield "\n".join(
                f"- {escape(said)}{f' {_code(command)}' if command else ''}"
                for said, command in facts.first.steps
            )
    cells = [(f"{facts.metric}, {words.cross}", number(facts.ensemble.cv_score))]
    if held is not None:
        cells = [
            (f"{facts.metric} on held-out {words.rows}", number(held.score)),
            ("interval", describe_interval(held.interval).removeprefix("95 % interval ")),
            (words.dummy, number(held.baseline)),
            *cells,
            (f"held-out {words.rows}", f"{held.n_rows:,}"),
        ]
    cells += [(f"{words.rows} searched on", f"{data.n_rows:,}")]
    if data.series is None:
        cells.append(("features", f"{data.n_columns:,}"))
    else:
        cells.append(("series", f"{data.series.n_series:,}"))
    cells.append(("trials", f"{len(facts.leaderboard):,}"))
    yield escaped_table(("", ""), cells)
    better = "Higher" if facts.higher_is_better else "Lower"
    note = f" {escape(held.note)}." if held is not None and held.note else ""
    yield f"{better} is better.{note}"


def _search(facts: PageFacts) -> Iterator[str]:
    words, story = words_of(facts.data), facts.story
    scored = [row for row in facts.leaderboard if row.score is not None]
    shown = [row for place, row in enumerate(scored) if place < TRIALS_SHOWN or row.weight]
    yield "## The search"
    yield f"{escape(facts.metric)} of each trial {words.validated} ({escape(facts.data.folds)})."
    yield escaped_table(
        ("trial", "family", facts.metric, "±", "fit s", "ms/row", "MiB", "weight", "proposed by"),
        [
            (
                str(row.trial),
                row.family,
                number(row.score),
                number(row.score_std, 2),
                number(row.fit_seconds, 2),
                number(row.predict_ms_per_row, 2),
                number(row.size_mb, 2),
                f"{row.weight:.2f}" if row.weight else "",
                row.origin,
            )
            for row in shown
        ],
    )
    if len(facts.leaderboard) > len(shown):
        yield f"And {len(facts.leaderboard) - len(shown)} more."
    if story is None:
        return
    yield "### Families"
    yield escaped_table(
        ("family", "trials", "best", "median", "stopped", "failed", "seconds", "weight"),
        [
            (
                each.family,
                str(each.n_trials),
                number(each.best),
                number(each.median),
                str(each.n_stopped or ""),
                str(each.n_failed or ""),
                number(each.seconds, 3),
                f"{each.weight:.2f}" if each.weight else "",
            )
            for each in story.families
        ],
    )
    yield "### Who proposed what"
    yield escaped_table(
        ("proposed by", "", "trials", "new best", "best", "weight"),
        [
            (
                each.origin,
                ORIGINS.get(each.origin, ""),
                str(each.n_trials),
                str(each.n_records or ""),
                number(each.best),
                f"{each.weight:.2f}" if each.weight else "",
            )
            for each in story.origins
        ],
    )
    told = [each for each in story.settings if each.shares]
    if told:
        yield "### Which settings mattered"
        yield escaped_table(
            ("family", "trials", "setting", "by itself", "with others"),
            [
                (
                    family.family,
                    str(family.n_trials),
                    each.name,
                    f"{each.alone:.0%}",
                    f"{each.in_all:.0%}",
                )
                for family in told
                for each in family.shares[:_SETTINGS_SHOWN]
            ],
        )
    if len(story.line) > 1:
        yield "### Where the best trial comes from"
        yield escaped_table(
            ("trial", facts.metric, "proposed by", "what changed"),
            [
                (
                    str(each.trial),
                    number(each.score),
                    each.origin,
                    ", ".join(
                        f"{change.name} {setting(change.before)} → {setting(change.after)}"
                        for change in each.changes
                    )
                    or each.family,
                )
                for each in story.line
            ],
        )


def _ensemble(facts: PageFacts) -> Iterator[str]:
    ensemble, story = facts.ensemble, facts.story
    yield f"## The ensemble: {escape(ensemble.method)}"
    if story is not None and story.growth:
        yield escaped_table(
            ("with trial", "weight", "alone", "together"),
            [
                (
                    str(each.trial),
                    f"{each.share:.2f}",
                    number(each.alone),
                    number(each.together),
                )
                for each in story.growth
            ],
        )
    if ensemble.combiners:
        yield escaped_table(
            ("combination", f"{facts.metric} on rows none was fitted to", "members"),
            [(name, number(score), str(members)) for name, score, members in ensemble.combiners],
        )
    if ensemble.light_front:
        yield escaped_table(
            ("model", facts.metric, "ms for one row", "MiB", "operations", ""),
            ensemble.light_front,
        )
    members = sorted((row for row in facts.leaderboard if row.weight), key=lambda row: -row.weight)
    if members:
        yield escaped_table(
            ("trial", "configuration"),
            [
                (
                    str(row.trial),
                    ", ".join(
                        [
                            row.family,
                            *(
                                f"{name}={setting(value)}"
                                for name, value in row.configuration.items()
                            ),
                        ]
                    ),
                )
                for row in members
            ],
        )


def _data(facts: PageFacts) -> Iterator[str]:
    data = facts.data
    yield "## The data"
    if data.notes:
        yield _items(data.notes)
    if data.n_expectations is not None:
        kept = f"{len(data.broken)} did not hold:" if data.broken else "all hold."
        yield f"{data.n_expectations} expectations checked, {kept}"
    if data.broken:
        yield _items([f"{severity}: {text}" for severity, text in data.broken])
    if data.columns:
        yield escaped_table(
            ("column", "holds", "missing", "distinct", "1 % to 99 %, or most frequent"),
            [
                (
                    each.name,
                    each.role,
                    f"{each.missing:.0%}" if each.missing else "",
                    "" if each.n_distinct is None else f"{each.n_distinct:,}",
                    each.said,
                )
                for each in data.columns[:COLUMNS_SHOWN]
            ],
        )
        if len(data.columns) > COLUMNS_SHOWN:
            yield f"And {len(data.columns) - COLUMNS_SHOWN} more columns."
    if data.set_aside:
        yield "Not used:"
        yield _items([f"{name}: {reason}" for name, reason in data.set_aside])


def _failures(facts: PageFacts) -> Iterator[str]:
    if facts.failures:
        yield "## Trials without a score"
        yield escaped_table(
            ("trials", "family", "ended", "why"),
            [(str(each.count), each.family, each.status, each.reason) for each in facts.failures],
        )


def _reproduce(facts: PageFacts) -> Iterator[str]:
    again = facts.reproduce
    if again is None:
        return
    yield "## How to make it again"
    yield "\n\n".join(_code(each) for each in (again.command, again.check) if each)
    yield f"Seed {again.seed}; table {escape(again.fingerprint)}."
    yield escaped_table(("package", "version"), list(again.versions.items()))


def _items(texts: Sequence[str]) -> str:
    return "\n".join(f"- {escape(each)}" for each in texts)


def _code(command: str) -> str:
    """Return a command as code, with as many marks around it as it needs."""
    marks = "`" * (max((len(run) for run in _runs(command)), default=0) + 1)
    return f"{marks} {' '.join(command.split())} {marks}"


def _runs(text: str) -> list[str]:
    return "".join(each if each == "`" else " " for each in text).split()
