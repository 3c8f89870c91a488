"""What members read of a row, and what reading it for all of them costs.

Frozen networks make vectors of pictures and of texts. They belong to no member, and cost more than
most of them; a network that sees the pixels or the words themselves does without.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.learners.base.learner import Learner


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedReading:
    """The cost of the frozen networks that make a row's vectors, whoever reads these.

    Attributes
    ----------
    latency : float
        Milliseconds for a row.
    size : float
        MiB of their weights.
    without : frozenset of str
        Families that read no vectors.
    """

    latency: float = 0.0
    size: float = 0.0
    without: frozenset[str] = frozenset()

    def needed_by(self, families: Iterable[str]) -> "SharedReading":
        """Return what models of these families need together: all of it, or nothing."""
        return NO_READING if set(families) <= self.without else self


NO_READING = SharedReading()


def reads_vectors(learner: Learner) -> bool:
    """Whether a family reads what frozen networks make of pictures and texts."""
    return not (learner.preprocessing.pixels or learner.preprocessing.tokens)


def unread_columns(learners: Iterable[Learner], roles: Mapping[str, ColumnRole]) -> frozenset[str]:
    """Return the columns of vectors and of pixels that no model of these families reads."""
    arrays = {name: role for name, role in roles.items() if role.is_array}
    if not arrays:
        return frozenset()
    families = tuple(learners)
    vectors = any(map(reads_vectors, families))
    pixels = any(each.preprocessing.pixels for each in families)
    return frozenset(
        name for name, role in arrays.items() if not (vectors if role.is_vector else pixels)
    )
