"""What the registry says, read page by page: the calls to MLflow behind `registry`.

Pages are as large as every MLflow server gives them, so the number of calls does not grow with a
fleet of hundreds of models.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from espalier.infra.tracking.search import quoted

if TYPE_CHECKING:
    from mlflow import MlflowClient

_MODELS_A_PAGE, _VERSIONS_A_PAGE = 1000, 10_000
ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow's stores call it if there is no such model."""


def make_registered_model(client: "MlflowClient", name: str) -> None:
    """Create a registered model, unless it exists."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def registered_models(client: "MlflowClient") -> dict[str, dict[str, str]]:
    """Return the aliases of every registered model, locks included, by its name."""
    found: dict[str, dict[str, str]] = {}
    token = None
    while True:
        page = client.search_registered_models(max_results=_MODELS_A_PAGE, page_token=token)
        found |= {each.name: _texts(each.aliases) for each in page}
        token = page.token
        if not token:
            return found


def search_versions(client: "MlflowClient", condition: str | None) -> list[Any]:
    """Return all versions, of all models, that match MLflow's filter; all of them for None."""
    found: list[Any] = []
    token = None
    while True:
        page = client.search_model_versions(
            condition, max_results=_VERSIONS_A_PAGE, page_token=token
        )
        found.extend(page)
        token = page.token
        if not token:
            return found


def model_versions(client: "MlflowClient", name: str) -> list[Any]:
    """Return the versions of a model; none if there is no such model."""
    value = quoted(name)  # a name that cannot be quoted is searched for by hand
    found = search_versions(client, None if value is None else f"name={value}")
    return [version for version in found if version.name == name]


def version_of_run(client: "MlflowClient", name: str, run_id: str) -> Any:
    """Return the version of a model that an MLflow run made; None if it made none."""
    found = search_versions(client, f"run_id='{run_id}'")
    return next((each for each in found if each.name == name), None)


def known_aliases(client: "MlflowClient", name: str) -> dict[str, str] | None:
    """Return the aliases of a model and their versions; None if there is no such model."""
    from mlflow.exceptions import MlflowException

    try:
        return aliases_of(client, name)
    except MlflowException as error:
        if error.error_code not in ABSENT:
            raise
        return None


def aliases_of(client: "MlflowClient", name: str) -> dict[str, str]:
    """Return the aliases of a model and their versions.

    Raises
    ------
    MlflowException
        There is no such model.
    """
    return _texts(client.get_registered_model(name).aliases)


def _texts(aliases: Mapping[str, Any]) -> dict[str, str]:
    return {alias: str(version) for alias, version in aliases.items()}
