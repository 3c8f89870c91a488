"""What every family of networks must do: one suite, run over each of them.

A test module makes a subclass with the attributes below, and a fixture ``binary``: rows of two
classes, and a small network that is fitted to them.
"""

import pickle
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
import pytest

from espalier.pipelines.data.dataset import Dataset, DatasetShape
from espalier.pipelines.errors import UserError
from espalier.pipelines.learners.base.learner import BuildContext, Learner
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.light.counts import count_model
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.space.joint import SearchSpace
from tests.deep import need_torch


class NetworkSuite:
    """The suite.

    Attributes
    ----------
    family : Learner
        The family.
    table : callable
        Makes rows of a problem that tell their target, by a seed: class codes, of three at most,
        or 100 and 110.
    candidate : callable
        Makes an unfitted small network for such rows, with the values that are given.
    small : mapping
        Values of a network that is trained in a moment.
    slow : mapping
        Values of one that is not done in half a second.
    shape : DatasetShape
        Of a table that the family can learn from.
    unread : DatasetShape
        Of a table as it is prepared without PyTorch.
    rows : array
        Two rows as the network itself takes them.
    least_right : float
        Share of new rows of two classes that a small network must name.
    """

    family: ClassVar[Learner]
    table: ClassVar[Callable[..., Dataset]]
    candidate: ClassVar[Callable[..., Candidate]]
    small: ClassVar[Mapping[str, Any]]
    slow: ClassVar[Mapping[str, Any]]
    shape: ClassVar[DatasetShape]
    unread: ClassVar[DatasetShape]
    rows: ClassVar[Any]
    least_right: ClassVar[float]

    def test_learns_classes(self, binary):
        _data, fitted = binary
        fresh = self.table(ProblemKind.BINARY, 60, seed=1)
        scores = fitted.predict_scores(fresh.X)
        assert scores.dtype == np.float32
        assert (scores.argmax(axis=1) == fresh.y).mean() > self.least_right
        assert fitted.n_iterations_ <= self.small["epochs"]

    def test_learns_values_within_their_range(self):
        need_torch()
        data = self.table(ProblemKind.REGRESSION)
        fresh = self.table(ProblemKind.REGRESSION, 60, seed=1)
        scores = self.candidate(data).fit(data.X, data.y).predict_scores(fresh.X)
        assert np.mean((scores - fresh.y) ** 2) < 15
        assert scores.min() >= 100
        assert scores.max() <= 110

    def test_a_class_without_training_rows_gets_nothing(self):
        need_torch()
        data = self.table(ProblemKind.MULTICLASS)
        rows = np.flatnonzero(data.y != 1)
        fitted = self.candidate(data, epochs=5).fit(data.X.iloc[rows], data.y[rows])
        scores = fitted.predict_scores(data.X)
        assert (scores[:, 1] == 0).all()
        np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)

    def test_a_stored_model_is_bytes_that_answer_the_same(self, binary):
        data, fitted = binary
        stored = pickle.dumps(fitted)
        assert b"torch" not in stored
        copy = pickle.loads(stored)
        kept = copy.model_.stored_
        assert isinstance(getattr(kept, "content", kept), bytes)
        np.testing.assert_array_equal(fitted.predict_scores(data.X), copy.predict_scores(data.X))

    def test_a_passed_deadline_gives_a_model_or_says_so(self):
        need_torch()
        data = self.table(ProblemKind.BINARY)
        near = Deadline.after(0.5)
        try:
            fitted = self.candidate(data, **self.slow).fit(data.X, data.y, deadline=near)
        except TimeoutError:
            return
        assert fitted.n_iterations_ < self.slow["epochs"]

    def test_operations_are_known_before_training(self, binary):
        data, fitted = binary
        assert self.family.least_operations is not None
        known = self.family.least_operations(fitted.configuration.model_values, data.shape)
        assert count_model(fitted.model_).operations == known

    def test_a_refit_trains_as_long_as_was_best(self):
        values = SearchSpace([self.family], self.shape).default(self.family.name).model_values
        context = BuildContext(shape=self.shape, seed=0, iterations=7)
        model = self.family.build(values, context)
        assert model.stop_after == 7
        assert model.recipe.epochs == values["epochs"]

    def test_what_to_install_is_said(self, monkeypatch):
        def without_torch(name):
            return None if name == "torch" else object()

        monkeypatch.setattr("importlib.util.find_spec", without_torch)
        with pytest.raises(UserError, match=r"torch, which is not installed.*espalier\[deep\]"):
            choose_learners([self.family.name], self.unread)
        values = SearchSpace([self.family], self.shape).default(self.family.name).model_values
        model = self.family.build(values, BuildContext(shape=self.shape, seed=0))
        with pytest.raises(UserError, match=r"espalier\[deep\]"):
            model.fit(self.rows, np.array([0, 1]))
