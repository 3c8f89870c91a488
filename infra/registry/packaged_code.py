"""The part of this package that is included in a logged model."""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import espalier
import espalier.pipelines

# A logged model has no flows, tasks or infra of its own: those of an installed Espalier, further
# on in the path, stay importable beside it.
_SHARE_NAME = """
from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
"""


@contextmanager
def packaged_code(weights: Collection[str] = ()) -> Iterator[Path]:
    """Copy the package ``espalier``, with only `espalier.pipelines` in it, to a temporary folder.

    Parameters
    ----------
    weights : collection of str
        Folders of `espalier.pipelines` whose weights of networks are needed; those of others, many
        times as large as all code, are left out.

    Yields
    ------
    Path
        A folder named ``espalier``, for the ``code_paths`` of an MLflow model; it is removed on
        exit. The shipped experience is left out, since predictions do not need it.
    """
    with TemporaryDirectory(prefix="espalier-code-") as scratch:
        folder = Path(scratch) / "espalier"
        shutil.copytree(
            Path(espalier.pipelines.__file__).parent,
            folder / "pipelines",
            ignore=partial(_left_out, weights=frozenset(weights)),
        )
        door = Path(espalier.__file__).read_text()
        (folder / "__init__.py").write_text(door + _SHARE_NAME)
        yield folder


def _left_out(folder: str, names: list[str], *, weights: frozenset[str]) -> set[str]:
    """Return what of a folder is not copied."""
    left_out = {"__pycache__", "shipped"}
    if Path(folder).name not in weights:
        left_out.add("weights")
    return left_out & set(names)
