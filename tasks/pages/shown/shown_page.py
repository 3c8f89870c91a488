"""The page of worst rows and confusions, as HTML that needs nothing else."""

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.explain.shown.examples import Shown
from espalier.pipelines.explain.shown.occlusion import WordWeight
from espalier.pipelines.pages.page import TEMPLATES


def shown_page(shown: Shown, title: str) -> str:
    """Return the page; all text from data is escaped.

    Parameters
    ----------
    shown : Shown
        What it shows.
    title : str
        Name of the model.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["strengths"] = strengths
    environment.filters["share"] = _share
    return environment.get_template("examples.html").render(shown=shown, title=title)


def strengths(falls: NDArray[np.float64]) -> list[list[float]]:
    """Return how strongly each place is marked, in [0, 1]; 0 where it speaks against the answer."""
    largest = float(falls.max(initial=0.0))
    scaled = falls / largest if largest > 0 else np.zeros_like(falls)
    marked: list[list[float]] = np.clip(scaled, 0.0, 1.0).round(2).tolist()
    return marked


def _share(words: tuple[WordWeight, ...], fall: float) -> float:
    """Return a word's weight against the largest of its text, in [-1, 1]."""
    largest = max((abs(each.fall) for each in words), default=0.0)
    return 0.0 if largest == 0 else round(fall / largest, 2)
