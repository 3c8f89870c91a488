"""Fit knowledge to experience: a portfolio and a predictor, with its validation."""

from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.knowledge import Knowledge, KnowledgeCard
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.pipelines.experience.recording.space_alignment import (
    FEWEST_TRIALS,
    AlignedKnowledge,
    align_knowledge,
)
from espalier.pipelines.experience.transfer.portfolio import build_portfolio
from espalier.pipelines.experience.transfer.process_validation import validate_process
from espalier.pipelines.experience.transfer.transfer_process import ProcessExperience
from espalier.pipelines.experience.transfer.validate import Validation
from espalier.pipelines.seeds import integer_seed


def fit_knowledge(experience: KnowledgeBase, *, seed: int, series: bool = False) -> Knowledge:
    """Fit knowledge to all records on tables, or to those on the series of forecasts.

    The predictor is validated by leaving out one dataset at a time; runs do not use it if it ranks
    badly (`Validation.trusted`).

    Parameters
    ----------
    experience : KnowledgeBase
        Records of trials on at least one dataset.
    seed : int
        Seed of the predictor and of the portfolio.
    series : bool
        Whether to learn from trials on the series of forecasts, or from those on tables.

    Raises
    ------
    UserError
        No dataset has enough trials.
    """
    experience = experience.of_kind(series=series)
    known = require_enough(align_knowledge(experience, series=series))
    return fit_aligned(experience, known, seed=seed, validation=validate_process(known, known))


def require_enough(known: AlignedKnowledge) -> AlignedKnowledge:
    """Return ``known`` unchanged if it has enough trials to fit knowledge to.

    Raises
    ------
    UserError
        No dataset has enough trials.
    """
    if not known.datasets:
        raise UserError(
            f"no dataset of the experience has {FEWEST_TRIALS} trials with a score; record more "
            "with: espalier experience build FOLDER --store FILE"
        )
    return known


def fit_aligned(
    experience: KnowledgeBase,
    known: AlignedKnowledge,
    *,
    seed: int,
    validation: Validation,
) -> Knowledge:
    """Fit knowledge to records that are already aligned, with a validation already done."""
    return Knowledge(
        portfolio=build_portfolio(known, seed=integer_seed(seed, "portfolio")),
        predictor=ProcessExperience(seed=integer_seed(seed, "predictor")).fit(known),
        validation=validation,
        card=_card(experience, known),
    )


def _card(experience: KnowledgeBase, known: AlignedKnowledge) -> KnowledgeCard:
    moments = sorted(each.recorded_at for each in experience.records)
    newest = max(experience.records, key=lambda each: each.recorded_at)
    return KnowledgeCard(
        n_records=len(experience),
        n_datasets=len(known.datasets),
        n_impossible=known.n_impossible,
        n_equal=known.n_equal,
        left_out=known.too_small + known.other_meta,
        hours=round(sum(each.result.seconds for each in experience.records) / 3600.0, 3),
        recorded=(moments[0], moments[-1]),
        versions=dict(newest.versions),
    )
