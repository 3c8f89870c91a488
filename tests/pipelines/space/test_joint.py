"""The search space: sampling, neighbours, the encoding and its round trip."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.recording.space_alignment import align_configuration
from espalier.pipelines.learners.registry import LEARNERS, choose_learners
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.preprocessing import preprocessing_space
from espalier.pipelines.trials.configuration import Configuration
from tests.pipelines.search.conftest import new_space

RICH = DatasetShape(
    problem=ProblemKind.MULTICLASS,
    n_rows=800,
    n_columns=14,
    n_categorical=3,
    n_text=1,
    n_datetime=1,
    n_classes=4,
    smallest_class=9,
    has_missing=True,
)
PLAIN = DatasetShape(problem=ProblemKind.REGRESSION, n_rows=800, n_columns=4, smallest_class=800)
SPACE = SearchSpace(choose_learners(list(LEARNERS), RICH), RICH)
SMALL = SearchSpace(choose_learners(list(LEARNERS), PLAIN), PLAIN)


def conditional_space(space: SearchSpace) -> ConfigurationSpace:
    """Return the same space as ConfigSpace itself puts it together."""
    made = ConfigurationSpace()
    family = Categorical("family", list(space.families), default=space.families[0])
    made.add(family)
    for learner in space.learners:
        before = preprocessing_space(learner.preprocessing, space.shape)
        if learner.of_categories is not None and "prep_encoding" in before:
            added = list(learner.of_categories(space.shape).values())
            before.add(added)
            before.add([EqualsCondition(each, before["prep_encoding"], "native") for each in added])
        for part in (learner.space(space.shape), before):
            made.add_configuration_space(
                learner.name,
                part,
                parent_hyperparameter={"parent": family, "value": learner.name},
            )
    return made


# Building it takes long, so once is enough.
THEIRS = conditional_space(SPACE)
SEEDS = st.integers(0, 2**31)


def check_valid(configuration: Configuration) -> None:
    """ConfigSpace itself accepts exactly these active values."""
    from ConfigSpace import Configuration as Theirs

    values = {f"{configuration.family}:{name}": value for name, value in configuration.items()}
    Theirs(THEIRS, values={"family": configuration.family, **values})


@pytest.mark.parametrize("family", SPACE.families)
def test_defaults_and_samples_are_valid(family: str) -> None:
    rng = np.random.default_rng(0)
    for configuration in [SPACE.default(family), *SPACE.sample_family(family, 4, rng)]:
        assert configuration.family == family
        check_valid(configuration)


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS)
def test_encoding_and_back_is_exact(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for space in (SPACE, SMALL):
        configurations = space.sample(3, rng)
        configurations += space.neighbours(configurations[0], 3, rng)
        vectors = space.encode(configurations)
        assert vectors.shape == (len(configurations), len(space.coordinates))
        assert ((vectors == -1) | ((vectors >= 0) & (vectors <= 1))).all()
        assert [space.decode(vector) for vector in vectors] == configurations


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_any_vector_decodes_to_something_valid(seed: int) -> None:
    vector = np.random.default_rng(seed).uniform(-1.2, 1.2, len(SPACE.coordinates))
    configuration = SPACE.decode(vector)
    check_valid(configuration)
    assert SPACE.decode(SPACE.encode([configuration])[0]) == configuration


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_neighbours_change_one_thing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    [start] = SPACE.sample(1, rng)
    found = SPACE.neighbours(start, 12, rng)
    assert len(set(found)) == len(found) > 0
    assert start not in found
    check_valid(found[0])
    for moved in found:
        assert SPACE.complete(moved.family, dict(moved)) == moved
        changed = [name for name in start if name in moved and moved[name] != start[name]]
        # What a change brings to life or ends comes on top of it.
        assert len(changed) == 1
        assert moved.family == start.family


def test_samples_are_the_same_for_a_seed_and_even_over_families() -> None:
    first, again = (SPACE.sample(400, np.random.default_rng(5)) for _ in range(2))
    assert first == again
    counts = [sum(each.family == family for each in first) for family in SPACE.families]
    assert min(counts) > 15


def test_only_choices_that_matter_exist() -> None:
    names = {name for family in SMALL.families for name in SMALL.default(family)}
    for absent in ("prep_encoding", "prep_text_components", "prep_cyclic", "prep_imputation"):
        assert absent not in names
    assert "prep_weights" not in names
    assert "prep_encoding" in SPACE.default("lightgbm")
    assert "prep_weights" in SPACE.default("linear")


def test_families_have_few_parameters_of_their_own() -> None:
    for family in SPACE.families:
        learner = LEARNERS[family]
        native = set() if learner.of_categories is None else set(learner.of_categories(RICH))
        assert len(set(SPACE.default(family).model_values) - native) <= 8
        assert len(native) <= 4


def test_preprocessing_shares_its_coordinates() -> None:
    assert SPACE.coordinates.count("prep_encoding=onehot") == 1
    assert "lightgbm:num_leaves" in SPACE.coordinates
    assert SPACE.coordinates[: len(SPACE.families)] == tuple(
        f"family={family}" for family in SPACE.families
    )


def test_the_same_space_as_configspace() -> None:
    assert isinstance(THEIRS, ConfigurationSpace)
    assert THEIRS["family"].choices == SPACE.families
    for theirs in THEIRS.sample_configuration(20):
        values = {
            name.split(":", 1)[1]: value for name, value in theirs.items() if name != "family"
        }
        ours = SPACE.complete(theirs["family"], values)
        assert set(ours) == set(values)


def test_complete_drops_what_does_not_exist_and_fills_in_the_rest() -> None:
    made = SPACE.complete("linear", {"penalty": "l2", "l1_ratio": 0.5, "strength": 0.123456789})
    assert "l1_ratio" not in made
    assert made["strength"] == 0.12346
    assert made["prep_encoding"] == SPACE.default("linear")["prep_encoding"]


def test_pickles() -> None:
    copy = pickle.loads(pickle.dumps(SPACE))
    assert copy.default("mlp") == SPACE.default("mlp")
    assert copy.coordinates == SPACE.coordinates


def test_costs_are_positive_and_grow() -> None:
    large = SearchSpace(SPACE.learners, replace(RICH, n_rows=40_000))
    for family in SPACE.families:
        configuration = SPACE.default(family)
        assert 0 < SPACE.expected_seconds(configuration) < large.expected_seconds(configuration)


def test_a_space_needs_a_family() -> None:
    with pytest.raises(UserError, match="at least one family"):
        SearchSpace([], RICH)


def test_every_family_is_in_some_space() -> None:
    assert set(SPACE.families) | set(SMALL.families) == set(LEARNERS)


def test_many_vectors_are_read_as_one_by_one():
    space = new_space()
    drawn = space.sample(40, np.random.default_rng(0))
    X = space.encode(drawn)
    assert space.decode_many(X) == [space.decode(row) for row in X] == drawn
    blurred = np.clip(X + np.random.default_rng(1).normal(0.0, 0.2, X.shape), 0.0, 1.0)
    assert space.decode_many(blurred) == [space.decode(row) for row in blurred]
    assert space.decode_many(X[:0]) == []


@pytest.mark.parametrize("family", ["lightgbm", "catboost"])
def test_what_concerns_categories_is_active_where_the_family_treats_them_itself(
    family: str,
) -> None:
    learner = LEARNERS[family]
    assert learner.of_categories is not None
    own = set(learner.of_categories(RICH))
    assert own <= set(SPACE.complete(family, {"prep_encoding": "native"}))
    assert not own & set(SPACE.complete(family, {"prep_encoding": "ordinal"}))
    assert not own & set(SMALL.default(family))


def test_it_is_there_without_a_choice_of_encoding_and_gone_where_rows_have_weights() -> None:
    traits = replace(LEARNERS["catboost"].preprocessing, encoding=("native",))
    only = replace(LEARNERS["catboost"], preprocessing=traits)
    assert "one_hot_max_size" in SearchSpace([only], RICH).default("catboost")
    weighted = SearchSpace([LEARNERS["catboost"]], replace(RICH, is_weighted=True))
    drawn = weighted.sample_family("catboost", 20, np.random.default_rng(0))
    assert not any("one_hot_max_size" in each for each in drawn)


def test_a_starter_with_a_choice_that_was_cut_is_left_out() -> None:
    traits = replace(LEARNERS["lightgbm"].preprocessing, encoding=("ordinal", "onehot"))
    whole = replace(RICH, smallest_class=100)
    cut = SearchSpace([replace(LEARNERS["lightgbm"], preprocessing=traits)], whole)
    assert len(SearchSpace([LEARNERS["lightgbm"]], whole).starters("lightgbm")) == 2
    assert len(cut.starters("lightgbm")) == 1


@pytest.mark.parametrize("space", [SPACE, SMALL])
def test_starters_are_valid_and_differ_from_the_default(space: SearchSpace) -> None:
    for family in space.families:
        found = [space.default(family), *space.starters(family)]
        assert len(set(found)) == len(found)
        assert all(space.complete(family, dict(each)) == each for each in found)
    assert len(space.starters("lightgbm")) >= 1


def shape_of(**sizes: int) -> DatasetShape:
    return DatasetShape(problem=ProblemKind.REGRESSION, n_rows=500, smallest_class=500, **sizes)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"n_columns": 2}, None),
        ({"n_columns": 3}, ("none", "keys")),
        ({"n_columns": 2, "n_categorical": 1}, ("none", "groups")),
        ({"n_columns": 2, "n_categorical": 2}, ("none", "crosses")),
        ({"n_columns": 6, "n_categorical": 3}, ("none", "crosses", "groups", "keys", "all")),
    ],
)
def test_what_is_looked_up_depends_on_the_columns(
    sizes: dict[str, int], expected: tuple[str, ...] | None
) -> None:
    space = SearchSpace([LEARNERS["lightgbm"]], shape_of(**sizes))
    found = {each.name: each for each in space.family_space("lightgbm").parameters}
    assert ("prep_lookups" in found) is (expected is not None)
    if expected is not None:
        assert found["prep_lookups"].choices == expected
        assert found["prep_lookups"].default == "none"


def test_how_many_formulas_is_asked_only_where_they_are_drawn() -> None:
    space = SearchSpace([LEARNERS["lightgbm"], LEARNERS["knn"]], shape_of(n_columns=4))
    assert "prep_formulas" not in space.default("lightgbm")
    assert "prep_formulas" in space.complete("lightgbm", {"prep_construction": "random"})
    with pytest.raises(ValueError, match="not in"):
        space.complete("knn", {"prep_construction": "random"})


def test_recorded_configurations_mean_what_they_meant() -> None:
    """Those of earlier versions lack the new choices: they get defaults that add nothing."""
    old = {
        name: value
        for name, value in SPACE.default("lightgbm").items()
        if name not in ("prep_lookups", "prep_formulas")
    }
    aligned = align_configuration(Configuration.of("lightgbm", old), SPACE)
    assert aligned == SPACE.default("lightgbm")
    for construction in ("none", "arithmetic", "ratios"):
        again = Configuration.of("lightgbm", {**old, "prep_construction": construction})
        found = align_configuration(again, SPACE)
        assert found is not None
        assert found["prep_construction"] == construction
        assert "prep_formulas" not in found


def test_texts_have_up_to_200_directions_and_lightgbm_starts_with_64() -> None:
    text = shape_of(n_columns=3, n_text=1)
    for family, default in (("lightgbm", 64), ("xgboost", 16), ("svm", 16)):
        space = SearchSpace([LEARNERS[family]], text)
        assert space.default(family)["prep_text_components"] == default
        wide = space.complete(family, {"prep_text_components": 200})
        assert wide["prep_text_components"] == 200


def test_only_lightgbm_makes_columns_of_several_others() -> None:
    """No other family was measured with them, and a linear model should stay readable."""
    space = SearchSpace(choose_learners(None, RICH), RICH)
    for family in space.families:
        names = {each.name for each in space.family_space(family).parameters}
        assert ("prep_lookups" in names) is ("prep_formulas" in names) is (family == "lightgbm")
