"""What differs between two registered versions, and which scores better on common rows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.registry.scoring import score_rows
from espalier.infra.registry.training_facts import training_facts
from espalier.infra.settings import Settings
from espalier.infra.tracking.artifacts import EXPLANATION_FILE, LEADERBOARD_FILE, read_json_file
from espalier.infra.tracking.training_rows import read_training_rows
from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.promotion.comparison import ScoreComparison
from espalier.pipelines.lifecycle.promotion.metrics import measure_promotion, rows_with_target
from espalier.pipelines.lifecycle.promotion.policy import PromotionPolicy
from espalier.pipelines.lifecycle.promotion.unseen_rows import UnseenRows, unseen_holdouts
from espalier.tasks.search.open_run import REQUEST_FILE

FEWEST_ROWS = 20
# One-sided, so that both bounds together are a 95 % interval.
CONFIDENCE = 0.975
NAMES = ("first version", "second version")
# Options that say where the work was done or what the result is called.
_NOT_COMPARED = {"name", "workers", "dask", "memory_limit", "extends"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two versions.

    Attributes
    ----------
    shown : str
        ``NAME/VERSION``.
    aliases : tuple of str
        Its aliases.
    metric : str
        The metric it was trained for.
    holdout : (score, low, high) or None
        Its score on its own hold-out with the 95 % interval.
    fingerprint : str
        Fingerprint of its training table.
    options : mapping
        What was asked for, of the training.
    members : mapping of str to float
        Share of the weight in the ensemble by model family.
    importances : mapping of str to float
        Loss of score when a column is shuffled.
    """

    shown: str
    aliases: tuple[str, ...]
    metric: str
    holdout: tuple[float, float, float] | None
    fingerprint: str
    options: Mapping[str, Any]
    members: Mapping[str, float]
    importances: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionComparison:
    """Two versions side by side.

    Attributes
    ----------
    first, second : Side
        The versions.
    scores : ScoreComparison or None
        Scores on rows that neither learnt from; the first is its ``champion``, the second its
        ``challenger``. None where there are too few such rows, or they cannot be compared.
    notes : tuple of str
        Where the rows come from, or why there is no comparison; whole sentences.
    """

    first: Side
    second: Side
    scores: ScoreComparison | None
    notes: tuple[str, ...]

    @property
    def options(self) -> tuple[tuple[str, Any, Any], ...]:
        """The options that differ: name, and both values."""
        a, b = self.first.options, self.second.options
        return tuple(
            (name, a.get(name), b.get(name))
            for name in sorted(set(a) | set(b))
            if (a.get(name) or None) != (b.get(name) or None)  # an older record lacks newer options
        )

    @property
    def members(self) -> tuple[tuple[str, float, float], ...]:
        """Families of the members with their shares in both ensembles, the largest first."""
        return _both(self.first.members, self.second.members)

    @property
    def importances(self) -> tuple[tuple[str, float, float], ...]:
        """Columns with their importance for both, the most important first."""
        return _both(self.first.importances, self.second.importances)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return asdict(self) | {"options": [list(each) for each in self.options]}


def compare_versions(
    first: RegisteredVersion, second: RegisteredVersion, settings: Settings
) -> VersionComparison:
    """Compare two registered versions; nothing is changed.

    Raises
    ------
    UserError
        A version was not made by a training, or the two predict different columns.
    """
    facts = [training_facts(each, settings) for each in (first, second)]
    for version, found in zip((first, second), facts, strict=True):
        if found is None:
            raise UserError(
                f"model {_shown(version)} was not made by a training of Espalier's; compare "
                "two that were"
            )
    old, new = facts
    assert old is not None
    assert new is not None
    if old.target != new.target:
        raise UserError(
            f"{_shown(first)} predicts {old.target!r} and {_shown(second)} {new.target!r}: only "
            "models of the same column can be compared"
        )
    sides = [_side(each, settings) for each in (first, second)]
    rows = _common_rows(first, second, settings, newest_only=new.time_column is not None)
    notes, scores = rows.notes, None
    table = None if rows.table is None else rows_with_target(rows.table, new.target)
    if table is not None and len(table) < FEWEST_ROWS:
        notes = (*notes, f"{len(table)} common rows are too few to compare scores on.")
    elif table is not None:
        try:
            measured = measure_promotion(
                table,
                target=new.target,
                champion=score_rows(first, table, settings),
                challenger=score_rows(second, table, settings),
                metric=sides[1].metric or sides[0].metric or None,
                policy=PromotionPolicy(),
                group_column=new.group_column,
                weight_column=new.weight_column,
                confidence=CONFIDENCE,
            )
        except UserError as error:
            notes = (*notes, f"{str(error)[:1].upper()}{str(error)[1:]}.")
        else:
            scores, notes = measured.comparison, (*notes, *measured.obstacles)
    return VersionComparison(first=sides[0], second=sides[1], scores=scores, notes=notes)


def _common_rows(
    first: RegisteredVersion, second: RegisteredVersion, settings: Settings, *, newest_only: bool
) -> UnseenRows:
    kept = [
        None if each.run_id is None else read_training_rows(settings, each.run_id)
        for each in (first, second)
    ]
    if kept[0] is None or kept[1] is None:
        lost = " and ".join(
            _shown(version)
            for version, rows in zip((first, second), kept, strict=True)
            if rows is None
        )
        return UnseenRows(
            table=None, notes=(f"The rows that {lost} was trained on are not on record.",)
        )
    return unseen_holdouts(kept[0], kept[1], newest_only=newest_only, names=NAMES)


def _side(version: RegisteredVersion, settings: Settings) -> Side:
    assert version.run_id is not None  # it has facts of its training
    options = read_json_file(settings, version.run_id, REQUEST_FILE) or {}
    board = read_json_file(settings, version.run_id, LEADERBOARD_FILE) or ()
    explained = read_json_file(settings, version.run_id, EXPLANATION_FILE) or {}
    members: dict[str, float] = {}
    for row in board:
        if row.get("weight"):
            members[row["family"]] = members.get(row["family"], 0.0) + float(row["weight"])
    return Side(
        shown=_shown(version),
        aliases=version.aliases,
        metric=version.tags.get("metric", ""),
        holdout=_holdout(version),
        fingerprint=version.tags.get("fingerprint", ""),
        options={name: each for name, each in options.items() if name not in _NOT_COMPARED},
        members=members,
        importances={
            each["name"]: float(each["loss"]) for each in explained.get("importances", ())
        },
    )


def _holdout(version: RegisteredVersion) -> tuple[float, float, float] | None:
    try:
        score, low, high = (float(version.tags[f"holdout_{each}"]) for each in _FIGURES)
    except (KeyError, ValueError):
        return None
    return score, low, high


_FIGURES = ("score", "low", "high")


def _both(
    first: Mapping[str, float], second: Mapping[str, float]
) -> tuple[tuple[str, float, float], ...]:
    pairs = [
        (name, first.get(name, 0.0), second.get(name, 0.0)) for name in sorted({*first, *second})
    ]
    return tuple(sorted(pairs, key=lambda each: -max(abs(each[1]), abs(each[2]))))


def _shown(version: RegisteredVersion) -> str:
    return f"{version.name}/{version.version}"
