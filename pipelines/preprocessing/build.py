"""Build a transformer from the preprocessing choices of a configuration."""

from collections.abc import Mapping
from typing import Any

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.preprocessing.categorical import CODES, CategoricalBlock
from espalier.pipelines.preprocessing.dates import DateParts
from espalier.pipelines.preprocessing.lookups import LookupColumns
from espalier.pipelines.preprocessing.matrix import MEANINGS, FeatureMatrix
from espalier.pipelines.preprocessing.numeric import NumericBlock
from espalier.pipelines.preprocessing.project import Project
from espalier.pipelines.preprocessing.select import SelectColumns
from espalier.pipelines.preprocessing.text import TextColumn
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.preprocessing.vectors.column import USES_BESIDE_OTHERS, WEIGHT, VectorColumn
from espalier.pipelines.trials.configuration import Value

DEFAULT_FORMULAS = 100
"""Random formulas of numeric columns where a configuration asks for some and not how many."""
GAPS = True
"""Whether the days between date columns are features (docs/decisions/0052)."""


def build_features(
    values: Mapping[str, Value],
    traits: PreprocessingTraits,
    roles: Mapping[str, ColumnRole],
    shape: DatasetShape,
    seed: int,
) -> FeatureMatrix:
    """Return an unfitted transformer from prepared tables to float32 matrices.

    Parameters
    ----------
    values : mapping
        Preprocessing choices without their ``prep_`` prefix; those not made take the family's
        default, so that an empty mapping is the default preprocessing.
    traits : PreprocessingTraits
        What the family allows; the first of each is its default.
    roles : mapping of str to ColumnRole
        Role of each column.
    shape : DatasetShape
        Shape of the whole search table.
    seed : int
        Seed of everything random.
    """
    classification = shape.problem.is_classification
    imputation = str(values.get("imputation", traits.imputation[0]))
    scaling = str(values.get("scaling", traits.scaling[0]))
    encoding = str(values.get("encoding", traits.encodings(weighted=shape.is_weighted)[0]))
    strings = str(values.get("strings", traits.strings[0]))
    if encoding not in CODES or strings not in traits.strings:
        strings = "text"
    vectors = str(values.get("vectors", traits.vectors[0]))
    lookups = str(values.get("lookups", traits.lookups[0]))
    steps: list[Any] = []
    selection = str(values.get("selection", "none"))
    if selection != "none":
        share = float(values.get("selected_share", 0.5))
        steps.append(SelectColumns(selection, share, classification, seed))
    projection = str(values.get("projection", "none"))
    if projection != "none":
        steps.append(Project(projection, int(values.get("projected_columns", 50)), seed))
    return FeatureMatrix(
        roles=dict(roles),
        dates=DateParts(
            cyclic=bool(values.get("cyclic", scaling != "none")),
            time=next((name for name, role in roles.items() if role is ColumnRole.TIME), None),
            gaps=GAPS,
            trend=bool(values.get("trend", traits.scaling[0] == "none")),
        ),
        numeric=NumericBlock(
            imputation=imputation,
            indicator=bool(values.get("indicator", True)),
            scaling=scaling,
            construction=str(values.get("construction", "none")),
            classification=classification,
            seed=seed,
            n_made=int(values.get("formulas", DEFAULT_FORMULAS)),
        ),
        categorical=CategoricalBlock(
            encoding=encoding,
            rare_share=_rare_share(float(values.get("rare_share", 0.0)), traits, shape.n_rows),
            fill=imputation != "none",
            scale=scaling != "none" and encoding != "native",
            classification=classification,
            seed=seed,
        ),
        text=TextColumn(
            encoding=str(values.get("text", "tfidf" if traits.sparse else "svd")),
            n_components=int(values.get("text_components", traits.text_directions)),
            analyzer=str(values.get("text_analyzer", traits.text_analyzers[0])),
            n_words=int(values.get("text_words", traits.text_words[0])),
            means=bool(values.get("text_means", traits.text_means[0])),
            scale=scaling != "none",
            classification=classification,
            seed=seed,
        ),
        steps=tuple(steps),
        strings=strings,
        vector=VectorColumn(
            reduction="pca" if vectors in USES_BESIDE_OTHERS else vectors,
            n_components=int(values.get("directions", traits.directions)),
            scale=scaling != "none",
            seed=seed,
            weight=float(values.get("vector_weight", WEIGHT)),
        ),
        meaning=str(values.get("meaning", MEANINGS[0])),
        pictures=vectors if vectors in USES_BESIDE_OTHERS else "columns",
        lookups=None
        if lookups == "none"
        else LookupColumns(
            kind=lookups,
            fill=imputation != "none",
            scale=scaling != "none",
            classification=classification,
            seed=seed,
        ),
    )


def _rare_share(share: float, traits: PreprocessingTraits, n_rows: int) -> float:
    """Return the share of rows below which a category level is rare, for this family."""
    if traits.rare_of_rows is None or n_rows <= traits.rare_of_rows:
        return share
    return share * traits.rare_of_rows / n_rows
