"""Expectations that people state for a model's training tables, kept from training to training.

What is inferred from a table follows the table. What somebody states stays until it is taken back:
it replaces the inferred expectation of the same key, with the severity that was stated, and holds
for trainings, retrainings and predictions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from espalier.pipelines.data.contract import DataContract
from espalier.pipelines.data.expectation import DAYS_OLD, SHARE_OF_LAST, Expectation
from espalier.pipelines.errors import UserError


@dataclass(frozen=True, slots=True)
class OwnedSuite:
    """The expectations that people state for one model.

    Attributes
    ----------
    expectations : tuple of Expectation
        Those to check beside, or instead of, the inferred ones; `Expectation.owned` is set.
    silenced : tuple of str
        Keys of inferred expectations that are not to be checked.
    """

    expectations: tuple[Expectation, ...] = ()
    silenced: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.expectations or self.silenced)

    @property
    def is_relative(self) -> bool:
        """Whether one of them depends on the number of rows of the last training."""
        return any(SHARE_OF_LAST in each.parameters for each in self.expectations)

    def with_expectations(self, added: Iterable[Expectation]) -> "OwnedSuite":
        """Return the suite with these stated; each replaces one of the same key.

        A key that was silenced is no longer.
        """
        new = {each.key: replace(each, owned=True) for each in added}
        kept = {each.key: each for each in self.expectations}
        return OwnedSuite(
            tuple((kept | new).values()), tuple(key for key in self.silenced if key not in new)
        )

    def without(self, names: Sequence[str]) -> "OwnedSuite":
        """Return the suite without what these keys or columns name.

        Raises
        ------
        UserError
            A name stands for nothing in the suite.
        """
        for name in names:
            if not any(_is_named(each, name) for each in self.expectations) and (
                name not in self.silenced
            ):
                raise UserError(
                    f"nobody has stated {name!r}; give a key or a column that the list shows"
                )
        return OwnedSuite(
            tuple(
                each
                for each in self.expectations
                if not any(_is_named(each, name) for name in names)
            ),
            tuple(key for key in self.silenced if key not in names),
        )

    def silencing(self, keys: Iterable[str]) -> "OwnedSuite":
        """Return the suite with further inferred expectations not to be checked."""
        wanted = tuple(keys)
        left = tuple(each for each in self.expectations if each.key not in wanted)
        return OwnedSuite(left, tuple(dict.fromkeys((*self.silenced, *wanted))))

    def merged(self, inferred: DataContract) -> DataContract:
        """Return a contract with what is stated in place of, and after, what was inferred.

        What an earlier suite stated and this one does not any more is left out.
        """
        stated = {each.key: each for each in self.expectations}
        kept = [
            stated.pop(each.key, each)
            for each in inferred.expectations
            if each.key in stated or (each.key not in self.silenced and not each.owned)
        ]
        return DataContract((*kept, *stated.values()), inferred.columns_unchecked)


def pinned(contract: DataContract, names: Sequence[str]) -> tuple[Expectation, ...]:
    """Return expectations of a training's contract to keep as they are.

    Parameters
    ----------
    contract : DataContract
        What was inferred from the training's table.
    names : sequence of str
        Columns or keys; ``all`` for everything.

    Raises
    ------
    UserError
        A name stands for nothing in the contract.
    """
    found: dict[str, Expectation] = {}
    for name in names:
        own = [each for each in contract.expectations if name == "all" or _is_named(each, name)]
        if not own:
            known = sorted({each.column for each in contract.expectations if each.column})
            raise UserError(
                f"the model's suite has nothing about {name!r}; columns: {', '.join(known[:20])}"
            )
        found |= {each.key: replace(each, owned=True) for each in own}
    return tuple(found.values())


def resolve(
    contract: DataContract, *, rows_before: int | None, now: datetime | None = None
) -> DataContract:
    """Return the contract with bounds for what depends on the day or on the last training.

    Parameters
    ----------
    contract : DataContract
        The contract.
    rows_before : int or None
        Rows of the last training's table; None if there is none, so that a share of them says
        nothing and is left out.
    now : datetime or None
        The time of the check; None for the clock's.
    """
    now = now or datetime.now(UTC)
    resolved = (_resolve(each, rows_before, now) for each in contract.expectations)
    return DataContract(
        tuple(each for each in resolved if each is not None), contract.columns_unchecked
    )


def _resolve(
    expectation: Expectation, rows_before: int | None, now: datetime
) -> Expectation | None:
    parameters: dict[str, Any] = dict(expectation.parameters)
    if (days := parameters.pop(DAYS_OLD, None)) is not None:
        oldest = now.astimezone(UTC).replace(tzinfo=None) - timedelta(days=float(days))
        parameters["min_value"] = oldest.isoformat(timespec="seconds")
    if (share := parameters.pop(SHARE_OF_LAST, None)) is not None:
        if rows_before is None:
            return None
        parameters["min_value"] = max(1, round(float(share) * rows_before))
    return replace(expectation, parameters=parameters)


def _is_named(expectation: Expectation, name: str) -> bool:
    return name in (expectation.key, expectation.key.partition("(")[0], expectation.column)
