"""Pieces of a script: expressions with the imports that they need."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

ADVICE = "export another format, or train with families that have a plain form"
"""What to do about a part that no library has."""
PASS = "'passthrough'"
"""The step that changes nothing."""


@dataclass(frozen=True, slots=True)
class Code:
    """An expression of a script.

    Attributes
    ----------
    text : str
        The expression.
    imports : frozenset of str
        Lines such as ``from sklearn.linear_model import Ridge``.
    notes : tuple of str
        Where it is not quite what the model does.
    """

    text: str
    imports: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @classmethod
    def call(
        cls,
        module: str,
        name: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        notes: tuple[str, ...] = (),
    ) -> "Code":
        """Return ``name(parameter=value, ...)``, imported from ``module``."""
        given = [f"{key}={literal(value)}" for key, value in (parameters or {}).items()]
        return cls(
            f"{name}({', '.join(given)})", frozenset({f"from {module} import {name}"}), notes
        )

    def named(self, text: str, *more: "Code") -> "Code":
        """Return an expression around this one and others."""
        parts = (self, *more)
        return Code(
            text,
            frozenset().union(*(each.imports for each in parts)),
            tuple(dict.fromkeys(note for each in parts for note in each.notes)),
        )


def chain(parts: Iterable[Code]) -> Code:
    """Return the parts one after the other, as ``make_pipeline`` has it."""
    parts = list(parts)
    working = [each for each in parts if each.text != PASS] or parts[:1]
    notes = tuple(note for each in parts for note in each.notes)
    if len(working) == 1:
        return Code(working[0].text, working[0].imports, notes)
    parts = working
    maker = Code("", frozenset({"from sklearn.pipeline import make_pipeline"}))
    text = f"make_pipeline({', '.join(each.text for each in parts)})"
    return Code(text, maker.named(text, *parts).imports, notes)


def literal(value: Any) -> str:
    """Return a value as it is written in a script."""
    if isinstance(value, Code):
        return value.text
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return repr(float(value))
    return repr(float(f"{value:.10g}")) if isinstance(value, float) else repr(value)
