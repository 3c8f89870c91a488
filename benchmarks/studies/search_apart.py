"""What the best of a search is worth on rows that no fold of it saw.

The best of a hundred scores on the same folds is also the luckiest. So each trial that led its
search after 4, 10, 20... trials is fitted once more to all of the search's rows and scored on rows
kept apart.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from searches.variants import COUNTS

from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.splitting.folds import Fold, FoldPlan
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.evaluate import evaluate_trial
from espalier.pipelines.experience.recording.recording_setup import (
    RecordingRules,
    TableEntry,
    draw_rows,
)
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialResult

_SHARE = 0.3
"""Of a table's rows that stay apart, at least."""
_MOST = 4_000
_SECONDS = 120.0


def search_rows(n_rows: int, most: int) -> int:
    """Return how many rows of a table a search may have."""
    return min(most, int((1 - _SHARE) * n_rows))


@dataclass(slots=True)
class Judge:
    """Scores trials on the rows apart; what it has scored is kept in a file.

    Attributes
    ----------
    context : EvaluationContext
        One fold: the search's rows, and those apart.
    path : Path
        A line a configuration.
    known : dict
        What the file says: the gain of each configuration, None where it failed.
    """

    context: EvaluationContext
    path: Path
    known: dict[str, float | None]

    def gain(self, trial: Trial) -> float:
        """Return a trial's gain on the rows apart; minus infinity where it fails."""
        key = trial.configuration.digest
        if key not in self.known:
            again = replace(trial, seconds_limit=_SECONDS, floors=())
            result = evaluate_trial(again, self.context).result
            score = result.score
            self.known[key] = None if score is None else self.context.metric.sign * score
            with self.path.open("a") as file:
                file.write(json.dumps([key, self.known[key]]) + "\n")
        gain = self.known[key]
        return -np.inf if gain is None else gain


def open_judge(
    table: pd.DataFrame,
    entry: TableEntry,
    rules: RecordingRules,
    context: EvaluationContext,
    path: Path,
) -> Judge:
    """Return the judge of searches on ``rules.rows`` rows of a table, drawn as they were."""
    whole = assemble(table, target=entry.target, task=entry.task).dataset
    rest, searched = draw_rows(whole, rules)
    if len(rest) > _MOST:
        rest = np.sort(np.random.default_rng(rules.seed).choice(rest, _MOST, replace=False))
    n = len(searched)
    fold = Fold(np.arange(n), np.arange(n, n + len(rest)))
    apart = replace(
        context,
        dataset=whole.take(np.concatenate([searched, rest])),
        folds=FoldPlan((fold,), "rows apart"),
    )
    return Judge(apart, path, dict(json.loads(line) for line in whole_lines(path)))


def leaders(history: History, counts: Iterable[int] = COUNTS) -> dict[int, TrialResult | None]:
    """Return the best trial after each number of trials; None where none has succeeded."""
    results = history.ordered
    return {
        count: max(
            (each for each in results[:count] if each.succeeded), key=history.gain, default=None
        )
        for count in counts
        if count <= len(results)
    }


def whole_lines(path: Path) -> list[str]:
    """Return the lines of a file, none where there is no file; a torn last line is cut off it.

    So a program that may be killed goes on with what it has written.
    """
    if not path.exists():
        return []
    whole = path.read_text().rpartition("\n")[0]
    path.write_text(whole + "\n" if whole else "")
    return whole.splitlines()
