"""A small real table, as the flows' tests have it."""

from tests.flows.conftest import tumours

__all__ = ["tumours"]
