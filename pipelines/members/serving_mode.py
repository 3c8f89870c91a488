"""Refit modes: a member is fitted again to all rows, or uses the models of its folds."""

from enum import StrEnum
from typing import Literal, get_args

from espalier.pipelines.errors import UserError

Serving = Literal["auto", "refit", "bagged"]
"""The user's option ``serving``."""


class RefitMode(StrEnum):
    """Where the models of a member come from."""

    REFIT = "refit"  # one model, fitted to all search rows
    KEPT = "kept"  # the fold models that were stored with its trial
    FOLDS = "folds"  # fold models, fitted again because they were not stored


def check_serving(serving: str) -> None:
    """Raise a `UserError` if ``serving`` is none of the three options."""
    known = get_args(Serving)
    if serving not in known:
        raise UserError(f"unknown serving {serving!r}; choose one of: {', '.join(known)}")
