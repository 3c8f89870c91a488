"""A fitted feature matrix as a ``ColumnTransformer`` of plain scikit-learn."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.script.code import ADVICE, PASS, Code, chain
from espalier.pipelines.preprocessing.categorical import CategoricalBlock
from espalier.pipelines.preprocessing.matrix import FeatureMatrix
from espalier.pipelines.preprocessing.numeric import NumericBlock
from espalier.pipelines.preprocessing.select import SelectColumns
from espalier.pipelines.preprocessing.text import TextColumn

_SCALERS = {
    "standard": ("StandardScaler", {}),
    "robust": ("RobustScaler", {}),
    "quantile": ("QuantileTransformer", {"output_distribution": "normal", "n_quantiles": 200}),
    "power": ("PowerTransformer", {}),
}
_MODULE = "sklearn.preprocessing"
_NEARLY_ALL = 0.99999
_NO_DIRECTIONS = "All columns are used, not their main directions: some columns are left out."
_NO_MEANING = "Texts are their words alone: vectors of their meaning are left out."


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the ``ColumnTransformer``.

    Attributes
    ----------
    name : str
        Its name.
    code : Code
        The transformer.
    columns : str
        The columns that it takes, as an expression.
    """

    name: str
    code: Code
    columns: str


def blocks(features: FeatureMatrix) -> list[Block]:
    """Return the transformers of the columns, in the order of the matrix.

    Raises
    ------
    CannotExportError
        Pictures are used, or nothing is left of the columns.
    """
    roles, made = features.roles, list[Block]()
    _refuse_pictures(features)
    if any(role is ColumnRole.NUMERIC for role in roles.values()):
        made.append(Block("numbers", chain(_numbers(features.numeric_)), "NUMBERS"))
    if any(role.is_date for role in roles.values()):
        parts = Code.call(_MODULE, "FunctionTransformer", {"func": Code("date_parts")})
        made.append(Block("dates", chain([parts, *_numbers(features.numeric_)]), "DATES"))
    if any(role is ColumnRole.CATEGORICAL for role in roles.values()):
        made.append(Block("categories", _categories(features.categorical_block_), "CATEGORIES"))
    for number, (name, text) in enumerate(features.texts_.items()):
        made.append(Block(f"text_{number}", _terms(text), repr(name)))
        if text.means_ is not None:
            made.append(Block(f"strings_{number}", _target_means(text.scale), repr([name])))
    if features.repeating_:
        code = _categories(features.strings_block_)
        made.append(Block("strings", code, repr(list(features.repeating_))))
    if not made:
        part = "a model of nothing but vectors of the meaning of texts"
        raise CannotExportError(part, advice=ADVICE)
    if any(roles[name] is ColumnRole.MEANING for name in features.vectors_):
        first = made[0]
        noted = first.code.named(first.code.text, Code("", notes=(_NO_MEANING,)))
        made[0] = replace(first, code=noted)
    return made


def steps(features: FeatureMatrix, *, classifies: bool) -> list[Code]:
    """Return the steps after the ``ColumnTransformer``."""
    made = []
    for step in features.steps_:
        if isinstance(step, SelectColumns):
            made.append(_selection(step, classifies, fills=features.numeric.imputation != "none"))
        elif step.method == "pca" and _leaves_columns_out(features):
            # Directions of fewer columns are others: with them the answer may be lost.
            made.append(Code(PASS, notes=(_NO_DIRECTIONS,)))
        elif step.method == "pca":
            # The share of the variance, not the number: the script may have fewer columns.
            kept = float(np.sum(step.projection_.explained_variance_ratio_))
            some = {"n_components": round(kept, 6)} if kept < _NEARLY_ALL else {}
            made.append(Code.call("sklearn.decomposition", "PCA", some))
        else:
            names = ("gamma", "n_components", "random_state")
            settings = {name: getattr(step.projection_, name) for name in names}
            made.append(Code.call("sklearn.kernel_approximation", "Nystroem", settings))
    return made


def _refuse_pictures(features: FeatureMatrix) -> None:
    used = [*features.vectors_, *getattr(features, "scored_", [])]
    for name in used:
        if features.roles[name] is ColumnRole.IMAGE:
            raise CannotExportError(f"column {name!r}, which holds pictures,", advice=ADVICE)


def _leaves_columns_out(features: FeatureMatrix) -> bool:
    """Whether the model has seen columns that the script does not make."""
    of_meaning = any(features.roles[name] is ColumnRole.MEANING for name in features.vectors_)
    looked_up = getattr(features, "lookups_", None) is not None
    return (
        of_meaning or looked_up or (features.numeric_ is not None and _combines(features.numeric_))
    )


def _combines(block: NumericBlock) -> bool:
    """Whether columns are made of several others."""
    return block.pairs_ is not None and len(block.pairs_.formulas(int(block.keep_.sum()))) > 0


def _numbers(block: NumericBlock) -> list[Code]:
    notes: tuple[str, ...] = ()
    if _combines(block):
        notes = ("Combinations of columns are left out.",)
    made: list[Code] = []
    if block.imputation != "none":
        settings = {"strategy": block.imputation, "add_indicator": block.indicator}
        made.append(Code.call("sklearn.impute", "SimpleImputer", settings, notes=notes))
    if block.scaling == "both":
        both = [Code.call(_MODULE, *_SCALERS[name]) for name in ("standard", "quantile")]
        union = Code("", frozenset({"from sklearn.pipeline import make_union"}))
        made.append(union.named(f"make_union({both[0].text}, {both[1].text})", *both))
    elif block.scaling != "none":
        made.append(Code.call(_MODULE, *_SCALERS[block.scaling]))
    return made or [Code(PASS, notes=notes)]


def _categories(block: CategoricalBlock) -> Code:
    rare: dict[str, Any] = {"min_frequency": block.rare_share} if block.rare_share > 0 else {}
    if block.encoding == "onehot":
        settings = rare | {"handle_unknown": "infrequent_if_exist", "sparse_output": False}
        return Code.call(_MODULE, "OneHotEncoder", settings)
    if block.encoding == "target":
        return _target_means(block.scale)
    notes: tuple[str, ...] = ()
    if block.encoding == "native":
        notes = ("Categories are plain codes: the model is not told which columns they are.",)
    # Not NaN for a missing cell: networks and selections cannot take it.
    settings = rare | {
        "handle_unknown": "use_encoded_value",
        "unknown_value": -1,
        "encoded_missing_value": -2,
    }
    encoder = Code.call(_MODULE, "OrdinalEncoder", settings, notes=notes)
    return encoder if not block.scale else chain([encoder, Code.call(_MODULE, "StandardScaler")])


def _target_means(scale: bool) -> Code:
    encoder = Code.call(_MODULE, "TargetEncoder")
    return encoder if not scale else chain([encoder, Code.call(_MODULE, "StandardScaler")])


def _terms(text: TextColumn) -> Code:
    if text.terms_ is None:
        return Code("'drop'")
    names = ("analyzer", "ngram_range", "min_df", "max_features", "sublinear_tf")
    settings = {name: getattr(text.terms_, name) for name in names}
    vectorizer = Code.call("sklearn.feature_extraction.text", "TfidfVectorizer", settings)
    if text.svd_ is None:
        return vectorizer
    settings = {"n_components": int(text.svd_.n_components), "random_state": text.seed}
    directions = Code.call("sklearn.decomposition", "TruncatedSVD", settings)
    if getattr(text, "words_", None) is None and getattr(text, "word_places_", None) is None:
        return chain([vectorizer, directions])
    notes = ("Single words have no columns beside the directions of the text.",)
    return chain([vectorizer, Code(directions.text, directions.imports, notes)])


def _selection(step: SelectColumns, classifies: bool, *, fills: bool) -> Code:
    if not fills:
        return Code(PASS, notes=("All columns are kept.",))
    kind = "classif" if classifies else "regression"
    module, score = "sklearn.feature_selection", f"mutual_info_{kind}"
    settings = {"score_func": Code(score), "percentile": max(1, round(100 * step.share))}
    made = Code.call(module, "SelectPercentile", settings)
    return made.named(made.text, made, Code("", frozenset({f"from {module} import {score}"})))
