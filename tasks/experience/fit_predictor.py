"""Fit the performance predictor to all records, and compare it with the present one."""

from dataclasses import dataclass
from pathlib import Path

from espalier.infra.registry.logged_predictor import champion_number, predictor_files
from espalier.infra.registry.registry import PREDICTOR_MODEL
from espalier.infra.settings import Settings
from espalier.pipelines.experience.fit import fit_aligned, require_enough
from espalier.pipelines.experience.knowledge import KnowledgeCard
from espalier.pipelines.experience.recording.space_alignment import align_knowledge
from espalier.pipelines.experience.shipped import NAME, shipped_folder
from espalier.pipelines.experience.transfer.predictor_comparison import (
    PredictorComparison,
    compare_predictors,
)
from espalier.tasks.experience.fit_forecasts import fit_forecasts
from espalier.tasks.policies import retried_task


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictorFit:
    """A fitted predictor, described.

    Attributes
    ----------
    card : KnowledgeCard
        What it was fitted to.
    comparison : PredictorComparison
        Comparison with the present predictor.
    compared_with : str
        Name of the present predictor; empty for none.
    forecasts : str
        What came of the trials on series, as a sentence; empty where there are none.
    """

    card: KnowledgeCard
    comparison: PredictorComparison
    compared_with: str
    forecasts: str = ""


@retried_task(
    name="fit predictor",
    description="Fit the predictor to all records; validate it and the present one, each dataset "
    "left out of what they learned from.",
    tags=["espalier", "experience"],
)
def fit_predictor(settings: Settings, folder: Path, seed: int) -> PredictorFit:
    """Fit and compare the predictor; write it and its records into ``folder``.

    Raises
    ------
    UserError
        There are too few records to learn from.
    """
    from espalier.infra.registry.run_experience import RunExperience
    from espalier.pipelines.experience.fitted import read_records, write_fitted

    own = RunExperience(settings).records.read()
    shipped = read_records(shipped_folder())
    everything = shipped.merge(own.of_kind(series=False))
    number = champion_number(settings)
    champion = None if number is None else predictor_files(number, settings)
    if champion is None:
        present, compared_with = shipped, NAME if len(shipped) else ""
    else:
        present = read_records(champion)
        compared_with = f"{PREDICTOR_MODEL} version {number}"
    known = require_enough(align_knowledge(everything))
    comparison = compare_predictors(align_knowledge(present) if len(present) else None, known)
    knowledge = fit_aligned(everything, known, seed=seed, validation=comparison.fresh)
    write_fitted(folder, knowledge, everything)
    return PredictorFit(
        card=knowledge.card,
        comparison=comparison,
        compared_with=compared_with,
        forecasts=fit_forecasts(own, champion, folder, seed),
    )
