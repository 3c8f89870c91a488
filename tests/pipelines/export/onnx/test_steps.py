"""Single steps in ONNX against the same steps in NumPy and pandas."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from espalier.pipelines.data.parsing.readings import ColumnPlan, NumberReading
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.export.base.scoring import session
from espalier.pipelines.export.onnx.features.columns import Columns
from espalier.pipelines.export.onnx.features.dates import date_numbers
from espalier.pipelines.export.onnx.features.lookups import Lookups
from espalier.pipelines.export.onnx.features.scaling import scaled
from espalier.pipelines.export.onnx.graph.functions import (
    interpolate,
    normal_quantile,
    squared_distances,
)
from espalier.pipelines.export.onnx.graph.graph import Graph
from espalier.pipelines.export.onnx.graph.serialise import to_onnx
from espalier.pipelines.preprocessing.dates import DateParts
from espalier.pipelines.preprocessing.scaling import make_scaler


def run(graph, tensor, inputs):
    """Return the values of a tensor."""
    graph.add_output("made", tensor, np.float64, (None, None))
    opened = session(to_onnx(graph, name="test", metadata={}).SerializeToString())
    return opened.run(["made"], inputs)[0]


def asked(x, make):
    """Return what ``make`` makes of the only input ``x``, shape (n_rows, n_columns)."""
    graph = Graph()
    graph.add_input("x", np.float64, (None, x.shape[1]))
    return run(graph, make(graph, "x"), {"x": x})


@pytest.mark.parametrize("cyclic", [False, True])
def test_parts_of_dates_are_those_of_pandas(cyclic):
    rng = np.random.default_rng(0)
    seconds = rng.integers(-9_000_000_000, 9_000_000_000, 3_000)
    special = ["2000-02-29 23:59:59", "1900-02-28", "1900-03-01", "1970-01-01", "2100-12-31 12:00"]
    first = pd.to_datetime(seconds, unit="s").append(pd.to_datetime(special, format="mixed"))
    frame = pd.DataFrame({"a": first, "b": first[::-1]}).astype("datetime64[ns]")
    frame.loc[7, "a"] = pd.NaT
    parts = DateParts(cyclic=cyclic, gaps=True).fit(frame)
    plans = tuple(ColumnPlan(name, ColumnRole.DATETIME, NumberReading()) for name in frame)
    graph = Graph()
    columns = Columns.of(Preparation(plans=plans), Lookups({}), graph)
    given = {
        name: ((cells - pd.Timestamp(0)).dt.total_seconds()).to_numpy()[:, None]
        for name, cells in frame.items()
    }
    found = run(graph, date_numbers(columns, ["a", "b"], parts), given)
    np.testing.assert_array_equal(found, parts.transform(frame))


@pytest.mark.parametrize("name", ["standard", "robust", "quantile", "power", "both"])
def test_scalers_give_the_same_numbers(name):
    rng = np.random.default_rng(1)
    X = np.column_stack(
        [
            rng.normal(size=400),
            np.exp(3 * rng.normal(size=400)),
            rng.integers(0, 4, 400),
            np.where(rng.random(400) < 0.9, 0.0, rng.normal(size=400)),
            rng.random(400) < 0.5,
        ]
    ).astype(float)
    scaler = make_scaler(name, seed=0).fit(X)
    rows = np.vstack([X[:50], X[:50] * 3 - 1, np.full((1, 5), 1e30), np.full((1, 5), -1e30)])
    found = asked(rows, lambda graph, x: scaled(graph, x, scaler))
    np.testing.assert_allclose(found, scaler.transform(rows), rtol=1e-9, atol=1e-9)


def test_the_normal_quantile_is_scipys_where_it_is_not_cut_off():
    ranks = np.linspace(2e-4, 1 - 2e-4, 2_001)[:, None]
    found = asked(ranks, normal_quantile)
    np.testing.assert_allclose(found, ndtri(ranks), rtol=1e-12, atol=1e-14)
    assert (np.abs(asked(np.array([[0.0], [1.0]]), normal_quantile)) > 3.0).all()


@pytest.mark.parametrize("knots", [1, 2, 5])
def test_interpolation_is_numpys(knots):
    at, value = np.linspace(0, 1, knots), np.array([0.0, 0.3, 0.2, 0.9, 1.0])[:knots]
    x = np.concatenate([np.linspace(-1, 2, 301), at])[:, None]
    found = asked(x, lambda graph, name: interpolate(graph, name, at, value))
    np.testing.assert_allclose(found, np.interp(x, at, value), atol=1e-12)


def test_distances_are_never_negative():
    points = np.random.default_rng(2).normal(size=(20, 6)) + 1e3
    found = asked(points, lambda graph, x: squared_distances(graph, x, points))
    assert (found >= 0).all()
    direct = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(found, direct, atol=1e-6)


def test_equal_nodes_and_constants_are_one():
    graph = Graph()
    graph.add_input("x", np.float64, (None, 1))
    first = graph.op("Add", "x", np.float64(1.0))
    assert graph.op("Add", "x", np.float64(1.0)) == first
    assert graph.op("Add", "x", np.float32(1.0)) != first
    assert len(graph.nodes) == 2
    graph.add_output("made", first, np.float64, (None, 1))
    model = to_onnx(graph, name="test", metadata={"a": "b"})
    assert [node.op_type for node in model.graph.node] == ["Add", "Identity"]
