"""Report of the flow `retrain`, as text and JSON."""

from dataclasses import dataclass
from typing import Any

from espalier.flows.reports.promotion import PromotionReport
from espalier.flows.reports.training import TrainReport
from espalier.pipelines.lifecycle.drift.drift import DriftReport


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainReport:
    """Outcome of the flow `retrain`; its JSON uses the attribute names as keys.

    Attributes
    ----------
    model : str
        Name of the registered model.
    changed : bool
        Whether the data differ from those of the last training, or the retraining was forced;
        if not, nothing was trained.
    champion, last : int
        Versions: the champion that the new table was checked against, and the newest one.
    fingerprint, last_fingerprint : str
        Fingerprints of the data now and at the last training.
    data : str
        Source of the data, without its password.
    n_rows : int
        Number of rows now.
    warnings : tuple of str
        Differences from the training table that did not stop the training.
    drift : DriftReport or None
        Drift of the columns; None if it was not measured.
    training : TrainReport or None
        Report of the challenger's training; None if nothing was trained.
    run_id : str or None
        ID of the MLflow run of this retraining; None if nothing was trained.
    promotion : PromotionReport or None
        Report of the promotion after the training; None if none was requested.
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
        """Version of the challenger; None if nothing was trained."""
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


def unchanged_markdown(report: RetrainReport) -> str:
    """Return the page of a retraining whose data had not changed, in Markdown."""
    return (
        f"The data of **{report.model}** have not changed since version {report.last} (fingerprint "
        f"`{report.fingerprint}`): nothing was trained. Version {report.champion} serves."
    )
