"""Compare challenger and champion on rows that neither was trained on."""

import time

from prefect import task

from espalier.infra.registry.aliases import AliasKeeper
from espalier.infra.registry.model_files import OutdatedModelError
from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.registry.training_facts import training_facts
from espalier.infra.settings import Settings
from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.promotion.looks import confidence_of_look, look_key
from espalier.pipelines.lifecycle.promotion.metrics import measure_promotion, rows_with_target
from espalier.pipelines.lifecycle.promotion.policy import PromotionMetrics
from espalier.pipelines.problem import FORECAST
from espalier.pipelines.requests.promote import PromoteRequest
from espalier.tasks.policies import ALWAYS_RUN
from espalier.tasks.prediction.score_version import score_version
from espalier.tasks.promotion.apply_decision import rows_of
from espalier.tasks.promotion.compare_forecasts import compare_forecasts
from espalier.tasks.promotion.find_candidates import PromotionCandidates
from espalier.tasks.promotion.gather_comparison_rows import gather_comparison_rows


@task(
    name="compare models",
    description="Compare champion and challenger on rows that neither was trained on.",
    tags=["espalier", "lifecycle"],
    cache_policy=ALWAYS_RUN,
    persist_result=False,
)
def compare_models(
    request: PromoteRequest, candidates: PromotionCandidates, settings: Settings
) -> tuple[PromotionMetrics, tuple[str, ...]]:
    """Return the metrics of the comparison, and notes about its rows in whole sentences.

    If the two versions cannot be compared, the reason is an obstacle in the metrics and not an
    error: the champion stays.

    Raises
    ------
    UserError
        The source of the rows cannot be read, or a slice column does not exist.
    """
    old, new = candidates.champion, candidates.challenger
    assert old is not None
    assert new is not None
    kinds = {each.tags.get("task") == FORECAST for each in (old, new)}
    if len(kinds) > 1:
        return _obstacle("One version forecasts series, the other predicts rows of a table.")
    if kinds == {True}:
        level = _confidence(request, old, new, settings)
        return compare_forecasts(request, old, new, settings, confidence=level)
    facts = {each.version: training_facts(each, settings) for each in (old, new)}
    before, now = facts[old.version], facts[new.version]
    if before is None or now is None:
        lost = next(version for version, found in facts.items() if found is None)
        return _obstacle(f"Version {lost} was not made by a training of Espalier's.")
    if before.target != now.target:
        return _obstacle(f"The champion predicts {before.target!r}, not {now.target!r}.")

    rows = gather_comparison_rows(request, old, new, now, settings)
    table = None if rows.table is None else rows_with_target(rows.table, now.target)
    policy = request.promotion_policy
    if table is None:
        return PromotionMetrics(n_rows=0, obstacles=rows.notes), rows.notes
    if len(table) < policy.min_rows:
        return PromotionMetrics(n_rows=len(table)), rows.notes
    try:
        # One after the other, as their latencies are compared too.
        answers = [score_version(each, table, settings) for each in (old, new)]
    except OutdatedModelError:  # an outdated champion cannot serve either
        raise
    except UserError as error:
        return _obstacle(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    metrics = measure_promotion(
        table,
        target=now.target,
        champion=answers[0],
        challenger=answers[1],
        metric=request.metric or new.tags.get("metric") or old.tags.get("metric"),
        policy=policy,
        slices=request.slices,
        group_column=now.group_column,
        weight_column=now.weight_column,
        seed=request.seed,
        confidence=_confidence(request, old, new, settings),
    )
    return metrics, rows.notes


def _confidence(
    request: PromoteRequest,
    champion: RegisteredVersion,
    challenger: RegisteredVersion,
    settings: Settings,
) -> float:
    """Return the level of this comparison, one of many of the year."""
    key = look_key(champion.version, challenger.version, rows_of(request), request.metric)
    log = AliasKeeper(settings, request.name).log.read(request.name)
    return confidence_of_look(request.confidence, log, int(time.time() * 1000), same_as=key)


def _obstacle(said: str) -> tuple[PromotionMetrics, tuple[str, ...]]:
    return PromotionMetrics(n_rows=0, obstacles=(said,)), ()
