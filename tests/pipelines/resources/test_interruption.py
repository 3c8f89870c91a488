"""Interruptions that must wait, and the native code that they must wait for."""

import signal
import sys
import threading
import time

import numpy as np
import pytest
import xgboost

from espalier.pipelines.evaluation.limits import TrialInterruptedError, interrupt_after
from espalier.pipelines.learners.base.learner import BuildContext
from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.resources.interruption import raise_here, raise_in, uninterrupted
from espalier.pipelines.space.joint import SearchSpace
from tests.contracts.acting_learner import acting_dataset


def loop(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)


def test_what_comes_during_the_block_is_raised_at_its_end():
    done = []

    def work():
        with uninterrupted():
            with uninterrupted():
                loop(0.3)
            loop(0.1)
            done.append("block")
        done.append("after it")

    with pytest.raises(TrialInterruptedError), interrupt_after(0.05):
        work()
    assert done == ["block"]


def test_afterwards_everything_is_as_before():
    with uninterrupted():
        pass
    with pytest.raises(TrialInterruptedError), interrupt_after(0.05):
        loop(30.0)
    with interrupt_after(0.05), uninterrupted():
        raise_in(threading.get_ident(), None)
    loop(0.1)


def test_an_error_of_the_block_itself_leaves_no_shield():
    with pytest.raises(ValueError, match="own"), uninterrupted():
        raise ValueError("own")
    with pytest.raises(TrialInterruptedError), interrupt_after(0.05):
        loop(30.0)


def test_what_was_asked_for_and_taken_back_is_not_raised():
    with uninterrupted():
        raise_in(threading.get_ident(), TrialInterruptedError)
        raise_in(threading.get_ident(), None)
    loop(0.05)


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no such signal here")
def test_a_signal_waits_too():
    before = signal.signal(signal.SIGUSR1, lambda *_: raise_here(TrialInterruptedError))
    done = []

    def work():
        signal.raise_signal(signal.SIGUSR1)
        loop(0.05)
        done.append("block")

    try:
        with pytest.raises(TrialInterruptedError), uninterrupted():
            work()
        with pytest.raises(TrialInterruptedError):
            signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert done == ["block"]


def test_xgboost_takes_in_its_rows_whole(monkeypatch):
    """Interrupted in a callback, it went on with a part of them, and took the process down."""
    taken_in, lost = [], []
    whole = xgboost.QuantileDMatrix.__init__

    class Slow(xgboost.QuantileDMatrix):
        def __init__(self, *arguments, **options):
            loop(0.2)
            whole(self, *arguments, **options)
            loop(0.2)
            taken_in.append(self.num_row())

    monkeypatch.setattr(xgboost, "QuantileDMatrix", Slow)
    monkeypatch.setattr(sys, "unraisablehook", lost.append)
    dataset = acting_dataset(200)
    learner = LEARNERS["xgboost"]
    configuration = SearchSpace((learner,), dataset.shape).default("xgboost")
    context = BuildContext(shape=dataset.shape, seed=0, n_threads=1)
    model = learner.build(configuration.model_values, context)
    with pytest.raises(TrialInterruptedError), interrupt_after(0.1):
        model.fit(dataset.X.to_numpy(dtype=np.float32), dataset.y)
    assert taken_in == [200]
    assert not lost
