"""The story of a training: a table in, a registered champion out."""

from prefect import flow

from flows.hooks import watched
from flows.recording import recorded, succeed
from flows.report import TrainReport, make_report
from flows.search_rounds import search
from flows.session import Session, session_for
from flows.watching import Stopwatch
from infra.run_cleaning import tidy_up
from infra.run_store import RunStore
from pipelines.budget import Deadline
from pipelines.failures import failures_of
from pipelines.leaderboard import leaderboard
from pipelines.request import TrainRequest
from tasks.build_ensemble import build_ensemble
from tasks.consult_experience import consult, judge
from tasks.evaluate_ensemble import evaluate_ensemble
from tasks.explain_model import explain_model
from tasks.inherit import inherit
from tasks.keep_rows import keep_rows
from tasks.load_table import load_table
from tasks.log_report import log_report
from tasks.open_run import open_run
from tasks.policies import kept_in
from tasks.prepare_dataset import prepare_dataset
from tasks.profile_dataset import profile_dataset
from tasks.records import TableRef
from tasks.register_ensemble import log_summary, register_ensemble
from tasks.report_page import ReportFacts
from tasks.validate_table import validate_table


@watched
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
        watch = Stopwatch(session.watcher, started_at=session.started_at)
        deadline = Deadline.after(request.budget.seconds)
        watch.phase("load")
        table = load_table(request, session.settings.runs_folder, session.table)
        store = RunStore(table.folder)
        with store.lock():
            succeed(store)
            report = session.report = _train(request, session, watch, deadline, table, store)
        tidy_up(session.settings)
        return report


def _train(
    request: TrainRequest,
    session: Session,
    watch: Stopwatch,
    deadline: Deadline,
    table: TableRef,
    store: RunStore,
) -> TrainReport:
    tracking = session.tracking
    opening = open_run.submit(tracking, store, request, table)
    with recorded(tracking, store):
        watch.phase("validate")
        validation = kept_in(validate_table, table.folder)(table, request)

        watch.phase("prepare")
        inherited = inherit(request, session.settings, table.folder)
        prepared = kept_in(prepare_dataset, table.folder)(
            table, request, inherited, session.n_workers
        )
        session.tell(prepared, validation)

        watch.phase("profile")
        profiling = kept_in(profile_dataset, table.folder).submit(prepared, request.seed)
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
        judged = session.say(judge(tracking, run_id, advice, searched.history))

        watch.phase("ensemble")
        ensemble = build_ensemble(
            executor, searched.history, store=store, ref=prepared, request=request,
            finishing=searched.finishing,
        )  # fmt: skip
        rows = leaderboard(searched.history, dict(ensemble.weights))
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
                failures=failures_of(searched.history), said=judged,
            ),
        )  # fmt: skip
        for background in (summing_up, keeping):
            background.result()
        report = make_report(
            version, run_id, prepared, searched, ensemble, holdout, rows, watch.seconds(), judged
        )
        tracking.finish_run(run_id, report.figures)
        store.mark_finished(report.to_dict())
        return report
