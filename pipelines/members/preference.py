"""What a user wants of a model beside its score, and which model of the front is taken."""

from dataclasses import dataclass
from typing import Literal, get_args

from espalier.pipelines.errors import UserError

Objective = Literal["score", "latency", "size", "operations"]
"""``latency`` in ms for a row, ``size`` in MiB, ``operations`` for a row."""

Prefer = Literal["balanced", "score", "small"]
"""The user's option ``prefer``."""

SCORE = "score"
USUAL_COSTS = ("latency", "size")
"""The costs of the front where none are named."""

LIGHT_SHARE = 0.15
"""Share of a time budget that is kept for making the best models smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """The objectives of a training, and the model that is preferred among those that attain them.

    Attributes
    ----------
    objectives : tuple of str
        ``score``, and costs that are to be small. Without any cost, and nothing preferred, the
        model is the one with the best score, and no smaller ones are made.
    prefer : str or None
        ``score``: the best score. ``small``: the smallest model whose score is within one standard
        error of the best. ``balanced``: the one nearest to the best of everything
        (`espalier.pipelines.finishing.prefer`). None: the best score.

    Raises
    ------
    UserError
        A name is unknown or given twice, or ``score`` is not among the objectives.
    """

    objectives: tuple[str, ...] = (SCORE,)
    prefer: str | None = None

    def __post_init__(self) -> None:
        for word, names, known in (
            ("objective", self.objectives, get_args(Objective)),
            ("preference", () if self.prefer is None else (self.prefer,), get_args(Prefer)),
        ):
            for name in names:
                if name not in known:
                    raise UserError(f"unknown {word} {name!r}; choose from: {', '.join(known)}")
        if len(set(self.objectives)) < len(self.objectives):
            raise UserError(f"an objective is given twice: {', '.join(self.objectives)}")
        if SCORE not in self.objectives:
            raise UserError("score must be among the objectives: a model that errs is never light")

    @property
    def costs(self) -> tuple[str, ...]:
        """The costs of the front, in the user's order."""
        return tuple(each for each in self.objectives if each != SCORE) or USUAL_COSTS

    @property
    def wants_light(self) -> bool:
        """Whether smaller forms of the best models are made and compared."""
        return len(self.objectives) > 1 or self.prefer in ("balanced", "small")


THE_SCORE = Preference()
"""The best score, whatever it costs."""
