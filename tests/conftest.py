"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# No test asserts wall-clock time, hypothesis' own limits included: a busy machine fails nothing.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
