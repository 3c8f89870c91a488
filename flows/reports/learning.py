"""What a learning leaves in a person's hands."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from espalier.infra.places import write_whole
from espalier.infra.registry.logged_predictor import PredictorVersion
from espalier.pipelines.serialization.strict_json import to_json
from espalier.tasks.experience.fit_predictor import PredictorFit
from espalier.tasks.experience.gather_trials import GatheredTrials

LearnOutcome = Literal["promoted", "kept", "nothing new"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnReport:
    """The outcome of a learning.

    Attributes
    ----------
    verdict : str
        ``promoted``: trainings use the new predictor from now on; ``kept``: they go on with the
        present one; ``nothing new``: there was nothing to learn.
    gathered : GatheredTrials
        What was read from MLflow.
    learned : PredictorFit or None
        What was learned; None where there was nothing new.
    version : PredictorVersion or None
        What was registered.
    run_id : str or None
        MLflow's run.
    """

    verdict: LearnOutcome
    gathered: GatheredTrials
    learned: PredictorFit | None = None
    version: PredictorVersion | None = None
    run_id: str | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The same for people, a line each."""
        gathered = self.gathered
        passed = f", {gathered.n_unreadable:,} of them say too little" * bool(gathered.n_unreadable)
        read = (
            f"{gathered.n_runs:,} trials read from MLflow{passed}; {gathered.n_added:,} new, "
            f"{gathered.n_own:,} of our own known"
        )
        if self.learned is None or self.version is None:
            return (read, "nothing new to learn from; the present predictor stays")
        card, number = self.learned.card, self.version.number
        end = (
            f"version {number} is champion: trainings use it from now on"
            if self.verdict == "promoted"
            else f"version {number} is challenger: trainings go on with the present one"
        )
        learned = f"learned from {card.n_records:,} trials on {card.n_datasets} datasets"
        return (read, learned, self.learned.comparison.words, end)

    @property
    def figures(self) -> dict[str, float]:
        """What MLflow keeps as metrics."""
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

    def write_json(self, path: Path) -> None:
        """Write the dictionary to ``path``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, to_json(self.to_dict()) + "\n")
