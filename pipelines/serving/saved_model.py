"""Save and load a model on disk; also MLflow's ``loader_module`` for logged models.

A saved model is a folder

    model.joblib        the `EnsembleModel`
    golden.joblib       a few raw rows and the model's predictions of them when it was saved
    manifest.json       facts about the model, package versions, digest of this code
    requirements.txt    exact pins of the packages it needs

Loading compares package versions and code, and predicts the golden rows again. A difference gives a
warning, never an error: the predictions may be as good, but the user should know.

This module imports neither the search nor MLflow: the model's members import what they need.
"""

import hashlib
import json
import platform
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.column_names import unique_names
from espalier.pipelines.errors import UserError
from espalier.pipelines.serving.model import EnsembleModel
from espalier.pipelines.serving.requirements import pinned_requirements

FORMAT = 1
MODEL_FILE = "model.joblib"
GOLDEN_FILE = "golden.joblib"
MANIFEST_FILE = "manifest.json"
REQUIREMENTS_FILE = "requirements.txt"
GOLDEN_ROWS = 8
# The served model's one parameter, and the columns that it adds.
INTERVAL, LOWER, UPPER = "interval", "lower", "upper"
# Threads, libraries and processors differ in rounding; a changed model differs by far more.
GOLDEN_RTOL = 1e-3
GOLDEN_ATOL = 1e-4


class ServingWarning(UserWarning):
    """A model is loaded in an environment that differs from the one it was saved in."""


def save_model(
    model: EnsembleModel, folder: str | Path, *, golden: pd.DataFrame | None = None
) -> Path:
    """Write a model into a folder and return the folder.

    Parameters
    ----------
    model : EnsembleModel
        What to save.
    folder : str or Path
        Created if it does not exist; existing files are replaced.
    golden : DataFrame or None
        Raw rows whose predictions are stored for the check at loading; None for the model's own
        example rows.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    rows = model.example if golden is None else golden
    rows = None if rows is None else rows.head(GOLDEN_ROWS).reset_index(drop=True)
    answers = None if rows is None else model.predict_scores(rows)
    joblib.dump(model, place / MODEL_FILE)
    joblib.dump((rows, answers), place / GOLDEN_FILE)
    pins = requirements(model)
    calibrator = model.adjustments.calibrator
    (place / REQUIREMENTS_FILE).write_text("\n".join(pins) + "\n", encoding="utf-8")
    manifest = {
        "format": FORMAT,
        "python": platform.python_version(),
        "packages": dict(pin.split("==", 1) for pin in pins),
        "code_digest": code_digest(),
        "task": str(model.problem),
        "metric": model.metric,
        "method": model.method,
        "target": model.target,
        "classes": None if model.classes is None else [str(label) for label in model.classes],
        "columns": list(model.feature_names),
        "calibration": None if calibrator is None else calibrator.name,
        "threshold": model.adjustments.threshold,
        "intervals": model.adjustments.intervals is not None,
        "members": [
            {"trial": member.number, "family": member.family, "weight": weight}
            for member, weight in zip(model.members, model.combination.weights, strict=True)
        ],
    }
    (place / MANIFEST_FILE).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return place


def load_model(folder: str | Path) -> EnsembleModel:
    """Load a model that `save_model` wrote, and check it.

    Only open folders that you trust: they hold pickles.

    Raises
    ------
    UserError
        The folder holds no saved model.

    Warns
    -----
    ServingWarning
        Package versions or this code differ from those it was saved with, or predictions of the
        golden rows have changed.
    """
    place = Path(folder)
    if place.is_file():  # MLflow may pass the path of the manifest or of the model itself
        place = place.parent
    if not (place / MODEL_FILE).exists():
        raise UserError(f"{place} holds no saved model ({MODEL_FILE} is missing); name its folder")
    manifest = json.loads((place / MANIFEST_FILE).read_text(encoding="utf-8"))
    for difference in _differences(manifest):
        warnings.warn(difference, ServingWarning, stacklevel=2)
    model: EnsembleModel = joblib.load(place / MODEL_FILE)
    rows, answers = joblib.load(place / GOLDEN_FILE)
    if rows is not None:
        complaint = _golden_complaint(model, rows, answers)
        if complaint:
            warnings.warn(complaint, ServingWarning, stacklevel=2)
    return model


def requirements(model: EnsembleModel) -> list[str]:
    """Return the packages that this ensemble needs to predict, as pins ``name==version``."""
    residual = () if model.correction is None else model.correction.members
    packages = {
        package
        for member in (*model.members, *residual)
        for candidate in member.candidates
        for package in candidate.learner.packages
    }
    return pinned_requirements((model, model.example), packages)


def code_digest() -> str:
    """Return a hash of the source code of this package, sixteen hexadecimal digits."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py"), key=lambda each: each.relative_to(root).as_posix()):
        digest.update(path.relative_to(root).as_posix().encode())
        # The same commit may have other line endings on another system.
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


class ServedModel:
    """The model as MLflow's pyfunc calls it: takes a table and returns a table.

    Parameters
    ----------
    model : EnsembleModel
        A loaded model.
    """

    def __init__(self, model: EnsembleModel) -> None:
        self.model = model

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return ``prediction`` and, for classification, one ``proba_<class>`` per class.

        Parameters
        ----------
        model_input : DataFrame, or what a DataFrame can be made of
            Raw rows.
        params : dict or None
            ``interval``: the coverage of prediction intervals, in (0, 1); their bounds are returned
            as columns ``lower`` and ``upper``. Without it no intervals are returned. Other entries
            are ignored.

        Raises
        ------
        UserError
            Intervals are requested of a classifier, or their coverage is not in (0, 1).
        """
        coverage = (params or {}).get(INTERVAL)
        table = model_input if isinstance(model_input, pd.DataFrame) else pd.DataFrame(model_input)
        if coverage is not None:
            values, lower, upper = self.model.predict_interval(table, float(coverage))
            bounded = {"prediction": values, LOWER: lower, UPPER: upper}
            return pd.DataFrame(bounded, index=table.index)
        scores = self.model.predict_scores(table)
        if self.model.classes is None:
            return pd.DataFrame({"prediction": scores}, index=table.index)
        columns: dict[str, NDArray[Any]] = {
            "prediction": self.model.classes[self.model.codes(scores)]
        }
        # Labels of different kinds, such as 1 and "1", may have the same text.
        names = unique_names(f"proba_{label}" for label in self.model.classes)
        for position, name in enumerate(names):
            columns[name] = scores[:, position]
        return pd.DataFrame(columns, index=table.index)


def _load_pyfunc(path: str) -> ServedModel:
    """Load the saved model below ``path``; MLflow calls this function by name."""
    return ServedModel(load_model(path))


def _differences(manifest: dict[str, Any]) -> list[str]:
    """Return what has changed since the model was saved, one line each."""
    found = []
    if manifest.get("format") != FORMAT:
        found.append(
            f"the model was saved in format {manifest.get('format')}, this code writes {FORMAT}; "
            "it may not open"
        )
    changed = []
    for name, saved in manifest["packages"].items():
        try:
            here = version(name)
        except PackageNotFoundError:
            here = "not installed"
        if here != saved:
            changed.append(f"{name} {saved} -> {here}")
    if changed:
        found.append(
            "the model was saved with other package versions: "
            + ", ".join(changed)
            + f"; install the pins in its {REQUIREMENTS_FILE}"
        )
    if manifest.get("code_digest") != code_digest():
        found.append(
            "the model was saved by another version of this code than the one that opens it; "
            "serve it in its own process, with the code that is logged beside it"
        )
    return found


def _golden_complaint(
    model: EnsembleModel, rows: pd.DataFrame, answers: NDArray[Any]
) -> str | None:
    """Return how the predictions of the golden rows have changed; None if they have not."""
    try:
        now = model.predict_scores(rows)
    except Exception as error:  # whatever fails here will fail on the user's rows too
        return (
            "the model cannot answer the rows it was saved with "
            f"({type(error).__name__}: {error}); install the pins in its {REQUIREMENTS_FILE}"
        )
    scale = float(np.abs(answers).max()) if answers.size else 1.0
    if now.shape == answers.shape and np.allclose(
        now, answers, rtol=GOLDEN_RTOL, atol=GOLDEN_ATOL * max(scale, 1e-12)
    ):
        return None
    return (
        "the model answers the rows it was saved with differently than it did then; "
        f"install the pins in its {REQUIREMENTS_FILE} or train it again"
    )
