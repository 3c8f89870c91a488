"""Find the packages that a pickled object needs, from the classes and functions it refers to."""

import pickle
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from types import FunctionType, ModuleType
from typing import Any

# Packages that this package itself imports to make a prediction.
ALWAYS = ("joblib", "numpy", "pandas", "scikit-learn", "scipy")
# Import names that differ from the name of their package; others are looked up, which is slow.
DISTRIBUTIONS = {"sklearn": "scikit-learn", "dateutil": "python-dateutil"}


class _Null:
    """A write-only file that discards everything."""

    def write(self, data: Any) -> int:
        """Return the size of ``data``, bytes or a buffer, in bytes."""
        return memoryview(data).nbytes


class _ModuleCollector(pickle.Pickler):
    """A pickler that writes nothing and records the modules of all classes and functions."""

    def __init__(self) -> None:
        super().__init__(_Null(), protocol=pickle.HIGHEST_PROTOCOL)
        self.modules: set[str] = set()

    def reducer_override(self, obj: Any) -> Any:
        """Record the modules of ``obj`` and its class; pickle it as usual."""
        if isinstance(obj, type | FunctionType):
            self._remember(obj.__module__)
        self._remember(type(obj).__module__)
        return NotImplemented

    def _remember(self, module: str | None) -> None:
        if module:
            self.modules.add(module)


def pickled_modules(value: Any) -> frozenset[str]:
    """Return the names of the modules that a pickle of ``value`` refers to."""
    collector = _ModuleCollector()
    collector.dump(value)
    return frozenset(collector.modules)


def pinned_requirements(value: Any, packages: Iterable[str] = ()) -> list[str]:
    """Return the packages that a pickled ``value`` needs, as sorted pins ``name==version``.

    Parameters
    ----------
    value : object
        Anything that pickles.
    packages : iterable of str
        Further packages it needs, which its pickle does not refer to.
    """
    names = {*ALWAYS, *packages}
    # Our own modules import third-party packages in turn; those imported at the top of a module
    # are among its attributes.
    tops = set()
    for module in pickled_modules(value):
        tops.add(module.partition(".")[0])
        if module.startswith("espalier."):
            tops.update(_imported_by(sys.modules.get(module)))
    ignored = {*sys.stdlib_module_names, *sys.builtin_module_names, "espalier", "__main__"}
    known: dict[str, list[str]] = {}
    for top in sorted(tops - ignored):
        if top in DISTRIBUTIONS:
            names.add(DISTRIBUTIONS[top])
        elif _installed(top):
            names.add(top)
        else:
            known = known or dict(packages_distributions())
            names.update(known.get(top, [])[:1])
    return sorted(f"{name}=={version(name)}" for name in names if _installed(name))


def _imported_by(module: ModuleType | None) -> set[str]:
    """Return the top-level package names of everything in a module's namespace."""
    found = set()
    for member in vars(module).values() if module is not None else ():
        home = member.__name__ if isinstance(member, ModuleType) else None
        home = home or getattr(member, "__module__", None)
        if isinstance(home, str):
            found.add(home.partition(".")[0])
    return found


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
