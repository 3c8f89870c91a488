"""The knowledge that comes with the package, fitted to trials on public tables (figures only).

It is updated by ``espalier experience fit --store STORE --out pipelines/experience/shipped``.
"""

from pathlib import Path

from espalier.pipelines.experience.knowledge import CARD_FILE

SHIPPED_FOLDER = Path(__file__).with_name("shipped")
NAME = "the experience that Espalier ships"


def shipped_folder() -> Path | None:
    """Return its folder; None if the package was copied without it, as in a logged model."""
    return SHIPPED_FOLDER if (SHIPPED_FOLDER / CARD_FILE).exists() else None
