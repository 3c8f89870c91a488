"""What a person asks of a build of experience: the command line and the Prefect form."""

from pathlib import Path

from pydantic import Field

from espalier.pipelines.experience.recording.design import RecordingDesign
from espalier.pipelines.experience.recording.recording_setup import RecordingRules
from espalier.pipelines.requests.form import Form, NameList, OptionalText


class BuildRequest(Form):
    """A build of experience: which tables, and how much is recorded on each."""

    folder: Path = Field(
        title="Folder",
        description="Tables, with an index.csv that gives each one's name, task and target.",
    )
    store: Path = Field(
        title="Store", description="The Parquet file of experience; made, or added to."
    )
    tables: NameList = Field(
        default=(), title="Tables", description="The only tables to use; empty for all."
    )
    configurations: int = Field(
        default=100, ge=1, le=10_000, title="Configurations", description="On each table, in all."
    )
    rows: int = Field(
        default=3_000, ge=50, title="Rows", description="Of a table at most, drawn in strata."
    )
    folds: int = Field(default=3, ge=2, le=20, title="Folds", description="Fits of a trial.")
    seconds_per_trial: float = Field(
        default=30.0, gt=0, title="Seconds per trial", description="Limit of one, all its folds."
    )
    hours: float | None = Field(
        default=None,
        gt=0,
        title="Hours",
        description="Stop after so many; the same request then continues. Empty: until done.",
    )
    seed: int = Field(default=0, ge=0, lt=2**32, title="Seed", description="Of all that is drawn.")
    workers: int | None = Field(
        default=None, ge=1, title="Workers", description="Own worker processes; one a core."
    )
    dask: OptionalText = Field(
        default=None, title="Dask scheduler", description="tcp://... of a running one."
    )

    @property
    def design(self) -> RecordingDesign:
        """How much is recorded on a table."""
        return RecordingDesign(
            n_configurations=self.configurations,
            seconds=self.seconds_per_trial,
            n_folds=self.folds,
            seed=self.seed,
        )

    @property
    def rules(self) -> RecordingRules:
        """How every table is treated."""
        return RecordingRules(rows=self.rows, n_folds=self.folds, seed=self.seed)
