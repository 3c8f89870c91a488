"""An export is a file that answers as its model does, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.calibration.adjustments import Adjustments
from espalier.pipelines.calibration.calibrators import (
    BetaCalibrator,
    IsotonicCalibrator,
    TemperatureCalibrator,
)
from espalier.pipelines.calibration.intervals import Intervals, ResidualScale
from espalier.pipelines.ensemble.combination import CombinationSpace
from espalier.pipelines.errors import UserError
from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.base.scoring import feeds, score, session
from espalier.pipelines.export.onnx.whole import candidate as onnx_candidate
from espalier.pipelines.export.write import ExportDiffersError, export_model
from espalier.pipelines.members.member import Member
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.serving.residual_correction import ResidualCorrection
from tests.pipelines.export.models import LABELS, raw_table, small_model

BINARY, SEVERAL, VALUES = ProblemKind.BINARY, ProblemKind.MULTICLASS, ProblemKind.REGRESSION
NEW = raw_table(90, seed=5)


def outputs(path, model, names):
    """Return what the file makes of new rows."""
    return score(session(path), feeds(model.preparation.apply(NEW), model.preparation), names)


@pytest.mark.parametrize("problem", list(ProblemKind))
@pytest.mark.parametrize("space", list(CombinationSpace))
def test_a_whole_ensemble_is_one_file_that_answers_as_it_does(tmp_path, problem, space):
    model = small_model(problem, ["linear", "lightgbm", "extra_trees"], space=space)
    made = export_model(model, tmp_path / "model.onnx", rows=NEW)
    assert made.agreement is not None
    assert made.agreement.holds
    assert made.agreement.n_rows == len(NEW)
    names = ["value"] if problem is VALUES else ["label", "probabilities"]
    found = outputs(made.path, model, names)
    assert list(found[0][:5]) == pytest.approx(list(model.predict(NEW)[:5]))


def test_labels_are_those_of_the_table(tmp_path):
    model = small_model(BINARY, ["linear"])
    for classes, kind in ((np.array(["no", "yes"]), str), (np.array([3, 7]), int)):
        labelled = replace(model, classes=classes)
        made = export_model(labelled, tmp_path / "model.onnx", rows=NEW)
        (found,) = outputs(made.path, labelled, ["label"])
        assert found.tolist() == labelled.predict(NEW).tolist()
        assert isinstance(found.tolist()[0], kind)


@pytest.mark.parametrize(
    "calibrator",
    [
        BetaCalibrator(1.3, 0.8, 0.1),
        IsotonicCalibrator((0.0, 0.2, 0.7, 1.0), (0.0, 0.35, 0.6, 1.0)),
        TemperatureCalibrator(0.7, (0.1, -0.1)),
    ],
)
def test_calibration_and_threshold_are_part_of_the_file(tmp_path, calibrator):
    adjustments = Adjustments(calibrator=calibrator, threshold=0.37)
    model = small_model(BINARY, ["linear"], adjustments=adjustments)
    made = export_model(model, tmp_path / "model.onnx", rows=NEW)
    assert made.agreement is not None
    assert made.agreement.largest < 1e-6
    (label,) = outputs(made.path, model, ["label"])
    assert {"no", "yes"} == set(label.tolist())


@pytest.mark.parametrize("by", ["constant", "prediction", "spread"])
def test_prediction_intervals_are_part_of_the_file(tmp_path, by):
    rng = np.random.default_rng(0)
    scale = ResidualScale(by=by, at=np.array([0.0, 0.5, 120.0]), value=np.array([1.0, 2.0, 4.0]))
    intervals = Intervals(
        residuals=np.sort(rng.normal(size=200)), weight=None, scale=scale, effective=150.0
    )
    model = small_model(
        VALUES, ["linear", "lightgbm"], adjustments=Adjustments(intervals=intervals, floor=98.0)
    )
    made = export_model(model, tmp_path / "model.onnx", rows=NEW, coverage=0.8)
    found = outputs(made.path, model, ["value", "lower", "upper"])
    for mine, expected in zip(found, model.predict_interval(NEW, 0.8), strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-6)


@pytest.mark.parametrize("sees_answers", [False, True])
def test_residual_members_correct_in_the_file_too(tmp_path, sees_answers):
    model = small_model(BINARY, ["linear"], text=False)
    residual = small_model(VALUES, ["linear"], text=False).members[0]
    if sees_answers:
        extra = "answer of member 0, in link space"
        candidate = residual.candidates[0]
        rows = model.preparation.apply(raw_table(text=False))
        rows[extra] = np.linspace(-1, 1, len(rows))
        candidate.roles = {**candidate.roles, extra: candidate.roles["x"]}
        residual = Member(number=9, candidates=(candidate.fit(rows, np.linspace(0, 1, len(rows))),))
    correction = ResidualCorrection(
        members=(residual,), steps=(0.01,), problem=BINARY, floor=1e-4, sees_answers=sees_answers
    )
    made = export_model(replace(model, correction=correction), tmp_path / "model.onnx", rows=NEW)
    assert made.agreement is not None
    assert made.agreement.largest < 1e-6


def test_fold_models_are_averaged_in_the_file(tmp_path):
    model = small_model(SEVERAL, ["lightgbm"])
    own = model.members[0].candidates
    bagged = replace(model, members=(Member(number=0, candidates=own * 3, of_folds=True),))
    assert export_model(bagged, tmp_path / "model.onnx", rows=NEW).agreement.largest < 1e-6


def test_a_file_that_would_answer_otherwise_is_not_kept(tmp_path, monkeypatch):
    model = small_model(BINARY, ["linear", "lightgbm"])
    path = tmp_path / "model.onnx"
    path.write_bytes(b"the file of yesterday")
    right = onnx_candidate.probabilities

    def wrong(matrix, fitted):
        shares = right(matrix, fitted)
        if type(fitted).__name__ != "LightGBMModel":
            return shares
        return matrix.graph.op("Add", shares, np.float64(0.02))

    monkeypatch.setattr(onnx_candidate, "probabilities", wrong)
    with pytest.raises(ExportDiffersError, match=r"member 1 \(lightgbm\) differs"):
        export_model(model, path, rows=NEW)
    assert path.read_bytes() == b"the file of yesterday"
    assert [each.name for each in tmp_path.iterdir()] == ["model.onnx"]


def test_the_member_that_cannot_be_exported_is_named(tmp_path):
    model = small_model(BINARY, ["linear", "knn"], text=False, portable=False)
    with pytest.raises(CannotExportError, match=r"member 1 \(knn\): a model of class Neighbours"):
        export_model(model, tmp_path / "model.onnx", rows=NEW)
    assert not list(tmp_path.iterdir())


def test_the_stored_rows_are_mixed_when_no_others_are_given(tmp_path):
    made = export_model(small_model(BINARY, ["extra_trees"]), tmp_path / "model.onnx")
    assert made.agreement is not None
    assert made.agreement.n_rows > 100


def test_columns_may_be_called_as_outputs_are(tmp_path):
    model = small_model(BINARY, ["linear"], text=False)
    plans = tuple(
        replace(plan, name="label") if plan.name == "x" else plan
        for plan in model.preparation.plans
    )
    candidate = model.members[0].candidates[0]
    for owner in (candidate, candidate.features_):
        owner.roles = {("label" if name == "x" else name): r for name, r in owner.roles.items()}
    renamed = replace(model, preparation=replace(model.preparation, plans=plans), example=None)
    made = export_model(renamed, tmp_path / "m.onnx", rows=NEW.rename(columns={"x": "label"}))
    opened = session(made.path)
    assert "label_" in [each.name for each in opened.get_outputs()]
    assert made.agreement is not None


def test_the_file_says_what_it_is(tmp_path):
    model = small_model(BINARY, ["linear"])
    made = export_model(model, tmp_path / "model.onnx", rows=NEW, facts={"model": "churn/3"})
    about = session(made.path).get_modelmeta().custom_metadata_map
    assert about["model"] == "churn/3"
    assert about["target"] == "target"
    assert all(label in about["classes"] for label in LABELS[BINARY])


@pytest.mark.parametrize(
    ("form", "out", "said"),
    [("pmml", "m.pmml", "unknown format 'pmml'"), ("onnx", "gone/m.onnx", "does not exist")],
)
def test_what_is_wrong_is_said(tmp_path, form, out, said):
    with pytest.raises(UserError, match=said):
        export_model(small_model(BINARY, ["linear"], text=False), tmp_path / out, form)
