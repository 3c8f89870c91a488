"""The first screen of the report: what is predicted, how well, whether to trust it, what next."""

import math
import shlex
from dataclasses import dataclass

from espalier.infra.registry.registry import RegisteredVersion
from espalier.pipelines.explain.trust import Evidence, Gravity, Judgement, judge
from espalier.pipelines.metrics.score_interval import describe_interval
from espalier.tasks.pages.champion_mark import ChampionMark
from espalier.tasks.records import EnsembleRecord, HoldoutRecord, PreparedRef, ValidationRecord

_PERFECT = {"roc_auc", "average_precision", "accuracy", "balanced_accuracy", "f1", "r2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstScreen:
    """The texts of the first screen.

    Attributes
    ----------
    how_good : tuple of str
        Whole sentences about the score.
    judgement : Judgement
        Whether to trust it.
    steps : tuple of (text, command)
        What to do next; a command may be empty.
    """

    how_good: tuple[str, ...]
    judgement: Judgement
    steps: tuple[tuple[str, str], ...]

    @property
    def tone(self) -> str:
        """Name of the style of the judgement: ``good``, ``doubt`` or ``grave``."""
        return "good" if self.judgement.gravity is None else str(self.judgement.gravity)


def first_screen(
    version: RegisteredVersion,
    prepared: PreparedRef,
    ensemble: EnsembleRecord,
    holdout: HoldoutRecord,
    validation: ValidationRecord,
    *,
    higher_is_better: bool,
    failed_share: float,
    champion: ChampionMark | None = None,
) -> FirstScreen:
    """Return the first screen of a version's report.

    Parameters
    ----------
    version, prepared, ensemble, holdout, validation
        Results of the training.
    higher_is_better : bool
        Direction of the metric.
    failed_share : float
        Share of trials that failed.
    champion : ChampionMark or None
        The champion, if this version is not it.
    """
    evidence = Evidence(
        score=holdout.score,
        baseline=holdout.baseline,
        cv_score=ensemble.cv_score,
        interval=holdout.interval,
        higher_is_better=higher_is_better,
        n_rows=holdout.n_rows,
        suspects=prepared.suspects,
        repeated=prepared.repeated,
        broken=tuple(text for _, text in validation.failures),
        calibration=ensemble.adjusted.calibration,
        covered=holdout.covered,
        failed_share=failed_share,
        learnt_all=ensemble.learnt_all,
    )
    judgement = judge(evidence)
    return FirstScreen(
        how_good=_how_good(prepared.metric, evidence, champion),
        judgement=judgement,
        steps=_steps(version, judgement, champion),
    )


def _how_good(metric: str, evidence: Evidence, champion: ChampionMark | None) -> tuple[str, ...]:
    said = [
        f"On {evidence.n_rows:,} rows that it never saw, {metric} is {evidence.score:.4g} "
        f"({describe_interval(evidence.interval)}).",
        *_in_words(metric, evidence),
        f"Always giving the same answer would have scored {evidence.baseline:.4g} there"
        f"{_part_gained(metric, evidence)}.",
    ]
    if champion is not None:
        said.append(_beside_champion(metric, evidence, champion))
    return tuple(said)


def _in_words(metric: str, evidence: Evidence) -> list[str]:
    score = evidence.score
    if metric == "roc_auc":
        return [
            "Of two rows, one of each class, it gives the higher probability to the right one in "
            f"{score:.1%} of cases."
        ]
    if metric in ("accuracy", "balanced_accuracy"):
        return [f"It gives the right label to {score:.1%} of rows."] if metric == "accuracy" else []
    if metric in ("rmse", "mae", "median_ae"):
        typical = {"rmse": "root mean square", "mae": "mean", "median_ae": "median"}[metric]
        return [f"Its values are off by {score:.4g} ({typical}), in the unit of the target."]
    if metric == "log_loss":
        return [
            "It gives the true class a probability of "
            f"{math.exp(-score):.0%} (the geometric mean over rows)."
        ]
    if metric == "r2":
        return [f"It explains {score:.0%} of the variance of the target."]
    return []


def _part_gained(metric: str, evidence: Evidence) -> str:
    """Return which part of the way from the constant to a perfect answer is done."""
    perfect = 1.0 if metric in _PERFECT else None if evidence.higher_is_better else 0.0
    if perfect is None or not evidence.gain > 0 or evidence.baseline == perfect:
        return ""
    part = (evidence.score - evidence.baseline) / (perfect - evidence.baseline)
    return f": the model covers {part:.0%} of the way from there to perfect answers"


def _beside_champion(metric: str, evidence: Evidence, champion: ChampionMark) -> str:
    said = f"The champion, version {champion.version}, scored {champion.score:.4g}"
    if champion.interval is not None:
        said += f" ({describe_interval(champion.interval)})"
    where = "held-out rows of this table" if champion.same_table else "its own held-out rows"
    sign = 1.0 if evidence.higher_is_better else -1.0
    better = sign * (evidence.score - champion.score) > 0
    return (
        f"{said} on {where}. This version's {metric} is {'better' if better else 'not better'}; "
        "whether it is so on the same rows, promotion finds out."
    )


def _steps(
    version: RegisteredVersion, judgement: Judgement, champion: ChampionMark | None
) -> tuple[tuple[str, str], ...]:
    name = shlex.quote(version.name)
    steps = [(each.advice, "") for each in judgement.reasons if each.gravity is not Gravity.NOTE]
    if champion is not None:
        steps.append(
            (
                "Compare it with the champion on rows neither learnt from.",
                f"espalier promote {name}",
            )
        )
    spec = name if version.alias == "champion" else f"{name}/{version.version}"
    steps.append(("Predict new rows.", f"espalier predict FILE --model {spec} --out scored.csv"))
    steps.append(
        ("See why rows are answered as they are.", f"espalier explain {spec} FILE --rows 5")
    )
    return tuple(dict.fromkeys(steps))
