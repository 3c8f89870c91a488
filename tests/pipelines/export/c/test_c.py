"""The C file, compiled, answers as the model does."""

import shutil

import pytest

from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.c.source import Memory, quoted
from espalier.pipelines.export.write import export_model
from espalier.pipelines.problem import ProblemKind
from tests.pipelines.export.models import raw_table, small_model

needs_a_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("gcc", "cc", "clang"))), reason="needs a C compiler"
)
NEW = raw_table(40, seed=5, text=False)


@needs_a_compiler
@pytest.mark.parametrize("problem", list(ProblemKind))
@pytest.mark.parametrize("families", [["linear", "lightgbm"], ["xgboost", "catboost"], ["mlp"]])
def test_the_compiled_file_answers_as_the_model_does(tmp_path, problem, families):
    model = small_model(problem, families, text=False)
    made = export_model(model, tmp_path / "model.c", "c", rows=NEW)
    assert made.agreement is not None
    assert made.agreement.holds
    assert "KiB, memory" in made.notes[0]
    text = made.path.read_text(encoding="utf-8")
    assert "malloc" not in text
    assert "numbers[0]  x (numeric)" in text


@needs_a_compiler
@pytest.mark.parametrize("family", ["extra_trees", "bayes", "svm", "realmlp", "ebm"])
def test_other_families_are_compiled_too(tmp_path, family):
    model = small_model(ProblemKind.BINARY, [family], text=False)
    made = export_model(model, tmp_path / "model.c", "c", rows=NEW)
    assert made.agreement is not None
    assert made.agreement.largest < 1e-6


@needs_a_compiler
def test_text_columns_have_no_form_in_c(tmp_path):
    model = small_model(ProblemKind.BINARY, ["linear"])
    with pytest.raises(CannotExportError, match=r"text column 'note'.*--portable c"):
        export_model(model, tmp_path / "model.c", "c")


def test_memory_is_used_again_and_places_do_not_overlap():
    memory = Memory()
    first, second = memory.take(20), memory.take(8)
    assert (first, second, memory.size) == (0, 24, 32)
    memory.give_back(first, 20)
    assert memory.take(16) == 0
    assert memory.take(8) == 16
    assert memory.size == 32
    memory.give_back(0, 16)
    memory.give_back(16, 8)
    assert memory.take(24) == 0


def test_strings_are_quoted_for_c():
    assert quoted('a"b\\??ü\n'.encode()) == r'"a\042b\134\077\077\303\274\012"'
