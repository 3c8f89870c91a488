"""How often a year of retraining replaces a champion by a model that is no better.

    python benchmarks/year/promotion_year.py --years 200

Every challenger is as good as every champion: predictions are the target plus an error of the rows,
which all models share, plus an error of the model's own. Each week (or month, or quarter) a
challenger is compared with the champion by `compare_scores` on held-out rows, and becomes champion
if the lower bound of the difference lies above nothing. Four rules:

    each     every comparison at 95 %, on the same rows: as it was
    fresh    every comparison at 95 %, on rows that no comparison has seen
    year     95 % for all comparisons of a year (pipelines/lifecycle/promotion/looks.py), same rows
    better   the rule of the year where every challenger really is better, by --gain

The last tells what the rule costs. Optimism is by how much the score of the last champion on the
rows that chose it is better than the same model's score on new rows, in percent of the score.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.lifecycle.promotion.comparison import compare_scores
from espalier.pipelines.lifecycle.promotion.decision import Decision, DecisionKind
from espalier.pipelines.lifecycle.promotion.looks import YEAR_MS, confidence_of_look
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.problem import ProblemKind

REGRESSION = ProblemKind.REGRESSION
METRIC = get_metric("rmse", REGRESSION)
NEW_ROWS = 20_000
CONFIDENCE = 0.95
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """What happened in one simulated year.

    Attributes
    ----------
    promoted : int
        How many challengers became champion.
    first : float
        The week of the first promotion; NaN if there was none.
    optimism : float
        In percent of the score; NaN if nobody was promoted.
    """

    promoted: int
    first: float
    optimism: float


def level_of_each(looks: list[Decision], now_ms: int) -> float:
    """Return the level of a comparison that counts no others."""
    return CONFIDENCE


def level_of_year(looks: list[Decision], now_ms: int) -> float:
    """Return the level of one comparison of a year."""
    return confidence_of_look(CONFIDENCE, looks, now_ms)


def simulate(
    level: Callable[[list[Decision], int], float],
    *,
    n_looks: int,
    n_rows: int,
    own: float,
    gain: float,
    fresh: bool,
    seed: int,
) -> Year:
    """Simulate one year.

    Parameters
    ----------
    level : callable (looks so far, now in ms) -> float
        Confidence of the next comparison.
    n_looks : int
        Comparisons in the year, evenly spaced.
    n_rows : int
        Held-out rows.
    own : float
        Standard deviation of a model's own error; that of the shared error is 1.
    gain : float
        By which share of its own error each challenger is better than the first champion.
    fresh : bool
        Whether each comparison has new rows.
    seed : int
        Seed of everything.
    """
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=n_rows)
    champion, champion_own = shared + own * rng.normal(size=n_rows), own
    looks: list[Decision] = []
    promoted, first, optimism = 0, float("nan"), float("nan")
    for number in range(n_looks):
        now_ms = round(YEAR_MS * number / n_looks)
        if fresh:
            shared = rng.normal(size=n_rows)
            champion = shared + champion_own * rng.normal(size=n_rows)
        challenger_own = own * (1.0 - gain)
        challenger = shared + challenger_own * rng.normal(size=n_rows)
        found = compare_scores(
            METRIC,
            REGRESSION,
            np.zeros(n_rows),
            champion,
            challenger,
            seed=seed + number,
            confidence=level(looks, now_ms),
            samples=200,
        )
        assert found is not None
        looks.append(_look(now_ms, found.low))
        if found.low > 0.0:
            if not promoted:
                first = 52.0 * number / n_looks
            promoted += 1
            champion, champion_own = challenger, challenger_own
            true = float(np.sqrt(1.0 + champion_own**2))
            optimism = 100.0 * (true - found.challenger) / true
    return Year(promoted=promoted, first=first, optimism=optimism)


def _look(at_ms: int, low: float) -> Decision:
    return Decision(
        kind=DecisionKind.KEPT,
        model="simulated",
        version=None,
        champion_before=None,
        champion_after=None,
        previous_after=None,
        actor="simulation",
        reasons=(),
        numbers={"low": low},
        at_ms=at_ms,
    )


def summary(years: list[Year]) -> dict[str, float]:
    """Return the figures of many years."""
    any_promoted = np.array([each.promoted > 0 for each in years])
    known = [each for each in years if each.promoted]
    return {
        "years_with_a_promotion": round(float(any_promoted.mean()), 3),
        "promotions_a_year": round(float(np.mean([each.promoted for each in years])), 3),
        "median_week_of_the_first": float(np.median([each.first for each in known] or [np.nan])),
        "optimism_percent": round(float(np.mean([each.optimism for each in known] or [np.nan])), 2),
    }


def main() -> None:
    """Print one line of JSON for each rule and number of comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=200)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--own", type=float, default=0.5)
    parser.add_argument("--gain", type=float, default=0.15)
    parser.add_argument("--looks", type=int, nargs="+", default=[4, 12, 52])
    given = parser.parse_args()
    rules: dict[str, tuple[Callable[[list[Decision], int], float], float, bool]] = {
        "each": (level_of_each, 0.0, False),
        "fresh": (level_of_each, 0.0, True),
        "year": (level_of_year, 0.0, False),
        "better": (level_of_year, given.gain, False),
        "better, each": (level_of_each, given.gain, False),
    }
    for n_looks in given.looks:
        for name, (level, gain, fresh) in rules.items():
            years = [
                simulate(
                    level,
                    n_looks=n_looks,
                    n_rows=given.rows,
                    own=given.own,
                    gain=gain,
                    fresh=fresh,
                    seed=1000 * number,
                )
                for number in range(given.years)
            ]
            print(json.dumps({"looks": n_looks, "rule": name, **summary(years)}), flush=True)


if __name__ == "__main__":
    main()
