from collections import Counter

import numpy as np
import pytest

from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.search.strategies.names import ASCENT, CANDIDATES
from espalier.pipelines.search.strategies.shares import ascent_win_rate, share_out, shares
from espalier.pipelines.surrogate.fold_noise import fold_noise
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus


def made(origins: list[str], scores: list[float]) -> History:
    results = tuple(
        TrialResult(
            trial=Trial(
                number=number,
                configuration=Configuration.of("linear", {"C": float(number)}),
                seed=0,
                origin=origin,
            ),
            status=TrialStatus.SUCCESS,
            score=score,
        )
        for number, (origin, score) in enumerate(zip(origins, scores, strict=True))
    )
    return History(get_metric("accuracy", ProblemKind.BINARY, 2), results)


def test_every_source_gets_its_share_over_any_stretch() -> None:
    chosen = share_out(made([], []), [], 160)
    count = Counter(chosen)
    assert count["gp"] == pytest.approx(140, abs=2)
    assert min(count[each] for each in ("tpe", "nsga2", "random")) >= 3
    assert Counter(chosen[:16])["gp"] >= 13


def test_batches_and_one_long_list_agree() -> None:
    whole = share_out(made([], []), [], 8)
    origins = [ASCENT if each == "gp" else each for each in whole[:4]]
    assert share_out(made([], []), origins, 4) == whole[4:]


def test_what_pays_gets_more() -> None:
    origins = ["tpe", ASCENT] * 20
    rising = [0.5 + 0.01 * n if origin == "tpe" else 0.1 for n, origin in enumerate(origins)]
    before, after = shares(made([], [])), shares(made(origins, rising))
    assert after["tpe"] > before["tpe"]
    assert after["gp"] < before["gp"]
    assert after["gp"] >= 0.5 * before["gp"]


def test_the_win_rate_counts_what_was_compared() -> None:
    origins = [ASCENT, ASCENT, CANDIDATES, "random", "default"]
    assert ascent_win_rate(made(origins, [0.5] * 5)) == pytest.approx(2 / 3)
    assert ascent_win_rate(made(["random"], [0.5])) is None


def test_folds_that_agree_are_no_noise_whatever_their_level() -> None:
    rng = np.random.default_rng(0)
    quality = rng.normal(size=(50, 1))
    level = np.array([[0.0, 5.0, -3.0]])
    calm = fold_noise(quality + level)
    loud = fold_noise(quality + level + rng.normal(size=(50, 3)))
    assert calm < 0.01
    assert 0.1 < loud < 0.4
    assert fold_noise(np.full((9, 3), np.nan)) == fold_noise(np.ones((9, 1)))
