"""Save and load a model on disk; also MLflow's ``loader_module`` for logged models.

A saved model is a folder

    model.joblib        the `EnsembleModel`
    golden.joblib       a few raw rows and the model's predictions of them when it was saved
    manifest.json       facts about the model, package versions, digest of this code
    requirements.txt    exact pins of the packages it needs

Opening compares package versions and code, and predicts the golden rows again
(`espalier.pipelines.serving.golden_rows`). `load_model` warns of differences; `open_model` returns
them, for callers that refuse a model which answers differently.

This module imports neither the search nor MLflow: the model's members import what they need.
"""

import hashlib
import json
import platform
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.column_names import unique_names
from espalier.pipelines.errors import UserError
from espalier.pipelines.serving.golden_rows import check_golden, choose_golden
from espalier.pipelines.serving.model import EnsembleModel
from espalier.pipelines.serving.model_check import ModelCheck, PackageChange, package_changes
from espalier.pipelines.serving.requirements import pinned_requirements

FORMAT = 1
MODEL_FILE = "model.joblib"
GOLDEN_FILE = "golden.joblib"
MANIFEST_FILE = "manifest.json"
REQUIREMENTS_FILE = "requirements.txt"
# The served model's one parameter, and the columns that it adds.
INTERVAL, LOWER, UPPER = "interval", "lower", "upper"


class ServingWarning(UserWarning):
    """A model is loaded in an environment that differs from the one it was saved in."""


@dataclass(frozen=True, slots=True)
class OpenedModel:
    """A saved model and what is different since it was saved.

    Attributes
    ----------
    model : EnsembleModel
        The model.
    check : ModelCheck
        The differences.
    """

    model: EnsembleModel
    check: ModelCheck


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
        Raw rows, some of which are stored with their predictions for the check at loading; None
        for the model's own example rows.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, place / MODEL_FILE)
    joblib.dump(
        choose_golden(model, model.example if golden is None else golden), place / GOLDEN_FILE
    )
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
        "weights": sorted(_weights(model)),
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
    """Load a model that `save_model` wrote, and warn of what is different since.

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
    opened = open_model(folder)
    for line in opened.check.lines:
        warnings.warn(line, ServingWarning, stacklevel=2)
    return opened.model


def open_model(folder: str | Path) -> OpenedModel:
    """Load a model that `save_model` wrote, and compare it with what it was when it was saved.

    Only open folders that you trust: they hold pickles.

    Raises
    ------
    UserError
        The folder holds no saved model.
    """
    place = Path(folder)
    if place.is_file():  # MLflow may pass the path of the manifest or of the model itself
        place = place.parent
    if not (place / MODEL_FILE).exists():
        raise UserError(f"{place} holds no saved model ({MODEL_FILE} is missing); name its folder")
    manifest = _manifest(place)
    model: EnsembleModel = joblib.load(place / MODEL_FILE)
    rows, answers = joblib.load(place / GOLDEN_FILE)
    return OpenedModel(
        model=model,
        check=ModelCheck(
            golden=check_golden(model, rows, answers),
            packages=package_changes(manifest["packages"]),
            other_code=manifest.get("code_digest") != code_digest(),
            other_format=_other_format(manifest),
        ),
    )


def changed_packages(folder: str | Path) -> tuple[PackageChange, ...]:
    """Return the packages of another version than a model was saved with, without opening it.

    Raises
    ------
    OSError, ValueError, KeyError
        The folder holds no saved model.
    """
    return package_changes(_manifest(Path(folder))["packages"])


def requirements(model: EnsembleModel) -> list[str]:
    """Return the packages that this ensemble needs to predict, as pins ``name==version``."""
    packages = {package for each in model.learners for package in each.packages}
    packages |= {package for each in model.preparation.networks for package in each.packages}
    return pinned_requirements((model, model.example), packages)


def _weights(model: EnsembleModel) -> set[str]:
    """Return the folders of `espalier.pipelines` whose weights the model needs to predict."""
    found = {each.weights for each in model.preparation.networks}
    if any(each.preprocessing.tokens for each in model.learners):
        found.add("texts")  # the vocabulary
    return found


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


def _manifest(place: Path) -> dict[str, Any]:
    return dict(json.loads((place / MANIFEST_FILE).read_text(encoding="utf-8")))


def _other_format(manifest: dict[str, Any]) -> str:
    saved = manifest.get("format")
    if saved == FORMAT:
        return ""
    return f"the model was saved in format {saved}, this code writes {FORMAT}"
