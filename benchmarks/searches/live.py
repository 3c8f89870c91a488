"""Strategies with real evaluations: slow, but every proposal is what the product would try.

Every run is kept, a file of trials each, and goes on where it stopped. All strategies race their
trials, as the product does. What guided search knows of other tables was learned from a store
without this table's records. What they find is judged on their folds and on rows apart.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from parts.experience.left_out_tables import learned, others_than
from searches.variants import Variant
from studies.search_apart import Judge, leaders, open_judge, search_rows, whole_lines

from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.experience.advice import advise
from espalier.pipelines.experience.knowledge import Knowledge
from espalier.pipelines.experience.recording.recording_setup import (
    RecordingRules,
    RecordingSetup,
    TableEntry,
    make_recording_setup,
    read_index,
)
from espalier.pipelines.experience.recording.space_alignment import align_knowledge
from espalier.pipelines.experience.recording.store import ExperienceStore
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.loop import run_search
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.search.strategies.shares import ascent_win_rate
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialResult


class _LimitedExecutor(SerialExecutor):
    """Stops trials in time, which a search that counts trials alone would not."""

    def __init__(self, context: EvaluationContext, seconds: float) -> None:
        super().__init__(context)
        self._seconds = seconds

    def submit(self, trial: Trial) -> None:
        """Take a trial."""
        super().submit(replace(trial, seconds_limit=self._seconds))


VARIANTS = {
    "guided": Variant("guided", racing=True, experience=True),
    "random": Variant("random", racing=True),
    "tpe": Variant("tpe", racing=True),
}
ABLATIONS = {
    "no_racing": Variant("guided", racing=False, experience=True),
    "no_experience": Variant("guided", racing=True),
    "no_ascent": Variant("guided", racing=True, experience=True, ascent=False),
    "forest": Variant("forest", racing=True, experience=True),
    "neural": Variant("neural", racing=True, experience=True),
    "evolution": Variant("evolution", racing=True),
    "local": Variant("local", racing=True),
    "policy": Variant("policy", racing=True),
    "policy+critic": Variant("policy+critic", racing=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOptions:
    """How runs are made.

    Attributes
    ----------
    folder : Path
        The tables.
    out : Path
        Where runs are kept.
    store : Path or None
        Experience; None: guided search knows nothing either.
    rows, folds, trials, seeds : int
        Rows of a search at most, folds of a trial, trials of a run, draws of rows and folds.
    seconds : float
        Limit of a trial, all folds together.
    variants : tuple of str
        Of `VARIANTS` and `ABLATIONS`.
    """

    folder: Path
    out: Path
    store: Path | None
    rows: int
    folds: int
    trials: int
    seeds: int
    seconds: float
    variants: tuple[str, ...]


def live(names: Sequence[str], options: LiveOptions, processes: int) -> list[dict[str, Any]]:
    """Return a record of every table, variant and seed: regret after some trials.

    A seed draws the rows and folds too. Regret is the distance to the best that any run found on
    those rows, in units of that best minus the median of all whole trials at random, at most 1.
    ``unseen`` is the same in the same units, but on rows that no fold saw, for the trials that led
    after 4, 10, 20... of them.
    """
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"  # the processes share the cores
    records = []
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for found in pool.map(partial(_table, options=options), names):
            records += found
            print(f"{found[0]['table']} done", flush=True)
    return records


def _table(name: str, options: LiveOptions) -> list[dict[str, Any]]:
    """Make what is missing of a table's runs; return their records."""
    entry = next(each for each in read_index(options.folder) if each.name == name)
    table = pd.read_parquet(entry.path)
    # Learned once, and only where a run that knows it is missing.
    knowledge = cache(partial(_knowledge, name, options.store))
    return [
        record
        for seed in range(options.seeds)
        for record in _draw(entry, table, seed, options, knowledge)
    ]


def _draw(
    entry: TableEntry,
    table: pd.DataFrame,
    seed: int,
    options: LiveOptions,
    knowledge: Callable[[], Knowledge | None],
) -> list[dict[str, Any]]:
    """Make what is missing of the runs on one draw of rows; return their records."""
    rows = search_rows(int(table[entry.target].notna().sum()), options.rows)
    rules = RecordingRules(rows=rows, n_folds=options.folds, seed=seed)
    place = make_recording_setup(table, entry, rules, fingerprint=entry.name)
    runs = {name: _run(place, knowledge, name, seed, options) for name in options.variants}
    path = options.out / f"{entry.name}-{seed}.apart"
    judge = open_judge(table, entry, rules, place.context, path)
    drawn = [
        history.gain(each)
        for history in runs.values()
        for each in history.successes
        if each.trial.origin in ("random", "default")
    ]
    found = {name: _found(history, judge, options.trials) for name, history in runs.items()}
    best = {
        kind: max(gain for each in found.values() for gain in each[kind].values())
        for kind in ("regret", "unseen")
    }
    unit = max(best["regret"] - float(np.median(drawn)), 1e-12)
    return [
        {"table": entry.name, "strategy": name, "seed": seed}
        | _effort(runs[name], options)
        | {
            f"{kind}_{count}": float(min(1.0, (best[kind] - gain) / unit))
            for kind, gains in each.items()
            for count, gain in gains.items()
        }
        for name, each in found.items()
    ]


def _found(history: History, judge: Judge, trials: int) -> dict[str, dict[int, float]]:
    """Return the gains of the leading trials: on the folds, and on rows apart."""
    first = History(history.metric, tuple(history.ordered[:trials]))
    gains: dict[str, dict[int, float]] = {"regret": {}, "unseen": {}}
    for count, leader in leaders(first).items():
        gains["regret"][count] = -np.inf if leader is None else history.gain(leader)
        gains["unseen"][count] = -np.inf if leader is None else judge.gain(leader.trial)
    return gains


def _effort(history: History, options: LiveOptions) -> dict[str, Any]:
    results = history.ordered[: options.trials]
    return {
        "ascent": ascent_win_rate(history),
        "fold_fits": sum(len(each.fold_scores) for each in results)
        / (len(results) * options.folds),
        "fit_seconds": sum(each.seconds for each in results),
    }


def _run(
    place: RecordingSetup,
    knowledge: Callable[[], Knowledge | None],
    name: str,
    seed: int,
    options: LiveOptions,
) -> History:
    """Return a run's trials, from its file as far as they are there."""
    variant = (VARIANTS | ABLATIONS)[name]
    path = options.out / f"{place.dataset.name}-{name}-{seed}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = (TrialResult.from_dict(json.loads(line)) for line in whole_lines(path))
    history = History(place.context.metric, tuple(kept))
    if len(history) >= options.trials:
        return history
    known = knowledge() if variant.experience else None
    advice = None if known is None else advise(known, place.space, place.dataset.meta)
    began = time.monotonic()
    with (
        path.open("a") as file,
        _LimitedExecutor(place.context, options.seconds) as executor,
        variant.applied(),
    ):

        def keep(outcome: TrialOutcome) -> None:
            file.write(json.dumps(outcome.result.to_dict()) + "\n")
            file.flush()

        plan = SearchPlan(
            space=place.space,
            budget=Budget(trials=options.trials),
            seed=seed,
            n_workers=executor.n_workers,
            strategy=variant.strategy,
            n_folds=options.folds,
            warm_start=() if advice is None else tuple(advice.first),
            prior=None if advice is None else advice.prior,
            racing=variant.racing,
        )
        history = run_search(
            plan,
            executor,
            place.context.metric,
            deadline=Deadline.after(None),
            history=history,
            on_result=keep,
        )
    print(f"{path.stem}: {len(history)} trials, {time.monotonic() - began:.0f} s", flush=True)
    return history


def _knowledge(name: str, store: Path | None) -> Knowledge | None:
    """Return what a store without this table's records teaches."""
    if store is None:
        return None
    records = ExperienceStore(store).read()
    return learned(records, others_than(align_knowledge(records), name))
