"""Check rows to predict against the expectations of the model's training table."""

from dataclasses import dataclass, field

import pandas as pd

from espalier.infra.validation.expectations import check_expectations
from espalier.pipelines.data.contract import MIN_ROWS, DataContract
from espalier.pipelines.data.input_contract import InputContract
from espalier.pipelines.errors import DataRefusedError
from espalier.pipelines.requests.predict import RowPolicy

MOST_WARNINGS = 20


@dataclass
class RowChecker:
    """Checks rows, a chunk at a time, before they are predicted.

    Missing columns are always refused. The suite of the training table is checked with Great
    Expectations, for chunks of at least `MIN_ROWS` rows: it promises shares of rows.

    Attributes
    ----------
    names : InputContract
        The columns that the model needs, and the kinds of their values.
    suite : DataContract or None
        The expectations of these columns; None to check none.
    on_drift : str
        What to do if an expectation is broken: ``warn`` or ``refuse``.
    warnings : list of str
        Warnings so far, one per broken expectation, at most `MOST_WARNINGS`.
    """

    names: InputContract
    suite: DataContract | None
    on_drift: RowPolicy
    warnings: list[str] = field(default_factory=list)
    _told: set[tuple[str, str | None]] = field(default_factory=set)

    def check(self, table: pd.DataFrame, where: str) -> None:
        """Check a chunk of rows; ``where`` names its source in messages.

        Raises
        ------
        MissingColumnsError
            Columns are missing; all of them are named.
        DataRefusedError
            An expectation is broken and ``on_drift`` is ``refuse``.
        """
        for line in self.names.check(table, where=where):
            self._tell(line)
        if self.suite is None or len(table) < MIN_ROWS:
            return

        broken = check_expectations(table, self.suite).failures
        if broken and self.on_drift == "refuse":
            listed = "; ".join(each.text for each in broken)
            raise DataRefusedError(
                f"{where} is refused, as it is not what the model was trained on: {listed}. Mend "
                "the rows, or score them all the same with --on-drift warn"
            )
        for each in broken:
            promise = (each.expectation.kind, each.expectation.column)
            if promise not in self._told:
                self._told.add(promise)
                self._tell(f"{where}: expected of the rows that {each.text}")

    def _tell(self, line: str) -> None:
        if line not in self.warnings and len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(line)
