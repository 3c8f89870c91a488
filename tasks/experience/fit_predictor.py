"""A predictor from all records, and how it does beside the one that serves."""

from dataclasses import dataclass
from pathlib import Path

from espalier.infra.settings import Settings
from espalier.pipelines.experience.knowledge import Card
from espalier.pipelines.experience.predictor_comparison import Contest
from espalier.tasks.policies import retried_task


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What was learned.

    Attributes
    ----------
    card : Card
        From how much.
    contest : Contest
        Beside the one that serves.
    rival : str
        The one that serves, for people; empty for none.
    """

    card: Card
    contest: Contest
    rival: str


@retried_task(
    name="learn predictor",
    description="Fit the predictor to all records; validate it and the present one, each dataset "
    "left out of what they learned from.",
    tags=["espalier", "experience"],
)
def learn_predictor(settings: Settings, folder: Path, seed: int) -> Learned:
    """Write what was learned into ``folder``, the records that it is from beside it.

    Raises
    ------
    UserError
        There is too little to learn from.
    """
    from espalier.infra.registry.logged_predictor import champion_number, predictor_files
    from espalier.infra.registry.registry import PREDICTOR_MODEL
    from espalier.infra.registry.run_experience import OwnExperience
    from espalier.pipelines.experience.fit import fit_mapped, require_enough
    from espalier.pipelines.experience.fitted import read_records, write_fitted
    from espalier.pipelines.experience.predictor_comparison import compare
    from espalier.pipelines.experience.shipped import NAME, shipped_folder
    from espalier.pipelines.experience.space_alignment import map_all

    shipped = read_records(shipped_folder())
    everything = shipped.merge(OwnExperience(settings).records.read())
    number = champion_number(settings)
    if number is None:
        present, rival = shipped, NAME if len(shipped) else ""
    else:
        present = read_records(predictor_files(number, settings))
        rival = f"{PREDICTOR_MODEL} version {number}"
    known = require_enough(map_all(everything))
    contest = compare(map_all(present) if len(present) else None, known)
    knowledge = fit_mapped(everything, known, seed=seed, validation=contest.fresh)
    write_fitted(folder, knowledge, everything)
    return Learned(card=knowledge.card, contest=contest, rival=rival)
