"""Frozen dataclasses that were pickled by a version that knew fewer of their fields."""

from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any


def set_state_with_defaults(self: Any, state: Sequence[Any]) -> None:
    """Give fields that a pickle lacks their defaults.

    It is ``__setstate__`` of frozen dataclasses with slots: assigned in their body, as the
    decorator puts its own where the body has none. Fields that were added later must stand last
    and have a default.

    Raises
    ------
    TypeError
        The pickle has too many fields, or lacks one without a default.
    """
    known = fields(self)
    later = known[len(state) :]
    if len(state) > len(known) or any(each.default is MISSING for each in later):
        raise TypeError(
            f"this {type(self).__name__} was pickled by a version that does not fit: it has "
            f"{len(state)} fields, and {len(known)} are known; open it with the version that "
            "made it"
        )
    for each, value in zip(known, (*state, *(each.default for each in later)), strict=True):
        object.__setattr__(self, each.name, value)
