"""What choosing the next trials costs as a search grows: seconds a trial and memory.

    python benchmarks/studies/choosing_cost.py --trials 100 400 1000 10000
    python benchmarks/studies/choosing_cost.py --trials 1000 --run 1.0  # a run of one-second trials

The trials are made up (a smooth score of each configuration, five folds), so that only the search's
own process is measured. Each number of trials is measured in a process of its own.
"""

import argparse
import json
import multiprocessing
import resource
import time
from typing import Any

import numpy as np

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.search.limits.thinning import MOST_TRIALS, choosing_pays
from espalier.pipelines.search.propose import propose_trials
from espalier.pipelines.search.strategies.names import ASCENT
from espalier.pipelines.seeds import generator
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus

SHAPE = DatasetShape(
    problem=ProblemKind.BINARY,
    n_rows=5_000,
    n_columns=20,
    n_categorical=8,
    n_classes=2,
    smallest_class=1_000,
    has_missing=True,
)
SEED, FOLDS, LIMIT_SECONDS, WORKERS = 0, 5, 60.0, 2
# Racing stops this share of the trials after two folds.
STOPPED_SHARE = 0.4


def made_history(space: SearchSpace, n: int) -> History:
    """Return ``n`` trials drawn at random, with made-up scores."""
    rng = generator(SEED, "choosing cost", n)
    defaults = [space.default(family) for family in space.families]
    configurations = [*defaults, *space.sample(n, rng)][:n]
    X = space.encode(configurations)
    slope = rng.normal(size=X.shape[1]) / np.sqrt(X.shape[1])
    heights = 0.8 + 0.05 * np.tanh(X @ slope)
    results = []
    for number, (configuration, height) in enumerate(zip(configurations, heights, strict=True)):
        folds = np.clip(height + 0.01 * rng.normal(size=FOLDS), 0.0, 1.0)
        stopped = rng.random() < STOPPED_SHARE and number >= FOLDS
        done = tuple(float(each) for each in folds[: 2 if stopped else FOLDS])
        results.append(
            TrialResult(
                trial=Trial(
                    number=number,
                    configuration=configuration,
                    seed=number,
                    origin=ASCENT,
                    floors=(0.0,) * (FOLDS - 1),
                ),
                status=TrialStatus.PRUNED if stopped else TrialStatus.SUCCESS,
                fold_scores=done,
                score=None if stopped else float(np.mean(done)),
                seconds=float(rng.lognormal(0.0, 0.5)),
                memory_mb=300.0,
            )
        )
    return History(METRICS["roc_auc"], tuple(results))


def measure(n: int, batch: int, calls: int, *, timed: bool, with_predictor: bool) -> dict[str, Any]:
    """Return what choosing ``batch`` trials after ``n`` costs, in this process."""
    space = SearchSpace(choose_learners(None, SHAPE), SHAPE)
    history = made_history(space, n)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for call in range(calls):
        start = time.process_time()
        propose_trials(
            space,
            history,
            n=batch,
            seed=SEED + call,
            strategy="gp",  # the dearest proposer, which has seven of eight trials of a search
            n_folds=FOLDS,
            seconds_limit=LIMIT_SECONDS if timed else None,
            expected_seconds_limit=LIMIT_SECONDS if timed else None,
            racing=True,
            with_predictor=with_predictor,
        )
        seconds.append(time.process_time() - start)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    each = float(np.median(seconds)) / batch
    return {
        "trials": n,
        "batch": batch,
        "ms_per_trial": round(1000 * each, 1),
        "grown_mb": round((after - before) / 1024, 1),
    }


def share_of_run(first: int, n: int, batch: int, trial_seconds: float) -> dict[str, Any]:
    """Return the share of time that choosing takes in a run from trial ``first`` to trial ``n``.

    The trials themselves are made up: two at a time, each of about ``trial_seconds``.
    """
    space = SearchSpace(choose_learners(None, SHAPE), SHAPE)
    history = made_history(space, first)
    rng = generator(SEED, "run")
    asked = 0
    while len(history) < n:
        pays = choosing_pays(history, WORKERS, batch)
        asked += pays * batch
        trials = propose_trials(
            space,
            history,
            n=batch,
            seed=SEED,
            n_folds=FOLDS,
            seconds_limit=LIMIT_SECONDS,
            expected_seconds_limit=LIMIT_SECONDS,
            with_predictor=pays,
        )
        history = history.extend(
            TrialResult(
                trial=each,
                status=TrialStatus.SUCCESS,
                fold_scores=(score := float(rng.uniform(0.75, 0.85)),) * FOLDS,
                score=score,
                seconds=trial_seconds,
            )
            for each in trials
        )
    new = history.ordered[first:]
    choosing = sum(each.trial.choosing_seconds or 0.0 for each in new)
    return {
        "trials": n,
        "seconds_a_trial": trial_seconds,
        "asked_predictor": round(asked / len(new), 3),
        "choosing_share": round(choosing / (sum(each.seconds for each in new) / WORKERS), 4),
    }


def _measured(options: argparse.Namespace, n: int, out: Any) -> None:
    if options.run is not None:
        out.put(share_of_run(MOST_TRIALS, n, options.batch, options.run))
        return
    found = measure(
        n,
        options.batch,
        options.calls,
        timed=not options.untimed,
        with_predictor=not options.neighbours,
    )
    out.put(found)


def main() -> None:
    """Measure each number of trials and print one line of JSON for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 400, 1_000, 3_000, 10_000])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--calls", type=int, default=3)
    parser.add_argument("--untimed", action="store_true")
    parser.add_argument("--neighbours", action="store_true", help="choose without a predictor")
    parser.add_argument("--run", type=float, help="seconds of a trial of a made-up run")
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    for n in options.trials:
        out = spawn.Queue()
        process = spawn.Process(target=_measured, args=(options, n, out))
        process.start()
        print(json.dumps(out.get()), flush=True)
        process.join()


if __name__ == "__main__":
    main()
