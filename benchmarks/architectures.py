"""Replay the search strategies on a table of architectures that have all been trained.

    python benchmarks/architectures.py TABLE.parquet --parameters op0,op1,op2 --score validation
        [--test test] [--costs latency,parameters] [--evaluations 100] [--runs 200]
        [--strategies random,guided] [--out runs.jsonl]

TABLE has a row an architecture and a categorical column a position. Of several columns of
``--score`` (seeds of a training) an evaluation shows one; rows of the same architecture count as
trainings of it too. The strategies are the product's own, asked for one trial at a time; printed is
the mean test value of the network with the best score seen, its 95 % interval over runs, and the
probability of a rank-sum test that random search is as good. For each of ``--costs`` the front of
score and that cost is searched as well: printed is the share of the true front's hypervolume.
With ``--out`` finished runs are kept, and not run again. The last line is one JSON object.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import bootstrap, mannwhitneyu
from searches.architecture_table import ArchitectureTable, TableColumns, TableSpace

from espalier.pipelines.errors import UserError
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.search.limits.aims import Aims
from espalier.pipelines.search.propose import propose_trials
from espalier.pipelines.seeds import integer_seed
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult, TrialStatus

STRATEGIES = ("random", "local", "evolution", "policy", "policy+critic", "guided")
FRONT_STRATEGIES = ("random", "nsga2", "guided")
_COUNTS = (30, 50, 100, 150, 200, 300, 500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One search to replay.

    Attributes
    ----------
    strategy : str
        Of the product.
    run : int
        Number of the run; it decides the seed, and what trainings show.
    cost : str or None
        Cost of the front that is searched; None: the score alone.
    evaluations : int
        Trials.
    """

    strategy: str
    run: int
    cost: str | None
    evaluations: int

    @property
    def key(self) -> tuple[str, int, str, int]:
        """What tells it from others in a file of finished runs."""
        return self.strategy, self.run, self.cost or "", self.evaluations


def replay(table: ArchitectureTable, space: TableSpace, what: Replay) -> dict[str, Any]:
    """Return the record of a search: its test value, or its share of a front, by evaluations."""
    before = time.process_time()
    which = () if what.cost is None else (table.columns.costs.index(what.cost),)
    costs = () if what.cost is None else (what.cost,)
    aims = Aims(costs=costs, known=partial(table.costs_of, which))
    history = History(get_metric("r2", ProblemKind.REGRESSION, 1))  # any whose larger is better
    places: list[int] = []
    seen: list[float] = []
    while len(places) < what.evaluations:
        trials = propose_trials(
            space,
            history,
            n=1,
            seed=integer_seed(what.run, "architectures"),
            strategy=what.strategy,
            aims=aims,
        )
        if not trials:
            break  # every architecture has been tried
        place = table.place(trials[0].configuration)
        assert place is not None
        score = table.seen(place, what.run)
        places.append(place)
        seen.append(score)
        result = TrialResult(
            trial=trials[0], status=TrialStatus.SUCCESS, score=score, fold_scores=(score,)
        )
        history = history.extend([result])
    values = {}
    for count in [each for each in _COUNTS if each < what.evaluations] + [what.evaluations]:
        part = seen[:count]
        value = (
            float(table.test[places[int(np.argmax(part))]])
            if what.cost is None
            else table.front_share(which[0], places[:count], part)
        )
        values[str(count)] = value
    return {
        "strategy": what.strategy,
        "run": what.run,
        "cost": what.cost or "",
        "evaluations": what.evaluations,
        "values": values,
        "seconds": round(time.process_time() - before, 3),
    }


def report(records: list[dict[str, Any]], sign: float) -> dict[str, Any]:
    """Print a table of each kind of search and return the figures."""
    figures: dict[str, Any] = {}
    for cost in dict.fromkeys(each["cost"] for each in records):
        title = f"front of score and {cost}: share of the hypervolume" if cost else "test value"
        turn = 1.0 if cost else sign
        print(f"\n{title}")
        own = [each for each in records if each["cost"] == cost]
        by_strategy: dict[str, list[dict[str, Any]]] = {}
        for each in own:
            by_strategy.setdefault(each["strategy"], []).append(each)
        for name, runs in by_strategy.items():
            figure = _figure(runs, by_strategy.get("random", []), turn)
            figures.setdefault(cost or "score", {})[name] = figure
            low, high = figure["interval"]
            means = "  ".join(f"{count}: {mean:.4g}" for count, mean in figure["means"].items())
            p = "" if figure["p"] is None else f"  p {figure['p']:.1e}"
            print(
                f"{name:14} {figure['mean']:.4f} [{low:.4f}, {high:.4f}]{p}  "
                f"({means}; {figure['seconds']:.2f} s a run, {figure['runs']} runs)"
            )
    return figures


def _figure(
    runs: list[dict[str, Any]], random_runs: list[dict[str, Any]], turn: float
) -> dict[str, Any]:
    counts = list(runs[0]["values"])
    last = np.array([each["values"][counts[-1]] for each in runs])
    chance = np.array([each["values"][counts[-1]] for each in random_runs])
    interval = [float(last.mean())] * 2
    if len(last) > 1 and last.std() > 0:
        found = bootstrap((last,), np.mean, method="basic", rng=np.random.default_rng(0))
        interval = sorted(turn * float(each) for each in found.confidence_interval)
    else:
        interval = [turn * each for each in interval]
    p = None
    if len(chance) and runs is not random_runs:
        p = float(mannwhitneyu(last, chance, alternative="greater").pvalue)
    return {
        "mean": round(turn * float(last.mean()), 4),
        "interval": [round(each, 4) for each in interval],
        "p": p,
        "means": {
            count: round(turn * float(np.mean([each["values"][count] for each in runs])), 4)
            for count in counts
        },
        "seconds": round(float(np.mean([each["seconds"] for each in runs])), 3),
        "runs": len(runs),
    }


def finished(path: Path | None, digest: str) -> list[dict[str, Any]]:
    """Return the records of this table in a file of finished runs."""
    if path is None or not path.exists():
        return []
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [each for each in records if each["table"] == digest]


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--parameters", required=True, help="columns of the positions, by comma")
    parser.add_argument("--score", required=True, help="what a search sees; several: one is drawn")
    parser.add_argument("--test", help="what it is judged by; default: the mean of --score")
    parser.add_argument("--costs", default="", help="costs known before training")
    parser.add_argument("--lower-is-better", action="store_true", help="scores are errors")
    parser.add_argument("--evaluations", type=int, default=100)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--strategies", default=",".join(STRATEGIES), help="empty: fronts alone")
    parser.add_argument("--front-strategies", default=",".join(FRONT_STRATEGIES))
    parser.add_argument("--out", type=Path, help="finished runs, kept between calls")
    return parser.parse_args()


def main() -> None:
    """Run what is not finished and report."""
    options = arguments()
    columns = TableColumns(
        parameters=_names(options.parameters),
        scores=_names(options.score),
        test=options.test,
        costs=_names(options.costs),
        lower_is_better=options.lower_is_better,
    )
    try:
        table = ArchitectureTable.read(options.table, columns)
    except (UserError, FileNotFoundError) as error:
        sys.exit(str(error))
    space = TableSpace(table)
    wanted = [(name, None) for name in _names(options.strategies)]
    fronts = _names(options.front_strategies)
    wanted += [(name, cost) for cost in columns.costs for name in fronts]
    done = finished(options.out, table.digest)
    known = {(each["strategy"], each["run"], each["cost"], each["evaluations"]) for each in done}
    print(f"{len(table.keys)} architectures, best test value {table.test.max():.4f}", flush=True)
    for name, cost in wanted:
        for run in range(options.runs):
            what = Replay(strategy=name, run=run, cost=cost, evaluations=options.evaluations)
            if what.key in known:
                continue
            record = {"table": table.digest} | replay(table, space, what)
            done.append(record)
            if options.out is not None:
                with options.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(record) + "\n")
        print(f"{name}{f' ({cost})' if cost else ''} done", flush=True)
    kept = [
        each
        for each in done
        if (each["strategy"], each["cost"] or None) in wanted
        and each["evaluations"] == options.evaluations
        and each["run"] < options.runs
    ]
    sign = -1.0 if columns.lower_is_better else 1.0
    print(json.dumps(report(sorted(kept, key=lambda each: each["run"]), sign)))


def _names(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


if __name__ == "__main__":
    main()
