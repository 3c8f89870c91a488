"""Output of `espalier verify`: the comparison of a reproduced model with the registered one."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from espalier.flows.terminal.safe_text import safe_text
from espalier.flows.training.reproduction import ReproducedModel, verify_model
from espalier.infra.settings import load_settings
from espalier.pipelines.lifecycle.reproduction import Agreement

_STYLES = {
    Agreement.IDENTICAL: "green",
    Agreement.CLOSE: "yellow",
    Agreement.DIFFERENT: "bold red",
}


def show_reproduction(spec: str, *, data: str | None, query: str | None) -> bool:
    """Reproduce the model, print the comparison, and return whether it agrees (within tolerance).

    Raises
    ------
    UserError
        The model cannot be reproduced.
    """
    verified = verify_model(spec, load_settings(), data=data, query=query)
    console = Console(highlight=False, markup=False)
    console.print(_member_table(verified))
    console.print()
    console.print(
        Text.assemble(
            f"{verified.model}: hold-out {verified.metric} {verified.holdout_score:.6g}"
            f"{' (which it has learnt from)' if verified.learnt_all else ''}, "
            f"reproduced {verified.holdout_score_now:.6g}; its predictions are ",
            _said(verified.made.answers),
            f" (largest difference {verified.made.largest_difference:.3g})",
        )
    )
    console.print(Text(f"table from {safe_text(verified.data)}, fingerprint as recorded"))
    if not verified.same_rows:
        console.print(
            Text("rows, columns or folds differ: the preparation has changed", style="red")
        )
    for name, then, now in verified.changed:
        console.print(Text(f"{name}: was {then or 'not installed'}, is {now or 'not installed'}"))
    if not verified.changed:
        console.print("environment unchanged: no package version differs")
    if verified.was_timed and verified.agreement is Agreement.DIFFERENT:
        console.print("the training run had a time budget: it may have ended some fits early")
    console.print(Text.assemble("verdict: ", _said(verified.agreement)))
    return verified.agreement is not Agreement.DIFFERENT


def _member_table(verified: ReproducedModel) -> Table:
    table = Table(box=None, header_style="bold")
    table.add_column("trial", justify="right")
    table.add_column("family")
    table.add_column(verified.metric, justify="right")
    table.add_column("now", justify="right")
    for heading in ("fold scores", "refitted model"):
        table.add_column(heading)
    for each in verified.made.members:
        table.add_row(
            str(each.trial),
            each.family,
            _number(each.score),
            _number(each.score_now),
            _said(each.scores),
            _said(each.predictions),
        )
    return table


def _said(agreement: Agreement) -> Text:
    return Text(str(agreement), style=_STYLES[agreement])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
