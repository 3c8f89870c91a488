"""Open the MLflow run of a training, or continue it after an interruption."""

from espalier.infra.access.origin import OPERATOR, current_origin
from espalier.infra.runs.notes import ASKED_BY, MLFLOW_RUN, REQUEST, TABLE
from espalier.infra.runs.store import RunStore
from espalier.infra.runs.takeover import read_takeover
from espalier.infra.tables.lasting import lasting_source
from espalier.infra.tracking import tags as run_tags
from espalier.tasks.artifacts import publish_link
from espalier.tasks.policies import retried_task
from espalier.tasks.records import TrainingRun

REQUEST_FILE = "request.json"
EXTENDS_TAG = "espalier.extends"


@retried_task(
    name="open run",
    description="Open the MLflow run, or take it up again; log the request and the data.",
    tags=["espalier", "tracking"],
)
def open_run(run: TrainingRun) -> str:
    """Open or continue the MLflow run, log request and data, and return the id of the run."""
    request, table, tracking, store = run.request, run.table, run.tracking, run.store
    # The source by a path that means the same wherever the training is asked for again.
    recorded = request.model_copy(update={"data": lasting_source(request.data)})
    store.note(REQUEST, recorded.model_dump(mode="json"))
    store.note(TABLE, {"fingerprint": table.fingerprint})
    asked_by = {run_tags.ASKED_BY: _note_origin(run)}
    noted = store.noted(MLFLOW_RUN)
    if noted is not None and tracking.continue_run(noted):
        run_id = str(noted)
        tracking.set_tags(run_id, asked_by)
    else:
        run_id = tracking.start_run(
            request.model_name,
            tags=_tags(run) | _origin(store) | asked_by,
            attempt=store.attempt,
        )
        tracking.continue_run(run_id)
        store.note(MLFLOW_RUN, run_id)
    asked = request.model_dump(mode="json", exclude_none=True, exclude={"data", "query"})
    tracking.log_params(run_id, asked)
    tracking.log_dataset(
        run_id,
        name=request.model_name,
        source=recorded.data,
        fingerprint=table.fingerprint,
        columns=dict(table.schema),
        n_rows=table.n_rows,
        query=request.query,
    )
    tracking.log_json(run_id, dict(table.schema), "data/schema.json")
    # With the query, so that the training can be asked for again; passwords are not in it.
    tracking.log_json(run_id, recorded.model_dump(mode="json"), REQUEST_FILE)
    link = tracking.run_url(run_id)
    if link is not None:
        publish_link("mlflow-run", link, f"MLflow run {run_id}", "The parent run of this training")
    return run_id


def _tags(run: TrainingRun) -> dict[str, str]:
    from prefect.runtime import flow_run

    known = {} if flow_run.id is None else {"espalier.flow_run": str(flow_run.id)}
    return known | {
        run_tags.MODEL: run.request.model_name,
        "espalier.data": run.request.shown_data,
        run_tags.FINGERPRINT: run.table.fingerprint,
        run_tags.TARGET: run.request.target,
        run_tags.FOLDER: str(run.folder),
    }


def _note_origin(run: TrainingRun) -> str:
    """Note in the run folder who named the data source, and return it; of an extension, as it was.

    `espalier.infra.access.origin` says what it is for.
    """
    word = current_origin().word
    if run.request.extends is not None:
        before = RunStore(run.folder.with_name(run.request.extends)).noted(ASKED_BY)
        word = str(before or OPERATOR.word)
    run.store.note(ASKED_BY, word)
    return word


def _origin(store: RunStore) -> dict[str, str]:
    """Return a tag with the run that this one extends; empty if it extends none."""
    taken = read_takeover(store)
    return {EXTENDS_TAG: taken.run_id} if taken is not None and taken.run_id else {}
