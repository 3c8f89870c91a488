"""The preprocessing choices that can matter to a family on a table."""

from typing import Any

from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    InCondition,
    Integer,
)

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.costs import matrix_columns
from espalier.pipelines.preprocessing.build import DEFAULT_FORMULAS
from espalier.pipelines.preprocessing.categorical import CODES
from espalier.pipelines.preprocessing.construct import CONSTRUCTIONS
from espalier.pipelines.preprocessing.matrix import MEANINGS
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.preprocessing.vectors.column import MOST_DIRECTIONS, USES_BESIDE_OTHERS
from espalier.pipelines.trials.configuration import Configuration

_OF_DENSE = frozenset(
    {"prep_selection", "prep_selected_share", "prep_projection", "prep_projected_columns"}
)
# Classes may deserve weights where the smallest is below this share of an even one.
_UNEVEN = 0.5
LEAST_DIRECTIONS = 8
ROWS_A_DIRECTION = 8
"""By default a column of pictures has no more directions than leave it so many rows each."""
TEXT_DIRECTIONS = (4, 200)
"""Fewest and most directions of a text column; rare titles need many to be told apart."""
MOST_FORMULAS = (30, 600)
"""Fewest and most random formulas of numeric columns."""
_DRAWN = "random"
# Standardised columns that a column of pictures weighs as much as, beside others.
_WEIGHTS, _WEIGHT_BESIDE_OTHERS = (0.05, 16.0), 0.5


def preprocessing_space(traits: PreprocessingTraits, shape: DatasetShape) -> ConfigurationSpace:
    """Return the preprocessing choices, named ``prep_...``, that can affect this table.

    Parameters
    ----------
    traits : PreprocessingTraits
        What the family allows; the first of each is its default.
    shape : DatasetShape
        Shape of the table: its categories, text, dates and missing cells.
    """
    made = ConfigurationSpace()
    if traits.pixels or traits.tokens:
        if shape.problem.is_classification and _is_uneven(shape):
            _add_choice(made, "prep_weights", ("none", "balanced"))
        return made
    encodings = traits.encodings(weighted=shape.is_weighted)
    numbers = shape.n_numeric + shape.n_datetime
    if numbers:
        _add_choice(made, "prep_scaling", traits.scaling)
        if shape.has_missing and traits.imputation[0] != "none":
            _add_choice(made, "prep_imputation", traits.imputation)
            made.add(Categorical("prep_indicator", [True, False], default=True))
    if shape.n_categorical:
        _add_choice(made, "prep_encoding", encodings)
        made.add(Float("prep_rare_share", (1e-4, 0.05), log=True, default=1e-3))
    if shape.n_text:
        size = Integer(
            "prep_text_components", TEXT_DIRECTIONS, log=True, default=traits.text_directions
        )
        if traits.sparse:
            text = Categorical("prep_text", ["tfidf", "svd"], default="tfidf")
            made.add([text, size, EqualsCondition(size, text, "svd")])
        else:
            made.add(size)
            if len(traits.text_words) > 1:
                words = Categorical(
                    "prep_text_words", list(traits.text_words), default=traits.text_words[0]
                )
                made.add(words)
        _add_choice(made, "prep_text_analyzer", traits.text_analyzers)
        if len(traits.text_means) > 1:
            means = Categorical("prep_text_means", [True, False], default=traits.text_means[0])
            made.add(means)
        if len(traits.strings) > 1:
            _add_strings(made, traits, encodings)
        if shape.n_meanings:
            _add_choice(made, "prep_meaning", MEANINGS)
    if shape.n_vectors:
        _add_vectors(made, traits, shape)
    if shape.n_datetime:
        cyclic = traits.scaling[0] != "none"
        made.add(Categorical("prep_cyclic", [True, False], default=cyclic))
    if shape.has_time:
        made.add(Categorical("prep_trend", [True, False], default=bends(traits)))
    if traits.construction and numbers >= 2:
        _add_construction(made, traits)
    _add_choice(made, "prep_lookups", _lookups(traits, shape))
    if traits.selection and matrix_columns(shape, per_category=2.0) >= 6:
        _add_selection(made)
    if traits.projection and matrix_columns(shape, per_category=4.0) >= 6:
        _add_projection(made)
    if shape.problem.is_classification and _is_uneven(shape):
        _add_choice(made, "prep_weights", ("none", "balanced"))
    return made


def bends(traits: PreprocessingTraits) -> bool:
    """Whether a family, as those of trees, predicts the last level of a trend rather than its line.

    Its default is to use the trend of the time column; a line through it can go anywhere
    (docs/decisions/0052).
    """
    return traits.scaling[0] == "none"


def effective(configuration: Configuration) -> Configuration:
    """Drop the preprocessing choices that have no effect beside the configuration's others.

    Columns are neither selected nor projected where text makes the matrix sparse. The space keeps
    these choices all the same, so that what is learned on tables without text applies to them too
    (docs/decisions/0040).
    """
    if configuration.get("prep_text") != "tfidf":
        return configuration
    acting = {name: value for name, value in configuration.items() if name not in _OF_DENSE}
    return Configuration.of(configuration.family, acting)


def makes_many_columns(configuration: Configuration) -> bool:
    """Whether a configuration adds random formulas or looked-up columns."""
    return (
        configuration.get("prep_construction") == _DRAWN
        or configuration.get("prep_lookups", "none") != "none"
    )


def _add_choice(made: ConfigurationSpace, name: str, choices: tuple[str, ...]) -> None:
    """Add a choice whose first value is the default, unless there is nothing to choose."""
    if len(choices) > 1:
        made.add(Categorical(name, list(choices), default=choices[0]))


def _add_strings(
    made: ConfigurationSpace, traits: PreprocessingTraits, encodings: tuple[str, ...]
) -> None:
    """Add the choice of how repeated strings are used, active where categories are codes."""
    codes = [each for each in encodings if each in CODES]
    strings = Categorical("prep_strings", list(traits.strings), default=traits.strings[0])
    if "prep_encoding" in made:
        if codes:
            made.add([strings, InCondition(strings, made["prep_encoding"], codes)])
    elif encodings[0] in codes:
        made.add(strings)


def _add_vectors(
    made: ConfigurationSpace, traits: PreprocessingTraits, shape: DatasetShape
) -> None:
    """Add what is made of columns of vectors.

    Pictures beside other columns are one column of what they say of the target by default, and can
    be left out, so that they never cost the table's own columns (docs/decisions/0098).
    """
    uses = traits.vectors
    default, directions = uses[0], traits.directions
    if shape.is_of_pictures:
        few = shape.n_rows // (ROWS_A_DIRECTION * shape.n_vectors)
        directions = min(directions, max(LEAST_DIRECTIONS, few))
        if "all" in uses and not shape.is_wide:
            default = "pca"  # as good, and several times as quick
    if shape.has_others_beside_pictures:
        uses = (*uses, *USES_BESIDE_OTHERS)
        default = default if default == "all" else "score"
    size = Integer(
        "prep_directions", (LEAST_DIRECTIONS, MOST_DIRECTIONS), log=True, default=directions
    )
    if len(uses) == 1:
        made.add(size)
        return
    how = Categorical("prep_vectors", list(uses), default=default)
    made.add([how, size, EqualsCondition(size, how, "pca")])
    if shape.has_others_beside_pictures and traits.scaling[0] != "none":
        weight = Float("prep_vector_weight", _WEIGHTS, log=True, default=_WEIGHT_BESIDE_OTHERS)
        made.add([weight, InCondition(weight, how, list(traits.vectors))])


def _add_construction(made: ConfigurationSpace, traits: PreprocessingTraits) -> None:
    """Add which columns are made of numbers, and how many where they are drawn at random."""
    if not traits.formulas:
        _add_choice(
            made, "prep_construction", tuple(each for each in CONSTRUCTIONS if each != _DRAWN)
        )
        return
    how = Categorical("prep_construction", list(CONSTRUCTIONS), default=CONSTRUCTIONS[0])
    size = Integer("prep_formulas", MOST_FORMULAS, log=True, default=DEFAULT_FORMULAS)
    made.add([how, size, EqualsCondition(size, how, _DRAWN)])


def _lookups(traits: PreprocessingTraits, shape: DatasetShape) -> tuple[str, ...]:
    """Return the looked-up columns that make sense on a table; the default first."""
    numbers, levels = shape.n_numeric, shape.n_categorical
    possible = {
        "crosses": levels >= 2,
        "groups": levels >= 1 and numbers >= 1,
        "keys": levels + numbers >= 3,
    }
    several = sum(possible[each] for each in traits.lookups if each in possible) > 1
    possible |= {"none": True, "all": several}
    return tuple(each for each in traits.lookups if possible[each])


def _add_selection(made: ConfigurationSpace) -> None:
    criteria = ["information", "importance", "correlation"]
    # Most configurations keep every column, as most tables want.
    selection: Any = Categorical("prep_selection", ["none", *criteria], default="none")
    share = Float("prep_selected_share", (0.1, 1.0), default=0.6)
    made.add([selection, share, InCondition(share, selection, criteria)])


def _add_projection(made: ConfigurationSpace) -> None:
    methods = ["pca", "kernel"]
    projection: Any = Categorical("prep_projection", ["none", *methods], default="none")
    columns = Integer("prep_projected_columns", (5, 300), log=True, default=60)
    made.add([projection, columns, InCondition(columns, projection, methods)])


def _is_uneven(shape: DatasetShape) -> bool:
    return shape.smallest_class * shape.n_classes < _UNEVEN * shape.n_rows
