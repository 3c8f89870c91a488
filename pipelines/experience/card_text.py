"""The knowledge card as text: what the knowledge was fitted to, when, with what, and its limits."""

from collections.abc import Iterable

import numpy as np

from espalier.pipelines.experience.knowledge import Knowledge
from espalier.pipelines.experience.recording.record import ExperienceRecord, KnowledgeBase
from espalier.pipelines.problem import FORECAST

_LIMITS = """\
- Scores are cross-validated on at most {cap:,} rows of a table, with {folds} folds and {limit:g} s
  a trial: they rank configurations for small and middling tables better than for large ones.
- {n} tables are few. What is unlike all of them is predicted badly; the search weighs the
  predictor by how well it ranks the run's own trials, down to nothing.
- Seconds are of one machine that was doing other work too; only their ratios are used.
- One metric a task was recorded: {metrics}.
- The guided part of a table's configurations was chosen by a search on that table.
"""

_LIMITS_OF_SERIES = """\
- Scores are those at up to {folds} origins, of at most 200 series, within {limit:g} s a trial: they
  rank configurations for few values better than for many.
- {n} sets are few. What is unlike all of them is predicted badly; the search weighs the
  predictor by how well it ranks the run's own trials, down to nothing.
- Seconds are of one machine that was doing other work too; only their ratios are used.
- Metrics that were recorded: {metrics}.
- The guided part of a set's configurations was chosen by a search on that set.
"""


def card_markdown(knowledge: Knowledge, experience: KnowledgeBase) -> str:
    """Return the knowledge card as Markdown.

    Parameters
    ----------
    knowledge : Knowledge
        The knowledge to describe.
    experience : KnowledgeBase
        The records that it was fitted to.
    """
    card, validation = knowledge.card, knowledge.validation
    ranks = dict(validation.by_dataset)
    first, last = (moment.replace("T", " ").removesuffix("Z") for moment in card.recorded)
    failed = sum(not each.result.succeeded for each in experience.records)
    versions = ", ".join(f"{name} {version}" for name, version in card.versions.items())
    series = knowledge.is_of_series
    things = "sets of series" if series else "tables"
    lines = [
        "# Experience of forecasts" if series else "# Experience",
        "",
        f"What {card.n_records:,} trials on {card.n_datasets} {things} taught: `experience.json` "
        "(what to try first) and `predictor.npz` (what to expect of a configuration). "
        f"`records.parquet` holds the trials: figures, no rows of the {things}. Written by "
        "`espalier experience fit`.",
        "",
        f"- Recorded between {first} and {last} UTC, in {card.hours:.1f} core-hours of trials; "
        f"{failed} of the trials have no score.",
        f"- With {versions}.",
        f"- Leave-one-{'set' if series else 'table'}-out: {validation.words}.",
        f"- Left out: {', '.join(card.left_out) or 'none'}; trials dropped since today's search "
        f"space does not have them: {card.n_impossible}, since they became equal to another: "
        f"{card.n_equal}.",
        "",
        f"| {'set' if series else 'table'} | target | task | "
        f"{'values' if series else 'rows'} | used | columns | trials | metric | Spearman |",
        "| --- | --- | --- | --: | --: | --: | --: | --- | --: |",
    ]
    groups = sorted(experience.by_dataset.values(), key=lambda each: each[0].dataset.name)
    lines += [_row(group, ranks) for group in groups]
    lines += ["", "## Limits", "", _limits(experience.records, card.n_datasets, series)]
    return "\n".join(lines)


def _row(group: tuple[ExperienceRecord, ...], ranks: dict[str, float]) -> str:
    known = group[0].dataset
    rank = ranks.get(known.name)
    cells = [
        _cell(known.name),
        _cell(known.target),
        FORECAST if known.is_of_series else str(known.problem),
        f"{known.n_rows_whole:,}",
        f"{known.shape.n_rows:,}",
        str(known.shape.n_columns),
        str(len(group)),
        known.metric,
        "" if rank is None else f"{rank:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _limits(records: Iterable[ExperienceRecord], n: int, series: bool) -> str:
    known = list(records)
    text = _LIMITS_OF_SERIES if series else _LIMITS
    limits = [each.result.trial.seconds_limit or 0.0 for each in known]
    return text.format(
        cap=max(each.dataset.rows_cap for each in known),
        folds=int(np.median([each.dataset.n_folds for each in known])),
        limit=float(np.median(limits)),
        n=n,
        metrics=", ".join(sorted({each.dataset.metric for each in known})),
    )
