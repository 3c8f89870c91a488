import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_friedman1

from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.metafeatures.catalogue import CATALOGUE
from espalier.pipelines.metafeatures.profile import MetaFeatures, profile
from espalier.pipelines.problem import ProblemKind


def dataset_of(frame, target="target"):
    return assemble(frame, target=target).dataset


@pytest.fixture(scope="module")
def iris():
    return dataset_of(load_iris(as_frame=True).frame)


def test_every_number_of_the_catalogue_is_there_once_and_finite(iris):
    found = profile(iris, seed=0)
    assert found.names == tuple(each.name for each in CATALOGUE)
    assert len(set(found.names)) == len(found.names) >= 40
    assert np.isfinite(found.values).all()
    assert all(each.meaning and each.source for each in CATALOGUE)


def test_known_numbers_of_iris(iris):
    found = profile(iris, seed=0).to_dict()
    assert found["log_rows"] == pytest.approx(np.log10(150))
    assert found["log_columns"] == pytest.approx(np.log10(4))
    assert found["log_classes"] == pytest.approx(np.log2(3))
    assert found["class_entropy"] == pytest.approx(1.0)
    assert found["imbalance"] == 0.0
    assert found["is_regression"] == 0.0
    assert found["landmark_stump"] < 0.7 < found["landmark_tree"]
    assert found["landmark_bayes"] > 0.85


def test_landmarks_tell_noise_from_signal_and_curves_from_lines():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(800, 4))
    frame = pd.DataFrame(x, columns=list("abcd"))
    noise = profile(dataset_of(frame.assign(target=rng.normal(size=800))), seed=0).to_dict()
    line = profile(dataset_of(frame.assign(target=x @ [1, 2, 0, 1])), seed=0).to_dict()
    curve = profile(dataset_of(frame.assign(target=x[:, 0] ** 2)), seed=0).to_dict()
    assert noise["landmark_linear"] < 0.1
    assert line["landmark_linear"] > 0.9
    assert line["landmark_bend"] < 0 < curve["landmark_bend"]
    assert curve["landmark_linear"] < 0.2 < curve["landmark_tree"]
    assert curve["association_max"] > 0.9 > 0.5 > noise["association_max"]


def test_the_target_s_shape_is_seen():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=500), "target": rng.exponential(size=500)})
    found = profile(dataset_of(frame), seed=0).to_dict()
    assert found["is_regression"] == 1.0
    assert found["target_skew"] > 0.7
    assert found["target_distinct"] == 1.0
    assert found["log_classes"] == 0.0
    rare = frame.assign(target=np.arange(500) < 25)
    assert profile(dataset_of(rare), seed=0).to_dict()["imbalance"] == pytest.approx(np.log10(19))


def test_kinds_of_columns_are_shares():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "number": rng.normal(size=300),
            "word": rng.choice(["a", "b", "c"], 300),
            "text": [" ".join(rng.choice(list("abcdefgh"), 9)) for _ in range(300)],
            "day": pd.date_range("2020", periods=300),
            "target": rng.integers(0, 2, 300),
        }
    )
    frame.loc[:149, "number"] = np.nan
    found = profile(dataset_of(frame), seed=0).to_dict()
    assert [found[f"share_{kind}"] for kind in ("categorical", "text", "datetime")] == [0.25] * 3
    assert found["share_missing"] == 0.125
    assert found["share_columns_missing"] == 0.25
    assert found["levels_max"] == pytest.approx(np.log10(3))


def test_the_same_seed_gives_the_same_numbers_whatever_the_clock():
    x, y = make_friedman1(3000, random_state=0)
    dataset = dataset_of(pd.DataFrame(x).assign(target=y))
    first = profile(dataset, seed=1, seconds=0.5)
    assert profile(dataset, seed=1, seconds=0.5) == first
    assert profile(dataset, seed=2, seconds=0.5) != first


def test_numbers_do_not_depend_on_units():
    frame = load_diabetes(as_frame=True).frame
    scaled = frame.assign(target=frame["target"] * 1e6, bmi=frame["bmi"] * 1e-9)
    first, second = (profile(dataset_of(each), seed=0) for each in (frame, scaled))
    assert first.values == pytest.approx(second.values, abs=1e-6)


def test_a_record_leads_back(iris):
    found = profile(iris, seed=0)
    assert MetaFeatures.from_dict(found.to_dict()) == found


def test_wide_and_large_tables_are_sampled():
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(60, 900))).assign(target=rng.integers(0, 2, 60))
    found = profile(dataset_of(wide), seed=0).to_dict()
    assert found["log_columns"] == pytest.approx(np.log10(900))


def test_it_is_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        profile(dataset_of(load_breast_cancer(as_frame=True).frame), seed=0)


@st.composite
def odd_datasets(draw):
    n = draw(st.integers(1, 40))
    columns, roles = {}, {}
    for number in range(draw(st.integers(1, 4))):
        role = draw(st.sampled_from(list(ColumnRole)))
        rng = np.random.default_rng(draw(st.integers(0, 9999)))
        missing = rng.random(n) < draw(st.sampled_from([0.0, 0.3, 1.0]))
        if role is ColumnRole.NUMERIC:
            scale = draw(st.sampled_from([0.0, 1.0, 1e-300, 1e300]))
            cells = np.where(missing, np.nan, scale * rng.normal(size=n))
        elif role.is_date:
            cells = np.datetime64("2020-01-01", "ns") + rng.integers(0, 9, n).astype("m8[D]")
            cells[missing] = np.datetime64("NaT")
        else:
            cells = np.where(missing, np.nan, rng.choice(list("abc"), n).astype(object))
        name = f"c{number}"
        columns[name] = pd.Series(cells, dtype=object if cells.dtype == object else None)
        roles[name] = role
    rng = np.random.default_rng(n)
    if draw(st.booleans()):
        y, classes, problem = rng.normal(size=n) * 1e200, None, ProblemKind.REGRESSION
    else:
        y, classes = rng.integers(0, 3, n), np.arange(3)
        problem = ProblemKind.MULTICLASS
    return Dataset(X=pd.DataFrame(columns), y=y, problem=problem, roles=roles, classes=classes)


@settings(max_examples=40, deadline=None)
@given(odd_datasets())
def test_odd_data_have_a_profile_too(dataset):
    found = profile(dataset, seed=0)
    assert np.isfinite(found.values).all()
    skills = [value for name, value in found.to_dict().items() if name.startswith("landmark_")]
    assert all(-1 <= value <= 1 for value in skills)
