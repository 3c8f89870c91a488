"""Find the rows on which two models can be compared: those that neither was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.row_keys import row_keys
from espalier.pipelines.seeds import generator

# Largest number of rows to compare on; of more rows a sample is enough for narrow bounds.
MOST_ROWS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRows:
    """The rows that one training run used, as stored with it.

    Attributes
    ----------
    columns : tuple of str
        The raw columns that the keys are computed from; see
        `espalier.pipelines.data.row_keys.identified_rows`.
    trained : array of uint64
        Keys of the rows that the model was trained on.
    held_out : array of uint64
        Keys of the hold-out rows; empty if the model has learnt from them after they scored it.
    holdout : DataFrame or None
        Raw rows of the hold-out, up to the number in the settings; None if none are stored.
    """

    columns: tuple[str, ...]
    trained: NDArray[np.uint64] = field(repr=False)
    held_out: NDArray[np.uint64] = field(repr=False)
    holdout: pd.DataFrame | None = field(default=None, repr=False)

    @property
    def learnt_all(self) -> bool:
        """Whether the model was trained on every row, so that no hold-out is left."""
        return not len(self.held_out) and self.holdout is None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenRows:
    """Rows that neither of two models was trained on.

    Attributes
    ----------
    table : DataFrame or None
        Raw rows with their target; None if there are none.
    notes : tuple of str
        Where the rows come from and which were left out, whole sentences.
    """

    table: pd.DataFrame | None = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return 0 if self.table is None else len(self.table)


def unseen_holdouts(
    champion: TrainingRows,
    challenger: TrainingRows,
    *,
    newest_only: bool = False,
    names: tuple[str, str] = ("champion", "challenger"),
) -> UnseenRows:
    """Return the rows of both hold-outs that the other model was not trained on.

    Parameters
    ----------
    champion, challenger : TrainingRows
        The stored rows of both training runs.
    newest_only : bool
        Whether to use only the challenger's hold-out: with splits by time it holds the newest
        rows.
    names : (str, str)
        What the notes call the two.
    """
    notes: list[str] = []
    parts = _part(challenger, champion, names[1], names[0], notes)
    if champion.learnt_all or (not newest_only and champion.holdout is not None):
        others = _part(champion, challenger, names[0], names[1], notes)
        parts += [_without(each, parts, challenger.columns) for each in others]
    filled = [part for part in parts if len(part)]
    table = pd.concat(filled, ignore_index=True) if filled else None
    return UnseenRows(table=table, notes=tuple(notes))


def unseen_rows(
    table: pd.DataFrame, champion: TrainingRows, challenger: TrainingRows, *, seed: int
) -> UnseenRows:
    """Return the rows of ``table`` that neither model was trained on.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        Raw rows with their target.
    champion, challenger : TrainingRows
        The stored rows of both training runs.
    seed : int
        Seed of the sample that is drawn if there are very many.
    """
    named = with_unique_names(table)
    known = np.zeros(len(named), dtype=bool)
    for kept, who in ((champion, "champion"), (challenger, "challenger")):
        missing = _missing(named, kept.columns)
        if missing:
            gone = ", ".join(repr(name) for name in missing[:5])
            note = f"The rows lack {gone}, by which those that the {who} knows are told."
            return UnseenRows(table=None, notes=(note,))
        known |= np.isin(row_keys(named, kept.columns), kept.trained)
    unseen = named[~known].reset_index(drop=True)
    notes = []
    if known.any():
        notes.append(f"{int(known.sum()):,} of {len(named):,} rows were left out: trained on.")
    if len(unseen) > MOST_ROWS:
        notes.append(f"Of {len(unseen):,} rows {MOST_ROWS:,} were drawn.")
        drawn = generator(seed, "promotion", "rows").choice(
            len(unseen), size=MOST_ROWS, replace=False
        )
        unseen = unseen.iloc[np.sort(drawn)].reset_index(drop=True)
    return UnseenRows(table=unseen, notes=tuple(notes))


def _part(
    mine: TrainingRows, other: TrainingRows, my_name: str, other_name: str, notes: list[str]
) -> list[pd.DataFrame]:
    """Return one hold-out without rows of the other training run: a list of at most one table."""
    if mine.learnt_all:
        notes.append(
            f"The {my_name} has learnt from its hold-out (--refit-on-all): compare on newer rows, "
            "with --data."
        )
        return []
    if mine.holdout is None:
        notes.append(f"The hold-out of the {my_name} was not kept.")
        return []
    missing = _missing(mine.holdout, other.columns)
    if missing:
        gone = ", ".join(repr(name) for name in missing[:5])
        notes.append(
            f"The {my_name}'s hold-out is left out: it lacks {gone}, which the {other_name}'s "
            "rows had."
        )
        return []
    known = np.isin(row_keys(mine.holdout, other.columns), other.trained)
    # A duplicate of a hold-out row may have been in the model's own training rows.
    known |= np.isin(row_keys(mine.holdout, mine.columns), mine.trained)
    left = int((~known).sum())
    notes.append(
        f"{left:,} of {len(known):,} rows of the {my_name}'s hold-out: neither was trained on them."
    )
    return [mine.holdout[~known]]


def _without(
    table: pd.DataFrame, there: Sequence[pd.DataFrame], columns: Sequence[str]
) -> pd.DataFrame:
    """Return the rows of ``table`` whose keys are not among the given ones."""
    if not there:
        return table
    keys = np.concatenate([row_keys(each, columns) for each in there])
    return table[~np.isin(row_keys(table, columns), keys)]


def _missing(table: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    there = {str(name) for name in table.columns}
    return [name for name in columns if name not in there]
