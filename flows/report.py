"""What a training leaves in a person's hands, and in the file of ``--json``."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.leaderboard import LeaderboardRow


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainReport:
    """The outcome of a training; its JSON has these names.

    Attributes
    ----------
    model, version, alias : str
        Where it is in the registry; alias is ``champion`` or ``challenger``.
    uri : str
        What MLflow loads it by.
    run_id : str
        MLflow's parent run.
    task, metric : str
        Kind of problem and what was optimised.
    higher_is_better : bool
        Direction of every score here.
    holdout_score : float
        On rows that the search never saw.
    holdout_interval : (float, float)
        95 % bootstrap interval of it.
    n_holdout : int
        Rows it was measured on.
    cv_score : float
        Of the chosen ensemble, on out-of-fold predictions.
    baseline_score : float
        Of a dummy model, on the hold-out.
    ensemble : str
        How members were chosen.
    n_trials, n_failed, n_resumed : int
        All trials, those without a score, and those taken over from an interrupted run.
    seconds : mapping of str to float
        By phase, with ``startup`` and ``total``.
    leaderboard : tuple of LeaderboardRow
        Best first.
    notes : tuple of str
        What was noticed about the data.
    log_path : str
        The run's log file.
    """

    model: str
    version: str
    alias: str
    uri: str
    run_id: str
    task: str
    metric: str
    higher_is_better: bool
    holdout_score: float
    holdout_interval: tuple[float, float]
    n_holdout: int
    cv_score: float
    baseline_score: float
    ensemble: str
    n_trials: int
    n_failed: int
    n_resumed: int
    seconds: Mapping[str, float]
    leaderboard: tuple[LeaderboardRow, ...]
    notes: tuple[str, ...]
    log_path: str

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        names = [name for name in self.__slots__ if name != "leaderboard"]
        record = {name: getattr(self, name) for name in names}
        record["seconds"] = dict(self.seconds)
        record["holdout_interval"] = list(self.holdout_interval)
        record["notes"] = list(self.notes)
        record["leaderboard"] = [leaderboard_record(row) for row in self.leaderboard]
        return record

    def write_json(self, path: Path) -> None:
        """Write the dictionary to ``path``."""
        from pipelines.json_text import to_json

        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(to_json(self.to_dict()) + "\n")


def leaderboard_record(row: LeaderboardRow) -> dict[str, Any]:
    """Return a JSON-ready dictionary of a row."""
    record = asdict(row)
    record["configuration"] = row.configuration.to_dict()
    record["status"] = str(row.status)
    return record
