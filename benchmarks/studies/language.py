"""Whether words about a table say how configurations do on it, on the shipped experience.

    python benchmarks/studies/language.py [DATA]

For each recorded table the regrets of all configurations are predicted from those of the other
tables, weighted by their likeness, and ranked against the recorded ones (Spearman). Likeness is of

``equal``     none: all other tables count the same
``numbers``   the meta-features: the product's rule without words
``hashed``    and the hashed words of the tables' name and target: its rule with ``--about``
``words``     and these words as vectors of the static table of words
``columns``   and the words of column names as well, where DATA holds the tables as Parquet files

Tables recorded more than once (other rows, folds or seeds) are left out together.
"""

import argparse
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from espalier.pipelines.experience.knowledge import open_knowledge
from espalier.pipelines.experience.shipped import SHIPPED_FOLDER
from espalier.pipelines.experience.transfer.portfolio import Portfolio
from espalier.pipelines.experience.transfer.similarity import distances, likeness
from espalier.pipelines.metafeatures.statement import agreement, statement_vector
from espalier.pipelines.texts.words import StaticWords

Floats = NDArray[np.float64]
COUNTS = (0.2, 0.4, 0.8)
"""How much of a distance agreeing words take away at most; 0.4 is the product's."""
FIRST = 10


def described(name: str, target: str, columns: str = "") -> str:
    """Return what is known of a table in words, with underscores and capitals apart."""
    text = f"{name} {target} {columns}".replace("_", " ")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)


def embedded(texts: list[str]) -> Floats:
    """Return the cosines of texts by the table of words, less their mean, shape (n, n)."""
    made = StaticWords().embed(texts)
    vectors = np.stack([each for each in made if not isinstance(each, str)]).astype(np.float64)
    vectors -= vectors.mean(axis=0)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return np.asarray(vectors @ vectors.T)


def main() -> None:
    """Print the mean correlation, and the regret of the best of the first ten, by likeness."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, nargs="?")
    options = parser.parse_args()
    portfolio = open_knowledge(SHIPPED_FOLDER).portfolio
    names = portfolio.datasets
    targets = _targets()
    texts = [described(name, targets.get(name, "")) for name in names]
    apart = np.array([distances(meta, portfolio.meta) for meta in portfolio.meta])
    hashed = np.array(
        [[agreement(statement_vector(a), statement_vector(b)) for b in texts] for a in texts]
    )
    words = {"hashed": hashed, "words": np.maximum(embedded(texts), 0.0)}
    if options.data:
        whole = [
            described(name, targets.get(name, ""), _columns(options.data / f"{name}.parquet"))
            for name in names
        ]
        words["columns"] = np.maximum(embedded(whole), 0.0)
    rules = {"equal": np.zeros_like(apart), "numbers": apart}
    for kind, agreed in words.items():
        for count in COUNTS:
            rules[f"{kind} {count}"] = apart * (1.0 - count * agreed)
    found = {rule: _judge(distance, portfolio) for rule, distance in rules.items()}
    base = found["numbers"]
    print(f"{len(set(names))} tables, {len(portfolio.regrets)} configurations")
    print(f"{'likeness':14s} correlation (less numbers, 90 %)        regret of the first {FIRST}")
    for rule, (correlations, firsts) in found.items():
        low, high = _interval(correlations - base[0])
        print(
            f"{rule:14s} {correlations.mean():.4f} ({(correlations - base[0]).mean():+.4f} "
            f"[{low:+.4f}, {high:+.4f}])   {firsts.mean():.4f} ({(firsts - base[1]).mean():+.4f})"
        )


def _judge(distance: Floats, portfolio: Portfolio) -> tuple[Floats, Floats]:
    """Return per table the correlation, and the best regret of the ten expected best."""
    names, problems, regrets = portfolio.datasets, portfolio.problems, portfolio.regrets
    correlations, firsts = [], []
    for name in dict.fromkeys(names):
        at = names.index(name)
        others = np.array(
            [
                other != name
                and problems[place].is_classification == problems[at].is_classification
                for place, other in enumerate(names)
            ]
        )
        weights = likeness(distance[at][others])
        known = np.isfinite(regrets[:, others])
        sums = np.where(known, regrets[:, others], 0.0) @ weights
        expected = sums / np.maximum(known @ weights, 1e-9)
        there = np.isfinite(regrets[:, at])
        correlations.append(float(spearmanr(expected[there], regrets[there, at]).statistic))
        chosen = np.argsort(np.where(there, expected, np.inf), kind="stable")[:FIRST]
        firsts.append(float(regrets[chosen, at].min()))
    return np.array(correlations), np.array(firsts)


def _interval(values: Floats) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    means = [rng.choice(values, len(values)).mean() for _ in range(2_000)]
    low, high = np.quantile(means, [0.05, 0.95])
    return float(low), float(high)


def _targets() -> Mapping[str, str]:
    """Return the target of each recorded table."""
    import pandas as pd

    records = pd.read_parquet(SHIPPED_FOLDER / "records.parquet", columns=["dataset", "target"])
    return dict(records.drop_duplicates().itertuples(index=False))


def _columns(path: Path) -> str:
    """Return the names of a table's columns; nothing where there is no such file."""
    import pyarrow.parquet as pq

    return " ".join(pq.read_schema(path).names[:60]) if path.exists() else ""


if __name__ == "__main__":
    main()
