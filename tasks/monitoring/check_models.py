"""Try registered models with the installed packages."""

from espalier.infra.operations.model_checks import CheckedModel, champions_to_check, check_models
from espalier.infra.settings import load_settings
from espalier.pipelines.requests.check import CheckRequest
from espalier.tasks.policies import retried_task


def try_models(request: CheckRequest) -> tuple[CheckedModel, ...]:
    """Ask all champions, or the version that is named, the rows they were saved with.

    Raises
    ------
    UserError
        There is no such model.
    StoreUnavailableError
        A store does not answer.
    """
    settings = load_settings()
    return tuple(check_models(champions_to_check(settings, request.model), settings))


check_champions = retried_task(
    name="check models",
    description="Open models with the installed packages and ask the rows they were saved with.",
    tags=["espalier", "serving"],
)(try_models)
