"""Fit the predictor of forecasts to the trials on series, as `fit_predictor` does of tables."""

import shutil
from pathlib import Path

from espalier.pipelines.experience.fit import fit_aligned
from espalier.pipelines.experience.fitted import read_records, write_fitted
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.pipelines.experience.recording.space_alignment import align_knowledge
from espalier.pipelines.experience.shipped import FORECASTS, holds_knowledge
from espalier.pipelines.experience.transfer.predictor_comparison import compare_predictors


def fit_forecasts(own: KnowledgeBase, champion: Path | None, folder: Path, seed: int) -> str:
    """Fit to one's own records; keep the present predictor if it ranks better.

    Parameters
    ----------
    own : KnowledgeBase
        Records of one's own trainings.
    champion : Path or None
        Folder of the registered knowledge in use; None if there is none.
    folder : Path
        Folder of the new knowledge, in which ``forecasts`` is written.
    seed : int
        Seed of the fit.

    Returns
    -------
    str
        What came of it as a sentence; empty where there is nothing new of forecasts.
    """
    place = folder / FORECASTS
    before = None if champion is None else champion / FORECASTS
    registered = before is not None and holds_knowledge(before)
    present = before if registered else None
    mine = own.of_kind(series=True)
    if len(mine):
        known = align_knowledge(mine, series=True)
        old = align_knowledge(read_records(present), series=True)
        if known.datasets:
            compared = compare_predictors(old if old.datasets else None, known)
            if compared.is_not_worse:
                fitted = fit_aligned(mine, known, seed=seed, validation=compared.fresh)
                write_fitted(place, fitted, mine)
                return f"of forecasts, {compared.words}"
            said = f"of forecasts, {compared.words}; the present one stays"
        else:
            said = "of forecasts, there are too few trials to learn from"
    else:
        said = ""
    if registered and before is not None:
        shutil.copytree(before, place)
    return said
