"""Every family with every preprocessing choice is compiled, and answers as the model does."""

import shutil

import pytest

from espalier.pipelines.ensemble.combination import CombinationSpace
from espalier.pipelines.errors import UserError
from espalier.pipelines.export.portable import portable_learners
from espalier.pipelines.export.write import export_model
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.space.joint import SearchSpace
from tests.pipelines.export.candidates import covering
from tests.pipelines.export.models import ensemble, fit, raw_table, small_dataset

NEW = raw_table(40, seed=5, text=False)


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, ("gcc", "cc", "clang"))), reason="needs a C compiler")
@pytest.mark.parametrize("problem", [ProblemKind.BINARY, ProblemKind.REGRESSION])
@pytest.mark.parametrize("family", list(LEARNERS))
def test_each_value_of_each_choice_is_compiled_or_refused_in_a_line(tmp_path, family, problem):
    """All configurations are members of one model, so that one file is compiled."""
    if problem not in LEARNERS[family].problems:
        pytest.skip("no family for such problems")
    table, dataset, preparation = small_dataset(problem, text=False)
    if family == "knn":
        with pytest.raises(UserError, match="none of the families knn can be exported"):
            portable_learners([LEARNERS[family]], dataset, "c")
        return
    (learner,) = portable_learners([LEARNERS[family]], dataset, "c")
    candidates = [
        fit(learner, each, dataset) for each in covering(SearchSpace([learner], dataset.shape))
    ]
    model = ensemble(candidates, preparation, dataset, table, space=CombinationSpace.PROBABILITY)
    made = export_model(model, tmp_path / "model.c", "c", rows=NEW)
    assert made.agreement is not None
    assert made.agreement.holds
    if problem is ProblemKind.BINARY:  # a difference of one member is divided by their number
        assert made.agreement.largest * len(candidates) < 1e-5
