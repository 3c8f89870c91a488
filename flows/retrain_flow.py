"""The flow `retrain`: read a model's data again, check them, and train a challenger."""

import time
from dataclasses import replace

from prefect import flow

from espalier.flows.progress.current_listener import current_listener
from espalier.flows.progress.flow_hooks import with_run_hooks
from espalier.flows.progress.guarded_run import guarded
from espalier.flows.progress.hand_over import hand_over_promotion
from espalier.flows.progress.listeners import RunListener
from espalier.flows.promote_flow import promote
from espalier.flows.reports.drift import drift_figures
from espalier.flows.reports.promotion import PromotionReport, asked_elsewhere
from espalier.flows.reports.retraining import RetrainReport, unchanged_markdown
from espalier.flows.reports.training import TrainReport
from espalier.flows.train_flow import train
from espalier.flows.training.retraining_gate import gate_table
from espalier.flows.training.session import TrainingSession, use_session
from espalier.infra.access.origin import asked_by
from espalier.infra.processes.model_lock import one_at_a_time
from espalier.infra.settings import Settings, load_settings
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.requests.promote import PromoteRequest
from espalier.pipelines.requests.retrain import RetrainRequest
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.artifacts import publish_markdown
from espalier.tasks.data.reread_table import SourceSnapshot, reread_table
from espalier.tasks.monitoring.lifecycle_run import lifecycle_run
from espalier.tasks.monitoring.read_last_training import PastTraining, read_last_training
from espalier.tasks.promotion.undecided import undecided_challenger
from espalier.tasks.records import TableRef


@with_run_hooks
@flow(
    name="retrain",
    description="Read a model's data again, check them against its champion, train a challenger.",
    flow_run_name="retrain {request.name}",
    persist_result=False,
)
@guarded
def retrain(request: RetrainRequest) -> RetrainReport:
    """Train a challenger on the current data of the source, unless they have not changed.

    With a policy of promotion, a challenger about which nothing was decided is up for it even if
    the data have not changed: its question may have died with its run, or found nobody.

    Retrainings of the same model run one at a time; another one waits.

    Raises
    ------
    UserError
        There is no such model, or its data source was not recorded.
    DataRefusedError
        The table breaks the champion's suite, or it has drifted and the policy refuses that.
    """
    settings, listener = load_settings(), current_listener()
    with one_at_a_time(request.name, settings, on_wait=listener.note):
        report = _retrain(request, settings, listener)
    if request.promote == "never":
        return report
    challenger = report.version or undecided_challenger(request.name, settings)
    if challenger is None:
        return report
    if report.version is None:
        listener.note(f"nobody has decided about {request.name}/{challenger} yet: it is up again")
    # Outside the lock: the answer of a person may take a day.
    return replace(report, promotion=_decide(request, report.champion, challenger))


def _decide(request: RetrainRequest, champion: int, challenger: int) -> PromotionReport:
    """Decide about the challenger, or have a run beside this one ask a person."""
    policy = PromoteRequest(name=request.name, policy=request.promote)
    asking = hand_over_promotion(policy) if policy.policy == "approve" else None
    if asking is None:
        return promote(policy)
    return asked_elsewhere(request.name, champion, challenger, asking)


def _retrain(request: RetrainRequest, settings: Settings, listener: RunListener) -> RetrainReport:
    tracking = Tracking(settings, request.name).open_soon()
    listener.phase("read again")
    past = read_last_training(request, settings)
    known = None if request.force else past.fingerprint
    with asked_by(past.origin):
        reread = reread_table(past.request, settings.runs_folder, known)
    report = _begin_report(request, past, reread)
    if reread.table is None:
        listener.note(f"the data are those of version {report.last}: there is nothing to train")
        publish_markdown("retrain", unchanged_markdown(report), "Nothing has changed")
        return report

    asked = request.model_dump(mode="json") | {"data": past.request.shown_data}
    with lifecycle_run(tracking, "retrain", past.champion, asked) as record:
        record.tag({"fingerprint": report.fingerprint, "last_fingerprint": report.last_fingerprint})
        listener.phase("check")
        gated = gate_table(reread.table, past, request.on_drift, record, settings)
        for line in gated.decision.warnings:
            listener.warn(line)
        gated.require_passed(past)
        with asked_by(past.origin):
            training = _train(past.request, reread.table, settings, listener)
        record.tag(
            {"trained": f"{training.model}/{training.version}", "training_run": training.run_id}
        )
        record.conclude("trained", drift_figures(gated.drift))
    return replace(
        report,
        warnings=gated.decision.warnings,
        drift=gated.drift,
        training=training,
        run_id=record.run_id,
    )


def _begin_report(
    request: RetrainRequest, past: PastTraining, reread: SourceSnapshot
) -> RetrainReport:
    return RetrainReport(
        model=request.name,
        changed=reread.table is not None,
        champion=past.champion.version,
        last=past.newest.version,
        fingerprint=reread.fingerprint,
        last_fingerprint=past.fingerprint,
        data=past.request.shown_data,
        n_rows=reread.n_rows,
    )


def _train(
    request: TrainRequest, table: TableRef, settings: Settings, listener: RunListener
) -> TrainReport:
    """Run the training flow on the checked table; its workers start only here."""
    with (
        TrainingSession(
            request, settings, listener, table=table, started_at=time.time()
        ) as session,
        use_session(session),
    ):
        return train(request)
