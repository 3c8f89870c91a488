"""Paragraphs that the docstrings of both estimators share."""

import re
from typing import TypeVar

from espalier.pipelines.automl.settings import TrainingSettings

C = TypeVar("C", bound=type)

# Parameters of the estimators that are no settings of the training.
_OWN_PARAMETERS = """
random_state : int, RandomState or None
    Where randomness comes from; an int makes a run repeatable.
holdout_fraction : float
    Share of the rows that nothing sees but the final score, in [0, 1); 0 for none.
verbose : int
    1 prints a line for each trial.
image_columns : sequence of str or None
    Columns of pictures: paths, bytes of files, data URIs, or arrays of pixels. None recognises
    paths of existing files and bytes; an empty sequence takes no column for pictures.
image_root : str, Path or None
    Folder or zip archive that relative paths of pictures start from; None for the working folder.
bad_files : "missing", "set-aside" or "refuse"
    What is done with a picture that cannot be used: it is a missing cell of its row, its row is
    left out, or there is no training. Such pictures are counted and listed in any case.
"""

_ATTRIBUTES = """
leaderboard_ : DataFrame
    Every trial, best first, with its weight in the ensemble.
ensemble_report_ : DataFrame
    Every way of combining that was tried, with its score on rows it was not fitted to.
front_ : DataFrame
    With costs among the ``objectives``, or ``prefer``: the models that cannot be bettered in all of
    them at once, best score first, and which of them is ``chosen``; else empty.
cv_score_ : float
    Score of the combination on rows it was not fitted to.
notes_ : tuple of str
    Why the search ended before its time; empty if it used all of it.
metric_ : str
    What was optimised.
holdout_score_, holdout_interval_ : float and (float, float), or None
    On the held-out rows, with a 95 % bootstrap interval.
experience_ : dict or None
    Which known datasets are similar, and what was expected of the first trials and came; None
    where no experience was asked.
model_ : EnsembleModel
    What predicts.
n_features_in_ : int
    Columns of the training table.
feature_names_in_ : array of str
    Their names, if they have any.
"""

# What the estimators do not take, or not all of them, or by another name.
_NOT_SHARED = ("seed", "threshold", "allow_baseline")


def with_shared_docs(cls: C) -> C:
    """Replace the placeholders in the docstring of an estimator by shared paragraphs."""
    described = described_settings()
    shared = [text for name, text in described.items() if name not in _NOT_SHARED]
    parts = {
        "shared parameters": "\n".join([*shared, _OWN_PARAMETERS.strip()]),
        "threshold": described.get("threshold", ""),
        "shared attributes": _ATTRIBUTES.strip(),
    }
    doc = cls.__doc__ or ""  # without one where Python leaves them out
    for name, text in parts.items():
        doc = doc.replace(f"{{{name}}}", text.replace("\n", "\n    "))
    cls.__doc__ = doc or None
    return cls


def described_settings() -> dict[str, str]:
    """Return the paragraph about each setting in the docstring of `TrainingSettings`, by name."""
    doc = re.sub(r"^    ", "", TrainingSettings.__doc__ or "", flags=re.MULTILINE)
    part = doc.partition("Attributes\n----------\n")[2].partition("\n\n")[0]
    entries = re.split(r"\n(?=\S)", part)
    return {entry.partition(" :")[0]: entry for entry in entries if entry}
