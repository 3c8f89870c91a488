"""Trees as arrays, walked by one function."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.onnx.families.tree_ensemble import LT, MEMBER
from espalier.pipelines.export.onnx.graph.graph import Node

WALK = """
/* The trees of a model: a node compares a cell with its split, a leaf adds to an output.
   Children below 0 are leaves: -1 - leaf. */
typedef struct {
  const int32_t *root, *feature, *first, *second, *listed;
  const uint8_t *mode, *missing_first;
  const double *split, *member, *weight;
  const int32_t *target;
  int32_t n_trees;
} forest_t;

static int is_member(const double *member, double x) {
  for (; !isnan(*member); ++member)
    if (*member == x) return 1;
  return 0;
}

static void walk(const forest_t *f, const double *x, double *out) {
  for (int32_t tree = 0; tree < f->n_trees; ++tree) {
    int32_t at = f->root[tree];
    do {
      const double cell = x[f->feature[at]];
      int yes;
      if (isnan(cell)) yes = f->missing_first[at];
      else if (f->mode[at] == 0) yes = cell <= f->split[at];
      else if (f->mode[at] == 1) yes = cell < f->split[at];
      else yes = is_member(f->member + f->listed[at], cell);
      at = yes ? f->first[at] : f->second[at];
    } while (at >= 0);
    out[f->target[-1 - at]] += f->weight[-1 - at];
  }
}
"""


def forest_arrays(node: Node) -> dict[str, NDArray[Any]]:
    """Return the arrays of a ``TreeEnsemble`` node, by the names of ``forest_t``."""
    given = node.attributes
    modes = np.asarray(given["nodes_modes"])
    listed = np.zeros(len(modes), dtype=np.int32)
    members = np.asarray(given.get("membership_values", np.zeros(0)), dtype=np.float64)
    ends = np.flatnonzero(np.isnan(members)) + 1
    listed[modes == MEMBER] = np.concatenate([[0], ends[:-1]]) if len(ends) else []
    codes = np.where(modes == LT, 1, np.where(modes == MEMBER, 2, 0))
    return {
        "root": np.array(given["tree_roots"], dtype=np.int32),
        "feature": np.array(given["nodes_featureids"], dtype=np.int32),
        "first": _children(given["nodes_truenodeids"], given["nodes_trueleafs"]),
        "second": _children(given["nodes_falsenodeids"], given["nodes_falseleafs"]),
        "listed": listed,
        "mode": codes.astype(np.uint8),
        "missing_first": np.array(given["nodes_missing_value_tracks_true"], dtype=np.uint8),
        "split": np.asarray(given["nodes_splits"]),
        "member": members if len(members) else np.zeros(1),
        "weight": np.asarray(given["leaf_weights"]),
        "target": np.array(given["leaf_targetids"], dtype=np.int32),
    }


def _children(number: Any, is_leaf: Any) -> NDArray[np.int32]:
    child, leaf = np.array(number, dtype=np.int32), np.array(is_leaf, dtype=bool)
    return np.where(leaf, -1 - child, child).astype(np.int32)
