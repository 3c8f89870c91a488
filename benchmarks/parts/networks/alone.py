"""Networks trained by themselves, without a search: the default one, and those of a supernet."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from parts.deep.tasks import Task, judge

from espalier.pipelines.data.dataset import Dataset, DatasetShape
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.images.pixels import PixelReading, affordable_side, pixels_name
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.neural.convnet_family import CONVNET
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration

N_THREADS = 2
MOST_EPOCHS = 120


@dataclass(frozen=True)
class PixelTable:
    """A set as networks see it.

    Attributes
    ----------
    task : Task
        The set.
    rows, test_rows : DataFrame
        One column of pixels a picture column.
    y : array
        Class codes, or values.
    classes : array or None
        The labels, by code; None for values.
    shape : DatasetShape
        What families ask of a table.
    """

    task: Task
    rows: pd.DataFrame
    test_rows: pd.DataFrame
    y: NDArray[Any]
    classes: NDArray[Any] | None
    shape: DatasetShape

    @classmethod
    def of(cls, task: Task, seconds: float) -> "PixelTable":
        """Read the pictures of a set, at the side that a training of so many seconds takes."""
        columns = [each for each in task.X if each == "path" or each.startswith("photo")]
        side = affordable_side(len(task.X), len(columns), seconds, alone=True)
        reading = PixelReading(side, task.root)

        def read(table: pd.DataFrame) -> pd.DataFrame:
            return pd.DataFrame(
                {pixels_name(each): reading.pixels(table[each]) for each in columns}
            )

        rows = read(task.X)
        classes, y = None, task.y
        if not task.is_regression:
            classes, y = np.unique(task.y, return_inverse=True)
        problem = ProblemKind.REGRESSION
        if classes is not None:
            problem = ProblemKind.BINARY if len(classes) == 2 else ProblemKind.MULTICLASS
        roles = dict.fromkeys(rows, ColumnRole.PIXELS)
        dataset = Dataset(X=rows, y=y, problem=problem, roles=roles, classes=classes)
        return cls(task, rows, read(task.test_rows), y, classes, dataset.shape)

    @property
    def default(self) -> Configuration:
        """The configuration that a search tries first."""
        return SearchSpace((CONVNET,), self.shape).default(CONVNET.name)

    def trained(
        self, configuration: Configuration, seconds: float, seed: int, learner: Learner = CONVNET
    ) -> Candidate:
        """Return a network that is trained for at most so many seconds, by all threads."""
        made = Candidate(
            Configuration.of(learner.name, dict(configuration)),
            learner,
            dict.fromkeys(self.rows, ColumnRole.PIXELS),
            self.shape,
            seed,
            n_threads=N_THREADS,
        )
        return made.fit(self.rows, self.y, deadline=Deadline.after(seconds))

    def figures(self, model: Candidate) -> dict[str, float]:
        """Return the figures of a network on the test rows."""
        return judge(self.task, model.predict_scores(self.test_rows), self.classes)


def default_network(task: Task, seconds: float, seed: int) -> dict[str, float]:
    """Return the figures of the default network, trained for all the time.

    It has as many epochs as the space allows, so that the time ends it, by which its learning rate
    falls. A fifth of the training rows tells its best epoch.
    """
    began = time.time()
    table = PixelTable.of(task, seconds)
    chosen = Configuration.of(CONVNET.name, dict(table.default) | {"epochs": MOST_EPOCHS})
    model = table.trained(chosen, seconds - (time.time() - began), seed)
    return table.figures(model) | _of_training(model, time.time() - began)


def proposals_against_random(
    task: Task, seconds: float, seed: int, share: float
) -> dict[str, dict[str, float]]:
    """Return the figures of a supernet's three networks and of three random ones.

    A supernet with too little time proposes fewer; what its way has then goes to these.
    Each way has ``seconds``, the reading of the pictures aside; the supernet takes ``share`` of
    them, and the three networks of each way what is left, in equal parts. Of the three the one
    with the least loss on the rows that tell its best epoch is the way's.
    """
    from espalier.pipelines.architectures.onepath.searching import N_PROPOSALS
    from espalier.pipelines.learners.neural.convnet_family import values_of
    from espalier.pipelines.learners.neural.supernet_family import SUPERNET

    table = PixelTable.of(task, seconds)
    began = time.time()
    supernet = table.trained(table.default, share * seconds, seed, SUPERNET).model_
    took = time.time() - began
    ways = {
        "supernet": [values_of(each.path) for each in supernet.found_.proposals],
        "random": random_networks(np.random.default_rng(seed), N_PROPOSALS),
    }
    found: dict[str, dict[str, float]] = {}
    for way, networks in ways.items():
        left = seconds - took if way == "supernet" else seconds
        trained = []
        for values in networks:
            chosen = Configuration.of(CONVNET.name, dict(table.default) | values)
            model = table.trained(chosen, left / len(networks), seed)
            trained.append((min(model.model_.losses_), table.figures(model), model))
        _, figures, model = min(trained, key=lambda each: each[0])
        others = [each[1].get("accuracy", each[1].get("rmse", 0.0)) for each in trained]
        found[way] = (
            figures
            | {"networks": float(len(others)), "mean": float(np.mean(others))}
            | _of_training(model, left)
        )
    found["supernet"] |= {
        "supernet_seconds": took,
        "supernet_epochs": float(supernet.found_.epochs),
    }
    return found


def random_networks(rng: np.random.Generator, n: int) -> list[dict[str, Any]]:
    """Return so many different networks of those that a supernet holds, all as likely."""
    from espalier.pipelines.architectures.design import Stage
    from espalier.pipelines.architectures.onepath.supernet import KINDS
    from espalier.pipelines.learners.neural.convnet_family import values_of
    from espalier.pipelines.learners.neural.supernet_family import MOST_DEPTH, N_STAGES

    drawn: dict[tuple[Stage, ...], None] = {}
    while len(drawn) < n:
        kinds = rng.integers(len(KINDS), size=N_STAGES)
        depths = rng.integers(1, MOST_DEPTH + 1, size=N_STAGES)
        path = tuple(
            Stage(KINDS[kind].block, KINDS[kind].kernel, int(depth))
            for kind, depth in zip(kinds, depths, strict=True)
        )
        drawn[path] = None
    return [values_of(path) for path in drawn]


def _of_training(model: Candidate, seconds: float) -> dict[str, float]:
    network = model.model_
    return {
        "seconds": seconds,
        "epochs": float(network.n_iterations_),
        "kb": len(network.stored_) / 1024,
    }
