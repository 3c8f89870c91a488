"""Thousands of trials in MLflow on sqlite, and the seconds that ``espalier learn`` takes."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from espalier.infra.environment import quiet_environment
from espalier.infra.settings import Settings
from espalier.infra.tracking.tracking import Tracking
from espalier.infra.tracking.trial_reader import dataset_tags
from espalier.pipelines.experience.recording.record import ExperienceRecord, KnowledgeBase


def learning(records: KnowledgeBase, home: Path, *, n_trials: int) -> dict[str, Any]:
    """Put trials into MLflow as trainings do, learn from the command line, and print the seconds.

    Parameters
    ----------
    records : KnowledgeBase
        What the trials are taken from.
    home : Path
        An empty folder.
    n_trials : int
        How many.
    """
    quiet_environment()
    settings = Settings(home=home)
    started = time.monotonic()
    tracking = Tracking(settings).open()
    trials = _trials(records, n_trials)
    for group in KnowledgeBase(tuple(trials)).by_dataset.values():
        known = group[0].dataset
        run_id = tracking.start_run(known.name, tags=dataset_tags(known, group[0].versions))
        tracking.trials.log(run_id, [each.result for each in group])
        tracking.finish_run(run_id)
    writing = time.monotonic() - started
    outcome = home / "learned.json"
    seconds = []
    for _ in range(2):
        started = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "espalier.flows.cli.app", "learn", "--json", str(outcome)],
            check=True,
            env=os.environ | {"ESPALIER_HOME": str(home), "ESPALIER_EXPERIENCE": ""},
        )
        seconds.append(time.monotonic() - started)
        if len(seconds) == 1:
            report = json.loads(outcome.read_text())
    figures = report["figures"]
    print(
        f"learn: {figures['n_runs']:,.0f} trials of MLflow in {seconds[0]:.0f} s, "
        f"{seconds[1]:.0f} s when nothing is new (writing them took {writing:.0f} s); "
        + " ".join(report["lines"]),
        flush=True,
    )
    return {
        "learn_trials": figures["n_added"],
        "learn_seconds": seconds[0],
        "learn_again_seconds": seconds[1],
        "learn_median_spearman": figures["median_spearman"],
        "learn_verdict": report["verdict"],
    }


def _trials(records: KnowledgeBase, n: int) -> list[ExperienceRecord]:
    """Return ``n`` records, as trainings of the recorded tables under made-up names.

    Where the store has fewer, they come again as trainings on tables of another content.
    """
    found: list[ExperienceRecord] = []
    turn = 0
    while len(found) < n:
        for each in records.records[: n - len(found)]:
            known = each.dataset
            named = replace(
                known,
                name=f"training {turn} on {known.name}",
                fingerprint=f"{turn}{known.fingerprint}"[: len(known.fingerprint)],
            )
            found.append(replace(each, dataset=named))
        turn += 1
    return found
