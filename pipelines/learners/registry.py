"""All model families, by name: those of tables, and networks on pictures and on texts."""

import difflib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from espalier.pipelines.architectures.packages import need_deep
from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.errors import UserError
from espalier.pipelines.learners.additive.ebm_family import EBM
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.learners.families.bayes import BAYES
from espalier.pipelines.learners.families.catboost_family import CATBOOST
from espalier.pipelines.learners.families.extra_trees import EXTRA_TREES
from espalier.pipelines.learners.families.forest import RANDOM_FOREST
from espalier.pipelines.learners.families.knn import KNN
from espalier.pipelines.learners.families.lightgbm_trees import LIGHTGBM
from espalier.pipelines.learners.families.linear import LINEAR
from espalier.pipelines.learners.families.mlp import MLP
from espalier.pipelines.learners.families.svm import SVM
from espalier.pipelines.learners.families.xgboost_trees import XGBOOST
from espalier.pipelines.learners.neural.convnet_family import CONVNET
from espalier.pipelines.learners.neural.realmlp_family import REALMLP
from espalier.pipelines.learners.neural.textnet_family import TEXTNET


def _by_name(learners: tuple[Learner, ...]) -> Mapping[str, Learner]:
    table: dict[str, Learner] = {}
    for learner in learners:
        if learner.name in table:
            raise ValueError(f"two learners are called {learner.name!r}")
        table[learner.name] = learner
    return MappingProxyType(table)


# In the order in which their defaults are worth trying.
LEARNERS: Mapping[str, Learner] = _by_name(
    (
        LIGHTGBM,
        LINEAR,
        EXTRA_TREES,
        CATBOOST,
        XGBOOST,
        RANDOM_FOREST,
        MLP,
        REALMLP,
        EBM,
        SVM,
        KNN,
        BAYES,
    )
)


# Of pictures only where they are kept as pixels: PyTorch is there, and time to train them. Of
# texts only where they are named (docs/decisions/0131).
NETWORKS: Mapping[str, Learner] = _by_name((CONVNET, TEXTNET))
_ALL: Mapping[str, Learner] = {**LEARNERS, **NETWORKS}

# A slow family is in a search that names none if one fit of its default takes so much of the time.
_SMALL_SHARE = 0.02


def uses_networks(names: Sequence[str | Learner] | None, *, interpretable: bool = False) -> bool:
    """Whether families that a user names (None: those of every search) are for pictures' pixels."""
    if names is None:
        return not interpretable
    of_pixels = {each.name for each in NETWORKS.values() if each.preprocessing.pixels}
    return any((each if isinstance(each, str) else each.name) in of_pixels for each in names)


def reads_pixels_alone(names: Sequence[str | Learner] | None) -> bool:
    """Whether every family that a user names reads pixels, and so nothing that is made of them."""
    if not names:
        return False
    known = [_ALL.get(each) if isinstance(each, str) else each for each in names]
    return all(each is not None and each.preprocessing.pixels for each in known)


def choose_learners(
    names: Sequence[str | Learner] | None,
    shape: DatasetShape,
    *,
    interpretable: bool = False,
    seconds: float | None = None,
) -> tuple[Learner, ...]:
    """Return the families to search, in the registry's order, the user's own last.

    Parameters
    ----------
    names : sequence of str or Learner, or None
        Families to consider; None for those of every search. A `Learner` is the user's own.
    shape : DatasetShape
        Shape of the table that they must be able to handle.
    interpretable : bool
        Whether only models that a person can read are wanted.
    seconds : float or None
        The time budget, if there is one: with much time a search that names no family has slow ones
        too.

    Raises
    ------
    UserError
        A name is unknown or given twice, the package that trains a named family is not installed,
        or no family is left.
    """
    if names is None:
        names = [
            each.name
            for each in _ALL.values()
            if (_is_searched(each, interpretable) or _has_time(each, shape, seconds))
            and (each.name in LEARNERS or each.admits(shape))
        ]
    wanted = list(names)
    chosen: dict[str, Learner] = {}
    for entry in wanted:
        learner = entry if isinstance(entry, Learner) else find_learner(entry)
        if learner.name in chosen:
            raise UserError(f"family {learner.name!r} is given twice; give each once")
        _require_installed(learner)
        chosen[learner.name] = learner
        if learner.preprocessing.pixels and not shape.n_pixels:
            need_deep()
            raise UserError(
                f"family {learner.name!r} is trained on pictures: it needs a column of them, and "
                "a time budget that allows for it; give more time, or leave it out"
            )
        if learner.preprocessing.tokens:
            need_deep()
            if not shape.n_text:
                raise UserError(
                    f"family {learner.name!r} is trained on texts, and no column of this table "
                    "holds any; leave the family out"
                )
    order = {name: position for position, name in enumerate(_ALL)}
    left = [
        learner
        for learner in sorted(chosen.values(), key=lambda each: order.get(each.name, len(order)))
        if learner.admits(shape) and (learner.interpretable or not interpretable)
    ]
    if not left:
        able = [each.name for each in _ALL.values() if each.admits(shape) and each.is_installed]
        raise UserError(
            f"none of the families {', '.join(chosen) or '(none)'} can be used for {shape.problem} "
            f"on {shape.n_rows} rows, {shape.n_columns} columns"
            f"{' if it must be interpretable' if interpretable else ''}; "
            f"add one of: {', '.join(able)}"
        )
    return tuple(left)


def _has_time(learner: Learner, shape: DatasetShape, seconds: float | None) -> bool:
    """Whether a family that is slow for what it gives is worth its part of this budget."""
    enough = learner.from_seconds
    if enough is None or seconds is None or seconds < enough:
        return False
    if not learner.is_installed or not learner.admits(shape):
        return False
    default = dict(learner.space(shape).get_default_configuration())
    return learner.expected_seconds(default, shape) <= _SMALL_SHARE * seconds


def _is_searched(learner: Learner, interpretable: bool) -> bool:
    """Whether a family is in a search that names none."""
    # A readable family with a package of its own is by far the best of those where that is there.
    return learner.is_installed and (
        learner.by_default
        or (interpretable and learner.interpretable and learner.trained_by is not None)
    )


def _require_installed(learner: Learner) -> None:
    package = learner.trained_by
    if package is not None and not package.is_installed:
        raise UserError(
            f"the family {learner.name!r} needs the package {package.distribution!r}, which is not "
            f"installed; install it with: {package.how_to_install}"
        )


def find_learner(name: str) -> Learner:
    """Return a family that ships with the package.

    Raises
    ------
    UserError
        There is none of this name.
    """
    if name in _ALL:
        return _ALL[name]
    near = difflib.get_close_matches(name, _ALL, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise UserError(f"unknown family {name!r}{hint} (known: {', '.join(_ALL)})")
