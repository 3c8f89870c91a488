"""The estimators ask experience what to try first."""

import pickle

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.automl.estimators import AutoMLClassifier
from espalier.pipelines.errors import UserError
from espalier.pipelines.experience import shipped
from espalier.pipelines.experience.fit import fit_aligned
from espalier.pipelines.experience.fitted import read_records, write_fitted
from espalier.pipelines.experience.recording.space_alignment import align_knowledge
from espalier.pipelines.experience.transfer.process_validation import validate_process


@pytest.fixture(scope="module")
def folder(lawful_experience, tmp_path_factory):
    known = align_knowledge(lawful_experience)
    knowledge = fit_aligned(
        lawful_experience, known, seed=0, validation=validate_process(known, known)
    )
    place = tmp_path_factory.mktemp("fitted")
    write_fitted(place, knowledge, lawful_experience)
    return place


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(120, 3)), columns=list("abc"))
    return X, np.where(X["a"] + X["b"] > 0, "yes", "no")


def fitted(table, **options):
    given = {"n_trials": 8, "time_budget": None, "families": ["linear", "bayes"], **options}
    return AutoMLClassifier(random_state=0, **given).fit(*table)


def test_what_did_well_elsewhere_is_tried_first_and_judged(folder, table):
    model = fitted(table, experience=folder)
    record = pickle.loads(pickle.dumps(model)).experience_
    assert {each["name"] for each in record["similar_datasets"]} <= {f"table{n}" for n in range(6)}
    tried = [each for each in record["first"] if each["observed"] is not None]
    assert len(tried) >= 3
    first = model.leaderboard_.sort_values("trial").iloc[0]
    assert first["configuration"] == dict(record["first"][0]["configuration"]["values"])
    cold = fitted(table, experience=None)
    assert cold.experience_ is None


def test_the_shipped_one_is_asked_by_searches_that_are_long_enough(folder, table, monkeypatch):
    monkeypatch.setattr(shipped, "SHIPPED_FOLDER", folder)
    assert fitted(table).experience_ is not None
    assert fitted(table, n_trials=3).experience_ is None
    monkeypatch.setattr(shipped, "SHIPPED_FOLDER", folder / "nothing")
    assert fitted(table).experience_ is None


def test_a_folder_without_experience_is_refused(table, tmp_path):
    with pytest.raises(UserError, match="holds no fitted experience"):
        fitted(table, experience=tmp_path)


def test_the_folder_has_its_records_and_a_card(folder, lawful_experience):
    assert read_records(folder) == lawful_experience
    card = (folder / "README.md").read_text()
    assert "| table3 | y | binary | 800 | 800 | 12 | 40 | roc_auc |" in card
    assert "Leave-one-table-out" in card
    assert len(read_records(None)) == 0
