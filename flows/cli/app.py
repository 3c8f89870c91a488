"""The command line ``espalier``; its commands are the modules of `espalier.flows.cli.commands`.

Only typer is imported here, so that ``espalier --help`` is fast; each command imports what it needs
when it runs.
"""

import sys
from typing import Annotated

import typer

from espalier.flows.cli.commands.experience import experience
from espalier.flows.cli.commands.export.export import export
from espalier.flows.cli.commands.history import history
from espalier.flows.cli.commands.insight.compare import compare
from espalier.flows.cli.commands.insight.explain import explain
from espalier.flows.cli.commands.leaderboard import leaderboard
from espalier.flows.cli.commands.learn import learn
from espalier.flows.cli.commands.models import models
from espalier.flows.cli.commands.monitor import monitor
from espalier.flows.cli.commands.predict import predict
from espalier.flows.cli.commands.promote import promote
from espalier.flows.cli.commands.report import report
from espalier.flows.cli.commands.retrain import retrain
from espalier.flows.cli.commands.rollback import rollback
from espalier.flows.cli.commands.serve import serve
from espalier.flows.cli.commands.train import train
from espalier.flows.cli.commands.ui import ui
from espalier.flows.cli.commands.upkeep.check import check
from espalier.flows.cli.commands.upkeep.clean import clean
from espalier.flows.cli.commands.upkeep.expectations import expectations
from espalier.flows.cli.commands.upkeep.forget import forget
from espalier.flows.cli.commands.verify import verify
from espalier.flows.cli.commands.web.endpoint import endpoint
from espalier.flows.cli.commands.web.studio import studio
from espalier.flows.terminal.exits import WRONG_INPUT, say_error
from espalier.flows.terminal.last_resort import end_on_sigterm
from espalier.infra.access.origin import asked_by, commands_origin
from espalier.infra.environment import let_warnings_pass, quiet_environment
from espalier.infra.processes.import_path import leave_working_folder
from espalier.infra.version import own_version

app = typer.Typer(
    name="espalier",
    help="AutoML as a workflow: a table in, a registered champion out.",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train)
app.command()(retrain)
app.command()(promote)
app.command()(rollback)
app.command()(predict)
app.command()(monitor)
app.command()(learn)
app.command()(leaderboard)
app.command()(report)
app.command()(compare)
app.command()(explain)
app.command()(models)
app.command()(history)
app.command()(export)
app.command()(verify)
app.command()(check)
app.command()(expectations)
app.command()(clean)
app.command()(forget)
app.command()(ui)
app.command()(serve)
app.command()(studio)
app.command()(endpoint)
app.add_typer(experience)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"espalier {own_version()}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """AutoML as a workflow: a table in, a registered champion out."""


def main() -> None:
    """Run the command line and exit with its status."""
    leave_working_folder()
    let_warnings_pass()
    end_on_sigterm()
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command line on ``arguments`` and return the exit status.

    Wrong usage (an unknown option, a missing argument) is reported in one line on stderr.
    """
    quiet_environment()
    command = typer.main.get_command(app)
    try:
        with asked_by(commands_origin()):
            status = command.main(
                args=arguments or ["--help"], prog_name="espalier", standalone_mode=False
            )
    except Exception as error:
        # Depending on its version, typer has a private copy of click's exceptions or uses click's.
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        context = getattr(error, "ctx", None)
        where = context.command_path if context is not None else "espalier"
        say_error(f"{' '.join(message().split())} (see {where} --help)")
        return WRONG_INPUT
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    main()
