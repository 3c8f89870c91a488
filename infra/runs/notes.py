"""Names of the notes that several steps read; see `espalier.infra.runs.store.RunStore.note`."""

# Id of the parent run in MLflow.
MLFLOW_RUN = "mlflow_run"
# The `TrainRequest` as JSON; a URL's password is not in it.
REQUEST = "request"
# ``fingerprint`` of the table.
TABLE = "table"
# Folds of a trial, or 1 for one split; 0 where an older version chose them by the rows alone.
FOLDS = "folds"
# Threads that the native libraries of a trial use.
THREADS = "threads"
