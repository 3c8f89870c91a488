"""Functions of numbers that ONNX has no operator for, or not with float64."""

import numpy as np

from espalier.pipelines.export.onnx.graph.graph import Graph, Tensor

# Wichura, "Algorithm AS241: the percentage points of the normal distribution" (1988), PPND16: the
# coefficients of its two inner regions, highest power first. Its outer one begins beyond five
# deviations.
_CENTRAL = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
_MIDDLE = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
     1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055,
     4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
     0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494,
     2.05319162663775882187, 1.0),
)  # fmt: skip
_INNER, _INNER_SQUARE, _SHIFT = 0.425, 0.180625, 1.6
# The normal quantile of less is beyond -3.7, where callers cut it off.
_LEAST_RANK = 1e-4


def normal_quantile(graph: Graph, ranks: Tensor) -> Tensor:
    """Return the quantile of the standard normal distribution at ranks in [0, 1], float64.

    Ranks beyond 1e-4 and 1 - 1e-4 count as those.
    """
    least, most = np.float64(_LEAST_RANK), np.float64(1 - _LEAST_RANK)
    ranks = graph.op("Clip", ranks, least, most)
    centred = graph.op("Sub", ranks, np.float64(0.5))
    square = graph.op("Mul", centred, centred)
    inner = graph.op("Mul", centred, _ratio(graph, _CENTRAL, _minus(graph, _INNER_SQUARE, square)))
    tail = graph.op("Min", ranks, _minus(graph, 1.0, ranks))
    depth = graph.op("Sqrt", graph.op("Neg", graph.op("Log", tail)))
    outer = _ratio(graph, _MIDDLE, graph.op("Sub", depth, np.float64(_SHIFT)))
    outer = graph.op("Mul", outer, graph.op("Sign", centred))
    is_inner = graph.op("LessOrEqual", graph.op("Abs", centred), np.float64(_INNER))
    return graph.op("Where", is_inner, inner, outer)


def interpolate(graph: Graph, x: Tensor, at: np.ndarray, value: np.ndarray) -> Tensor:
    """Return ``np.interp(x, at, value)`` for float64 ``x`` of shape (n_rows, 1)."""
    if len(at) == 1:
        return graph.add(graph.op("Mul", x, np.float64(0.0)), np.float64(value[0]))
    inside = graph.op("Clip", x, np.float64(at[0]), np.float64(at[-1]))
    passed = graph.cast(graph.op("GreaterOrEqual", inside, at[None, 1:-1]), np.int64)
    piece = graph.op("ReduceSum", passed, np.array([1]), keepdims=1)
    width = np.diff(at)
    slope = np.diff(value) / np.where(width > 0, width, 1.0)
    from_start = graph.op("Sub", inside, graph.op("Gather", at[:-1], piece))
    risen = graph.op("Mul", from_start, graph.op("Gather", slope, piece))
    return graph.add(graph.op("Gather", value[:-1], piece), risen)


def softmax(graph: Graph, logits: Tensor) -> Tensor:
    """Return probabilities over the columns."""
    return graph.op("Softmax", logits, axis=1)


def two_classes(graph: Graph, positive: Tensor) -> Tensor:
    """Return probabilities of both classes, from those of the second, float64 (n_rows, 1)."""
    return graph.join([_minus(graph, 1.0, positive), positive])


def sigmoid(graph: Graph, logits: Tensor) -> Tensor:
    """Return probabilities of both classes, shape (n_rows, 2), for logits (n_rows, 1)."""
    return two_classes(graph, graph.op("Sigmoid", logits))


def row_sum(graph: Graph, x: Tensor) -> Tensor:
    """Return the sum of each row, shape (n_rows, 1)."""
    return graph.op("ReduceSum", x, np.array([1]), keepdims=1)


def squared_distances(graph: Graph, x: Tensor, points: np.ndarray) -> Tensor:
    """Return squared Euclidean distances to ``points``, float64 (n_rows, n_points)."""
    points = points.astype(np.float64)
    product = graph.op("MatMul", x, np.ascontiguousarray(-2.0 * points.T))
    own = row_sum(graph, graph.op("Mul", x, x))
    far = graph.add(product, own, (points**2).sum(axis=1)[None, :])
    return graph.op("Max", far, np.array([0.0]))


def _minus(graph: Graph, number: float, x: Tensor) -> Tensor:
    return graph.op("Sub", np.float64(number), x)


def _ratio(graph: Graph, polynomials: tuple[tuple[float, ...], ...], x: Tensor) -> Tensor:
    """Return the ratio of two polynomials, by Horner's rule."""
    values = []
    for coefficients in polynomials:
        value = graph.constant(np.float64(coefficients[0]))
        for each in coefficients[1:]:
            value = graph.add(graph.op("Mul", value, x), np.float64(each))
        values.append(value)
    return graph.op("Div", *values)
