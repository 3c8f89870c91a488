"""What experience saves a search of forecasts, replayed on recorded trials.

    python benchmarks/studies/forecast_warm.py STORE [--knowledge FOLDER] [--trials 12]

STORE is what `espalier experience build` (or `benchmarks/parts/forecasts/record.py`) recorded on
sets of series. On each set the recorded configurations are ordered

    cold    the families' defaults as a search without experience tries them, then the others as
            they were recorded
    warm    four by what ``--knowledge`` promises, then the defaults,
            then the others by promise
    others  the same by what the other sets of STORE taught

and after each trial the best score so far is compared with the best of all: the mean over sets of
their ratio less 1, in per cent. Experience that holds the set itself leaves it out in ``others``
only; give ``warm`` a folder that was fitted to other sets. The last line is one JSON object.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.experience.first_candidates import Candidates
from espalier.pipelines.experience.knowledge import open_knowledge
from espalier.pipelines.experience.recording.space_alignment import (
    AlignedDataset,
    align_knowledge,
)
from espalier.pipelines.experience.recording.store import ExperienceStore
from espalier.pipelines.experience.transfer.transfer_process import ProcessExperience
from espalier.pipelines.experience.transfer.validate import spearman

ADVISED = 4


def cold_order(known: AlignedDataset) -> list[int]:
    """Return the places of the trials as a search without experience would try them."""
    space = known.space
    place_of = {each: at for at, each in enumerate(known.configurations)}
    defaults = [place_of[each] for f in space.families if (each := space.default(f)) in place_of]
    return list(dict.fromkeys([*defaults, *range(len(known.configurations))]))


def warm_order(known: AlignedDataset, predictor: ProcessExperience) -> tuple[list[int], float]:
    """Return the places as experience orders them, and how well it ranks all of them."""
    found = Candidates.of(
        known.configurations, known.seconds, known.space, predictor, known.dataset.meta
    )
    n = len(known.configurations)
    # The space here lacks the costs in units of a median trial: seconds over their median.
    found = Candidates(
        configurations=found.configurations,
        mean=found.mean,
        doubt=found.doubt,
        costs=known.seconds / np.median(known.seconds),
        nearness=found.nearness,
        is_default=found.is_default,
    )
    promised = found.by_promise(n)
    order = [*promised[:ADVISED], *cold_order(known)[: len(known.space.families)], *promised]
    return list(dict.fromkeys(order)), spearman(found.mean, known.scores)


def regrets(known: AlignedDataset, order: list[int], trials: int) -> NDArray[np.float64]:
    """Return how far the best so far is from the best of all after each trial, in per cent."""
    errors = -known.scores[order][:trials]
    errors = np.concatenate([errors, np.full(max(0, trials - len(errors)), np.inf)])
    return np.asarray(100.0 * (np.minimum.accumulate(errors) / (-known.scores).min() - 1.0))


def main() -> None:
    """Replay every set and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--knowledge", type=Path)
    parser.add_argument("--trials", type=int, default=12)
    options = parser.parse_args()
    known = align_knowledge(ExperienceStore(options.store).read(), series=True)
    shipped = None if options.knowledge is None else open_knowledge(options.knowledge).predictor
    curves: dict[str, list[NDArray[np.float64]]] = {"cold": [], "warm": [], "others": []}
    ranks: dict[str, list[float]] = {"warm": [], "others": []}
    print(f"{'set':20s}{'cold 4':>9s}{'warm 4':>9s}{'others 4':>9s}{'rank':>7s}{'others':>8s}")
    for place, each in enumerate(known.datasets):
        curves["cold"].append(regrets(each, cold_order(each), options.trials))
        line = [curves["cold"][-1][ADVISED - 1]]
        predictors = {"warm": shipped}
        if len(known.datasets) > 2:
            predictors["others"] = ProcessExperience(seed=0).fit(known.without(place))
        for name, predictor in predictors.items():
            if predictor is not None:
                order, rank = warm_order(each, predictor)
                curves[name].append(regrets(each, order, options.trials))
                ranks[name].append(rank)
                line.append(curves[name][-1][ADVISED - 1])
        cells = "".join(f"{value:9.1f}" for value in line)
        print(f"{each.dataset.name:20s}{cells}{''.join(f'{r[-1]:8.2f}' for r in ranks.values())}")
    summary = {
        name: {
            str(n): round(float(np.mean([curve[n - 1] for curve in found])), 2)
            for n in (1, 2, 4, 8, options.trials)
        }
        for name, found in curves.items()
        if found
    }
    medians = {name: round(float(np.median(found)), 3) for name, found in ranks.items() if found}
    print(json.dumps({"sets": len(known.datasets), "regret": summary, "spearman": medians}))


if __name__ == "__main__":
    main()
