"""The knowledge that comes with the package, fitted to recorded trials (figures only).

It is updated by ``espalier experience fit --store STORE --out pipelines/experience/shipped``. Of
forecasts none ships, as what made series taught did not pay on real ones (docs/decisions/0119).
"""

from pathlib import Path

from espalier.pipelines.experience.knowledge import CARD_FILE

SHIPPED_FOLDER = Path(__file__).with_name("shipped")
NAME = "the experience that Espalier ships"
FORECASTS = "forecasts"
"""Folder of what was learned of forecasts, in a folder of knowledge of tables."""
# Of a search, from which on it is asked: meta-features take a second.
_LEAST_TRIALS, _LEAST_SECONDS = 8, 10.0


def is_worth_asking(trials: int | None, seconds: float | None) -> bool:
    """Whether a search of so many trials and seconds, None for no limit, is long enough for it."""
    short = trials is not None and trials < _LEAST_TRIALS
    return not short and (seconds is None or seconds >= _LEAST_SECONDS)


def shipped_folder() -> Path | None:
    """Return its folder; None if the package was copied without it, as in a logged model."""
    return SHIPPED_FOLDER if holds_knowledge(SHIPPED_FOLDER) else None


def holds_knowledge(folder: Path) -> bool:
    """Whether a folder holds fitted knowledge."""
    return (folder / CARD_FILE).exists()
