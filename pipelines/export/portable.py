"""Cut the search to what can be exported, before it begins."""

from collections.abc import Sequence
from dataclasses import replace

from espalier.pipelines.data.dataset import Dataset, DatasetShape
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.errors import UserError
from espalier.pipelines.export.base.formats import PortableFormat
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.learners.families.svm import is_exact
from espalier.pipelines.learners.registry import LEARNERS

# The nearest of thousands of rows depend on the last digits of distances, wherever rows are alike.
_NEVER = frozenset({"knn"})
# Its own statistics of categories are looked up by hashes, for which there is no C.
_WITHOUT_NATIVE_IN_C = frozenset({"catboost"})
_PICTURES = (ColumnRole.IMAGE, ColumnRole.PIXELS)
_EXPORTED = (ColumnRole.NUMERIC, ColumnRole.CATEGORICAL, ColumnRole.DATETIME, ColumnRole.TIME)


def portable_learners(
    learners: Sequence[Learner], dataset: Dataset, form: PortableFormat
) -> tuple[Learner, ...]:
    """Return the families with only those choices that can be exported.

    Terms of text are words, nothing is looked up by combinations of cells, nothing is projected
    (small differences of single precision become large ones along directions in which rows hardly
    vary), and for C CatBoost gets codes of categories.

    Parameters
    ----------
    learners : sequence of Learner
        The families of the search.
    dataset : Dataset
        The search rows; only their shape and the roles of their columns count.
    form : str
        ``onnx``, or ``c``, which takes numbers, categories and dates.

    Raises
    ------
    UserError
        A column cannot be exported, or no family is left.
    """
    pictures = [name for name, role in dataset.roles.items() if role in _PICTURES]
    if pictures:
        raise UserError(
            f"column(s) {', '.join(map(repr, pictures))} hold pictures, which no export takes; "
            "leave them out (--exclude), or train without --portable"
        )
    if form == "c":
        others = [name for name, role in dataset.roles.items() if role not in _EXPORTED]
        if others:
            raise UserError(
                f"column(s) {', '.join(map(repr, others))} hold text, which a C file cannot take; "
                "leave them out (--exclude), or use --portable onnx"
            )
    kept = [each for each in learners if is_portable(each, dataset.shape)]
    if not kept:
        able = [each.name for each in LEARNERS.values() if is_portable(each, dataset.shape)]
        raise UserError(
            f"none of the families {', '.join(each.name for each in learners)} can be exported "
            f"from these rows; add one of: {', '.join(able)}, or train without --portable"
        )
    return tuple(_cut(each, form) for each in kept)


def is_portable(learner: Learner, shape: DatasetShape) -> bool:
    """Whether models of this family on such a table can be exported."""
    if learner.name in _NEVER or learner.name not in LEARNERS:
        return False
    # Landmarks of a kernel, in single precision, are another kind of projection.
    return learner.name != "svm" or is_exact(shape)


def _cut(learner: Learner, form: PortableFormat) -> Learner:
    traits = learner.preprocessing
    encoding = traits.encoding
    if form == "c" and learner.name in _WITHOUT_NATIVE_IN_C:
        encoding = tuple(each for each in encoding if each != "native")
    cut = replace(
        traits,
        encoding=encoding,
        projection=False,
        text_analyzers=("word",),
        lookups=("none",),  # hashes of cells have no form in ONNX
    )
    return replace(learner, preprocessing=cut)
