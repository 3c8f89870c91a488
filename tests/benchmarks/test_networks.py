"""Figures of networks: light models of a front, what smaller forms lose, networks of chance."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def parts():
    before = set(sys.modules)
    sys.path.insert(0, str(BENCHMARKS))
    try:
        from parts.networks import alone, light

        yield alone, light
    finally:
        sys.path.remove(str(BENCHMARKS))
        for name in set(sys.modules) - before:  # other tests have parts of their own
            if name == "parts" or name.startswith("parts."):
                del sys.modules[name]


def front(*rows):
    names = ["name", "score", "size", "latency", "operations"]
    return pd.DataFrame(rows, columns=names)


def test_the_light_model_is_the_best_of_a_quarter_of_the_size(parts):
    _, light = parts
    found = light.quarter(
        front(
            ("all", 0.95, 8.0, 4.0, 100),
            ("half", 0.949, 4.0, 2.0, 50),
            ("quarter", 0.945, 2.0, 1.0, 25),
            ("least", 0.90, 0.5, 0.1, 5),
        )
    )
    assert (found["best"], found["light"]) == ("all", "quarter")
    assert found["points"] == pytest.approx(-0.5)


def test_what_all_models_share_may_be_left_out(parts):
    _, light = parts
    both = front(
        ("ensemble of 3 models", 0.95, 10.5, 4.0, 100),
        ("trial 2 linear", 0.94, 7.5, 4.0, 100),
        ("trial 1 convnet", 0.8, 1.5, 1.0, 50),
    )
    assert light.quarter(both)["light"] == "trial 1 convnet"
    assert light.quarter(both, 6.5)["light"] == "trial 2 linear"


def test_a_front_without_a_light_model_says_so(parts):
    _, light = parts
    assert light.quarter(front(("all", 0.95, 8.0, 4.0, 100)))["light"] is None


def test_smaller_forms_are_compared_with_what_they_were_made_of(parts):
    _, light = parts
    board = pd.DataFrame(
        {
            "trial": [3, 7, 8, 9],
            "family": ["convnet"] * 4,
            "score": [0.9, 0.898, np.nan, 0.91],
            "size_mb": [2.0, 0.5, np.nan, 0.1],
            "row_ms": [1.0, 0.5, np.nan, 0.2],
            "operations": [10, 10, None, 5],
            "fit_seconds": [9.0, 1.0, 2.0, 1.0],
            "status": ["success", "success", "failed", "success"],
            "variant": [
                "",
                "trial 3 in eight bits",
                "0.5 of the channels of trial 3",
                "distilled from the ensemble",
            ],
        }
    )
    forms = light.forms_of(board)
    assert list(forms["form"]) == ["trial 3 in eight bits"]
    assert forms["points"].iloc[0] == pytest.approx(-0.2)
    assert forms["size_share"].iloc[0] == 0.25
    assert forms["latency_share"].iloc[0] == 0.5


def test_chance_draws_different_networks_that_can_be_trained(parts):
    from espalier.pipelines.learners.neural.convnet_family import CONVNET
    from espalier.pipelines.space.joint import SearchSpace
    from tests.pipelines.learners.neural.test_convnet import PICTURES

    alone, _ = parts
    drawn = alone.random_networks(np.random.default_rng(0), 3)
    space = SearchSpace((CONVNET,), PICTURES)
    made = {space.complete(CONVNET.name, values) for values in drawn}
    assert len(made) == 3
    assert all(each["mixed"] for each in made)
