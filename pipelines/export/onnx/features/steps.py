"""Steps on the joined matrix: selected columns and projections."""

from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.onnx.graph.functions import squared_distances
from espalier.pipelines.export.onnx.graph.graph import Graph, Tensor
from espalier.pipelines.preprocessing.project import Project
from espalier.pipelines.preprocessing.select import SelectColumns


def apply_step(graph: Graph, tensor: Tensor, step: Any) -> Tensor:
    """Return the float32 matrix after a fitted step.

    Raises
    ------
    CannotExportError
        The step is neither a selection nor a projection.
    """
    if isinstance(step, SelectColumns):
        return graph.take(tensor, step.columns_)
    if not isinstance(step, Project):
        raise CannotExportError(f"the preprocessing step {type(step).__name__}")
    doubles = graph.cast(tensor, np.float64)
    if isinstance(step.projection_, PCA):
        projected = _components(graph, doubles, step.projection_)
    else:
        projected = nystroem(graph, doubles, step.projection_)
    return graph.cast(graph.op("Div", projected, np.float64(step.spread_)), np.float32)


def nystroem(graph: Graph, x: Tensor, landmarks: Any) -> Tensor:
    """Return fitted Nystroem features of a Gaussian kernel, float64, for float64 ``x``."""
    distances = squared_distances(graph, x, landmarks.components_)
    kernel = graph.op("Exp", graph.op("Mul", distances, np.float64(-landmarks.gamma)))
    return graph.op("MatMul", kernel, landmarks.normalization_.T.astype(np.float64))


def _components(graph: Graph, x: Tensor, pca: PCA) -> Tensor:
    components = pca.components_.astype(np.float64)
    centred = graph.op("Sub", x, pca.mean_.astype(np.float64)[None, :])
    return graph.op("MatMul", centred, np.ascontiguousarray(components.T))
