"""An owned suite as YAML that people edit, and one expectation as a line of the command.

Expectations have the names and arguments of Great Expectations' own documentation, so what is
written there can be copied.
"""

import shlex
from collections.abc import Mapping
from datetime import date
from typing import Any

import yaml

from espalier.pipelines.data.expectation import (
    DAYS_OLD,
    KINDS,
    SHARE_OF_LAST,
    Expectation,
    Severity,
    snake_name,
)
from espalier.pipelines.data.owned.suite import OwnedSuite
from espalier.pipelines.errors import UserError

SEVERITIES = {"error": Severity.REFUSE, "warning": Severity.WARN}
"""What people call the consequences: an error refuses the table."""

_HEAD = """\
# What the training tables of {model} should be like, whatever the newest one was like.
#
# severity: error (the table is refused) or warning. `silenced` are keys of expectations that would
# be inferred from the table, and are not to be checked. Names and arguments are those of
# https://greatexpectations.io/expectations; two more are at_most_days_old of
# expect_column_max_to_be_between (freshness) and share_of_last of
# expect_table_row_count_to_be_between (0.5: at least half the rows of the last training).
"""

_BOUNDS = frozenset({"min_value", "max_value", "strict_min", "strict_max"})
_ARGUMENTS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    # kind: (all of these are needed, these are known besides)
    "ExpectTableColumnsToMatchSet": (frozenset({"column_set"}), frozenset({"exact_match"})),
    "ExpectColumnToExist": (frozenset(), frozenset()),
    "ExpectTableRowCountToBeBetween": (frozenset(), _BOUNDS | {SHARE_OF_LAST}),
    "ExpectColumnValuesToNotBeNull": (frozenset(), frozenset({"mostly"})),
    "ExpectColumnValuesToBeBetween": (frozenset(), _BOUNDS | {"mostly"}),
    "ExpectColumnValuesToBeInSet": (frozenset({"value_set"}), frozenset({"mostly"})),
    "ExpectColumnValuesToBeUnique": (frozenset(), frozenset({"mostly"})),
    "ExpectColumnValuesToBeInTypeList": (frozenset({"type_list"}), frozenset()),
    "ExpectColumnDistinctValuesToContainSet": (frozenset({"value_set"}), frozenset()),
    "ExpectColumnUniqueValueCountToBeBetween": (frozenset(), _BOUNDS),
    "ExpectColumnMaxToBeBetween": (frozenset(), _BOUNDS | {DAYS_OLD}),
    "ExpectColumnMinToBeBetween": (frozenset(), _BOUNDS),
    "ExpectColumnMeanToBeBetween": (frozenset(), _BOUNDS),
    "ExpectColumnValueLengthsToBeBetween": (frozenset(), _BOUNDS | {"mostly"}),
    "ExpectColumnValuesToMatchRegex": (frozenset({"regex"}), frozenset({"mostly"})),
    "ExpectColumnValuesToNotMatchRegex": (frozenset({"regex"}), frozenset({"mostly"})),
    "ExpectColumnPairValuesAToBeGreaterThanB": (
        frozenset({"column_A", "column_B"}),
        frozenset({"or_equal", "mostly"}),
    ),
    "ExpectCompoundColumnsToBeUnique": (frozenset({"column_list"}), frozenset({"mostly"})),
}
_WITHOUT_COLUMN = frozenset(
    {
        "ExpectTableColumnsToMatchSet",
        "ExpectTableRowCountToBeBetween",
        "ExpectColumnPairValuesAToBeGreaterThanB",
        "ExpectCompoundColumnsToBeUnique",
    }
)
_KINDS = {snake_name(kind): kind for kind in KINDS}
_LISTS = ("column_set", "value_set", "type_list", "column_list")
_NUMBERS = ("mostly", SHARE_OF_LAST, DAYS_OLD)


def to_yaml(suite: OwnedSuite, model: str) -> str:
    """Return the suite as the YAML that `from_yaml` reads, with a word of explanation."""
    record: dict[str, Any] = {"expectations": [_entry(each) for each in suite.expectations]}
    if suite.silenced:
        record["silenced"] = list(suite.silenced)
    head = _HEAD.format(model=model)
    return head + str(yaml.safe_dump(record, sort_keys=False, allow_unicode=True))


def from_yaml(text: str) -> OwnedSuite:
    """Return the suite that a YAML text states.

    Raises
    ------
    UserError
        It is not YAML, or an entry is not an expectation; the message says which.
    """
    try:
        record = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"the suite is not YAML: {' '.join(str(error).split())}") from None
    record = {} if record is None else record
    if not isinstance(record, dict) or set(record) - {"expectations", "silenced"}:
        raise UserError("a suite has the entries `expectations` and `silenced`, nothing else")
    entries, silenced = record.get("expectations") or [], record.get("silenced") or []
    if not isinstance(entries, list) or not isinstance(silenced, list):
        raise UserError("`expectations` and `silenced` of a suite are lists")
    found = [_parse_named(f"expectation {n}", each) for n, each in enumerate(entries, 1)]
    keys = [each.key for each in found]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise UserError(f"{twice} is stated twice; state each once")
    return OwnedSuite(tuple(found), tuple(map(str, silenced)))


def parse_line(line: str, severity: str, reason: str = "") -> Expectation:
    """Return the expectation of a line such as ``expect_column_mean_to_be_between column=age ...``.

    Parameters
    ----------
    line : str
        Name of the expectation, then ``argument=value`` each; values are YAML, quoted as in a
        shell where they hold blanks.
    severity : str
        ``error`` or ``warning``.
    reason : str
        Why it is stated.

    Raises
    ------
    UserError
        The line is none.
    """
    try:
        name, *rest = shlex.split(line) or [""]
        record: dict[str, Any] = {"expect": name, "severity": severity, "reason": reason}
        for part in rest:
            key, equals, value = part.partition("=")
            if not equals:
                raise UserError(f"{part!r} is no argument; write argument=value")
            record[key] = yaml.safe_load(value) if key != "regex" else value
    except UserError:
        raise
    except (ValueError, yaml.YAMLError) as error:
        raise UserError(f"{line!r} cannot be read: {' '.join(str(error).split())}") from None
    return _parse_named(repr(name), record)


def _parse_named(what: str, record: Any) -> Expectation:
    """Return the expectation that an entry states; what is wrong with it is said of ``what``."""
    try:
        return _parse(record)
    except UserError as error:
        raise UserError(f"{what}: {error}") from None


def _entry(expectation: Expectation) -> dict[str, Any]:
    word = next(word for word, each in SEVERITIES.items() if each is expectation.severity)
    about = {} if expectation.column is None else {"column": expectation.column}
    why = {"reason": expectation.reason} if expectation.reason else {}
    name = snake_name(expectation.kind)
    return {"expect": name, **about, "severity": word, **dict(expectation.parameters), **why}


def _parse(record: Any) -> Expectation:
    """Return the expectation that an entry states."""
    if not isinstance(record, dict) or "expect" not in record:
        raise UserError("an expectation has an entry `expect` with its name")
    rest = {str(key): value for key, value in record.items()}
    name = str(rest.pop("expect"))
    kind = _KINDS.get(name)
    if kind is None:
        raise UserError(f"{name!r} is not known; there are {', '.join(sorted(_KINDS))}")
    severity = SEVERITIES.get(str(rest.pop("severity", "error")))
    if severity is None:
        raise UserError(f"the severity is {' or '.join(SEVERITIES)}")
    reason = str(rest.pop("reason", "") or "")
    column = rest.pop("column", None)
    if (column is None) != (kind in _WITHOUT_COLUMN):
        said = "needs an argument" if column is None else "has no argument"
        raise UserError(f"{name} {said} `column`")
    needed, known = _ARGUMENTS[kind]
    _check_arguments(name, rest, needed, known)
    column = None if column is None else str(column)
    return Expectation(kind, column, severity, _plain(rest), owned=True, reason=reason)


def _check_arguments(
    name: str, given: Mapping[str, Any], needed: frozenset[str], known: frozenset[str]
) -> None:
    if missing := sorted(needed - set(given)):
        raise UserError(f"{name} needs {', '.join(missing)}")
    if unknown := sorted(set(given) - needed - known):
        there = ", ".join(sorted(needed | known)) or "none"
        raise UserError(f"{name} has no argument {unknown[0]!r}; there are: {there}")
    if not needed and known & (_BOUNDS | {DAYS_OLD, SHARE_OF_LAST}) and not set(given) - {"mostly"}:
        raise UserError(f"{name} needs a bound, such as min_value")
    for key in set(given) & set(_LISTS):
        if not isinstance(given[key], list) or not given[key]:
            raise UserError(f"{key} is a list, such as [a, b]")
    for key in set(given) & set(_NUMBERS):
        number = given[key]
        if isinstance(number, bool) or not isinstance(number, int | float) or number < 0:
            raise UserError(f"{key} is a number of at least 0, not {number!r}")
        if key == "mostly" and number > 1:
            raise UserError(f"mostly is a share from 0 to 1, not {number!r}")


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON-ready arguments: YAML makes dates of what looks like one."""
    return {
        key: value.isoformat() if isinstance(value, date) else value
        for key, value in parameters.items()
    }
