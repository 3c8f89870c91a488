import pytest

from espalier.infra.runs.notes import FOLDS, PIXELS
from espalier.infra.runs.store import RunStore
from espalier.infra.runs.takeover import ROWS, read_takeover, require_same_rows, take_over_trials
from espalier.pipelines.errors import UserError
from tests.contracts.outcomes import failure, success


@pytest.fixture
def source(tmp_path):
    store = RunStore(tmp_path / "a")
    for outcome in (success(0, 0.25), failure(1), success(2)):
        store.append(outcome)
    store.note(ROWS, "digest")
    store.note(FOLDS, 3)
    return store


@pytest.fixture
def target(tmp_path):
    return RunStore(tmp_path / "b")


def test_trials_and_predictions_come_along(source, target):
    take_over_trials(source, target, source.results(), run_id="r")
    assert target.results() == source.results()
    assert target.predictions(2).tolist() == source.predictions(2).tolist()
    taken = read_takeover(target)
    assert (taken.folder, taken.run_id, taken.numbers) == ("a", "r", (0, 1, 2))
    assert read_takeover(source) is None
    assert target.noted(FOLDS) == 3


def test_networks_see_what_earlier_trials_saw(source, target, tmp_path):
    take_over_trials(source, target, source.results(), run_id=None)
    assert target.noted(PIXELS) == 0  # a run of before knows of no pixels
    source.note(PIXELS, 24)
    other = RunStore(tmp_path / "c")
    take_over_trials(source, other, source.results(), run_id=None)
    assert other.noted(PIXELS) == 24


def test_neither_changes_the_other_afterwards(source, target):
    take_over_trials(source, target, source.results(), run_id=None)
    target.append(success(3))
    target.append(success(0, 0.75))
    source.append(success(4))
    assert [each.trial.number for each in source.results()] == [0, 1, 2, 4]
    assert source.results()[0].score == 0.25
    assert [each.trial.number for each in target.results()] == [0, 1, 2, 3]


def test_it_happens_once_and_again_when_it_was_cut_off(source, target):
    target.predictions_path(0).parent.mkdir(parents=True)
    target.predictions_path(0).write_bytes(b"half")  # killed while it copied
    take_over_trials(source, target, source.results(), run_id=None)
    target.append(success(3))
    take_over_trials(source, target, source.results(), run_id=None)
    assert [each.trial.number for each in target.results()] == [0, 1, 2, 3]
    assert target.predictions(0).shape == (4, 2)


def test_other_rows_are_refused(source, target):
    take_over_trials(source, target, source.results(), run_id=None)
    require_same_rows(target, "digest")
    with pytest.raises(UserError, match="other rows"):
        require_same_rows(target, "another")
