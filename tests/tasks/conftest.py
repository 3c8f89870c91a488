"""Tasks seal what they leave with the key of a home folder: one for the tests."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def _home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESPALIER_HOME", str(tmp_path_factory.mktemp("home")))
        yield
