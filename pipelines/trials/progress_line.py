"""Progress lines of a search in the terminal."""

import sys

from espalier.pipelines.trials.trial import TrialOutcome


def print_trial(metric: str, outcome: TrialOutcome) -> None:
    """Print the result of a trial; ``metric`` is the name of its score."""
    result = outcome.result
    score = result.error if result.score is None else f"{metric} {result.score:.5g}"
    sys.stdout.write(
        f"trial {result.trial.number} {result.trial.configuration.family}: "
        f"{result.status}, {score} ({result.seconds:.1f} s)\n"
    )


def print_line(line: str) -> None:
    """Print what is to be known of a training beside its trials."""
    sys.stdout.write(f"{line}\n")
