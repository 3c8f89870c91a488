"""No circle of files and none of folders, wherever in a file an import stands.

Only sources are read. An import counts at the top, in a function and under ``TYPE_CHECKING`` alike:
each means that one file cannot be understood, or moved, without the other.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("flows", "tasks", "infra", "pipelines")
MOST_FILES = 16
"""In one folder, the ``__init__`` left out."""

Graph = Mapping[str, frozenset[str]]


def _modules() -> dict[str, Path]:
    """Return every file by the name that it is imported by."""
    found = {}
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(("espalier", *parts)).removesuffix(".__init__")] = path
    return found


def _imported(path: Path, modules: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                full = f"{node.module}.{each.name}"
                yield full if full in modules else str(node.module)


@pytest.fixture(scope="module")
def files() -> Graph:
    modules = _modules()
    return {
        name: frozenset(other for other in _imported(path, modules) if other in modules) - {name}
        for name, path in modules.items()
    }


def _folders(files: Graph, depth: int | None) -> Graph:
    """Return which folder imports from which; below ``depth`` a folder counts as its parent."""
    modules = _modules()

    def folder(name: str) -> str:
        return "/".join(modules[name].relative_to(ROOT).parent.parts[:depth])

    graph: dict[str, set[str]] = {}
    for name, others in files.items():
        graph.setdefault(folder(name), set()).update(map(folder, others))
    return {name: frozenset(others - {name}) for name, others in graph.items()}


def _circle(graph: Graph) -> list[str]:
    """Return the names of a circle, in its order; empty where there is none."""
    left = dict(graph)
    while leaves := [name for name, others in left.items() if not others & left.keys()]:
        for name in leaves:
            del left[name]
    if not left:
        return []
    path = [min(left)]
    while True:
        following = min(graph[path[-1]] & left.keys())
        if following in path:
            return path[path.index(following) :]
        path.append(following)


def test_a_circle_is_seen() -> None:
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"b"}, "d": set()}
    assert _circle({name: frozenset(others) for name, others in graph.items()}) == ["b", "c"]


def test_no_circle_of_files(files: Graph) -> None:
    assert len(files) > 400
    assert _circle(files) == []


@pytest.mark.parametrize("depth", [None, 1, 2, 3])
def test_no_circle_of_folders(files: Graph, depth: int | None) -> None:
    assert _circle(_folders(files, depth)) == []


def test_no_folder_is_crowded() -> None:
    sizes: dict[Path, int] = {}
    for path in (*_modules().values(), *(ROOT / "benchmarks").rglob("*.py")):
        sizes[path.parent] = sizes.get(path.parent, 0) + (path.name != "__init__.py")
    crowded = {str(path.relative_to(ROOT)): n for path, n in sizes.items() if n > MOST_FILES}
    assert not crowded, f"more than {MOST_FILES} files: {crowded}; make rooms by what they do"
