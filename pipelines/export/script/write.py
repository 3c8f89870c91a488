"""Write the script: read a table, train the pipeline, score another table or predict it."""

from pathlib import Path

from espalier.pipelines.data.parsing.readings import DateReading
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.errors import UserError
from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.script.code import ADVICE, Code
from espalier.pipelines.export.script.features import blocks, steps
from espalier.pipelines.export.script.models import model_code, on_scale
from espalier.pipelines.export.script.text import CLASSES, CLASSIFY, DATE_PARTS, MAIN, READ, VALUES
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.members.member import Member
from espalier.pipelines.serving.model import EnsembleModel

_ROLES = {
    "NUMBERS": (ColumnRole.NUMERIC,),
    "DATES": (ColumnRole.DATETIME, ColumnRole.TIME),
    "CATEGORIES": (ColumnRole.CATEGORICAL,),
    "TEXTS": (ColumnRole.TEXT,),
}
# What scikit-learn calls the metrics; any other is left to its default.
_SCORING = {
    "roc_auc": "roc_auc",
    "log_loss": "neg_log_loss",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced_accuracy",
    "rmse": "neg_root_mean_squared_error",
    "mae": "neg_mean_absolute_error",
    "r2": "r2",
}


def write_script(model: EnsembleModel, path: Path) -> tuple[str, ...]:
    """Write the member of the largest weight as a script; return what it does otherwise.

    Raises
    ------
    CannotExportError
        No library has a model like it.
    UserError
        The model has no target column, or predicts a constant.
    """
    text, notes = script_of(model)
    path.write_text(text, encoding="utf-8")
    return notes


def script_of(model: EnsembleModel) -> tuple[str, tuple[str, ...]]:
    """Return the script and its notes; errors as `write_script`."""
    member = best_member(model)
    candidate = member.candidates[0]
    if candidate.model_ is None or not hasattr(candidate, "features_"):
        raise UserError("the best member predicts a constant; there is no pipeline to write")
    if candidate.learner.preprocessing.pixels:
        raise CannotExportError("a network of pictures", advice=ADVICE)
    if candidate.learner.preprocessing.tokens:
        raise CannotExportError("a network of texts", advice=ADVICE)
    classifies = candidate.shape.problem.is_classification
    parts = blocks(candidate.features_)
    estimator = on_scale(model_code(candidate), candidate)
    after = steps(candidate.features_, classifies=classifies)
    codes = [*(each.code for each in parts), *after, estimator]
    needed = Code("").named("", *codes)
    imports = needed.imports | {
        "from sklearn.compose import ColumnTransformer",
        "from sklearn.pipeline import Pipeline",
    }
    notes = needed.notes
    if getattr(candidate.features_, "lookups_", None) is not None:
        notes += ("Columns that are looked up by combinations of cells are left out.",)
    if candidate.configuration.get("prep_weights") == "balanced":
        imports |= {"from sklearn.utils.class_weight import compute_sample_weight"}
    lines = [_heading(model, member, notes), *_imports(imports), ""]
    lines += [f"TARGET = {model.target or 'target'!r}"]
    roles = model.preparation.roles
    used = set(candidate.features_.roles)
    for name, kinds in _ROLES.items():
        columns = [each for each, role in roles.items() if role in kinds and each in used]
        lines.append(f"{name} = {columns!r}")
    lines += [f"DATE_FORMATS = {_date_formats(model.preparation)!r}"]
    lines += [f"SCORING = {_SCORING.get(model.metric)!r}"]
    lines += ["", READ, *([DATE_PARTS] if any(b.name == "dates" for b in parts) else [])]
    lines += ["features = ColumnTransformer(", "    ["]
    lines += [f"        ({each.name!r}, {each.code.text}, {each.columns})," for each in parts]
    lines += ["    ]", ")", "pipeline = Pipeline(", "    [", '        ("features", features),']
    lines += [f"        ('step_{number}', {each.text})," for number, each in enumerate(after)]
    lines += [f"        ('model', {estimator.text}),", "    ]", ")", ""]
    lines.append(MAIN.format(classify=CLASSIFY if classifies else "", fit=_fit(candidate),
                             answer=CLASSES if classifies else VALUES))  # fmt: skip
    return "\n".join(lines), notes


def best_member(model: EnsembleModel) -> Member:
    """Return the member of the largest weight."""
    weights = model.combination.weights
    return model.members[max(range(len(weights)), key=weights.__getitem__)]


def _heading(model: EnsembleModel, member: Member, notes: tuple[str, ...]) -> str:
    lines = [
        f'"""Train the best single pipeline ({member.family}) that Espalier found for '
        f"{model.target or 'the target'}.",
        "",
        "    python SCRIPT train.csv              trains, and prints the cross-validated score",
        "    python SCRIPT train.csv new.csv      trains, and prints predictions of new.csv as CSV",
        "",
        "Only pandas, scikit-learn and the imported libraries are needed.",
    ]
    if notes:
        lines += ["", "Where it is simpler than the original:"]
        lines += [f"- {note}" for note in notes]
    return "\n".join([*lines, '"""', ""])


def _fit(candidate: Candidate) -> str:
    """Return the arguments of ``pipeline.fit``."""
    if candidate.configuration.get("prep_weights") != "balanced":
        return "train, y"
    return "train, y, model__sample_weight=compute_sample_weight('balanced', y)"


def _imports(imports: frozenset[str]) -> list[str]:
    """Return the imports, those of one module on one line."""
    names: dict[str, list[str]] = {"sklearn.model_selection": ["cross_val_score"]}
    for line in sorted(imports):
        module, name = line.removeprefix("from ").split(" import ")
        names.setdefault(module, []).append(name)
    own = ["import sys", "", "import numpy as np", "import pandas as pd"]
    found = [f"from {module} import {', '.join(names[module])}" for module in sorted(names)]
    return [*own, *found, ""]


def _date_formats(preparation: Preparation) -> dict[str, str]:
    """Return the formats of dates in text, where one was found."""
    return {
        plan.name: plan.reading.pattern
        for plan in preparation.plans
        if isinstance(plan.reading, DateReading)
        and plan.reading.pattern not in (None, "ISO8601", "quarter")
    }
