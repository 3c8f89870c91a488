"""What tests of networks share: they are skipped where PyTorch is not installed."""

import pytest

NO_TORCH = "PyTorch is not installed (make deep)"


def need_torch() -> None:
    """Skip the module of tests that calls this, where PyTorch is not installed."""
    pytest.importorskip("torch", reason=NO_TORCH)
