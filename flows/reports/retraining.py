"""What a retraining leaves in a person's hands, and in the file of ``--json``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espalier.flows.reports.promotion import PromotionReport
from espalier.flows.reports.training import TrainReport
from espalier.infra.places import write_whole
from espalier.pipelines.lifecycle.drift.drift import DriftReport
from espalier.pipelines.serialization.strict_json import to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainReport:
    """The outcome of a retraining; its JSON has these names.

    Attributes
    ----------
    model : str
        Registered name.
    changed : bool
        Whether the data differ from those of the last training, or it was forced; if not, nothing
        was done.
    champion, last : int
        Versions: the one compared with, and the one trained last.
    fingerprint, last_fingerprint : str
        Of the data now and of the last training.
    data : str
        Where they were read, without a password.
    n_rows : int
        Rows of the data now.
    warnings : tuple of str
        What has moved.
    drift : DriftReport or None
        How far; None where nothing was compared.
    training : TrainReport or None
        The challenger's; None where nothing was trained.
    run_id : str or None
        MLflow's run of this retraining.
    promotion : PromotionReport or None
        What became of the challenger; None where nobody asked.
    """

    model: str
    changed: bool
    champion: int
    last: int
    fingerprint: str
    last_fingerprint: str
    data: str
    n_rows: int
    warnings: tuple[str, ...] = ()
    drift: DriftReport | None = None
    training: TrainReport | None = None
    run_id: str | None = None
    promotion: PromotionReport | None = None

    @property
    def version(self) -> int | None:
        """The challenger's version; None where nothing was trained."""
        return None if self.training is None else self.training.version

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        record = {name: getattr(self, name) for name in self.__slots__}
        record["version"] = self.version
        record["outcome"] = "unchanged" if self.training is None else "trained"
        record["warnings"] = list(self.warnings)
        record["drift"] = None if self.drift is None else self.drift.to_dict()
        record["promotion"] = None if self.promotion is None else self.promotion.to_dict()
        record["training"] = None if self.training is None else self.training.to_dict()
        return record

    def write_json(self, path: Path) -> None:
        """Write the dictionary to ``path``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, to_json(self.to_dict()) + "\n")


def unchanged_markdown(report: RetrainReport) -> str:
    """Return the page of a retraining that had nothing to do."""
    return (
        f"The data of **{report.model}** are those of version {report.last} (fingerprint "
        f"`{report.fingerprint}`): nothing was trained. Version {report.champion} serves."
    )
