import io

import pytest
from rich.console import Console

from espalier.flows.terminal.console import LiveConsole, PlainConsole
from espalier.flows.terminal.exits import say_error
from espalier.flows.terminal.safe_text import safe_text

EVIL = "\x1b]0;title\x07\x1b[2Jgone\u202e\n[  9.9s] all is well [red]x[/red]"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("naïve 表 £ 1.5 ± 2", "naïve 表 £ 1.5 ± 2"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\u202eexe.csv", "\\u202eexe.csv"),
        ("\x9b2J", "\\x9b2J"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
    ],
)
def test_what_cannot_be_printed_is_shown_as_its_escape(text, shown):
    assert safe_text(text) == shown
    assert safe_text(text).isprintable()


@pytest.mark.parametrize("kind", [PlainConsole, LiveConsole])
def test_nothing_of_a_note_acts_on_the_terminal(kind):
    out = io.StringIO()
    console = Console(file=out, force_terminal=kind is LiveConsole, markup=False, width=200)
    with kind(EVIL, console) as listener:
        listener.note(EVIL)
        listener.warn(EVIL)
        listener.phase("search")
    text = out.getvalue()
    for piece in ("\x1b]0", "\x1b[2J", "\x07", "\u202e", "\n[  9.9s]"):
        assert piece not in text, piece
    assert "[red]x[/red]" in text
    assert "\\x1b[2Jgone" in text


def test_an_error_is_one_harmless_line(capsys):
    say_error(EVIL)
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error[:-1].isprintable()
