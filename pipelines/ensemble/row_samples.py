"""How many out-of-fold rows the ensemble and its adjustments are fitted to.

Fitting takes time and memory by the cell: rows times columns in link space, of which there is one
for each class. Within a number of cells more classes would mean fewer rows, although more classes
need more of them.
"""

# However many classes there are, so many rows are used where they exist.
FEWEST_SAMPLED_ROWS = 800
# Where there are many classes, each should have this many rows on average...
_ROWS_A_CLASS = 20
# ...as far as this many times the usual cells allow.
_MOST_CELLS_FACTOR = 10


def sampled_rows(cells: int, n_classes: int) -> int:
    """Return how many rows may be used.

    Parameters
    ----------
    cells : int
        Cells that are affordable where there are few classes.
    n_classes : int
        Number of classes; 1 for regression.
    """
    width = n_classes if n_classes > 2 else 1
    enough = min(_ROWS_A_CLASS * width, _MOST_CELLS_FACTOR * cells // width)
    return max(FEWEST_SAMPLED_ROWS, cells // width, enough)
