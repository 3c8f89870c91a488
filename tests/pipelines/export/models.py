"""Small whole models of a table with everything, put together without a search."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.calibration.adjustments import NO_ADJUSTMENTS, Adjustments
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.prepare import prepare
from espalier.pipelines.ensemble.combination import Combination, CombinationSpace
from espalier.pipelines.export.portable import portable_learners
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.members.member import Member
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.serving.model import EnsembleModel
from espalier.pipelines.space.joint import SearchSpace

_WORDS = np.array(
    ["good", "bad", "fine", "awful", "great", "service", "room", "staff", "clean", "Über"]
)
LABELS = {ProblemKind.BINARY: ["no", "yes"], ProblemKind.MULTICLASS: ["high", "low", "middle"]}


def raw_table(n_rows: int = 150, seed: int = 0, *, text: bool = True) -> pd.DataFrame:
    """Return raw rows of numbers, categories, dates, a boolean and text, with gaps."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "x": rng.normal(size=n_rows),
            "n": rng.integers(0, 50, n_rows).astype(float),
            "colour": rng.choice(["red", "green", "blue", " teal"], n_rows),
            "since": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(rng.integers(0, 900 * 86_400, n_rows), "s"),
            "flag": rng.random(n_rows) < 0.3,
        }
    )
    if text:
        table["note"] = [" ".join(rng.choice(_WORDS, rng.integers(3, 12))) for _ in range(n_rows)]
    table.loc[rng.random(n_rows) < 0.1, "n"] = np.nan
    table.loc[rng.random(n_rows) < 0.1, "colour"] = None
    table.loc[rng.random(n_rows) < 0.05, "since"] = pd.NaT
    return table


def signal(table: pd.DataFrame) -> Any:
    """Return the number that the targets are made from."""
    return (table["x"] + (table["colour"] == "red")).to_numpy() + table["n"].fillna(
        0
    ).to_numpy() / 50


def small_model(
    problem: ProblemKind,
    families: list[str],
    *,
    adjustments: Adjustments = NO_ADJUSTMENTS,
    space: CombinationSpace = CombinationSpace.LINK,
    text: bool = True,
    portable: bool = True,
) -> EnsembleModel:
    """Return an ensemble of one default configuration of each family, of equal weights."""
    table, dataset, preparation = small_dataset(problem, text=text)
    learners = [LEARNERS[name] for name in families]
    if portable:
        learners = list(portable_learners(learners, dataset, "onnx"))
    pairs = [(each, SearchSpace([each], dataset.shape).default(each.name)) for each in learners]
    candidates = [fit(*pair, dataset) for pair in pairs]
    return ensemble(candidates, preparation, dataset, table, adjustments=adjustments, space=space)


def small_dataset(problem: ProblemKind, *, text: bool = True) -> Any:
    """Return raw rows, the same prepared with a target of that kind, and how they were."""
    table = raw_table(text=text)
    strength = signal(table)
    classes = None if problem is ProblemKind.REGRESSION else np.array(LABELS[problem])
    y: Any = 7 * strength + 100
    if problem is ProblemKind.BINARY:
        y = (strength > 0.7).astype(np.int64)
    elif problem is ProblemKind.MULTICLASS:
        y = np.digitize(strength, [0.3, 1.2]).astype(np.int64)
    preparation, X = prepare(table.assign(target=y), target="target")
    dataset = Dataset(X=X, y=y, problem=problem, roles=dict(preparation.roles), classes=classes)
    return table, dataset, preparation


def fit(learner: Any, configuration: Any, dataset: Dataset) -> Candidate:
    """Return a configuration fitted to prepared rows."""
    candidate = Candidate(
        configuration, learner, dataset.roles, dataset.shape, seed=0, iterations=None
    )
    return candidate.fit(dataset.X, dataset.y)


def ensemble(
    candidates: list[Candidate],
    preparation: Any,
    dataset: Dataset,
    table: pd.DataFrame,
    *,
    adjustments: Adjustments = NO_ADJUSTMENTS,
    space: CombinationSpace = CombinationSpace.LINK,
) -> EnsembleModel:
    """Return the candidates as members of equal weights."""
    members = tuple(
        Member(number=number, candidates=(each,)) for number, each in enumerate(candidates)
    )
    classes = dataset.classes
    width = len(classes) if classes is not None and len(classes) > 2 else 1
    return EnsembleModel(
        preparation=preparation,
        members=members,
        combination=Combination(
            problem=dataset.problem,
            space=space,
            weights=tuple(1 / len(members) for _ in members),
            intercept=(0.01,) * width if space is CombinationSpace.LINK else (),
        ),
        problem=dataset.problem,
        classes=classes,
        metric="rmse" if classes is None else "log_loss",
        method="stagewise",
        target="target",
        example=table.head(8),
        adjustments=adjustments,
    )


def with_members(model: EnsembleModel, members: tuple[Member, ...]) -> EnsembleModel:
    """Return the model with other members of the same weights."""
    return replace(model, members=members)
