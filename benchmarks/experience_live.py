"""Real searches with and without experience on tables that are like none."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipelines.budget import Budget, Deadline
from pipelines.configuration import Configuration
from pipelines.data.assemble import assemble
from pipelines.data.dataset import Dataset
from pipelines.data.splits import plan_folds
from pipelines.evaluation.context import EvaluationContext
from pipelines.evaluation.executor import SerialExecutor
from pipelines.evaluation.metrics import get_metric
from pipelines.experience.advice import advise
from pipelines.experience.fit import fit_mapped
from pipelines.experience.left_out import validate
from pipelines.experience.mapping import map_all
from pipelines.experience.record import KnowledgeBase
from pipelines.learners.registry import choose_learners
from pipelines.metafeatures.profile import profile
from pipelines.search.loop import run_search
from pipelines.seeds import generator
from pipelines.space.joint import SearchSpace
from pipelines.surrogate.prior_mean import Experience

TRIALS = 30
ROWS = 240


def adversarial(records: KnowledgeBase, *, seeds: int) -> dict[str, Any]:
    """Print and return the best scores after 30 trials, with and without experience."""
    known = map_all(records)
    knowledge = fit_mapped(records, known, seed=0, validation=validate(known, known))
    figures: dict[str, Any] = {}
    for name in ("noise", "one of 500", "parity"):
        warm, cold = [], []
        for seed in range(seeds):
            dataset = assemble(_table(name, seed), target="y", task="binary").dataset
            space = SearchSpace(choose_learners(None, dataset.shape), dataset.shape)
            advice = advise(knowledge, space, profile(dataset, seed=seed))
            warm.append(_best(dataset, space, seed, advice.first, advice.prior))
            cold.append(_best(dataset, space, seed, (), None))
            print(f"{name:12} seed {seed}: warm {warm[-1]:.4f} cold {cold[-1]:.4f}", flush=True)
        gap = np.array(warm) - np.array(cold)
        # The best of 30 scores of a few hundred rows moves by about this much with the folds.
        noise = float(np.std(cold, ddof=1)) if seeds > 1 else float("nan")
        key = name.replace(" ", "_")
        figures[f"{key}_warm_minus_cold"] = float(gap.mean())
        figures[f"{key}_noise"] = noise
        print(f"{name:12} warm - cold {gap.mean():+.4f}, cold varies by {noise:.4f}", flush=True)
    return figures


def _best(
    dataset: Dataset,
    space: SearchSpace,
    seed: int,
    first: Sequence[Configuration],
    prior: Experience | None,
) -> float:
    """Return the area under the curve of the best of the trials, cross-validated."""
    metric = get_metric("roc_auc", dataset.problem, dataset.n_classes)
    folds = plan_folds(dataset, seed=seed)
    context = EvaluationContext(
        dataset=dataset, folds=folds, metric=metric, learners=space.learners
    )
    history = run_search(
        space,
        SerialExecutor(context),
        metric,
        budget=Budget(seconds=None, trials=TRIALS),
        deadline=Deadline.after(None),
        seed=seed,
        fits_per_trial=len(folds),
        warm_start=first,
        prior=prior,
    )
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
