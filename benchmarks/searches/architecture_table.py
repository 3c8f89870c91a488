"""A table of architectures as a search space whose trials are looked up, and its judge.

A row is an architecture, a column one of its positions; the product's own search chooses what to
look up. What is not in the table cannot be built and is never a trial. A search sees what one
training would have shown: one of the score columns (the seeds of a training), drawn the same for
whoever asks. It is judged by the test column.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from ConfigSpace import Categorical, ConfigurationSpace
from numpy.typing import NDArray

from espalier.pipelines.acquisition.front import front_of, hypervolume
from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.errors import UserError
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.seeds import generator
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration

Array = NDArray[np.float64]

FAMILY = "architecture"
# The reference point of a front: what is dearer than this quantile of all costs, or not better than
# this quantile of all scores, is worth nothing.
COST_QUANTILE, SCORE_QUANTILE = 0.99, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumns:
    """Which columns of a table are what.

    Attributes
    ----------
    parameters : tuple of str
        Positions of the architecture.
    scores : tuple of str
        What a search may see of an architecture; one of them is drawn.
    test : str or None
        What it is judged by; None: the mean of the scores.
    costs : tuple of str
        Costs known before training.
    lower_is_better : bool
        Whether scores and test are errors.
    """

    parameters: tuple[str, ...]
    scores: tuple[str, ...]
    test: str | None = None
    costs: tuple[str, ...] = ()
    lower_is_better: bool = False


class ArchitectureTable:
    """Every architecture with its scores, its test value and its costs; larger values are better.

    Parameters
    ----------
    frame : DataFrame
        The table; several rows of one architecture are several trainings of it.
    columns : TableColumns
        What its columns are.
    """

    def __init__(self, frame: pd.DataFrame, columns: TableColumns) -> None:
        named = [*columns.parameters, *columns.scores, *columns.costs]
        missing = [each for each in [*named, columns.test] if each and each not in frame]
        if missing:
            raise UserError(
                f"the table has no column {missing[0]!r}; it has: {', '.join(map(str, frame))}"
            )
        self.columns = columns
        sign = -1.0 if columns.lower_is_better else 1.0
        positions = frame[list(columns.parameters)].astype(object)
        positions = positions.where(positions.notna(), "(none)").astype(str)
        found = {
            name: tuple(sorted(positions[name].unique(), key=_in_order))
            for name in columns.parameters
        }
        self.options = {name: options for name, options in found.items() if len(options) > 1}
        if not self.options:
            raise UserError("every position has the same option in all rows; nothing to search")
        keys = list(positions[list(self.options)].itertuples(index=False, name=None))
        seen = frame[list(columns.scores)].to_numpy(dtype=np.float64) * sign
        test = (
            np.nanmean(seen, axis=1)
            if columns.test is None
            else frame[columns.test].to_numpy(dtype=np.float64) * sign
        )
        costs = frame[list(columns.costs)].to_numpy(dtype=np.float64)
        self._scores: dict[tuple[str, ...], Array] = {}
        rows: dict[tuple[str, ...], list[int]] = {}
        for place, key in enumerate(keys):
            rows.setdefault(key, []).append(place)
        kept: list[tuple[str, ...]] = []
        tests, dear = [], []
        for key, places in rows.items():
            values = seen[places].ravel()
            values = values[np.isfinite(values)]
            truth = test[places].mean()
            if not len(values) or not np.isfinite(truth):
                continue
            kept.append(key)
            self._scores[key] = values
            tests.append(truth)
            dear.append(costs[places].mean(axis=0))
        self.keys = tuple(kept)
        self.test = np.array(tests)
        self.costs = np.array(dear).reshape(len(kept), len(columns.costs))
        self._place = {key: place for place, key in enumerate(kept)}
        self._dearest = np.quantile(self.costs, COST_QUANTILE, axis=0) if columns.costs else None
        self._least = float(np.quantile(self.test, SCORE_QUANTILE))

    @classmethod
    def read(cls, path: Path, columns: TableColumns) -> "ArchitectureTable":
        """Return the table of a Parquet or CSV file."""
        return cls(pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path), columns)

    @property
    def digest(self) -> str:
        """A hash of all that a search and its judge can see of the table."""
        text = hashlib.sha256(repr((self.options, self.keys)).encode())
        for part in (self.test, self.costs, *self._scores.values()):
            text.update(np.ascontiguousarray(part).tobytes())
        return text.hexdigest()[:12]

    def place(self, configuration: Configuration) -> int | None:
        """Return the row of a configuration; None if it is not in the table."""
        return self._place.get(tuple(str(configuration[name]) for name in self.options))

    def seen(self, place: int, run: int) -> float:
        """Return the score that a training of this row shows in a run."""
        values = self._scores[self.keys[place]]
        if len(values) == 1:
            return float(values[0])
        return float(generator(run, "training", place).choice(values))

    def costs_of(self, which: Sequence[int], configurations: Sequence[Configuration]) -> Array:
        """Return these costs of configurations, shape (n, k), infinite where not in the table."""
        found = np.full((len(configurations), max(len(which), 1)), np.inf)
        for row, configuration in zip(found, configurations, strict=True):
            place = self.place(configuration)
            if place is not None:
                row[:] = self.costs[place, list(which)] if len(which) else 0.0
        return found

    def front_share(self, which: int, places: Sequence[int], seen: Sequence[float]) -> float:
        """Return the share of the true front's hypervolume that a search's front has.

        The search chooses its front by the scores it saw; judged are their test values.
        """
        assert self._dearest is not None
        costs, at = self.costs[:, [which]], np.array(places)
        chosen = at[front_of(costs[at], np.array(seen))]
        worst = {"worst_costs": self._dearest[[which]], "worst_gain": self._least}
        whole = hypervolume(costs, self.test, **worst)
        return hypervolume(costs[chosen], self.test[chosen], **worst) / whole


class TableSpace(SearchSpace):
    """The search space of a table: one family, one choice a position.

    Random configurations are rows of the table, so that they exist however sparse the table is.
    """

    def __init__(self, table: ArchitectureTable) -> None:
        learner = Learner(
            name=FAMILY,
            label="architecture",
            problems=frozenset({ProblemKind.REGRESSION}),
            space=lambda _: ConfigurationSpace(
                [Categorical(name, list(options)) for name, options in table.options.items()]
            ),
            build=_never_built,
            expected_seconds=lambda *_: 1.0,
        )
        shape = DatasetShape(problem=ProblemKind.REGRESSION, n_rows=1_000, n_columns=0)
        super().__init__((learner,), shape)
        self._rows = [dict(zip(table.options, key, strict=True)) for key in table.keys]

    def sample(self, n: int, rng: np.random.Generator) -> list[Configuration]:
        """Return ``n`` rows at random."""
        return [
            self.complete(FAMILY, self._rows[at]) for at in rng.integers(len(self._rows), size=n)
        ]

    def sample_family(self, family: str, n: int, rng: np.random.Generator) -> list[Configuration]:
        """Return ``n`` rows at random."""
        assert family == FAMILY
        return self.sample(n, rng)


def _in_order(option: str) -> tuple[float, str]:
    try:
        return float(option), option
    except ValueError:
        return np.inf, option


def _never_built(*_: object) -> None:
    raise AssertionError("architectures are looked up, not built")
