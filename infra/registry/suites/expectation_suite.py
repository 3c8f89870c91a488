"""Read the expectation suite that a training run stored in MLflow."""

from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.infra.tracking.artifacts import read_text_file
from espalier.pipelines.data.contract import DataContract

SUITE_FILE = "validation/validation.json"


def read_suite(settings: Settings, version: RegisteredVersion) -> DataContract | None:
    """Return the expectation suite of a version's training table; None if there is none.

    Raises
    ------
    StoreUnavailableError
        The store does not answer.
    """
    if version.run_id is None:
        return None
    text = read_text_file(settings, version.run_id, SUITE_FILE)
    return None if text is None else DataContract.from_json(text)
