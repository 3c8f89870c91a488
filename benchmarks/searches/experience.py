"""What experience of all other tables lends to a table of a store; nothing of its own records."""

from dataclasses import dataclass

from parts.experience.left_out_tables import others

from espalier.pipelines.experience.advice import FIRST
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.pipelines.experience.recording.space_alignment import (
    align_configuration,
    align_knowledge,
)
from espalier.pipelines.experience.transfer.portfolio import build_portfolio
from espalier.pipelines.experience.transfer.predictor import RunPrior
from espalier.pipelines.experience.transfer.transfer_process import ProcessExperience
from espalier.pipelines.experience.transfer.validate import spearman
from espalier.pipelines.seeds import integer_seed
from espalier.pipelines.trials.configuration import Configuration


@dataclass(frozen=True, slots=True)
class Lent:
    """What the other tables say about one.

    Attributes
    ----------
    first : tuple of Configuration
        The portfolio's, in the order to try them.
    prior : RunPrior
        What the process expects of any configuration.
    correlation : float
        Rank correlation of what they expect with what was recorded.
    """

    first: tuple[Configuration, ...]
    prior: RunPrior
    correlation: float


def lend(knowledge: KnowledgeBase, *, seed: int = 0) -> dict[str, Lent]:
    """Return what is lent to each table, by name; tables of one content are left out together."""
    known = align_knowledge(knowledge)
    lent = {}
    for place, held in enumerate(known.datasets):
        about = held.dataset
        rest = others(known, about.fingerprint)
        portfolio = build_portfolio(rest, seed=integer_seed(seed, "portfolio", place))
        model = ProcessExperience(seed=integer_seed(seed, "predictor", place)).fit(rest)
        order = portfolio.order_for(about.problem, about.shape.n_rows, about.meta)
        today = [align_configuration(portfolio.configurations[each], held.space) for each in order]
        lent[about.name] = Lent(
            tuple(dict.fromkeys(each for each in today if each is not None))[:FIRST],
            RunPrior(model, held.space, about.meta),
            spearman(model.predict(held.X, about.meta)[0], held.scores),
        )
    return lent
