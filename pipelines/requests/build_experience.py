"""Options of `espalier experience build` and of its Prefect form."""

from pathlib import Path

from pydantic import Field

from espalier.pipelines.experience.recording.design import RecordingDesign
from espalier.pipelines.experience.recording.recording_setup import RecordingRules
from espalier.pipelines.requests.form import DaskScheduler, Form, NameList


class BuildRequest(Form):
    """Options of a build of experience: which tables to use, and how many trials on each."""

    folder: Path = Field(
        title="Folder",
        description="Folder of tables, with an index.csv that lists the name, task and target of "
        "each.",
    )
    store: Path = Field(
        title="Store",
        description="Parquet file of experience; created if missing, appended to otherwise.",
    )
    tables: NameList = Field(
        default=(), title="Tables", description="Names of the tables to use; empty for all."
    )
    configurations: int = Field(
        default=100,
        ge=1,
        le=10_000,
        title="Configurations",
        description="Total number of configurations to try on each table.",
    )
    families: NameList = Field(
        default=(),
        title="Model families",
        description="Record only these families, on top of what the store holds; `configurations` "
        "then counts theirs. Empty for all.",
    )
    rows: int = Field(
        default=3_000,
        ge=50,
        title="Rows",
        description="Maximum number of rows of a table; larger tables are reduced to a stratified "
        "sample.",
    )
    folds: int = Field(
        default=3,
        ge=2,
        le=20,
        title="Folds",
        description="Number of cross-validation folds that score a trial.",
    )
    seconds_per_trial: float = Field(
        default=30.0,
        gt=0,
        title="Seconds per trial",
        description="Time limit of a trial, for all its folds together.",
    )
    hours: float | None = Field(
        default=None,
        gt=0,
        title="Hours",
        description="Stop after this many hours; the same request continues the work later. Empty "
        "for no limit.",
    )
    seed: int = Field(
        default=0,
        ge=0,
        lt=2**32,
        title="Seed",
        description="Random seed of the samples, the folds and the configurations.",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        title="Workers",
        description="Number of worker processes on this machine; empty for one per core.",
    )
    dask: DaskScheduler = None

    @property
    def design(self) -> RecordingDesign:
        """The number of trials on each table, their time limit and their folds."""
        return RecordingDesign(
            n_configurations=self.configurations,
            seconds=self.seconds_per_trial,
            n_folds=self.folds,
            seed=self.seed,
            families=self.families,
        )

    @property
    def rules(self) -> RecordingRules:
        """The sample size, folds and seed that apply to every table."""
        return RecordingRules(rows=self.rows, n_folds=self.folds, seed=self.seed)
