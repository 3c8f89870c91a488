"""Half a year of one model: trained, watched, retrained, refused, promoted, rejected, rolled back.

    python examples/month_by_month/story.py FOLDER [--json FILE]

Everything is kept in FOLDER: the growing table, the registry, the trials. Afterwards look around:

    ESPALIER_HOME=FOLDER/home espalier ui
    ESPALIER_HOME=FOLDER/home espalier history tumours
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from months import TARGET, broken, month, until

MODEL = "tumours"
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Chapter:
    """One month: what happened, in lines for people and in facts for scripts."""

    title: str
    lines: tuple[str, ...]
    facts: dict[str, Any]


@dataclass(frozen=True)
class Clinic:
    """Where the tables lie: all rows there are, and those of the newest month alone."""

    folder: Path

    @property
    def table(self) -> Path:
        """All rows; the source that retrainings read."""
        return self.folder / "tumours.csv"

    @property
    def newest(self) -> Path:
        """The rows of the newest month; what monitoring reads."""
        return self.folder / "new.csv"

    def export(self, number: int, *, goes_wrong: bool = False) -> None:
        """Write both tables as they are at the end of a month."""
        rows = until(number)
        (broken(rows) if goes_wrong else rows).to_csv(self.table, index=False)
        month(number).to_csv(self.newest, index=False)


def first_training(clinic: Clinic) -> Chapter:
    """Month 1: a model is trained by hand, and serves."""
    from espalier.flows.train_flow import train
    from espalier.pipelines.requests.train import TrainRequest

    clinic.export(1)
    report = train(
        TrainRequest(
            data=str(clinic.table),
            target=TARGET,
            name=MODEL,
            trials=3,
            workers=1,
            families=("linear", "lightgbm"),
            search="random",
        )
    )
    return Chapter(
        "Month 1: a first model",
        (
            f"{report.n_trials} trials; {report.metric} {report.holdout_score:.3f} on "
            f"{report.n_holdout} rows that the search never saw",
            f"{report.model}/{report.version} serves, as there was nobody else",
        ),
        {"version": report.version, "alias": report.alias},
    )


def more_of_the_same(clinic: Clinic) -> Chapter:
    """Month 2: watched and found healthy, then retrained by the schedule."""
    clinic.export(2)
    watched = run_scheduled("monitor")
    retrained = run_scheduled("retrain")
    again = run_scheduled("retrain")
    promotion = retrained.promotion
    return Chapter(
        "Month 2: more of the same",
        (
            f"monitor: {watched.line}",
            f"retrain: {retrained.n_rows} rows; challenger {MODEL}/{retrained.version}",
            f"promote: {promotion.outcome}. {' '.join(promotion.reasons)}",
            f"retrain once more: {'changed' if again.changed else 'nothing new, nothing trained'}",
        ),
        {
            "verdict": watched.verdict,
            "challenger": retrained.version,
            "outcome": promotion.outcome,
            "champion": promotion.champion,
            "changed_again": again.changed,
        },
    )


def a_broken_export(clinic: Clinic) -> Chapter:
    """Month 3: the export goes wrong, and is refused by what the champion was trained under."""
    from espalier.pipelines.errors import DataRefusedError

    clinic.export(3, goes_wrong=True)
    try:
        run_scheduled("retrain")
    except DataRefusedError as error:
        refusal = str(error)
    else:
        raise AssertionError("a broken table was trained on")
    serves, n_versions = champion()
    return Chapter(
        "Month 3: the export goes wrong",
        (f"retrain: {refusal}", f"{MODEL}/{serves} goes on serving"),
        {"refusal": refusal, "champion": serves, "n_versions": n_versions},
    )


def a_new_scanner(clinic: Clinic) -> Chapter:
    """Month 4: the export is mended, a new scanner reports other numbers: a retraining follows."""
    clinic.export(4)
    before, _ = champion()
    watched = run_scheduled("monitor")
    retrained = watched.retraining
    promotion = retrained.promotion
    return Chapter(
        "Month 4: a new scanner",
        (
            *(f"monitor: {reason}" for reason in watched.reasons),
            f"retrain, triggered: {retrained.n_rows} rows; challenger {MODEL}/{retrained.version}",
            f"promote: {promotion.outcome}. {' '.join(promotion.reasons)}",
        ),
        {
            "verdict": watched.verdict,
            "reasons": watched.reasons,
            "champion_before": before,
            "challenger": retrained.version,
            "outcome": promotion.outcome,
            "numbers": promotion.numbers,
            "champion": promotion.champion,
        },
    )


def a_worse_idea(clinic: Clinic) -> Chapter:
    """Month 5: a colleague's model is compared with the champion on the newest rows."""
    from espalier.flows.promote_flow import promote
    from espalier.flows.train_flow import train
    from espalier.pipelines.requests.promote import PromoteRequest
    from espalier.pipelines.requests.train import TrainRequest

    report = train(
        TrainRequest(
            data=str(clinic.table),
            target=TARGET,
            name=MODEL,
            trials=1,
            workers=1,
            families=("linear",),
            search="random",
            exclude=("mean radius", "mean perimeter", "mean area", "mean texture"),
        )
    )
    clinic.export(5)  # nobody was trained on these rows
    decided = promote(PromoteRequest(name=MODEL, data=str(clinic.newest), actor="a colleague"))
    return Chapter(
        "Month 5: a colleague makes do with two columns",
        (
            f"train: challenger {MODEL}/{report.version}",
            f"promote: {decided.outcome}. {' '.join(decided.reasons)}",
        ),
        {
            "challenger": report.version,
            "outcome": decided.outcome,
            "champion": decided.champion,
            "numbers": decided.numbers,
        },
    )


def back(clinic: Clinic) -> Chapter:
    """Month 6: the old scanner is back, and so is the old model, in one step."""
    del clinic  # no data are needed for it
    from espalier.flows.rollback_flow import rollback
    from espalier.pipelines.requests.promote import RollbackRequest

    before, _ = champion()
    done = rollback(
        RollbackRequest(name=MODEL, reason="The old scanner is back.", actor="the clinic")
    )
    return Chapter(
        "Month 6: the old scanner is back",
        (f"rollback: {MODEL}/{done.champion_after} serves again, instead of {MODEL}/{before}",),
        {"champion_before": before, "champion": done.champion_after},
    )


CHAPTERS: tuple[Callable[[Clinic], Chapter], ...] = (
    first_training,
    more_of_the_same,
    a_broken_export,
    a_new_scanner,
    a_worse_idea,
    back,
)


def run_scheduled(flow: str) -> Any:
    """Run what the schedule says of a flow, with its parameters, as Prefect does at the hour."""
    from typing import get_type_hints

    from espalier.flows.serving.deployments import find_published_flow
    from espalier.infra.orchestration.schedules import read_schedules

    entry = next(each for each in read_schedules(HERE / "schedules.yaml") if each.flow == flow)
    found = find_published_flow(entry).load()
    request = get_type_hints(found.fn)["request"]
    return found(request.parse(entry.parameters))


def champion() -> tuple[int, int]:
    """Return the version that serves, and how many versions there are."""
    from espalier.infra.registry.registry import resolve, versions_of
    from espalier.infra.settings import load_settings

    settings = load_settings()
    return resolve(MODEL, settings).version, len(versions_of(MODEL, settings))


@contextmanager
def servers() -> Iterator[None]:
    """Start one Prefect server for all chapters, quicker than one for each."""
    from espalier.infra.orchestration.server import PrefectServer
    from espalier.infra.settings import load_settings

    with PrefectServer(load_settings()).start() as server:
        server.wait()
        from prefect.settings import PREFECT_API_URL, temporary_settings

        from espalier.flows.cli.runs.train import prefect_told

        with temporary_settings({PREFECT_API_URL: server.url}), prefect_told():
            yield


def main() -> None:
    """Tell the story."""
    parser = argparse.ArgumentParser(description="Half a year of one model.")
    parser.add_argument("folder", type=Path, help="where everything is kept; new or empty")
    parser.add_argument("--json", type=Path, help="a file for the facts, by chapter")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    if any(asked.folder.iterdir()):
        parser.error(f"{asked.folder} is not empty; name a new folder")
    clinic = Clinic(asked.folder.absolute())
    os.environ |= {
        "ESPALIER_HOME": str(clinic.folder / "home"),
        "TUMOURS": str(clinic.table),
        "NEW_TUMOURS": str(clinic.newest),
    }

    from espalier.infra.environment import quiet_environment
    from espalier.infra.operations.logs import chatter_to

    quiet_environment()
    facts = {}
    with chatter_to(clinic.folder / "story.log") as terminal:
        from rich.console import Console

        console = Console(file=terminal, highlight=False, markup=False, soft_wrap=True)
        with servers():
            from espalier.flows.cli.views.version_history import history_table, read_history
            from espalier.infra.settings import load_settings

            for chapter in CHAPTERS:
                told = chapter(clinic)
                facts[chapter.__name__] = told.facts
                console.print(f"\n{told.title}", style="bold")
                for line in told.lines:
                    console.print(f"  {line}")
            console.print()
            console.print(history_table(read_history(MODEL, load_settings())))
    if asked.json is not None:
        asked.json.write_text(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main()
