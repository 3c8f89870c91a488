"""The command line on a machine so busy that the clock stops every trial after two folds."""

from dataclasses import replace

from espalier.flows.cli.app import app
from espalier.flows.training import search as search_rounds
from espalier.pipelines.trials.trial import TrialResult, TrialStatus

evaluate = search_rounds.evaluate_batch


def cut_short(*arguments, **options):
    return [_stopped(each) for each in evaluate(*arguments, **options)]


def _stopped(result: TrialResult) -> TrialResult:
    return replace(
        result,
        status=TrialStatus.TIMEOUT,
        fold_scores=result.fold_scores[:2],
        score=None,
        score_std=None,
        error="stopped after 1.0 s with 2 of 5 folds done",
    )


if __name__ == "__main__":
    search_rounds.evaluate_batch = cut_short
    app()
