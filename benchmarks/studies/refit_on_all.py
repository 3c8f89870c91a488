"""What a model gains by learning from its hold-out too: a quarter more rows.

    python benchmarks/studies/refit_on_all.py DATASETS_FOLDER --rows 1000

Of each table a fifth is put aside for scoring. The defaults of some families are fitted to 64 % of
the rows, as a search with a hold-out has them, and to 80 %. A line of JSON for each table.
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.splitting.splits import split_holdout
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.space.joint import SearchSpace

FAMILIES = ("lightgbm", "extra_trees", "linear")
SPLITS = 3
TABLES = (
    "german_credit",
    "titanic",
    "oil_spill",
    "lending_club",
    "nonvoters",
    "midwest_survey",
    "leaf_flavia",
    "diamonds",
    "ames",
    "employee_salaries",
    "delaney_solubility",
    "house_16h",
)


def loss_of(train: Dataset, test: Dataset, family: str) -> float:
    """Return the loss on ``test`` of a family's default that is fitted to ``train``."""
    metric = get_metric("rmse" if train.n_classes == 1 else "log_loss", train.problem, 2)
    learners = choose_learners(FAMILIES, train.shape)
    learner = next(each for each in learners if each.name == family)
    space = SearchSpace(learners, train.shape)
    model = Candidate(space.default(family), learner, train.roles, train.shape, 0)
    model.fit(train.X, train.y)
    return score_predictions(metric, test.y, model.predict_scores(test.X), None)


def gains(frame: pd.DataFrame, target: str) -> list[float]:
    """Return the logarithm of loss with all rows over loss without the hold-out, for each fit."""
    found = []
    for seed in range(SPLITS):
        data = assemble(frame, target=target).dataset
        whole, test = (data.take(rows) for rows in split_holdout(data, fraction=0.2, seed=seed))
        search, _ = split_holdout(whole, fraction=0.2, seed=seed + 100)
        for family in FAMILIES:
            with_all = loss_of(whole, test, family)
            found.append(float(np.log(with_all / loss_of(whole.take(search), test, family))))
    return found


def main() -> None:
    """Print the mean gain of each table, and of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    index = pd.read_csv(options.folder / "index.csv").set_index("name")
    means = []
    for name in TABLES:
        frame = pd.read_parquet(options.folder / f"{name}.parquet")
        frame = frame.sample(min(options.rows, len(frame)), random_state=0).reset_index(drop=True)
        found = gains(frame, index.loc[name, "target"])
        means.append(float(np.mean(found)))
        line = {"table": name, "rows": len(frame), "loss_times": round(np.exp(means[-1]), 4)}
        print(json.dumps(line | {"better": round(float(np.mean(np.array(found) < 0)), 2)}))
    print(json.dumps({"rows": options.rows, "loss_times": round(float(np.exp(np.mean(means))), 4)}))


if __name__ == "__main__":
    main()
