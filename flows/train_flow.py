"""The flow `train`: search, build an ensemble and register it as a model version.

Every step is a Prefect task; ``submit`` starts one in the background. Results of a `kept_task` are
read from the run folder if an interrupted run has made them.
"""

from dataclasses import replace

from prefect import flow

from espalier.flows.progress.data_notes import tell_of_data
from espalier.flows.progress.flow_hooks import with_run_hooks
from espalier.flows.progress.guarded_run import guarded
from espalier.flows.progress.listeners import Stopwatch
from espalier.flows.reports.training import TrainReport, make_report
from espalier.flows.training.run_record import mlflow_run_ended, take_over_run_folder
from espalier.flows.training.search import search
from espalier.flows.training.session import TrainingSession, session_for
from espalier.infra.operations.cleaning import tidy_up
from espalier.infra.operations.raw_rows import expire_rows_quietly
from espalier.infra.runs.mirror import shared_run
from espalier.infra.tracking.artifacts import EXAMPLES_FILE
from espalier.pipelines.explain.leaderboard import make_leaderboard
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.search.differentiable import with_proposals
from espalier.pipelines.search.strategies.names import DIFFERENTIABLE
from espalier.pipelines.trials.failures import failures_of
from espalier.tasks.data.embed_pictures import embed_pictures
from espalier.tasks.data.inherit_winners import read_inheritance
from espalier.tasks.data.keep_rows import keep_rows
from espalier.tasks.data.load_table import load_table
from espalier.tasks.data.prepare_dataset import prepare_dataset
from espalier.tasks.data.profile_dataset import profile_dataset
from espalier.tasks.data.validate_table import validate_table
from espalier.tasks.ensemble.build_ensemble import build_ensemble
from espalier.tasks.ensemble.evaluate_ensemble import evaluate_ensemble
from espalier.tasks.ensemble.explain_model import explain_model
from espalier.tasks.ensemble.explain_search import explain_search
from espalier.tasks.ensemble.member_records import environment_versions
from espalier.tasks.ensemble.refit_on_all import refit_ensemble_on_all, seconds_to_keep
from espalier.tasks.ensemble.register_ensemble import log_summary, register_ensemble
from espalier.tasks.ensemble.show_examples import log_examples
from espalier.tasks.experience.consult_experience import consult_experience, log_advice_outcome
from espalier.tasks.experience.tag_dataset import tag_dataset
from espalier.tasks.pages.champion_mark import find_champion
from espalier.tasks.pages.log_report import log_report
from espalier.tasks.pages.report_page import ReportFacts
from espalier.tasks.pages.reproducing import how_to_reproduce
from espalier.tasks.records import NOTHING_INHERITED, TrainingRun
from espalier.tasks.search.open_executor import open_executor
from espalier.tasks.search.open_run import open_run
from espalier.tasks.search.open_search import open_search
from espalier.tasks.search.search_supernets import search_supernets

NOT_REFITTED = (
    "the model did not learn from the held-out rows: there was no time for it, or its members are "
    "the models of their folds"
)


@with_run_hooks
@flow(
    name="train",
    description="Train on a table, register the best model and say how good it is.",
    flow_run_name="train {request.model_name}",
    persist_result=False,
)
@guarded
def train(request: TrainRequest) -> TrainReport:
    """Train on a table and register the resulting model.

    Running the same request again after an interruption continues where it stopped.
    """
    with session_for(request) as session:
        watch = Stopwatch(session.listener, started_at=session.started_at)
        deadline = request.budget.begin()
        watch.phase("load")
        table = load_table(session.table)
        run = TrainingRun(request=request, table=table, tracking=session.tracking)
        shared = shared_run(run.store, request.model_name, session.settings)
        with run.store.lock(), shared:
            take_over_run_folder(run.store)
            report = session.report = _train(run, session, watch, deadline)
        tidy_up(session.settings, request.model_name)
        expire_rows_quietly(session.settings)
        return report


def _train(
    run: TrainingRun, session: TrainingSession, watch: Stopwatch, deadline: Deadline
) -> TrainReport:
    opening = open_run.submit(run)
    with mlflow_run_ended(run.tracking, run.store):
        watch.phase("validate")
        validation = validate_table(run)

        watch.phase("prepare")
        starts_afresh = not run.request.start_from
        inherited = NOTHING_INHERITED if starts_afresh else read_inheritance(run)
        pictures = embed_pictures(run)
        prepared = prepare_dataset(run, inherited, session.workers.n_workers, pictures)
        tell_of_data(session.listener, prepared, validation)

        watch.phase("profile")
        profiling = profile_dataset.submit(run, prepared)
        executor = open_executor(run, prepared, session.workers)
        for line in session.workers.opening_lines:
            session.listener.note(line)
        profile = profiling.result()
        run = replace(run, run_id=opening.result())
        refits = run.request.learns_all
        keeping = None if refits else keep_rows.submit(run, prepared)
        tag_dataset(run, prepared, profile)
        advice = consult_experience(run, prepared, profile)

        watch.phase("search")
        opened = open_search(run, prepared, session.workers, executor, inherited.winners, advice)
        if opened.plan.strategy == DIFFERENTIABLE:
            findings = search_supernets(run, prepared, opened.plan, executor, deadline)
            session.listener.note(findings.said)
            opened = replace(opened, plan=with_proposals(opened.plan, findings))
        kept_seconds = seconds_to_keep(run.request)
        searched = search(run, executor, opened, session.listener, deadline.earlier(kept_seconds))
        history, deadline = searched.history, searched.deadline
        advised = () if advice is None else log_advice_outcome(run, prepared, advice, history)
        for line in advised:
            session.listener.note(line)

        watch.phase("ensemble")
        ensemble = build_ensemble(run, prepared, executor, history, opened.plan.finish, deadline)
        for line in ensemble.warnings:
            session.listener.warn(line)
        searched.log.add(ensemble.light, 1.0)
        costs = run.settings.preference.costs
        tried = history.extend(ensemble.light)
        rows, failures = make_leaderboard(tried, ensemble.weights, costs), failures_of(history)
        summing_up = log_summary.submit(
            run, prepared, validation, profile, ensemble, rows, failures
        )

        watch.phase("evaluate")
        holdout = evaluate_ensemble(run, prepared, ensemble, deadline)
        explaining = explain_model.submit(run, prepared, ensemble, deadline)
        showing = log_examples.submit(run, prepared, ensemble, deadline)
        telling = explain_search.submit(run, prepared, ensemble, history, deadline)

        if refits:
            watch.phase("refit")
            ensemble = refit_ensemble_on_all(
                run, prepared, ensemble, deadline.earlier(-kept_seconds)
            )
            if not ensemble.learnt_all:
                session.listener.warn(NOT_REFITTED)
            # Before the model is registered: which rows it knows must never be told wrongly.
            keep_rows(run, prepared, learnt_all=ensemble.learnt_all)

        watch.phase("register")
        searched.log.finish()
        for line in session.workers.closing_lines:
            session.listener.note(line)
        run.tracking.set_tags(run.run_id, session.workers.tags)
        version = register_ensemble(run, prepared, ensemble, holdout, rows, inherited)
        facts = ReportFacts(
            version=version,
            data=run.request.shown_data,
            target=run.request.target,
            higher_is_better=history.metric.higher_is_better,
            prepared=prepared,
            validation=validation,
            ensemble=ensemble,
            holdout=holdout,
            explanation=explaining.result(),
            leaderboard=rows,
            failures=failures,
            said=(
                *advised,
                *searched.notes,
                *session.workers.closing_lines,
            ),
            story=telling.result(),
            reproduce=how_to_reproduce(
                run.request,
                version,
                fingerprint=run.table.fingerprint,
                versions=environment_versions(),
                can_be_verified=prepared.series is None,
            ),
            champion=find_champion(version, run.tracking.settings),
            examples=EXAMPLES_FILE if showing.result() else "",
        )
        log_report(run, facts)
        summing_up.result()
        if keeping is not None:
            keeping.result()
        report = make_report(facts, run.run_id, history, len(opened.history), watch.seconds())
        run.tracking.finish_run(run.run_id, report.figures)
        run.store.mark_finished(report.to_dict())
        return report
