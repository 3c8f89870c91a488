"""Names of models, and of their versions, that a request may give."""

import re
from pathlib import PurePosixPath

from espalier.pipelines.errors import UserError

# MLflow refuses / and : in a model's name; @ begins an alias.
_NAME = re.compile(r"[\w][\w .+\-]{0,99}")
_VERSION = re.compile(rf"{_NAME.pattern}/\d+")


def default_name(source: str) -> str:
    """Return a model name derived from the last part of a path or URL."""
    # In the name of a folder, a question mark is a letter.
    path = source.split("?", 1)[0].split("::", 1)[-1] if "://" in source else source
    path = path.replace("\\", "/")
    stem = PurePosixPath(path).name.split(".", 1)[0]
    return re.sub(r"[^\w.+\-]+", "-", stem).strip("-.") or "model"


def check_model_name(name: str) -> str:
    """Return a model name.

    Raises
    ------
    UserError
        A registry could not keep it, or a command could not name it.
    """
    if not _NAME.fullmatch(name):
        raise UserError(
            f"model name {name!r} cannot be used; take letters, digits, spaces, '-', '_', '+' "
            "and '.', at most 100"
        )
    return name


def check_versions(versions: tuple[str, ...]) -> tuple[str, ...]:
    """Return versions as ``NAME/VERSION``.

    An alias may point to another version by the time a killed run is continued.

    Raises
    ------
    UserError
        One is an alias, or names no version.
    """
    wrong = next((each for each in versions if not _VERSION.fullmatch(each)), None)
    if wrong is not None:
        raise UserError(f"{wrong!r} names no version to start from; write NAME/VERSION")
    return versions
