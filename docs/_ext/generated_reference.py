"""Fill reference pages from the code, so that they cannot fall behind it.

A page holds a marker such as ``<!-- generated: commands -->``; when Sphinx reads the page, the
marker is replaced by Markdown made from the code. Nothing is written into the source folder.

    commands            every command of the command line, with its arguments and options
    settings            every setting, with its environment variables and default
    request TrainRequest  the fields of a request
"""

import re
from typing import Any

MARKER = re.compile(r"^<!-- generated: (\w+)(?: (\w+))? -->$", re.MULTILINE)


def settings_page() -> str:
    """Return one entry a setting: its variables, its default and what it means."""
    from espalier.infra.settings import Settings

    entries = []
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        names = getattr(alias, "choices", None) or [f"ESPALIER_{name.upper()}"]
        first, *others = [f"`{each}`" for each in names]
        text = _sentence(field.description or "")
        others = [each for each in others if each not in text]
        if others:
            text += f" Where it is not set, {' or '.join(others)} {_count(others)}."
        entries.append(_entry(first, f"{text} {_default(field.get_default())}"))
    return "\n".join(entries)


def commands_page() -> str:
    """Return a section a command: usage, what it does, arguments and options."""
    import typer

    from espalier.flows.cli.app import app

    return "\n".join(_command_sections(typer.main.get_command(app), "espalier"))


def request_page(name: str) -> str:
    """Return one entry a field of a request class of `espalier.pipelines.requests`."""
    request = _request_class(name)
    entries = []
    for field_name, field in request.model_fields.items():
        ends = _required() if field.is_required() else _default(field.get_default())
        entries.append(_entry(f"`{field_name}`", f"{_sentence(field.description or '')} {ends}"))
    return "\n".join(entries)


def _request_class(name: str) -> Any:
    from importlib import import_module
    from pkgutil import iter_modules

    from espalier.pipelines import requests

    for module in iter_modules(requests.__path__):
        found = getattr(import_module(f"{requests.__name__}.{module.name}"), name, None)
        if found is not None:
            return found
    raise LookupError(f"no request is called {name}")


def _command_sections(command: Any, path: str) -> list[str]:
    inner = getattr(command, "commands", None)
    if inner:
        sections = [] if path == "espalier" else [f"## {path}", "", _text(command.help)]
        for each in inner.values():
            sections += _command_sections(each, f"{path} {each.name}")
        return sections
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    usage = " ".join([path, *(each.metavar or each.name.upper() for each in arguments)])
    needed = " ".join(_spelled(each) for each in options if each.required)
    depth = "##" if path.count(" ") == 1 else "###"
    lines = [f"{depth} {path}", "", "```text", f"{usage} {needed} [OPTIONS]".replace("  ", " ")]
    lines += ["```", "", _text(command.help)]
    for each in arguments:
        lines.append(_entry(f"`{each.metavar or each.name.upper()}`", _sentence(each.help or "")))
    for panel in dict.fromkeys(each.rich_help_panel for each in options):
        if panel:
            lines += [f"**{panel}**", ""]
        lines += [_option(each) for each in options if each.rich_help_panel == panel]
    return lines


def _option(option: Any) -> str:
    text = _sentence(option.help or "")
    if option.required:
        text = f"{text} {_required()}"
    elif option.show_default and "(default:" not in text and not option.is_flag:
        text = f"{text} {_default(option.default)}"
    return _entry(f"`{_spelled(option)}`", text)


def _spelled(option: Any) -> str:
    names = "/".join([*option.opts, *option.secondary_opts])
    return names if option.is_flag else f"{names} {option.metavar or 'VALUE'}"


def _entry(term: str, text: str) -> str:
    return f"{term}\n: {text.strip()}\n"


def _text(help_text: str | None) -> str:
    paragraphs = (help_text or "").replace("\f", "").strip().split("\n\n")
    return "\n\n".join(" ".join(each.split()) for each in paragraphs) + "\n"


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if not text or text.endswith((".", ")", "!", "?")) else f"{text}."


def _required() -> str:
    return "*Required.*"


def _default(value: Any) -> str:
    if value is None or value == "" or value == () or value is False or callable(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"*Default:* `{value}`."


def _count(names: list[str]) -> str:
    return "counts" if len(names) == 1 else "count"


def generated(kind: str, argument: str | None) -> str:
    """Return the Markdown that a marker stands for.

    Raises
    ------
    LookupError
        The marker means nothing.
    """
    if kind == "commands":
        return commands_page()
    if kind == "settings":
        return settings_page()
    if kind == "request" and argument:
        return request_page(argument)
    raise LookupError(f"nothing is generated for {kind} {argument or ''}")


def fill_page(app: Any, docname: str, source: list[str]) -> None:
    """Replace the markers of a page that Sphinx is about to parse."""
    del app, docname
    source[0] = MARKER.sub(lambda found: generated(found.group(1), found.group(2)), source[0])


def setup(app: Any) -> dict[str, Any]:
    """Register the replacement with Sphinx."""
    app.connect("source-read", fill_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
