"""What networks are trained with, which the extra ``deep`` brings."""

import importlib.util

from espalier.pipelines.errors import UserError

_MODULES = ("torch", "onnx", "onnxruntime")


def has_deep() -> bool:
    """Whether everything that networks are trained with is installed."""
    return not _missing()


def need_deep() -> None:
    """Raise a `UserError` that says what to install if PyTorch or ONNX is missing."""
    if missing := _missing():
        raise UserError(
            f"networks are trained with {', '.join(missing)}, which is not installed; "
            "install it with: pip install 'espalier[deep]'"
        )


def _missing() -> list[str]:
    return [each for each in _MODULES if importlib.util.find_spec(each) is None]
