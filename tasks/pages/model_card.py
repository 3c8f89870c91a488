"""Model card in Markdown: score, data, members, and the combiners they were chosen by."""

from collections.abc import Sequence

from espalier.infra.registry.registry import RegisteredVersion
from espalier.pipelines.explain.leaderboard import LeaderboardRow
from espalier.pipelines.metrics.score_interval import describe_interval
from espalier.pipelines.pages.markdown import escape_markdown, markdown_table
from espalier.tasks.pages.adjustment_blocks import adjustment_blocks
from espalier.tasks.pages.leaderboard_table import front_markdown
from espalier.tasks.records import EnsembleRecord, HoldoutRecord, PreparedRef

_MEMBERS_SHOWN = 12
_FRONT_SHOWN = 12
_BASELINES = ("a dummy model scores", "seasonal naive scores")


def model_card(
    prepared: PreparedRef,
    ensemble: EnsembleRecord,
    holdout: HoldoutRecord,
    leaderboard: Sequence[LeaderboardRow],
    version: RegisteredVersion | None = None,
) -> str:
    """Return the model card; with a title if ``version`` is given."""
    metric = escape_markdown(prepared.metric)
    members = [row for row in leaderboard if row.weight > 0]
    members.sort(key=lambda row: -row.weight)
    serves = {number: f"{n} fold models" for number, n in ensemble.fold_models}
    serves |= {number: f"{n} models of {n} seeds" for number, n in ensemble.refits}
    blocks = [
        f"**{metric} {holdout.score:.5g}** on {holdout.n_rows:,} held-out "
        f"{'rows' if prepared.series is None else 'values'}, "
        f"{describe_interval(holdout.interval)}.",
        markdown_table(
            ("", ""),
            [
                ("task", prepared.task),
                *_size(prepared),
                (_BASELINES[prepared.series is not None], f"{holdout.baseline:.5g}"),
                (_validated(prepared, metric), f"{ensemble.cv_score:.5g}"),
                ("validated by", escape_markdown(prepared.folds)),
                ("trials", f"{len(leaderboard):,}"),
                ("milliseconds for one row", _shown(ensemble.row_ms)),
            ],
        ),
        f"### Members: {escape_markdown(ensemble.method)}",
        markdown_table(
            ("trial", "family", "weight", metric, "seconds to fit", "serves as"),
            [
                (
                    str(row.trial),
                    escape_markdown(row.family),
                    f"{row.weight:.2f}",
                    "" if row.score is None else f"{row.score:.5g}",
                    f"{row.fit_seconds:.2g}",
                    serves.get(row.trial, "one model"),
                )
                for row in members[:_MEMBERS_SHOWN]
            ],
        ),
    ]
    if len(members) > _MEMBERS_SHOWN:
        blocks.append(f"and {len(members) - _MEMBERS_SHOWN} more")
    blocks += adjustment_blocks(ensemble.adjusted, prepared.metric)
    if ensemble.learnt_all:
        blocks.insert(
            1,
            "The score is that of the model before it learnt from the held-out rows as well; "
            "nothing can be scored on them any more.",
        )
    if holdout.covered is not None and prepared.series is not None:
        blocks.append(f"{holdout.covered:.1%} of them lie between the outer quantiles.")
    elif holdout.covered is not None:
        blocks.append(
            f"Of held-out rows, on which nothing was chosen, {holdout.covered:.1%} lie within them."
        )
    if ensemble.combiners:
        blocks += [
            "### Chosen from",
            markdown_table(
                ("combination", f"nested {metric}", "members"),
                [
                    (escape_markdown(name), f"{score:.5g}", str(n_members))
                    for name, score, n_members in ensemble.combiners
                ],
            ),
        ]
    front = [row for row in leaderboard if row.pareto][:_FRONT_SHOWN]
    if ensemble.front:
        blocks += [
            "### Score and costs",
            "No other model is as good in all of them at once.",
            front_markdown(ensemble.front[:_FRONT_SHOWN], metric),
        ]
    elif front:
        blocks += [
            "### Score, latency and size",
            "Each is better than all others in one of the three.",
            markdown_table(
                ("trial", "family", metric, "ms for one row", "MiB"),
                [
                    (
                        str(row.trial),
                        escape_markdown(row.family),
                        _shown(row.score, 5),
                        _shown(row.row_ms),
                        _shown(row.size_mb),
                    )
                    for row in front
                ],
            ),
        ]
    if version is not None:
        name = escape_markdown(version.name)
        blocks.insert(0, f"## {name} version {version.version} is {version.alias or 'registered'}")
    return "\n\n".join(blocks)


def _size(prepared: PreparedRef) -> list[tuple[str, str]]:
    shape, series = prepared.shape, prepared.series
    if series is None:
        return [("rows searched on", f"{shape.n_rows:,}"), ("features", f"{shape.n_columns:,}")]
    return [
        ("horizon", f"{series.horizon} steps ({escape_markdown(series.frequency)})"),
        ("series", f"{series.n_series:,}"),
        ("values searched on", f"{shape.n_rows:,}"),
        ("season", f"{series.season}" if series.season > 1 else "none"),
    ]


def _validated(prepared: PreparedRef, metric: str) -> str:
    return f"{metric} {'in cross-validation' if prepared.series is None else 'at earlier origins'}"


def _shown(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:.{digits}g}"
