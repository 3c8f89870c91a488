"""Experience that is made, so that what is to be learned from it is known."""

from dataclasses import dataclass

import numpy as np

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.experience.recording.design import RecordingDesign, filling
from espalier.pipelines.experience.recording.record import KnowledgeBase, KnownDataset, record_of
from espalier.pipelines.experience.recording.space_alignment import known_space
from espalier.pipelines.metafeatures.catalogue import (
    CATALOGUE,
    SERIES_CATALOGUE,
    SERIES_VERSION,
    VERSION,
)
from espalier.pipelines.metafeatures.profile import MetaFeatures
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus


@dataclass(frozen=True)
class Maker:
    """Makes datasets and records; the law of the scores can be chosen."""

    def meta(self, seed: int, **given: float) -> MetaFeatures:
        rng = np.random.default_rng(seed)
        values = {each.name: float(rng.normal()) for each in CATALOGUE} | given
        return MetaFeatures(names=tuple(values), values=tuple(values.values()), version=VERSION)

    def dataset(self, number: int, *, n_rows: int = 800, **given: float) -> KnownDataset:
        problem = ProblemKind.BINARY
        return KnownDataset(
            fingerprint=f"print{number}",
            name=f"table{number}",
            target="y",
            metric="roc_auc",
            n_rows_whole=n_rows,
            shape=DatasetShape(
                problem=problem, n_rows=n_rows, n_columns=12, n_classes=2, smallest_class=400
            ),
            rows_cap=3_000,
            n_folds=3,
            seed=0,
            meta=self.meta(number, **given),
        )

    def series(self, number: int, *, n_rows: int = 4_000, **given: float) -> KnownDataset:
        """Return the series of a forecast."""
        rng = np.random.default_rng([number, 1])
        values = {each.name: float(rng.normal()) for each in SERIES_CATALOGUE}
        values |= {"zero_share": 0.0} | given
        return KnownDataset(
            fingerprint=f"series{number}",
            name=f"set{number}",
            target="y, 12 steps",
            metric="mase",
            n_rows_whole=n_rows,
            shape=DatasetShape(
                problem=ProblemKind.REGRESSION, n_rows=n_rows, n_columns=0, n_classes=1
            ),
            rows_cap=3_000,
            n_folds=3,
            seed=0,
            meta=MetaFeatures(
                names=tuple(values), values=tuple(values.values()), version=SERIES_VERSION
            ),
        )

    def record(
        self,
        dataset,
        configuration: Configuration,
        score: float | None,
        *,
        number: int = 0,
        seconds: float = 1.0,
        at: str = "2026-11-21T12:00:00Z",
        error: str | None = None,
    ):
        done = score is not None
        result = TrialResult(
            trial=Trial(number=number, configuration=configuration, seed=1, seconds_limit=30.0),
            status=TrialStatus.SUCCESS if done else TrialStatus.FAILED,
            fold_scores=(score, score, score) if done else (),
            score=score,
            score_std=0.0 if done else None,
            seconds=seconds,
            fit_seconds=seconds / 3,
            size_mb=0.5,
            iterations=(3, 4, 5) if done else (),
            error=error or (None if done else "ValueError: cell 'secret' is bad"),
            worker="tcp://somewhere",
        )
        return record_of(dataset, result, versions=(("numpy", "2.4"),), recorded_at=at)

    def design(self, n: int) -> RecordingDesign:
        return RecordingDesign(n_configurations=n, seconds=30.0, n_folds=3, seed=0)

    def knowledge(
        self, law, n_datasets: int, n_configurations: int, *, series: bool = False, **given
    ) -> KnowledgeBase:
        """Return records whose score is ``law(dataset, configuration)``; None fails."""
        records = []
        for number in range(n_datasets):
            dataset = (self.series if series else self.dataset)(number, **given)
            space = known_space(dataset)
            plan = filling(space, self.design(round(n_configurations / 0.7)))
            for place, each in enumerate(plan[:n_configurations]):
                score = law(dataset, each)
                records.append(self.record(dataset, each, score, number=place))
        return KnowledgeBase.of(records)


_FAMILY = {"lightgbm": 0.3, "catboost": 0.32, "linear": 0.1, "knn": -0.2, "bayes": -0.3}


def lawful(dataset, configuration) -> float:
    """Score by family and learning rate, the same on every dataset, with a little noise."""
    rate = float(configuration.get("learning_rate", 0.1))
    noise = int(configuration.digest[:4], 16) / 65_536
    return (
        0.6
        + 0.3 * _FAMILY.get(configuration.family, 0.0)
        - 0.05 * abs(np.log10(rate) + 1)
        + (0.01 * noise)
    )


_FORECASTER = {"ces": 0.8, "ets": 0.85, "reduction": 0.9, "naive": 1.3}


def lawful_error(dataset, configuration) -> float:
    """Return an error by family, smaller for shorter memories, the same on all series."""
    longest = float(configuration.get("longest", 600))
    return _FORECASTER.get(configuration.family, 1.1) + 0.05 * np.log10(longest)
