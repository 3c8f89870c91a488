"""Names of the notes that several steps use; see `espalier.infra.runs.store.RunStore.note`."""

# Id of the parent run in MLflow.
MLFLOW_RUN = "mlflow_run"
# The `TrainRequest` as JSON, without passwords of URLs.
REQUEST = "request"
# Fingerprint of the table.
TABLE = "table"
# Number of folds of a trial, or 1 for a single split; 0 if an older version chose it by the rows.
FOLDS = "folds"
# Side of the pictures that networks are trained on; 0 for a search without networks.
PIXELS = "pixels"
# Number of threads that the native libraries of a trial use.
THREADS = "threads"
# Who named the data source: ``operator`` or ``form``.
ASKED_BY = "asked_by"
