"""What could run somebody else's code is called in the few places that were looked at."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for folder in ("flows", "tasks", "infra", "pipelines")
    for path in sorted((ROOT / folder).rglob("*.py"))
]

# Who may unpickle, and what: each has a reason.
UNPICKLERS = {
    "pipelines/serialization/sealed_files.py": "files with the seal of this home folder",
    "infra/orchestration/result_serializer.py": "results with the seal of this home folder",
    "infra/cluster/worker.py": "the context that the run's own client sent",
    "pipelines/evaluation/executors/worker_main.py": "the context and jobs of the parent process",
    "pipelines/evaluation/executors/worker_process.py": "answers of own child processes",
    "infra/web/endpoint/replica_process.py": "questions of the endpoint that started the process",
    "infra/web/endpoint/replicas.py": "answers of own child processes, over a socket pair",
    "pipelines/serving/saved_forecast.py": "forecasters of the registry, and those just saved",
    "pipelines/serving/saved_model.py": "models of the registry, and those this run has just saved",
}
OPENING = {"load", "loads", "Unpickler", "read_pickle"}
PICKLES = {"pickle", "cloudpickle", "joblib", "dill", "marshal", "shelve", "torch"}
EVALUATING = {"eval", "exec", "compile", "__import__"}


def _calls(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute):
                owner = function.value.id if isinstance(function.value, ast.Name) else ""
                yield owner, function.attr, node
            elif isinstance(function, ast.Name):
                yield "", function.id, node


def _named(node, name):
    return next((each.value for each in node.keywords if each.arg == name), None)


def _is(value, wanted):
    return isinstance(value, ast.Constant) and value.value is wanted


def test_pickles_are_opened_in_known_places_only():
    found = {
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        for owner, name, _ in _calls(path)
        if (owner in PICKLES and name in OPENING) or (owner == "pd" and name == "read_pickle")
    }
    assert found == set(UNPICKLERS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_evaluates_text(path):
    for owner, name, node in _calls(path):
        where = f"{path}:{node.lineno}"
        assert not (owner == "" and name in EVALUATING), where
        assert (owner, name) not in {
            ("os", "system"),
            ("os", "popen"),
            ("yaml", "load"),
            ("pd", "eval"),
            ("tempfile", "mktemp"),
        }, where
        assert not _is(_named(node, "shell"), True), where
        if owner == "np" and name == "load":
            assert _is(_named(node, "allow_pickle"), False), where
        assert not _is(_named(node, "allow_pickle"), True), where
        for each in ast.walk(node):
            assert not (isinstance(each, ast.Constant) and each.value == "0.0.0.0"), where
