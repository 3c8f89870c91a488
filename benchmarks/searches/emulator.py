"""Strategies on emulated tables: the product's own search, every proposal answered by a forest.

A store has too few configurations a table to choose a hundred among them, and nothing between
them. So each table is emulated, after Eggensperger and others, *Efficient benchmarking of
hyperparameter optimizers via surrogates* (2015): a forest fitted to the table's own records says
what any configuration scores in every fold. What a strategy is told has noise, drawn from how far
the recorded folds disagree; what it is judged by has none. Errors that this hides:

- what no record shows cannot be found: optima are flatter than the real ones, and steps of the
  forest give a gradient nothing to climb;
- a forest answers, so the strategy ``forest`` is at home here;
- with few records of a family its hyperparameters hardly matter, only which family it is.

The rank correlation of the forest with records that it has not seen is printed, and tables where it
is below `_FEWEST` are left out.
"""

import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from searches.experience import Lent, lend
from searches.variants import COUNTS, Variant
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import KFold, cross_val_predict

from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.evaluation.limits import limit_threads
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.pipelines.experience.recording.space_alignment import (
    align_configuration,
    align_knowledge,
)
from espalier.pipelines.experience.recording.store import ExperienceStore
from espalier.pipelines.experience.transfer.validate import spearman
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.loop import run_search
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.search.strategies.shares import ascent_win_rate
from espalier.pipelines.seeds import generator, integer_seed
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialResult, TrialStatus

Array = NDArray[np.float64]

_FEWEST = 0.4
_FEWEST_RECORDS = 40
_WORST = -3.0
_RANDOM_POINTS = 4_000


class Emulator:
    """One table: what any configuration of its space would score, in units best - median.

    Parameters
    ----------
    name : str
        The table.
    space : SearchSpace
        Of the table.
    X : array, shape (n, d)
        Encoded records.
    folds : array, shape (n, n_folds)
        Their fold scores, larger is better; NaN for what failed.
    """

    def __init__(self, name: str, space: SearchSpace, X: Array, folds: Array) -> None:
        self.name, self.space = name, space
        means = folds.mean(axis=1)
        known = np.isfinite(means)
        middle, best = np.median(means[known]), means[known].max()
        scaled = (folds - middle) / max(best - middle, 1e-12)
        scaled = np.clip(np.where(known[:, None], scaled, _WORST), _WORST, 1.5)
        self.n_folds = folds.shape[1]
        forest = ExtraTreesRegressor(
            100,
            max_features=0.5,
            # A spike at every record would make the recorded defaults the best there is.
            min_samples_leaf=2,
            bootstrap=True,
            random_state=integer_seed(0, "emulator", name),
        )
        with limit_threads(1):
            unseen = cross_val_predict(
                forest, X, scaled.mean(axis=1), cv=KFold(10, shuffle=True, random_state=0)
            )
            self.correlation = spearman(unseen, scaled.mean(axis=1))
            self._forest = forest.fit(X, scaled.mean(axis=1))
        centred = scaled[known] - scaled[known].mean(axis=1, keepdims=True)
        apart = centred - centred.mean(axis=0)
        self._fold_effects = centred.mean(axis=0)
        self._noise = apart * np.sqrt(self.n_folds / max(self.n_folds - 1, 1))
        points = space.encode(space.sample(_RANDOM_POINTS, generator(0, "truth", name)))
        truth = self._forest.predict(np.vstack([points, X]))
        self._middle = float(np.median(truth[:_RANDOM_POINTS]))
        self.best = float(truth.max())

    def truth(self, configurations: list[Configuration]) -> Array:
        """Return the scores without noise, shape (n,)."""
        values = self._forest.predict(self.space.encode(configurations))
        self.best = max(self.best, float(values.max()))
        return np.asarray(values)

    def observed(self, trial: Trial) -> TrialResult:
        """Return what a trial comes to; the same for a configuration whoever asks."""
        rng = generator(0, "noise", self.name, trial.configuration.digest)
        drawn = rng.integers(len(self._noise), size=self.n_folds)
        noise = self._noise[drawn, np.arange(self.n_folds)]
        scores = self.truth([trial.configuration])[0] + self._fold_effects + noise
        for done, floor in enumerate(trial.floors, start=1):
            if scores[:done].mean() < floor:
                return TrialResult(
                    trial=trial,
                    status=TrialStatus.PRUNED,
                    fold_scores=tuple(scores[:done].tolist()),
                    seconds=done / self.n_folds,
                )
        return TrialResult(
            trial=trial,
            status=TrialStatus.SUCCESS,
            fold_scores=tuple(scores.tolist()),
            score=float(scores.mean()),
            score_std=float(scores.std()),
            seconds=1.0,
        )

    def regret(self, value: float) -> float:
        """Return how far a noiseless score is from the best known, in units best - median."""
        return float(min(1.0, (self.best - value) / max(self.best - self._middle, 1e-12)))


class EmulatedExecutor(SerialExecutor):
    """An executor that asks an emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._queue = deque()
        self.seconds = 0.0

    def wait(self, deadline: Deadline) -> list[TrialOutcome]:
        """Answer the next trial; ``seconds`` sums what that took of the processor."""
        before = time.process_time()
        outcome = TrialOutcome(self._emulator.observed(self._queue.popleft()))
        self.seconds += time.process_time() - before
        return [outcome]


VARIANTS = {
    "random": Variant("random", racing=False),
    "tpe": Variant("tpe", racing=False),
    "guided": Variant("guided", racing=False, experience=True),
}
ABLATIONS = {
    "no_experience": Variant("guided", racing=False),
    "no_ascent": Variant("guided", racing=False, experience=True, ascent=False),
    "no_ascent_no_experience": Variant("guided", racing=False, ascent=False),
    "racing": Variant("guided", racing=True, experience=True),
    "gp": Variant("gp", racing=False, experience=True),
    "forest": Variant("forest", racing=False),
    "neural": Variant("neural", racing=False),
    "evolution": Variant("evolution", racing=False),
    "nsga2": Variant("nsga2", racing=False),
    "local": Variant("local", racing=False),
    "policy": Variant("policy", racing=False),
    "policy+critic": Variant("policy+critic", racing=False),
}


def open_emulators(knowledge: KnowledgeBase, wanted: set[str]) -> list[Emulator]:
    """Return an emulator for each table whose records it can learn to rank."""
    known = align_knowledge(knowledge)
    emulators = []
    for each in known.datasets:
        if each.dataset.name not in wanted or len(each.configurations) < _FEWEST_RECORDS:
            continue
        records = {
            align_configuration(record.result.trial.configuration, each.space): record.result
            for record in reversed(knowledge.by_dataset[each.dataset.key])
        }
        results = [records[one] for one in each.configurations]
        sign = each.dataset.scored_by.sign
        folds = np.full((len(results), each.dataset.n_folds), np.nan)
        for row, result in zip(folds, results, strict=True):
            if result.succeeded:
                row[:] = sign * np.array(result.fold_scores)
        X = each.space.encode(list(each.configurations))
        emulator = Emulator(each.dataset.name, each.space, X, folds)
        verdict = "" if emulator.correlation >= _FEWEST else ": left out"
        print(
            f"emulated {emulator.name}: {len(X)} records, Spearman "
            f"{emulator.correlation:.2f}{verdict}",
            flush=True,
        )
        if not verdict:
            emulators.append(emulator)
    return emulators


def emulate(
    store: Path, wanted: set[str], *, seeds: int, trials: int, variants: dict[str, Variant]
) -> list[dict[str, Any]]:
    """Return one record a table, strategy and seed: regret after 10, 30 and 100 trials."""
    knowledge = ExperienceStore(store).read()
    emulators = open_emulators(knowledge, wanted)
    lent: dict[str, Lent] = {}
    if any(each.experience for each in variants.values()):
        lent = lend(knowledge)
        median = np.median([each.correlation for each in lent.values()])
        print(f"experience of the others ranks with Spearman {median:.2f} (median)", flush=True)
    runs: list[tuple[Emulator, str, int, History, float]] = []
    for emulator in emulators:
        for name, variant in variants.items():
            for seed in range(seeds):
                history, seconds = _run(emulator, variant, lent.get(emulator.name), seed, trials)
                runs.append((emulator, name, seed, history, seconds))
        print(f"{emulator.name} done", flush=True)
    return [_record(*run, trials) for run in runs]  # the best known is known only now


def _run(
    emulator: Emulator, variant: Variant, lent: Lent | None, seed: int, trials: int
) -> tuple[History, float]:
    """Return the trials, and the seconds of processor time that choosing them took."""
    executor, before = EmulatedExecutor(emulator), time.process_time()
    known = lent if variant.experience else None
    with variant.applied():
        plan = SearchPlan(
            space=emulator.space,
            budget=Budget(trials=trials),
            seed=integer_seed(seed, "run", emulator.name),
            n_workers=executor.n_workers,
            strategy=variant.strategy,
            n_folds=emulator.n_folds,
            warm_start=() if known is None else tuple(known.first),
            prior=None if known is None else known.prior,
            racing=variant.racing,
        )
        metric = get_metric("r2", ProblemKind.REGRESSION, 1)  # any whose larger is better
        history = run_search(plan, executor, metric, deadline=Deadline(None))
    return history, time.process_time() - before - executor.seconds


def _record(
    emulator: Emulator, name: str, seed: int, history: History, seconds: float, trials: int
) -> dict[str, Any]:
    results = history.ordered
    truth = emulator.truth([each.trial.configuration for each in results])
    observed = np.array([-np.inf if each.score is None else each.score for each in results])
    record: dict[str, Any] = {
        "table": emulator.name,
        "strategy": name,
        "seed": seed,
        "ascent": ascent_win_rate(history),
        "fold_fits": sum(len(each.fold_scores) for each in results)
        / (len(results) * emulator.n_folds),
        "choosing": seconds / len(results),
    }
    for count in COUNTS:
        if count <= trials:
            # Who searches sees noise, and so takes the best that it saw.
            record[f"regret_{count}"] = emulator.regret(float(truth[observed[:count].argmax()]))
    return record
