"""How members serve: fitted once more to all rows, or as the models of their folds."""

from enum import StrEnum
from typing import Literal, get_args

from espalier.pipelines.errors import UserError

Serving = Literal["auto", "refit", "bagged"]
"""What a person asks for."""


class RefitMode(StrEnum):
    """How one member comes by its models."""

    REFIT = "refit"  # one model, fitted to all search rows
    KEPT = "kept"  # the fold models that its trial left
    FOLDS = "folds"  # fold models, fitted again as they were not kept


def check_serving(serving: str) -> None:
    """Refuse what is none of the three, with a `UserError`."""
    known = get_args(Serving)
    if serving not in known:
        raise UserError(f"unknown serving {serving!r}; choose one of: {', '.join(known)}")
