"""Trees of any library as one ``TreeEnsemble`` node.

All comparisons are made in float64. Rows are float32 numbers and thresholds float32 or float64 as
the library has them, so a row goes where it went in the library. Sums are made in float64 too.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.onnx.features.matrix import Matrix
from espalier.pipelines.export.onnx.graph.graph import ML, Tensor

# The operator's numbers for its comparisons; the first branch is taken where they hold.
LEQ, LT, MEMBER = 0, 1, 6
_SUM = 1


@dataclass(slots=True)
class TreeTable:
    """The nodes and leaves of many trees.

    A node is added by `add_node` and gets its two children later; a child is the number of a node,
    or ``-1 - leaf``.

    Attributes
    ----------
    roots : list of int
        First node of each tree.
    features, modes, splits, children, missing : lists
        For each node its column, its comparison, its threshold, its two children (the first one
        where the comparison holds), and whether a missing value goes to the first one.
    members : dict of int to list of float
        For a node with `MEMBER` the values for which it holds.
    targets, values : lists
        For each leaf the output that it adds to, and what it adds.
    """

    roots: list[int] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    modes: list[int] = field(default_factory=list)
    splits: list[float] = field(default_factory=list)
    children: list[tuple[int, int]] = field(default_factory=list)
    missing: list[bool] = field(default_factory=list)
    members: dict[int, list[float]] = field(default_factory=dict)
    targets: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add_arrays(
        self,
        *,
        feature: NDArray[np.int64],
        mode: NDArray[np.int64],
        split: NDArray[np.float64],
        first: NDArray[np.int64],
        second: NDArray[np.int64],
        missing_first: NDArray[np.bool_],
        value: NDArray[np.float64],
        target: int = 0,
        members: dict[int, list[float]] | None = None,
    ) -> None:
        """Add a tree.

        Parameters
        ----------
        feature, mode, split, first, second, missing_first : array, shape (n_nodes,)
            As the attributes of this class; children count from 0 within the tree, and leaf ``i``
            is ``-1 - i``. The first node is the root.
        value : array, shape (n_leaves,)
            What each leaf adds.
        target : int
            The output to which it is added.
        members : dict
            By node within the tree.
        """
        n_before, n_leaves = len(self.features), len(self.values)

        def place(child: NDArray[np.int64]) -> NDArray[np.int64]:
            return np.where(child >= 0, child + n_before, child - n_leaves)

        if not len(feature):
            raise ValueError("a tree of a single leaf has no node; add its value elsewhere")
        self.roots.append(n_before)
        self.features += feature.tolist()
        self.modes += mode.tolist()
        self.splits += split.tolist()
        pairs = zip(place(first).tolist(), place(second).tolist(), strict=True)
        self.children += list(pairs)
        self.missing += missing_first.tolist()
        self.members |= {node + n_before: values for node, values in (members or {}).items()}
        self.values += value.tolist()
        self.targets += [target] * len(value)


def sum_of_trees(
    matrix: Matrix, trees: TreeTable, *, n_targets: int, base: NDArray[np.float64]
) -> Tensor:
    """Return ``base`` plus the sum of the leaves that each row falls in, float64.

    Parameters
    ----------
    matrix : Matrix
        The rows.
    trees : TreeTable
        The trees; there may be none.
    n_targets : int
        Number of outputs.
    base : array, shape (n_targets,)
        What is added for every row.
    """
    graph, base = matrix.graph, np.asarray(base, dtype=np.float64)[None, :]
    if not trees.roots:
        nothing = graph.op("Mul", graph.take(_counts(matrix), [0]), np.float64(0.0))
        return graph.op("Add", nothing, base)
    first = np.array([pair[0] for pair in trees.children], dtype=np.int64)
    second = np.array([pair[1] for pair in trees.children], dtype=np.int64)
    listed: list[float] = []
    for node in sorted(trees.members):
        listed += [*trees.members[node], np.nan]
    total = graph.op(
        "TreeEnsemble",
        matrix.doubles,
        domain=ML,
        n_targets=n_targets,
        aggregate_function=_SUM,
        post_transform=0,
        tree_roots=trees.roots,
        nodes_featureids=trees.features,
        nodes_modes=np.array(trees.modes, dtype=np.uint8),
        nodes_splits=np.array(trees.splits, dtype=np.float64),
        nodes_truenodeids=_children(first),
        nodes_trueleafs=(first < 0).astype(int).tolist(),
        nodes_falsenodeids=_children(second),
        nodes_falseleafs=(second < 0).astype(int).tolist(),
        nodes_missing_value_tracks_true=[int(each) for each in trees.missing],
        leaf_targetids=trees.targets,
        leaf_weights=np.array(trees.values, dtype=np.float64),
        membership_values=np.array(listed, dtype=np.float64) if listed else None,
    )
    return graph.op("Add", total, base) if base.any() else total


def _children(child: NDArray[np.int64]) -> list[int]:
    return np.where(child >= 0, child, -1 - child).tolist()


def _counts(matrix: Matrix) -> Tensor:
    graph = matrix.graph
    doubles = matrix.doubles
    return graph.op("Where", graph.op("IsNaN", doubles), np.float64(0.0), doubles)
