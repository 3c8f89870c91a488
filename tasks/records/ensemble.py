"""The ensemble of a run, and its score on the hold-out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from espalier.pipelines.calibration.report import NOTHING_ADJUSTED, AdjustmentReport
from espalier.pipelines.trials.trial import TrialResult

if TYPE_CHECKING:  # loads the families of forecasts, scikit-learn, and the combiners
    from espalier.pipelines.explain.search.growth import GrowthStage
    from espalier.pipelines.finishing.prefer import FrontPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleRecord:
    """The chosen ensemble, refitted and saved.

    Attributes
    ----------
    path : Path
        Folder of the saved model.
    method : str
        Name of the combiner that chose the members.
    cv_score : float
        Score of the ensemble on out-of-fold predictions.
    weights : mapping of int to float
        Weights of the members by trial number.
    combiners : tuple of (method, score, number of members)
        The combiners that were compared, with their nested scores.
    adjusted : AdjustmentReport
        How calibration, decision threshold and prediction intervals were chosen.
    fold_models : tuple of (trial number, number of models)
        Members that serve as the models of their folds; the others were refitted to all rows.
    refits : tuple of (trial number, number of models)
        Members of which several refits serve, of different seeds.
    row_ms : float or None
        Milliseconds that the model takes for a single raw row.
    learnt_all : bool
        Whether the members learnt from the hold-out rows too, after these had scored them.
    growth : tuple of GrowthStage
        Scores on out-of-fold rows as the members join, heaviest first; empty if not measured.
    warnings : tuple of str
        What went wrong in building it, without ending the run.
    light : tuple of TrialResult
        Smaller forms of the best models; none unless they were asked for.
    front : tuple of FrontPoint
        What cannot be bettered in score and costs at once; empty unless asked for.
    """

    path: Path
    method: str
    cv_score: float
    weights: Mapping[int, float]
    combiners: tuple[tuple[str, float, int], ...] = field(default=())
    adjusted: AdjustmentReport = NOTHING_ADJUSTED
    fold_models: tuple[tuple[int, int], ...] = ()
    refits: tuple[tuple[int, int], ...] = ()
    row_ms: float | None = None
    learnt_all: bool = False
    growth: "tuple[GrowthStage, ...]" = ()
    warnings: tuple[str, ...] = ()
    light: tuple[TrialResult, ...] = ()
    front: "tuple[FrontPoint, ...]" = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldoutRecord:
    """Score of the ensemble on the hold-out.

    Attributes
    ----------
    score, baseline : float
        Value of the metric, and that of the best constant prediction on the same rows.
    interval : (float, float)
        95 % bootstrap interval of the score.
    n_rows : int
        Number of rows that were scored.
    note : str
        Why not all hold-out rows were scored; empty if all were.
    covered : float or None
        Share of these rows within 90 % prediction intervals; None for a model without any.
    """

    score: float
    interval: tuple[float, float]
    baseline: float
    n_rows: int
    note: str = ""
    covered: float | None = None
