"""The experience that the package ships: measured by us on public tables, figures only.

Made anew by ``espalier experience fit --store STORE --out pipelines/experience/shipped``.
"""

from pathlib import Path

from espalier.pipelines.experience.knowledge import CARD_FILE

SHIPPED_FOLDER = Path(__file__).with_name("shipped")
NAME = "the experience that Espalier ships"


def shipped_folder() -> Path | None:
    """Return the folder; None in a copy of the package without it, as in a logged model."""
    return SHIPPED_FOLDER if (SHIPPED_FOLDER / CARD_FILE).exists() else None
