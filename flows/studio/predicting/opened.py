"""Models that are open to answer single rows, and rows of their training to compare with."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import pandas as pd

from espalier.infra.registry.model_files import open_version
from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.infra.tracking.reference_table import read_reference
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.errors import EspalierError, UserError
from espalier.pipelines.serving.model import EnsembleModel

_KEPT_MODELS = 2
_KEPT_ROWS = 300


@dataclass(frozen=True, slots=True, eq=False)
class OpenedForRows:
    """A model in memory.

    Attributes
    ----------
    version : RegisteredVersion
        Which one it is.
    model : EnsembleModel
        The model.
    rows : DataFrame, shape (n_rows, n_columns)
        Raw rows of the training table with the columns that the model needs; at least one.
    warnings : tuple of str
        What is different since it was saved.
    """

    version: RegisteredVersion
    model: EnsembleModel
    rows: pd.DataFrame
    warnings: tuple[str, ...]


@dataclass(slots=True)
class ModelShelf:
    """Opens models, and keeps the last few in memory."""

    settings: Settings
    _kept: "OrderedDict[tuple[str, int], OpenedForRows]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, version: RegisteredVersion) -> OpenedForRows:
        """Return a version in memory.

        Raises
        ------
        UserError
            It was not made by Espalier, its files are gone, or it answers otherwise than when it
            was saved.
        """
        key = (version.name, version.version)
        with self._lock:  # also of two requests at once, only one opens it
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            opened = self._open(version)
            self._kept[key] = opened
            while len(self._kept) > _KEPT_MODELS:
                self._kept.popitem(last=False)
            return opened

    def _open(self, version: RegisteredVersion) -> OpenedForRows:
        opened = open_version(version, self.settings)
        opened.check.require_same_answers(f"{version.name}/{version.version}")
        return OpenedForRows(
            version=version,
            model=opened.model,
            rows=self._rows(version, opened.model),
            warnings=tuple(opened.check.lines),
        )

    def _rows(self, version: RegisteredVersion, model: EnsembleModel) -> pd.DataFrame:
        names = list(model.feature_names)
        found = [self._reference(version), model.example]
        for table in found:
            if table is None or not len(table):
                continue
            table = with_unique_names(table)
            if all(name in table.columns for name in names):
                n_rows = min(_KEPT_ROWS, len(table))
                return table[names].sample(n_rows, random_state=0, ignore_index=True)
        raise UserError(
            f"model {version.name}/{version.version} has no rows to compare with; train it again"
        )

    def _reference(self, version: RegisteredVersion) -> pd.DataFrame | None:
        if version.run_id is None:
            return None
        try:
            found = read_reference(self.settings, version.run_id)
        except EspalierError:
            return None  # the rows that are stored with the model do too
        return None if found is None else found.rows
