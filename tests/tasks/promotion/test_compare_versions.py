"""Two versions side by side: only what differs is told."""

from espalier.flows.cli.views.version_comparison import _verdict
from espalier.pipelines.lifecycle.promotion.comparison import ScoreComparison
from espalier.tasks.promotion.compare_versions import Side, VersionComparison


def side(version, **given):
    values = {
        "aliases": (),
        "metric": "roc_auc",
        "holdout": (0.9, 0.85, 0.95),
        "fingerprint": "f00d",
        "options": {"seed": 0},
        "members": {"linear": 1.0},
        "importances": {"age": 0.1},
    }
    return Side(shown=f"churn/{version}", **values | given)


def scored(difference, low, high):
    scores = ScoreComparison(
        metric="roc_auc",
        higher_is_better=True,
        champion=0.8,
        challenger=0.8 + difference,
        difference=difference,
        low=low,
        high=high,
        n_rows=200,
    )
    return VersionComparison(first=side(3), second=side(4), scores=scores, notes=())


def test_only_options_that_differ_are_told_and_an_empty_one_is_a_missing_one():
    found = VersionComparison(
        first=side(3, options={"seed": 0, "trials": 10, "families": []}),
        second=side(4, options={"seed": 0, "trials": 20, "updates": False}),
        scores=None,
        notes=(),
    )
    assert found.options == (("trials", 10, 20),)


def test_families_and_columns_of_either_are_paired_the_largest_first():
    found = VersionComparison(
        first=side(3, importances={"age": 0.1, "plan": 0.3}),
        second=side(4, members={"mlp": 0.4, "linear": 0.6}, importances={"town": 0.2}),
        scores=None,
        notes=(),
    )
    assert found.members == (("linear", 1.0, 0.6), ("mlp", 0.0, 0.4))
    assert [name for name, *_ in found.importances] == ["plan", "town", "age"]


def test_who_is_better_is_said_only_where_the_interval_says_so():
    assert "churn/4 is better by 0.05" in _verdict(scored(0.05, 0.01, 0.09))
    assert "churn/3 is better by 0.05" in _verdict(scored(-0.05, -0.09, -0.01))
    assert "Neither is shown to be better" in _verdict(scored(0.05, -0.01, 0.11))
