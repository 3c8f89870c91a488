"""An option stands in one place; the estimators, the form and the command line agree with it."""

import inspect
from dataclasses import MISSING, fields

import pytest

from espalier.flows.cli.commands import train as command
from espalier.pipelines.automl.estimators import AutoMLClassifier, AutoMLRegressor
from espalier.pipelines.automl.settings import TrainingSettings
from espalier.pipelines.automl.shared_docs import described_settings
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.train import TrainRequest

SETTINGS = {each.name: each.default for each in fields(TrainingSettings)}
# Parameters of the estimators about the data, the seed (a number there, anything that scikit-learn
# takes here), or what is shown.
ESTIMATOR_ONLY = {
    "metric",
    "random_state",
    "holdout_fraction",
    "verbose",
    "image_columns",
    "image_root",
    "bad_files",
}
# A constant model is for a run that must register something.
FLOW_ONLY = {"seed", "allow_baseline"}
# Options of the command that the form has not, or by another name.
COMMAND_ONLY = {"context", "extend", "json_path", "bagged", "no_progress", "quiet", "verbose"}
FORM_ONLY = {"extends", "updates", "serving"}
# Where the estimator's parameter is called otherwise, or its default is another.
FORM_NAMES = {"n_trials": "trials", "n_folds": "folds", "n_jobs": "workers"}
NOT_IN_THE_FORM = {"ensemble", "residual_share", "residual_sees_answers", "experience", "threshold"}
OWN_DEFAULTS = {"time_budget", "n_jobs", "families", "objectives"}


def parameters(function):
    signature = inspect.signature(function).parameters.values()
    return {each.name: each.default for each in signature if each.name != "self"}


@pytest.mark.parametrize("estimator", [AutoMLClassifier, AutoMLRegressor])
def test_an_estimator_takes_the_settings(estimator):
    taken = parameters(estimator.__init__)
    of_classes = set() if estimator is AutoMLClassifier else {"threshold"}
    assert taken.keys() - ESTIMATOR_ONLY == SETTINGS.keys() - FLOW_ONLY - of_classes
    for name in taken.keys() - ESTIMATOR_ONLY:
        assert taken[name] == SETTINGS[name], name


@pytest.mark.parametrize("estimator", [AutoMLClassifier, AutoMLRegressor])
def test_an_estimator_describes_every_parameter(estimator):
    described = estimator.__doc__.partition("Attributes\n")[0]
    for name in parameters(estimator.__init__):
        assert f"\n    {name} : " in described, name
    assert "{" not in estimator.__doc__


def test_every_setting_has_a_default_and_a_description():
    assert MISSING not in SETTINGS.values()
    assert described_settings().keys() == SETTINGS.keys()


def test_the_settings_of_an_estimator_are_what_it_was_given():
    model = AutoMLClassifier(n_trials=3, time_budget=None, threshold=0.3, families=["linear"])
    settings = TrainingSettings.of(model, {"seed": 7})
    assert settings == TrainingSettings(
        n_trials=3, time_budget=None, threshold=0.3, families=["linear"], seed=7
    )


def test_the_form_has_the_settings():
    form = {name: each.default for name, each in TrainRequest.model_fields.items()}
    for name in SETTINGS.keys() - NOT_IN_THE_FORM:
        said = FORM_NAMES.get(name, name)
        assert said in form, name
        if name not in OWN_DEFAULTS:
            assert form[said] == SETTINGS[name], name


def test_the_command_has_the_fields_of_the_form():
    options = parameters(command.train)
    form = {name: each.default for name, each in TrainRequest.model_fields.items()}
    assert options.keys() - COMMAND_ONLY == form.keys() - FORM_ONLY
    for name in options.keys() - COMMAND_ONLY - {"data", "target"}:
        assert (options[name] or None) == (form[name] or None), name


@pytest.mark.parametrize(
    "wrong", [{"time_budget": None}, {"n_folds": 0}, {"max_size_mb": -1.0}, {"serving": "both"}]
)
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(UserError):
        TrainingSettings(**wrong)
