"""Who uses a flow as a library is not tracked either."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("given", "found"), [(None, "false"), ("true", "true")])
def test_importing_the_flows_turns_telemetry_off_unless_it_is_wanted(given, found):
    name = "PREFECT_SERVER_ANALYTICS_ENABLED"
    environ = {key: value for key, value in os.environ.items() if key != name}
    if given is not None:
        environ[name] = given
    code = (
        f"import flows, os, sys; assert 'prefect' not in sys.modules; print(os.environ[{name!r}])"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == found
