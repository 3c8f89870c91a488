"""Output of `espalier expectations`: what people state for a model, and changes of it."""

import os
import shlex
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import typer
from rich.console import Console

from espalier.flows.terminal.safe_text import safe_text
from espalier.infra.actor import current_actor
from espalier.infra.places import write_whole
from espalier.infra.registry.registry import resolve
from espalier.infra.registry.suites.expectation_suite import read_suite
from espalier.infra.registry.suites.owned_suites import StoredSuite, change_owned, read_owned
from espalier.infra.settings import Settings, load_settings
from espalier.infra.validation.report import describe
from espalier.infra.validation.suite_page import render_suite, severity_word
from espalier.pipelines.data.contract import DataContract
from espalier.pipelines.data.expectation import DAYS_OLD, SHARE_OF_LAST, Expectation, Severity
from espalier.pipelines.data.owned.suite import OwnedSuite, pinned
from espalier.pipelines.data.owned.suite_file import SEVERITIES, from_yaml, parse_line, to_yaml
from espalier.pipelines.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteChange:
    """What the command is to change; its attributes are the options of the command."""

    add: tuple[str, ...] = ()
    min_rows: str | None = None
    fresh: tuple[str, ...] = ()
    pin: tuple[str, ...] = ()
    silence: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    edit: bool = False
    file: Path | None = None
    severity: str | None = None
    reason: str = ""

    @property
    def is_none(self) -> bool:
        """Whether nothing is to be changed."""
        parts = (self.add, self.min_rows, self.fresh, self.pin, self.silence, self.remove)
        return not (any(parts) or self.edit or self.file is not None)


def show_expectations(
    name: str, change: SuiteChange, *, as_yaml: bool = False, html: Path | None = None
) -> None:
    """Change what people state for a model, if asked to, and print it.

    Raises
    ------
    UserError
        There is no such model, or the change cannot be made.
    """
    settings = load_settings()
    if change.is_none:
        resolve(name, settings)  # names the models there are
        stored = read_owned(settings, name)
    else:
        stored = _changed(name, change, settings)
    if html is not None:
        write_whole(html, render_suite(stored.suite, name, stored.revision, stored.actor))
    if as_yaml:
        typer.echo(to_yaml(stored.suite, name), nl=False)
    else:
        _print(name, stored)


def _changed(name: str, change: SuiteChange, settings: Settings) -> StoredSuite:
    resolve(name, settings)
    whole = _whole(name, change, settings)
    stated = _stated(change, name, settings)

    def make(suite: OwnedSuite) -> OwnedSuite:
        suite = suite if whole is None else whole
        if change.remove:
            suite = suite.without(change.remove)
        return suite.silencing(change.silence).with_expectations(stated)

    anew = change.file is not None
    return change_owned(settings, name, make, actor=current_actor(), anew=anew)


def _whole(name: str, change: SuiteChange, settings: Settings) -> OwnedSuite | None:
    """Return the suite that replaces the present one; None if parts of it change."""
    if change.file is not None and change.edit:
        raise UserError("give --edit or --file, not both")
    if change.file is not None:
        try:
            return from_yaml(change.file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{str(change.file)!r} cannot be read: {error}") from None
    if not change.edit:
        return None
    # A person may take hours: the lock is not held meanwhile. Somebody else's change is noticed.
    before = read_owned(settings, name)
    text = _edit(to_yaml(before.suite, name))
    edited = from_yaml(text)
    if read_owned(settings, name).revision != before.revision:
        raise UserError(
            "somebody else has changed the suite meanwhile; nothing was changed: open it again and "
            "repeat your change"
        )
    return edited


def _edit(text: str) -> str:
    """Return the text as a person leaves it in their editor.

    Raises
    ------
    UserError
        There is no editor, it failed, or the text was not changed.
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "suite.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            subprocess.run([*shlex.split(editor), str(path)], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise UserError(
                f"the editor {editor!r} failed ({error}); set VISUAL or EDITOR, or use --yaml and "
                "--file"
            ) from None
        edited = path.read_text(encoding="utf-8")
    if edited == text:
        raise UserError(
            "the suite was not changed in the editor; save the file before you close it"
        )
    return edited


def _stated(change: SuiteChange, name: str, settings: Settings) -> tuple[Expectation, ...]:
    word = change.severity or "error"
    if word not in SEVERITIES:
        raise UserError(f"the severity is {' or '.join(SEVERITIES)}, not {word!r}")
    severity = SEVERITIES[word]
    found = [parse_line(line, word, change.reason) for line in change.add]
    if change.min_rows is not None:
        found.append(_rows(change.min_rows, severity, change.reason))
    found += [_newest(text, severity, change.reason) for text in change.fresh]
    if change.pin:
        kept = pinned(_champions(name, settings), change.pin)
        given = None if change.severity is None else severity
        found += [
            replace(each, severity=given or each.severity, reason=change.reason) for each in kept
        ]
    return tuple(found)


def _champions(name: str, settings: Settings) -> DataContract:
    version = resolve(name, settings)
    suite = read_suite(settings, version)
    if suite is None:
        raise UserError(
            f"the training of {version.name}/{version.version} left no suite; nothing can be "
            "pinned: train the model again"
        )
    return suite


def _rows(text: str, severity: Severity, reason: str) -> Expectation:
    is_share = text.strip().endswith("%")
    number = _number(text.strip().removesuffix("%"), "--min-rows is a number of rows or 50%")
    limit = {SHARE_OF_LAST: number / 100} if is_share else {"min_value": round(number)}
    return Expectation(
        "ExpectTableRowCountToBeBetween", None, severity, limit, owned=True, reason=reason
    )


def _newest(text: str, severity: Severity, reason: str) -> Expectation:
    column, equals, days = text.rpartition("=")
    if not equals or not column:
        raise UserError(f"--fresh is COLUMN=DAYS, such as updated=7, not {text!r}")
    limit = {DAYS_OLD: _number(days, "--fresh is COLUMN=DAYS, such as updated=7")}
    return Expectation(
        "ExpectColumnMaxToBeBetween", column, severity, limit, owned=True, reason=reason
    )


def _number(text: str, advice: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < 1e15:
        raise UserError(f"{advice}, not {text!r}")
    return number


def _print(name: str, stored: StoredSuite) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if not stored.suite:
        console.print(
            f"nobody states anything for {safe_text(name)}; each training infers its suite"
        )
        return
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(stored.at_ms / 1000))
    console.print(
        f"{safe_text(name)}: revision {stored.revision}, by {safe_text(stored.actor)}, {when}"
    )
    for each in stored.suite.expectations:
        console.print(f"{severity_word(each.severity):<8} {safe_text(describe(each))}")
        console.print(f"{'':<8} {safe_text(each.key)}", style="dim")
    for key in stored.suite.silenced:
        console.print(f"not checked: {safe_text(key)}")
