"""Split the rows of a training into search rows and hold-out."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.assemble import AssembledDataset
from espalier.pipelines.data.row_keys import row_keys
from espalier.pipelines.data.splitting.splits import default_holdout_fraction, split_holdout
from espalier.pipelines.lifecycle.retraining.stable_holdout import keep_holdout
from espalier.tasks.records import InheritedTraining

Rows = NDArray[np.int64]


def split_rows(
    table: pd.DataFrame, assembled: AssembledDataset, seed: int, inherited: InheritedTraining
) -> tuple[Rows, Rows, tuple[str, ...]]:
    """Return the positions of search rows and of hold-out rows, and notes about the split.

    Parameters
    ----------
    table : DataFrame
        Raw rows.
    assembled : AssembledDataset
        The dataset made from ``table``.
    seed : int
        The run's seed.
    inherited : InheritedTraining
        Earlier version whose hold-out is kept, if any.
    """
    dataset = assembled.dataset
    fraction = default_holdout_fraction(len(dataset))
    note = ""
    if inherited.rows_path is not None:
        with np.load(inherited.rows_path, allow_pickle=False) as kept:
            columns = [str(name) for name in kept["columns"]]
            trained, held_out = kept["trained"], kept["held_out"]
        try:
            keys = row_keys(table, columns)[assembled.rows]
        except KeyError as error:
            note = (
                f"without the column {error} the hold-out rows of {inherited.version} cannot be "
                "told; all rows are split anew"
            )
        else:
            split = keep_holdout(
                dataset,
                was_trained=np.isin(keys, trained),
                was_held=np.isin(keys, held_out),
                fraction=fraction,
                seed=seed,
            )
            return split.search, split.holdout, (f"{inherited.version}: {split.note}",)
    elif inherited.version:
        note = f"{inherited.version} kept no row keys; all rows are split anew"
    search, holdout = split_holdout(dataset, fraction=fraction, seed=seed)
    return search, holdout, (note,) if note else ()
