"""Strategies as they are compared, however their proposals are answered."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from unittest.mock import patch

from espalier.pipelines.search.strategies import dispatch as strategies_module
from espalier.pipelines.search.strategies.guided import guided_proposals

COUNTS = (4, 10, 20, 30, 50, 100)
"""Trials after which regret is read."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A strategy as it is compared.

    Attributes
    ----------
    strategy : str
        Of the product.
    racing : bool
        Whether trials race.
    experience : bool
        Whether it knows what other tables teach.
    ascent : bool
        False: the best of random candidates alone.
    """

    strategy: str
    racing: bool
    experience: bool = False
    ascent: bool = True

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Take ascent out of the product for the block, where it is not wanted."""
        picks = partial(guided_proposals, with_ascent=self.ascent)
        with patch.object(strategies_module, "guided_proposals", picks):
            yield
