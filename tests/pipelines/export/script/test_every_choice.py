"""Every family with every preprocessing choice has a script that works, or is refused in a line."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.script.write import script_of
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from tests.pipelines.export.candidates import covering
from tests.pipelines.export.models import ensemble, fit, raw_table, small_dataset, small_model
from tests.pipelines.export.script.test_script import skill, with_target

REFUSED = {
    "svm": "a kernel whose width",
    "bayes": "a Gaussian classifier with a temperature",
    "knn": "nearest neighbours by columns that do not count alike",
}


def answers_of(text, train, new):
    """Run a script's own functions in this process; return its predictions."""
    names: dict[str, Any] = {"__name__": "script"}
    exec(compile(text, "script.py", "exec"), names)
    rows, y = names["read"](train), pd.read_csv(train)["target"]
    if y.dtype.kind not in "fi":
        labels, codes = np.unique(y.astype(str), return_inverse=True)
        pipeline = names["pipeline"].fit(rows, codes)
        return pd.Series(labels[np.ravel(pipeline.predict(names["read"](new)))])
    return pd.Series(np.ravel(names["pipeline"].fit(rows, y).predict(names["read"](new))))


def _is_refused(model):
    fitted = model.members[0].candidates[0].model_
    return model.members[0].family in ("svm", "bayes") or getattr(fitted, "relevance", False)


@pytest.mark.slow
@pytest.mark.parametrize("problem", [ProblemKind.BINARY, ProblemKind.REGRESSION])
@pytest.mark.parametrize("family", list(LEARNERS))
def test_each_value_of_each_choice_has_a_script_or_is_refused(tmp_path, family, problem):
    if problem not in LEARNERS[family].problems:
        pytest.skip("no family for such problems")
    table, dataset, preparation = small_dataset(problem)
    train, new = tmp_path / "train.csv", tmp_path / "new.csv"
    with_target(table, problem).to_csv(train, index=False)
    fresh = with_target(raw_table(200, 9), problem)
    fresh.to_csv(new, index=False)
    learner = LEARNERS[family]
    for configuration in covering(SearchSpace([learner], dataset.shape)):
        model = ensemble([fit(learner, configuration, dataset)], preparation, dataset, table)
        if _is_refused(model):
            with pytest.raises(CannotExportError, match=REFUSED[family]):
                script_of(model)
            continue
        text, notes = script_of(model)
        found = answers_of(text, train, new)
        own = skill(pd.Series(model.predict(fresh)), fresh["target"])
        # Where the script says that it is simpler, it may be worse.
        allowed = 0.3 if notes else 0.15
        assert skill(found, fresh["target"]) > own - allowed, (configuration, text)


def test_pictures_and_vectors_of_texts_are_refused_or_told():
    model = small_model(ProblemKind.BINARY, ["linear"])
    features = model.members[0].candidates[0].features_
    features.roles = {**features.roles, "photo": ColumnRole.IMAGE}
    features.vectors_ = {"photo": None}
    with pytest.raises(CannotExportError, match="column 'photo', which holds pictures, cannot be"):
        script_of(model)
    features.roles["photo"] = ColumnRole.MEANING
    text, notes = script_of(model)
    assert "vectors of their meaning are left out" in notes[0]
    assert "photo" not in text
