"""Fit the members of a scored model once more, to the held-out rows as well."""

from collections.abc import Sequence
from dataclasses import replace

from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.finishing.refit import member_job
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.members.cost import refit_seconds
from espalier.pipelines.members.member import Member
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.serving.model import EnsembleModel
from espalier.pipelines.trials.trial import TrialResult

MORE_ROWS = 1.3
"""How much longer the fit takes for the held-out rows."""


def refit_on_all(
    model: EnsembleModel,
    results: Sequence[TrialResult],
    executor: Executor,
    deadline: Deadline,
) -> EnsembleModel | None:
    """Return the model with its members fitted to all rows, or None if that did not work.

    Configurations, boosting rounds, weights, calibration, threshold and intervals stay as they are.
    Members that are the models of their folds stay too: they were scored as the mean of several
    models, and one model would be another kind.

    Parameters
    ----------
    model : EnsembleModel
        The model that was scored on the held-out rows.
    results : sequence of TrialResult
        Trials of its members.
    executor : Executor
        Fits to all rows, the held-out ones included; nothing may be pending.
    deadline : Deadline
        When the last fit must end.

    Returns
    -------
    EnsembleModel or None
        None if no member was refitted before, or if the time is too short for all of them: a model
        of which only some members know all rows is one that nothing was measured of. None too if a
        member was distilled: its teacher has no out-of-fold answers for the held-out rows.
    """
    known = {each.trial.number: each for each in results}
    members = [each for each in model.members if not each.of_folds and each.number in known]
    if model.correction is not None:  # fitted to what the members said before
        return None
    if any(_is_distilled(known[each.number]) for each in members):  # nothing was learnt of them
        return None
    if not members or any(not each.of_folds and each not in members for each in model.members):
        return None
    expected = [MORE_ROWS * refit_seconds(known[each.number]) for each in members]
    if max(max(expected), sum(expected) / executor.n_workers) > deadline.seconds_left:
        return None
    jobs = [job_on_all(each, known[each.number]) for each in members]
    made: dict[int, Member] = {}
    for member, job, model_now in zip(
        members, jobs, executor.fit_members(jobs, deadline), strict=True
    ):
        if model_now is None or not _is_complete(job, model_now):
            return None
        made[member.number] = replace(member, candidates=(model_now,))
    return replace(model, members=tuple(made.get(each.number, each) for each in model.members))


def job_on_all(member: Member, result: TrialResult) -> MemberJob:
    """Return the job that fits a refitted member again, with the boosting rounds that it has."""
    rounds = getattr(member.candidates[0], "n_iterations_", None)
    job = member_job(result)
    return job if rounds is None or job.iterations is None else replace(job, iterations=rounds)


def _is_distilled(result: TrialResult) -> bool:
    return result.trial.variant is not None and result.trial.variant.is_distilled


def _is_complete(job: MemberJob, model: Candidate) -> bool:
    """Whether a booster has all its rounds; near the deadline it stops with fewer."""
    done = getattr(model, "n_iterations_", None)
    return job.iterations is None or done is None or done >= job.iterations
