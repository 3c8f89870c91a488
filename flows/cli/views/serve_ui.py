"""Output of `espalier ui`: the addresses of MLflow, Prefect and the studio."""

from rich.console import Console
from rich.table import Table

from espalier.infra.operations.local_servers import LocalServers
from espalier.infra.settings import load_settings

_PLACES = {
    "MLflow": (("training runs and trials", "/#/experiments"), ("model registry", "/#/models")),
    "Prefect": (("flow runs", "/runs"),),
    "Studio": (),
}


def serve_ui() -> None:
    """Find or start the servers and the studio, print their addresses, wait for Ctrl-C."""
    console = Console(highlight=False)
    with LocalServers(load_settings()) as servers:
        with console.status("starting the servers"):
            pages = servers.start()
        table = Table.grid(padding=(0, 2))
        for page in pages:
            how = "" if page.is_own else "already running"
            table.add_row(page.name, f"[cyan]{page.url}[/]", f"[dim]{how}[/]")
            for what, path in _PLACES[page.name]:
                table.add_row("", f"[cyan]{page.url}{path}[/]", f"[dim]{what}[/]")
        console.print(table)
        if not any(page.is_own for page in pages):
            return
        console.print("Ctrl-C stops the servers started here.", style="dim")
        try:
            servers.wait()
        except KeyboardInterrupt:
            console.print("stopping")
