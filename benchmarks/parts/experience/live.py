"""Real trials with experience: the first four on recorded tables, and searches on unlike ones."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from parts.experience.left_out_tables import learned, others

from espalier.pipelines.evaluation.evaluate import evaluate_trial
from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.experience.advice import Advice, advise
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.pipelines.experience.recording.recording_setup import (
    RecordingRules,
    RecordingSetup,
    TableEntry,
    make_recording_setup,
    read_index,
)
from espalier.pipelines.experience.recording.space_alignment import AlignedKnowledge
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.loop import run_search
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.search.strategies.initial_design import LEADERS
from espalier.pipelines.seeds import generator, integer_seed
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial

FEWEST = 40
TRIALS = 30
ROWS, FOLDS = 200, 3


def first_four(records: KnowledgeBase, known: AlignedKnowledge, folder: Path) -> dict[str, Any]:
    """Print and return how the four first trials do beside the four strong defaults.

    The trials are run on the rows and folds that were recorded; the defaults were recorded there.

    Parameters
    ----------
    records : KnowledgeBase
        What was recorded.
    known : AlignedKnowledge
        The same in today's space.
    folder : Path
        The tables.
    """
    entries = {each.name: each for each in read_index(folder)}
    rows = {}
    for each in known.datasets:
        dataset = each.dataset
        if len(each.configurations) < FEWEST or dataset.name not in entries:
            continue
        entry = entries[dataset.name]
        rules = RecordingRules(rows=dataset.rows_cap, n_folds=dataset.n_folds, seed=dataset.seed)
        table = pd.read_parquet(entry.path)
        place = make_recording_setup(table, entry, rules, fingerprint=dataset.fingerprint)
        knowledge = learned(records, others(known, dataset.fingerprint))
        advice = advise(knowledge, place.space, place.dataset.meta, most=4)
        recorded = dict(zip(each.configurations, each.scores.tolist(), strict=True))
        warm = _best_of(advice, place, recorded)
        family = [one.family for one in each.configurations]
        cold = max(each.scores[family.index(name)] for name in LEADERS if name in family)
        finite = each.scores[np.isfinite(each.scores)]
        unit = float(finite.max() - np.median(finite))
        rows[dataset.name] = (warm - cold) / unit
        print(f"{dataset.name:24} warm - defaults {rows[dataset.name]:+.3f}", flush=True)
    gaps = np.array(list(rows.values()))
    share = float(np.where(np.abs(gaps) < 1e-9, 0.5, gaps > 0).mean())
    print(f"after four trials: better on {share:.0%} of {len(gaps)} tables", flush=True)
    return {
        "live_4_vs_defaults": share,
        "live_4_not_worse": float((gaps >= -1e-9).mean()),
        "live_4_median_gain": float(np.median(gaps)),
        "live_4_tables": len(gaps),
    }


def adversarial(records: KnowledgeBase, known: AlignedKnowledge, *, seeds: int) -> dict[str, Any]:
    """Print and return the best scores after 30 trials, with and without experience."""
    knowledge = learned(records, known)
    figures: dict[str, Any] = {}
    for name in ("noise", "one of 500", "parity"):
        warm, cold = [], []
        for seed in range(seeds):
            entry = TableEntry(name=name, task="binary", target="y", path=Path(name))
            rules = RecordingRules(rows=ROWS, n_folds=FOLDS, seed=seed)
            place = make_recording_setup(_table(name, seed), entry, rules, fingerprint=name)
            advice = advise(knowledge, place.space, place.dataset.meta)
            warm.append(_searched(place, seed, advice))
            cold.append(_searched(place, seed, None))
            print(f"{name:12} seed {seed}: warm {warm[-1]:.4f} cold {cold[-1]:.4f}", flush=True)
        gap = float(np.mean(warm) - np.mean(cold))
        # The deviation of an area under the curve of so many rows near one half.
        noise = float(np.sqrt((ROWS + 1) / (3.0 * ROWS**2)))
        key = name.replace(" ", "_")
        figures[f"{key}_warm"], figures[f"{key}_cold"] = float(np.mean(warm)), float(np.mean(cold))
        print(f"{name:12} warm - cold {gap:+.4f}; chance moves one by {noise:.4f}", flush=True)
    return figures


def _best_of(advice: Advice, place: RecordingSetup, recorded: dict[Configuration, float]) -> float:
    """Return the best gain of what is advised, -inf where all fail; recorded ones are not rerun."""
    gains = []
    for number, configuration in enumerate(advice.first):
        if configuration in recorded:
            gains.append(recorded[configuration])
            continue
        trial = Trial(
            number=number,
            configuration=configuration,
            seed=integer_seed(0, "live", number),
            seconds_limit=30.0,
        )
        score = evaluate_trial(trial, place.context).result.score
        gains.append(-np.inf if score is None else place.context.metric.sign * score)
    return float(max(gains))


def _searched(place: RecordingSetup, seed: int, advice: Advice | None) -> float:
    """Return the area under the curve of the best of the trials, cross-validated."""
    plan = SearchPlan(
        space=place.space,
        budget=Budget(seconds=None, trials=TRIALS),
        seed=seed,
        n_workers=1,
        n_folds=FOLDS,
        warm_start=() if advice is None else tuple(advice.first),
        prior=None if advice is None else advice.prior,
    )
    executor = SerialExecutor(place.context)
    history = run_search(plan, executor, place.context.metric, deadline=Deadline.after(None))
    return float(max(each.score or 0.0 for each in history.successes))


def _table(name: str, seed: int) -> pd.DataFrame:
    rng = generator(seed, "adversarial", name)
    width = 500 if name == "one of 500" else 8
    X = rng.normal(size=(ROWS, width))
    if name == "noise":
        y = rng.random(ROWS) < 0.5
    elif name == "parity":
        y = (X[:, :3] > 0).sum(axis=1) % 2 == 1
    else:
        y = X[:, 250] + 0.5 * rng.normal(size=ROWS) > 0
    table = pd.DataFrame(X.round(4), columns=[f"x{place}" for place in range(width)])
    return table.assign(y=np.where(y, "yes", "no"))
