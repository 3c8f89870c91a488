"""The first screen of a version's report: with the champion, and the commands that come next."""

import shlex

from espalier.infra.registry.registry import RegisteredVersion
from espalier.pipelines.explain.trust import Evidence, Gravity, Judgement, judge
from espalier.pipelines.metrics.score_interval import describe_interval
from espalier.pipelines.pages.first_screen import FirstScreen, how_good
from espalier.tasks.pages.champion_mark import ChampionMark
from espalier.tasks.records import EnsembleRecord, HoldoutRecord, PreparedRef, ValidationRecord


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
    said = how_good(metric, evidence)
    return said if champion is None else (*said, _beside_champion(metric, evidence, champion))


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
