"""The file of a network answers as PyTorch does, and needs no PyTorch."""

import subprocess
import sys

import numpy as np
import pytest

from espalier.pipelines.architectures.forward import forward
from espalier.pipelines.architectures.onnx_file import Colours, onnx_bytes
from espalier.pipelines.architectures.runtime import run_network
from espalier.pipelines.architectures.weights import initial_weights
from tests.deep import need_torch
from tests.pipelines.architectures.examples import DESIGNS, bright_or_dark, name_of


def weights_of(network, seed=0):
    """Return weights as training leaves them: no scale is 1, no mean 0."""
    rng = np.random.default_rng(seed)
    weights = initial_weights(network, rng)
    for name, values in weights.items():
        if name.endswith(("scale", "variance")):
            weights[name] = rng.uniform(0.5, 1.5, values.shape).astype(np.float32)
        elif name.endswith(("shift", "mean", "bias")):
            weights[name] = rng.normal(0, 0.3, values.shape).astype(np.float32)
    return weights


@pytest.mark.parametrize("n_pictures", [1, 2])
@pytest.mark.parametrize("design", DESIGNS, ids=name_of)
def test_answers_as_pytorch_does(design, n_pictures):
    need_torch()
    import torch

    network = design.network(3, largest_side=12, n_pictures=n_pictures)
    weights = weights_of(network)
    pixels = bright_or_dark(70, n_pictures=n_pictures).pixels  # more than a block of rows
    colours = Colours.of(pixels)
    flat = pixels.reshape(-1, 12, 12, 3)
    standard = torch.from_numpy((flat - colours.mean) / colours.spread).permute(0, 3, 1, 2)
    tensors = {name: torch.from_numpy(each) for name, each in weights.items()}
    expected = forward(network, tensors, standard).softmax(dim=1).numpy()
    found = run_network(onnx_bytes(network, weights, colours, softmax=True), pixels)
    assert found.shape == (70, 3)
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_no_rows_no_answers():
    network = DESIGNS[0].network(3, largest_side=12)
    pixels = bright_or_dark(4).pixels
    stored = onnx_bytes(network, weights_of(network), Colours.of(pixels), softmax=False)
    assert run_network(stored, pixels[:0]).shape == (0, 3)


def test_running_a_file_imports_neither_torch_nor_onnx(tmp_path):
    network = DESIGNS[2].network(2, largest_side=12)
    pixels = bright_or_dark(4).pixels
    path = tmp_path / "network"
    path.write_bytes(onnx_bytes(network, weights_of(network), Colours.of(pixels), softmax=True))
    code = (
        "import sys, numpy as np\n"
        "from espalier.pipelines.architectures.runtime import run_network\n"
        f"content = open({str(path)!r}, 'rb').read()\n"
        "print(run_network(content, np.zeros((2, 1, 12, 12, 3), dtype=np.uint8)).shape)\n"
        "print(sorted({'torch', 'onnx'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["(2, 2)", "[]"]
