"""The formats of exported models."""

from typing import Literal, get_args

from espalier.pipelines.errors import UserError

ExportFormat = Literal["onnx", "c", "python"]
PortableFormat = Literal["onnx", "c"]
"""Formats that the search can be cut to; any single configuration has a Python script."""


def check_portable(value: str | None) -> None:
    """Raise a `UserError` for an unknown format."""
    if value is not None and value not in get_args(PortableFormat):
        known = ", ".join(get_args(PortableFormat))
        raise UserError(f"unknown portable format {value!r}; choose one of: {known}")
