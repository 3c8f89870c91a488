"""The story of a training: a table in, a registered champion out."""

from prefect import flow

from espalier.flows.progress.flow_hooks import with_run_hooks
from espalier.flows.progress.listeners import Stopwatch
from espalier.flows.reports.training import TrainReport, make_report
from espalier.flows.training.run_record import mlflow_run_ended, take_over_run_folder
from espalier.flows.training.search import search
from espalier.flows.training.session import TrainingSession, session_for
from espalier.infra.operations.cleaning import tidy_up
from espalier.infra.runs.store import RunStore
from espalier.pipelines.explain.leaderboard import make_leaderboard
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.failures import failures_of
from espalier.tasks.data.inherit_winners import inherit
from espalier.tasks.data.keep_rows import keep_rows
from espalier.tasks.data.load_table import load_table
from espalier.tasks.data.prepare_dataset import prepare_dataset
from espalier.tasks.data.profile_dataset import profile_dataset
from espalier.tasks.data.validate_table import validate_table
from espalier.tasks.ensemble.build_ensemble import build_ensemble
from espalier.tasks.ensemble.evaluate_ensemble import evaluate_ensemble
from espalier.tasks.ensemble.explain_model import explain_model
from espalier.tasks.ensemble.register_ensemble import log_summary, register_ensemble
from espalier.tasks.experience.consult_experience import consult, report_advice_outcome
from espalier.tasks.pages.log_report import log_report
from espalier.tasks.pages.report_page import ReportFacts
from espalier.tasks.policies import cached_in_run_folder
from espalier.tasks.records import TableRef
from espalier.tasks.search.open_run import open_run


@with_run_hooks
@flow(
    name="train",
    description="Train on a table, register the best model and say how good it is.",
    flow_run_name="train {request.model_name}",
    persist_result=False,
)
def train(request: TrainRequest) -> TrainReport:
    """Train on a table and register the best model.

    Running the same request again after an interruption continues where it stopped.
    """
    with session_for(request) as session:
        watch = Stopwatch(session.listener, started_at=session.started_at)
        deadline = Deadline.after(request.budget.seconds)
        watch.phase("load")
        table = load_table(request, session.settings.runs_folder, session.table)
        store = RunStore(table.folder)
        with store.lock():
            take_over_run_folder(store)
            report = session.report = _train(request, session, watch, deadline, table, store)
        tidy_up(session.settings)
        return report


def _train(
    request: TrainRequest,
    session: TrainingSession,
    watch: Stopwatch,
    deadline: Deadline,
    table: TableRef,
    store: RunStore,
) -> TrainReport:
    tracking = session.tracking
    opening = open_run.submit(tracking, store, request, table)
    with mlflow_run_ended(tracking, store):
        watch.phase("validate")
        validation = cached_in_run_folder(validate_table, table.folder)(table, request)

        watch.phase("prepare")
        inherited = inherit(request, session.settings, table.folder)
        prepared = cached_in_run_folder(prepare_dataset, table.folder)(
            table, request, inherited, session.n_workers
        )
        session.tell(prepared, validation)

        watch.phase("profile")
        profiling = cached_in_run_folder(profile_dataset, table.folder).submit(
            prepared, request.seed
        )
        executor = session.open_executor(prepared, request, store)
        profile, run_id = profiling.result(), opening.result()
        keeping = keep_rows.submit(tracking, run_id, table, prepared, request)
        advice = consult(
            tracking, run_id, table=table, prepared=prepared, request=request, profile=profile
        )

        watch.phase("search")
        searched = search(
            executor, prepared, request, session, store=store, deadline=deadline, run_id=run_id,
            winners=inherited.winners, advice=advice,
        )  # fmt: skip
        advice_outcome = session.say(
            report_advice_outcome(tracking, run_id, advice, searched.history)
        )

        watch.phase("ensemble")
        ensemble = build_ensemble(
            executor, searched.history, store=store, ref=prepared, request=request,
            finishing=searched.finishing,
        )  # fmt: skip
        rows = make_leaderboard(searched.history, dict(ensemble.weights))
        summing_up = log_summary.submit(
            tracking,
            run_id,
            prepared=prepared,
            validation=validation,
            profile=profile,
            ensemble=ensemble,
            leaderboard=rows,
            failures=failures_of(searched.history),
        )

        watch.phase("evaluate")
        end = searched.finishing.deadline
        holdout = evaluate_ensemble(prepared, ensemble, request.seed, end)
        explaining = explain_model.submit(prepared, ensemble, request.seed, end)

        watch.phase("register")
        searched.log.finish()
        version = register_ensemble(
            tracking, run_id, name=request.model_name, table=table, prepared=prepared,
            ensemble=ensemble, holdout=holdout, leaderboard=rows, inherited=inherited,
        )  # fmt: skip
        log_report(
            tracking,
            run_id,
            ReportFacts(
                version=version, data=request.shown_data, target=request.target,
                higher_is_better=searched.history.metric.higher_is_better, prepared=prepared,
                validation=validation, ensemble=ensemble, holdout=holdout,
                explanation=explaining.result(), leaderboard=rows,
                failures=failures_of(searched.history), said=advice_outcome,
            ),
        )  # fmt: skip
        for background in (summing_up, keeping):
            background.result()
        report = make_report(
            version,
            run_id,
            prepared,
            ensemble,
            holdout,
            rows,
            watch.seconds(),
            advice_outcome,
            history=searched.history,
            n_resumed=searched.n_resumed,
        )
        tracking.finish_run(run_id, report.figures)
        store.mark_finished(report.to_dict())
        return report
