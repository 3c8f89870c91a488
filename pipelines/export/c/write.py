"""Write a C file, compile it, and ask it the rows that the model was asked."""

import ctypes
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError
from espalier.pipelines.export.base.agreement import Agreement, Answers, agreement
from espalier.pipelines.export.base.scoring import feeds
from espalier.pipelines.export.c.columns import CColumns
from espalier.pipelines.export.c.source import Source, quoted, source_of
from espalier.pipelines.export.c.text import FILE
from espalier.pipelines.export.onnx.whole.model import (
    LABEL,
    LOWER,
    PROBABILITIES,
    UPPER,
    VALUE,
    ModelGraph,
    model_graph,
)
from espalier.pipelines.serving.model import EnsembleModel

_COMPILERS = ("gcc", "cc", "clang")


def write_c(
    model: EnsembleModel,
    path: Path,
    prepared: pd.DataFrame,
    *,
    coverage: float,
    facts: Mapping[str, str],
) -> tuple[Agreement, tuple[str, ...]]:
    """Write a model as C99 and compare it on prepared rows; the note tells size and memory.

    Raises
    ------
    CannotExportError
        A part of the model has no form in C.
    UserError
        There is no C compiler to compare the file with the model.
    """
    compiler = next((each for each in _COMPILERS if shutil.which(each)), None)
    if compiler is None:
        raise UserError("there is no C compiler (gcc, cc or clang) to try the file; install one")
    made = model_graph(model, coverage=coverage, columns_type=CColumns)
    source = source_of(made.graph, made.lookups)
    path.write_text(_file(model, made, source, facts), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        library = _compiled(compiler, path, Path(folder))
        answers = _answers(model, made, library, prepared, source.n_bytes)
        size = library.stat().st_size
    note = f"compiled {size / 2**10:.0f} KiB, memory {source.n_bytes / 2**10:.1f} KiB"
    return agreement(model, prepared, answers, coverage=coverage), (note,)


def _file(model: EnsembleModel, made: ModelGraph, source: Source, facts: Mapping[str, str]) -> str:
    numbers, strings = _inputs(made)
    roles = model.preparation.roles
    listed = [f"     numbers[{at}]  {name} ({roles[name]})" for at, name in enumerate(numbers)]
    listed += [f"     strings[{at}]  {name} ({roles[name]})" for at, name in enumerate(strings)]
    outputs = [
        f"     outputs[{at}]  {name}, {_size(model, name)} number(s)"
        for at, name in enumerate(made.names)
    ]
    about = [f"   {key}: {value}" for key, value in facts.items()]
    labels = "NULL"
    if model.classes is not None:
        labels = ", ".join(quoted(str(each).encode()) for each in model.classes)
    return FILE.format(
        about=_comment("\n".join([*about, "", *listed, *outputs])),
        n_bytes=source.n_bytes,
        labels=labels,
        body=source.body,
    )


def _comment(text: str) -> str:
    return re.sub(r"\*/", "* /", text)


def _size(model: EnsembleModel, name: str) -> int:
    return len(model.classes) if name == PROBABILITIES and model.classes is not None else 1


def _inputs(made: ModelGraph) -> tuple[list[str], list[str]]:
    """Return the columns that are numbers, and those that are strings."""
    kinds = made.graph.inputs.items()
    numbers = [name for name, (dtype, _) in kinds if dtype.kind != "O"]
    return numbers, [name for name, (dtype, _) in kinds if dtype.kind == "O"]


def _compiled(compiler: str, path: Path, folder: Path) -> Path:
    """Return the file compiled as a library."""
    library = folder / "model.so"
    command = [compiler, "-std=c99", "-O1", "-shared", "-fPIC", "-x", "c", str(path),
               "-o", str(library), "-lm"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(
            f"{compiler} cannot compile the file: {done.stderr[:500]}; export onnx instead"
        )
    return library


def _answers(
    model: EnsembleModel, made: ModelGraph, library: Path, prepared: pd.DataFrame, n_bytes: int
) -> Answers:
    """Return what the compiled file makes of the rows."""
    opened = ctypes.CDLL(str(library))
    inputs = feeds(prepared, model.preparation)
    numbers, strings = _inputs(made)
    table = np.hstack([np.zeros((len(prepared), 1)), *(inputs[name] for name in numbers)])[:, 1:]
    texts = [[cell.encode() for cell in inputs[name][:, 0]] for name in strings]
    sizes = [_size(model, name) for name in made.names]
    found = [np.zeros((len(prepared), size)) for size in sizes]
    memory = (ctypes.c_double * (n_bytes // 8 + 1))()
    for row in range(len(prepared)):
        cells = np.ascontiguousarray(table[row])
        given = (ctypes.c_char_p * max(1, len(strings)))(*(each[row] for each in texts))
        outputs = (ctypes.c_void_p * len(found))(*(each[row].ctypes.data for each in found))
        opened.predict(ctypes.c_void_p(cells.ctypes.data), given, outputs, memory)
    return _read(model, dict(zip(made.names, found, strict=True)))


def _read(model: EnsembleModel, found: dict[str, NDArray[Any]]) -> Answers:
    if model.classes is None:
        bounds = np.hstack([found[LOWER], found[UPPER]]) if LOWER in found else None
        return Answers(scores=found[VALUE][:, 0], labels=None, bounds=bounds, members={})
    labels = found[LABEL][:, 0].astype(np.int64)
    return Answers(scores=found[PROBABILITIES], labels=labels, bounds=None, members={})
