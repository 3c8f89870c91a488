"""Rows are scored by the code that a model was saved with, not by today's."""

import numpy as np
import pytest

from espalier.infra.registry.model_files import model_files
from espalier.infra.registry.registry import register_version
from espalier.infra.registry.scoring import score_rows
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.errors import UserError


@pytest.fixture
def version(stores, saved_model, raw_rows, request):
    tracking = Tracking(stores)
    return register_version(
        tracking,
        name=request.node.name[:60],
        run_id=tracking.start_run("training"),
        folder=saved_model,
        example=raw_rows,
    )


def test_answers_latency_and_size(version, stores, ensemble, raw_rows):
    answers = score_rows(version, raw_rows.rename(columns={"bought": "label"}), stores)
    np.testing.assert_allclose(answers.scores, ensemble.predict_scores(raw_rows), rtol=1e-6)
    assert answers.classes == ("no", "yes")
    assert 0 < answers.latency_ms < 60_000
    assert answers.size_mb > 0


def test_the_models_own_code_answers(version, stores, raw_rows):
    serving = model_files(version, stores).code / "espalier" / "pipelines" / "serving" / "model.py"
    serving.write_text(
        serving.read_text()
        + "\n\nEnsembleModel.predict_scores = lambda self, table: np.full((len(table), 2), 0.25)\n"
    )
    assert (score_rows(version, raw_rows, stores).scores == 0.25).all()


def test_a_model_that_cannot_answer_says_why(version, stores, raw_rows):
    with pytest.raises(UserError, match=r"cannot answer these rows: .*'kind'"):
        score_rows(version, raw_rows.drop(columns="kind"), stores)
    with pytest.raises(UserError, match=r"within 0\.01 s"):
        score_rows(version, raw_rows, stores, timeout=0.01)
