"""Report of the flow `learn`, as text and JSON."""

from dataclasses import dataclass
from typing import Any, Literal

from espalier.infra.registry.logged_predictor import PredictorVersion
from espalier.tasks.experience.fit_predictor import PredictorFit
from espalier.tasks.experience.gather_trials import GatheredTrials

LearnOutcome = Literal["promoted", "kept", "nothing new"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnReport:
    """Outcome of the flow `learn`.

    Attributes
    ----------
    verdict : str
        ``promoted``: later training runs use the new predictor; ``kept``: they keep using the
        present one; ``nothing new``: there were no new trials.
    gathered : GatheredTrials
        Numbers of trials read from MLflow.
    learned : PredictorFit or None
        Fitted predictor and its comparison with the present one; None without new trials.
    version : PredictorVersion or None
        Registered version of the predictor; None without new trials.
    run_id : str or None
        ID of the MLflow run of the fit; None without new trials.
    """

    verdict: LearnOutcome
    gathered: GatheredTrials
    learned: PredictorFit | None = None
    version: PredictorVersion | None = None
    run_id: str | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The report as lines of text."""
        gathered = self.gathered
        passed = f", {gathered.n_unreadable:,} of them incomplete" * bool(gathered.n_unreadable)
        read = (
            f"{gathered.n_runs:,} trials read from MLflow{passed}; {gathered.n_added:,} new, "
            f"{gathered.n_own:,} recorded in total"
        )
        if self.learned is None or self.version is None:
            return (read, "nothing new to learn from; the present predictor stays")
        card, number = self.learned.card, self.version.number
        end = (
            f"version {number} is champion: later training runs use it"
            if self.verdict == "promoted"
            else f"version {number} is challenger: training runs keep the present one"
        )
        learned = f"learned from {card.n_records:,} trials on {card.n_datasets} datasets"
        return (read, learned, self.learned.comparison.words, end)

    @property
    def figures(self) -> dict[str, float]:
        """Metrics for MLflow."""
        counts: dict[str, float] = {
            "n_runs": self.gathered.n_runs,
            "n_added": self.gathered.n_added,
            "n_unreadable": self.gathered.n_unreadable,
            "n_own": self.gathered.n_own,
        }
        if self.learned is not None:
            comparison = self.learned.comparison
            counts |= {
                "median_spearman": comparison.fresh.median,
                "difference": comparison.difference,
                "n_datasets": self.learned.card.n_datasets,
                "n_records": self.learned.card.n_records,
            }
            if comparison.present is not None:
                counts["median_spearman_present"] = comparison.present.median
        return counts

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "verdict": self.verdict,
            "version": None if self.version is None else self.version.number,
            "run_id": self.run_id,
            "lines": list(self.lines),
            "figures": self.figures,
            "contest": None if self.learned is None else self.learned.comparison.to_dict(),
        }
