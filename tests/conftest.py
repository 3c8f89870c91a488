"""What holds for all tests."""

import pytest
from hypothesis import HealthCheck, settings

# No test asserts wall-clock time, hypothesis' own limits included: a busy machine fails nothing.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(scope="session")
def maker():
    """Make experience whose law is known."""
    from tests.experience_maker import Maker

    return Maker()


@pytest.fixture(scope="session")
def lawful_experience(maker):
    """Return six datasets on which the same configurations are good."""
    from tests.experience_maker import lawful

    return maker.knowledge(lawful, 6, 40)
