"""A table that grows month by month: scikit-learn's tumours, with a new scanner in month 4.

The measurements are real (569 tumours, Wisconsin), shuffled and dealt out to months. From month 4
on a new scanner reports lengths in centimetres instead of millimetres, and nobody told the model.
"""

import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.utils import shuffle

ROWS_OF_MONTH = {1: 200, 2: 80, 3: 80, 4: 100, 5: 100}
NEW_SCANNER = 4
# What the new scanner divides by: lengths by ten, areas by its square.
SMALLER = {"mean radius": 10.0, "mean perimeter": 10.0, "mean area": 100.0}
COLUMNS = [*SMALLER, "mean texture", "mean smoothness", "mean symmetry"]
TARGET = "diagnosis"


def month(number: int) -> pd.DataFrame:
    """Return the rows of a month, counted from 1, with their target ``diagnosis``."""
    bunch = load_breast_cancer(as_frame=True)
    table = bunch.data[COLUMNS].assign(diagnosis=bunch.target.map({0: "malignant", 1: "benign"}))
    table = shuffle(table, random_state=0)
    first = sum(ROWS_OF_MONTH[each] for each in range(1, number))
    rows = table.iloc[first : first + ROWS_OF_MONTH[number]].reset_index(drop=True)
    if number >= NEW_SCANNER:
        for column, factor in SMALLER.items():
            rows[column] = (rows[column] / factor).round(5)
    return rows


def until(number: int) -> pd.DataFrame:
    """Return the rows of all months up to this one."""
    return pd.concat([month(each) for each in range(1, number + 1)], ignore_index=True)


def broken(table: pd.DataFrame) -> pd.DataFrame:
    """Return an export that went wrong: a column renamed, another one with its unit written out."""
    named = table.rename(columns={"mean area": "area"})
    return named.assign(**{"mean radius": named["mean radius"].map("{:.2f} mm".format)})
