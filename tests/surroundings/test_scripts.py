"""Python programs of a user beside modules that are called like ours."""

import textwrap

import pytest

FIT = """
import pickle, sys
import pandas as pd
from espalier import AutoMLClassifier
table = pd.read_csv("t.csv")
model = AutoMLClassifier(n_trials=2, families=["linear"], time_budget=None, n_jobs=2)
model.fit(table[["x", "z"]], table["y"])
with open("model.pickle", "wb") as file:
    pickle.dump(model, file)
print(*model.predict(table[["x", "z"]].head(9)))
"""

OPEN = """
import pickle, sys
import pandas as pd
with open("model.pickle", "rb") as file:
    model = pickle.load(file)
print(*model.predict(pd.read_csv("t.csv")[["x", "z"]].head(9)))
"""

CLUSTER = """
import importlib, os, sys
from espalier.infra.cluster.cluster import open_cluster

def look(name):
    return importlib.import_module(name).ANSWER, os.environ["PYTHONSAFEPATH"]

if __name__ == "__main__":
    with open_cluster(None, 1) as client:
        print(*client.submit(look, "users_metric").result())
    print("PYTHONSAFEPATH" in os.environ)
"""


def test_a_script_fits_and_another_process_opens_the_pickle(project):
    (project.folder / "fit.py").write_text(FIT)
    (project.folder / "open.py").write_text(OPEN)
    assert project.run("python", "fit.py") == project.run("python", "open.py")


def test_workers_of_an_estimator_import_nothing_from_the_working_folder(crowded):
    """Only the program itself is kept out of the folder here; its workers are ours to start."""
    crowded.run("python", "-P", "-c", FIT)


@pytest.mark.cluster
def test_dask_workers_find_what_the_program_finds_and_nothing_else(crowded, tmp_path):
    (tmp_path / "users_metric.py").write_text("ANSWER = 42\n")
    (tmp_path / "program.py").write_text(textwrap.dedent(CLUSTER))
    said = crowded.run("python", tmp_path / "program.py")
    assert said.split() == ["42", "espalier", "False"]


def test_the_module_answers_like_the_command(crowded):
    asked = [
        crowded.run(*start, "--version") for start in (["espalier"], ["python", "-m", "espalier"])
    ]
    assert asked[0] == asked[1]
    assert "Usage: espalier" in crowded.run("python", "-m", "espalier")
