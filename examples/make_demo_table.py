"""Write the demonstration table: scikit-learn's breast-cancer data, made as messy as real tables.

The measurements are real (569 tumours, Wisconsin). Added on purpose: an id column, a category cut
from one measurement, a visit date, cells gone missing, and one column of numbers written as text.

    python examples/make_demo_table.py tumours.csv
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer


def messy_table(seed: int = 7) -> pd.DataFrame:
    """Return the table, shape (569, 34), with its target ``diagnosis``."""
    rng = np.random.default_rng(seed)
    bunch = load_breast_cancer(as_frame=True)
    table = bunch.data.copy()
    n = len(table)

    table.insert(0, "patient_id", [f"P{number:05d}" for number in rng.permutation(n) + 10_000])
    grade = pd.qcut(table.pop("mean texture"), 4, labels=["fine", "even", "rough", "coarse"])
    table.insert(1, "texture_grade", grade.astype(object))
    visit = pd.Timestamp("2024-01-08") + pd.to_timedelta(rng.integers(0, 500, n), unit="D")
    table.insert(2, "visit", visit.strftime("%Y-%m-%d"))
    table["mean area"] = [f"{value:,.1f}" for value in table["mean area"]]  # "1,001.0"
    missing = {"texture_grade": 0.05, "mean concavity": 0.08, "worst area": 0.12}
    for column, share in missing.items():
        table.loc[rng.random(n) < share, column] = np.nan
    table["diagnosis"] = np.where(bunch.target == 1, "benign", "malignant")
    return table


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/make_demo_table.py FILE.csv")
    messy_table().to_csv(Path(sys.argv[1]), index=False)
