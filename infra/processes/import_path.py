"""No Python of ours looks for modules in the working folder.

``python -m`` and ``python -c`` look there first, and so does every Python that multiprocessing,
Prefect, MLflow or Dask start: a ``queue.py`` or ``random.py`` of the user would be run in place of
the standard library's. The variable ``PYTHONSAFEPATH`` (Python 3.11) turns that off. Modules that
the user gives to the Python API are found in workers all the same: these get the ``sys.path`` of
the process that started them.
"""

import os
import sys
from collections.abc import Mapping

import espalier

SAFE_PATH = "PYTHONSAFEPATH"
# Any text turns it on; this one says that it was us, and not the user.
OURS = "espalier"


def without_working_folder(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment whose Pythons do not look into their working folder for modules.

    Parameters
    ----------
    environ : mapping, optional
        What it is made from; ``os.environ`` when left out.
    """
    return {SAFE_PATH: OURS} | dict(os.environ if environ is None else environ)


def as_the_user_set_it() -> dict[str, str]:
    """Return the environment for a command of the user, whose Pythons look where they always do."""
    return {key: value for key, value in os.environ.items() if (key, value) != (SAFE_PATH, OURS)}


def leave_working_folder() -> None:
    """Do not look into the working folder for modules, here and in every process started here.

    For the command line alone. Started by ``python -m espalier``, it has that folder first in its
    path. Where Espalier itself is imported from there, nothing is changed.
    """
    here = os.getcwd()
    if os.path.realpath(os.path.dirname(next(iter(espalier.__path__)))) == os.path.realpath(here):
        return
    if not sys.flags.safe_path and sys.path and os.path.abspath(sys.path[0]) == here:
        del sys.path[0]
    os.environ.setdefault(SAFE_PATH, OURS)
