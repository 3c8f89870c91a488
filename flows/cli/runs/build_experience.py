"""Run `espalier experience build` and `espalier experience fit`, and print the outcome."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.fit import fit_knowledge
from espalier.pipelines.experience.fitted import write_fitted
from espalier.pipelines.experience.knowledge import Knowledge
from espalier.pipelines.experience.recording.recording_setup import read_index
from espalier.pipelines.experience.recording.store import ExperienceStore
from espalier.pipelines.experience.shipped import FORECASTS
from espalier.pipelines.requests.build_experience import BuildRequest

if TYPE_CHECKING:
    from espalier.flows.build_experience_flow import BuildReport


def run_build(request: BuildRequest) -> None:
    """Run the flow with live progress, and print a summary.

    Raises
    ------
    UserError
        The request cannot be carried out.
    LoggedError
        Anything else failed; the traceback is in a log file.
    """
    from espalier.flows.cli.runs.flow_command import run_flow_command

    def check(own_server: bool) -> None:  # noqa: ARG001 - the caller tells it
        _ = request.design  # its families are known
        read_index(request.folder, request.tables)
        ExperienceStore(request.store).read()

    def run() -> "BuildReport":
        from espalier.flows.build_experience_flow import build_experience

        return build_experience(request)

    run_flow_command("experience", f"experience of {request.folder}", check, run, _show_build)


def _show_build(report: "BuildReport", console: Console) -> None:
    hours = report.trial_seconds / 3600.0
    console.print(
        f"{report.n_added:,} trials recorded in {hours:.2f} core-hours; {report.n_known:,} known"
    )
    for name, reason in report.failed:
        console.print(f"left out: {name}: {reason}")
    if report.unfinished:
        left = ", ".join(report.unfinished)
        console.print(f"not finished, or not started: {left}; the same command continues")


def run_fit(store: Path, out: Path, *, seed: int) -> None:
    """Fit portfolio and predictor to recorded trials, write them to a folder, print the validation.

    Raises
    ------
    UserError
        The store is missing, cannot be read, or holds too few trials.
    """
    if not store.exists():
        raise UserError(
            f"there is no experience in {str(store)!r}; record some with: espalier experience "
            f"build FOLDER --store {store}"
        )
    experience = ExperienceStore(store).read()
    of_series = experience.of_kind(series=True)
    for series, records in ((False, experience.of_kind(series=False)), (True, of_series)):
        if not len(records) and (series or len(of_series)):
            continue  # the store holds trials of the other kind alone
        place = out / FORECASTS if series else out
        knowledge = fit_knowledge(records, seed=seed, series=series)
        write_fitted(place, knowledge, records)
        _show(knowledge, place)


def _show(knowledge: Knowledge, out: Path) -> None:
    console = Console(highlight=False, markup=False)
    card = knowledge.card
    console.print(
        f"{card.n_records:,} trials on {card.n_datasets} datasets, {card.hours:.1f} core-hours"
    )
    dropped = card.n_impossible + card.n_equal
    if dropped:
        console.print(
            f"{dropped} trials dropped: {card.n_impossible} not in the current search space, "
            f"{card.n_equal} duplicates"
        )
    if card.left_out:
        console.print(
            f"datasets left out (few trials, or older meta-features): {', '.join(card.left_out)}"
        )
    if knowledge.validation.by_dataset:
        table = Table(box=None, header_style="bold", title="Leave-one-dataset-out validation")
        table.add_column("dataset")
        table.add_column("Spearman", justify="right")
        for name, value in knowledge.validation.by_dataset:
            table.add_row(name, f"{value:.2f}")
        table.add_row("median", f"{knowledge.validation.median:.2f}", style="bold")
        console.print(table)
    console.print(knowledge.validation.words)
    console.print(f"{len(knowledge.portfolio.configurations)} configurations to try first -> {out}")
