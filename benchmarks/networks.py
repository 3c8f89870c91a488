"""Networks on pictures: light models, the search against its default, supernets against chance.

    python benchmarks/networks.py FOLDER light --seconds 60 [--families convnet] [--prefer small]
    python benchmarks/networks.py FOLDER default --seconds 60
    python benchmarks/networks.py FOLDER supernet --seconds 120

FOLDER holds sets of pictures, as ``deep.py`` takes them. ``light`` trains with size, latency and
operations among the objectives, and prints the front, its best model beside the best of a quarter
of the size, and what every smaller form loses. ``default`` trains the default network for all the
time, and searches networks for as long. ``supernet`` trains three networks that a supernet
proposes, and three random ones, in the same time. All need PyTorch. The last line is one JSON
object.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from parts.deep.tasks import Task, judge, picture_task
from parts.networks.alone import default_network, proposals_against_random
from parts.networks.light import light, quarter

_SHARE = 0.25
"""Share of the time that a supernet takes, as in a search."""


def lights(task: Task, options: argparse.Namespace) -> dict[str, Any]:
    """Print and return the figures of light models."""
    made = light(task, options.seconds, options.seed, options.families or None, options.prefer)
    shown = ["name", "score", "size", "latency", "operations", "chosen"]
    print(made.front[shown].to_string(index=False))
    if len(made.forms):
        print(made.forms.to_string(index=False))
    return {
        "served": made.served,
        "quarter": quarter(made.front),
        "quarter, models alone": quarter(made.front, made.shared_mb),
        "forms": made.forms.to_dict("records"),
    }


def against_default(task: Task, options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of the default network and of a search through networks."""
    from espalier import AutoMLClassifier, AutoMLRegressor

    found: dict[str, Any] = {}
    if not options.search_alone:
        found["default"] = default_network(task, options.seconds, options.seed)
    kind = AutoMLRegressor if task.is_regression else AutoMLClassifier
    began = time.time()
    model = kind(
        time_budget=options.seconds,
        random_state=options.seed,
        image_root=task.root or None,
        families=["convnet"],
        search=options.search,
        **({} if task.is_regression else {"metric": "log_loss"}),
    ).fit(task.X, task.y)
    spent = time.time() - began
    answers = model.predict if task.is_regression else model.predict_proba
    classes = None if task.is_regression else model.classes_
    figures = judge(task, np.asarray(answers(task.test_rows)), classes)
    trials = model.leaderboard_
    found["search"] = figures | {"seconds": spent, "trials": len(trials)}
    print(trials.drop(columns="configuration").head(8).to_string(index=False))
    print(model.ensemble_report_.to_string())
    return found


def main() -> None:
    """Run the mode on the sets that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("mode", choices=("light", "default", "supernet"))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--families", nargs="*", default=[], help="of light; default: all")
    parser.add_argument("--prefer", choices=("balanced", "score", "small"), default="small")
    parser.add_argument("--search", default="guided", help="strategy of the search of default")
    parser.add_argument("--search-alone", action="store_true", help="of default: not the default")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["XDG_CACHE_HOME"] = scratch  # vectors of earlier runs would be a head start
        for place in sorted(options.folder.iterdir()):
            if not place.is_dir() or (options.only and place.name not in options.only):
                continue
            task = picture_task(place, options.seed)
            print(f"{task.name}: {len(task.y)} rows, {len(task.test_y)} to be judged on")
            if options.mode == "light":
                found = lights(task, options)
            elif options.mode == "default":
                found = against_default(task, options)
            else:
                found = proposals_against_random(task, options.seconds, options.seed, _SHARE)
            for name, of in found.items():
                if isinstance(of, dict):
                    print(f"{task.name:15s} {name:20s} {pd.Series(of).to_dict()}")
            sys.stdout.flush()
            figures[task.name] = found
    print(json.dumps(figures, default=float))


if __name__ == "__main__":
    main()
