"""Strategies with real evaluations: slow, but every proposal is what the product would try."""

import argparse
import time
from pathlib import Path
from typing import Any

from search_record import RecordOptions, open_workplace

from pipelines.budget import Budget, Deadline
from pipelines.evaluation.executor import SerialExecutor
from pipelines.search.loop import run_search
from pipelines.search.shares import ascent_win_rate

STRATEGIES = ("guided", "forest", "tpe", "evolution", "random")


def live(
    folder: Path, names: list[str], amount: RecordOptions, options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Return the best score of every strategy on every table and seed, after some trials.

    ``score_gain`` is the best score less that of the best default, larger is better, in units of
    the spread of the defaults.
    """
    records = []
    for name in names:
        place = open_workplace(folder, name, amount)
        for seed in range(options.seeds):
            for strategy in STRATEGIES:
                started = time.monotonic()
                with SerialExecutor(place.context) as executor:
                    history = run_search(
                        place.space,
                        executor,
                        place.context.metric,
                        budget=Budget(trials=options.trials),
                        deadline=Deadline.after(None),
                        seed=seed,
                        strategy=strategy,
                        fits_per_trial=amount.folds,
                    )
                wall = time.monotonic() - started
                running = sum(result.seconds for result in history.results)
                defaults = [
                    history.gain(result)
                    for result in history.successes
                    if result.trial.origin == "default"
                ]
                best = history.best
                if best is None or len(defaults) < 2:
                    continue
                spread = max(defaults) - sorted(defaults)[len(defaults) // 2]
                records.append(
                    {
                        "table": name,
                        "seed": seed,
                        "strategy": strategy,
                        "score": best.score,
                        "score_gain": (history.gain(best) - max(defaults)) / max(spread, 1e-12),
                        "ascent_win_rate": ascent_win_rate(history),
                        "choosing_share": 1 - running / wall,
                    }
                )
                print(records[-1], flush=True)
    return records
