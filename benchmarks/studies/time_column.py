"""What the time column says as a feature, and the days between dates.

    python benchmarks/studies/time_column.py DATASETS_FOLDER
    python benchmarks/studies/time_column.py DATASETS_FOLDER --newest
    python benchmarks/studies/time_column.py DATASETS_FOLDER --gaps

The defaults of some families are fitted to the older 80 % of at most 3,000 rows and scored on the
newest 20 %, with each way of using the dates. A line of JSON for each table, way and family.
"""

import argparse
import json
import warnings
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.preprocessing import build
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration

ROWS, HELD_OUT, SEED = 3_000, 0.2, 0
FAMILIES = ("lightgbm", "extra_trees", "linear")


@dataclass(frozen=True)
class Ordered:
    """A table whose rows have a date, the target in it, and the dates it is made of."""

    file: str
    target: str
    time: str
    parts: tuple[str, ...] = ()  # year, month, day and hour in columns of their own
    leave_out: tuple[str, ...] = ()


TABLES = (
    Ordered("chicago_ridership", "ridership", "date"),
    Ordered("beijing_pm25", "pm2.5", "time", parts=("year", "month", "day", "hour")),
    Ordered("vic_electricity", "Demand", "Time", leave_out=("Date",)),
    Ordered("australia_tourism", "Trips", "date_time"),
    Ordered("bird_strike_phase", "phase_of_flt", "date"),
    Ordered("airline_delay", "IsArrDelayed", "time", parts=("Year", "Month", "DayofMonth")),
    Ordered("rodent_species", "species_id", "time", parts=("year", "month", "day")),
    Ordered("series/etth1", "target", "time"),
    Ordered("series/m5_sample", "target", "time"),
    Ordered("series/ercot_zones", "target", "time"),
    Ordered("series/tourism_monthly", "target", "time", leave_out=("split",)),
)
WAYS: dict[str, dict[str, Any]] = {
    "order only": {},
    "calendar": {},
    "calendar, seen once or not": {"seen": 0},
    "calendar and trend": {"trend": True},
    "all": {"trend": True, "seen": 0},
}


def read(folder: Path, table: Ordered, *, newest: bool) -> pd.DataFrame:
    """Return at most `ROWS` rows in the order of time: the newest ones, or spread over all."""
    frame = pd.read_parquet(folder / f"{table.file}.parquet").drop(columns=list(table.leave_out))
    if table.parts:
        names = ("year", "month", "day", "hour")
        parts = dict(zip(names, (frame[each] for each in table.parts), strict=False))
        frame[table.time] = pd.to_datetime(pd.DataFrame(parts), errors="coerce")
        frame = frame.drop(columns=list(table.parts))
    frame["__time"] = pd.to_datetime(frame[table.time], utc=True)
    frame = frame.dropna(subset=[table.target, "__time"]).sort_values("__time", kind="stable")
    if len(frame) > ROWS:
        drawn = np.random.default_rng(SEED).choice(len(frame), ROWS, replace=False)
        frame = frame.iloc[-ROWS:] if newest else frame.iloc[np.sort(drawn)]
    return frame.drop(columns="__time").reset_index(drop=True)


def measure(frame: pd.DataFrame, table: Ordered, way: str, family: str) -> tuple[str, float]:
    """Return the metric, and the score on the newest rows of a family's default."""
    options = WAYS[way]
    made = assemble(
        frame,
        target=table.target,
        time_column=table.time,
        exclude=(table.time,) if way == "order only" else (),
    )
    data = made.dataset
    metric = get_metric(None, data.problem, data.n_classes)
    learners = choose_learners(FAMILIES, data.shape)
    learner = next(each for each in learners if each.name == family)
    space = SearchSpace(learners, data.shape)
    order = np.argsort(data.times, kind="stable")
    cut = int(len(order) * (1 - HELD_OUT))
    train, test = data.take(order[:cut]), data.take(order[cut:])
    with patch("espalier.pipelines.preprocessing.dates.SEEN_CYCLES", options.get("seen", 2)):
        chosen = dict(space.default(family)) | {"prep_trend": options.get("trend", False)}
        configuration = Configuration.of(family, chosen)
        model = Candidate(configuration, learner, data.roles, data.shape, SEED)
        model.fit(train.X, train.y, times=train.times)
        scores = model.predict_scores(test.X)
    return metric.name, score_predictions(metric, test.y, scores, None)


def two_dates(*, matters: bool) -> pd.DataFrame:
    """Return rows with an order date, a delivery date and a third; the gap matters, or not."""
    rng = np.random.default_rng(SEED)
    start = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1500, ROWS), unit="D")
    waited = rng.gamma(2.0, 10.0, ROWS)
    signal = np.where(waited > 25, 1.0, 0.0) + 0.02 * waited if matters else 0.0
    return pd.DataFrame(
        {
            "ordered": start,
            "delivered": start + pd.to_timedelta(waited.round(), unit="D"),
            "born": pd.Timestamp("1980-01-01")
            + pd.to_timedelta(rng.integers(0, 9000, ROWS), unit="D"),
            "x": rng.normal(size=ROWS),
            "target": signal + 0.5 * start.month + rng.normal(size=ROWS),
        }
    )


def measure_gaps(frame: pd.DataFrame, family: str, *, gaps: bool) -> float:
    """Return the rmse of a family's default on a fifth of the rows, drawn."""
    data = assemble(frame, target="target").dataset
    learners = choose_learners(FAMILIES, data.shape)
    learner = next(each for each in learners if each.name == family)
    configuration = SearchSpace(learners, data.shape).default(family)
    order = np.random.default_rng(SEED).permutation(len(data))
    cut = int(len(order) * (1 - HELD_OUT))
    train, test = data.take(order[:cut]), data.take(order[cut:])
    with patch.object(build, "GAPS", gaps):
        model = Candidate(configuration, learner, data.roles, data.shape, SEED)
        model.fit(train.X, train.y)
        scores = model.predict_scores(test.X)
    return score_predictions(get_metric("rmse", data.problem, 1), test.y, scores, None)


def print_gaps() -> None:
    """Print a line for each family: with and without the days between dates."""
    for matters, family in product((True, False), FAMILIES):
        frame = two_dates(matters=matters)
        found = {
            f"gaps {gaps}": round(measure_gaps(frame, family, gaps=gaps), 5)
            for gaps in (False, True)
        }
        print(json.dumps({"matters": matters, "family": family} | found), flush=True)


def main() -> None:
    """Print a line for each table, way and family."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", nargs="*", help="only these")
    parser.add_argument("--newest", action="store_true", help="the newest rows, not drawn ones")
    parser.add_argument("--gaps", action="store_true", help="made tables with several dates")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.gaps:
        print_gaps()
        return
    for table in TABLES:
        if options.tables and table.file not in options.tables:
            continue
        frame = read(options.folder, table, newest=options.newest)
        for family, way in product(FAMILIES, WAYS):
            name, score = measure(frame, table, way, family)
            line = {"table": table.file, "family": family, "way": way, "metric": name}
            print(json.dumps(line | {"score": round(score, 5), "rows": len(frame)}), flush=True)


if __name__ == "__main__":
    main()
