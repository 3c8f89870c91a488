"""What the fault-injecting tests share: a real table, a real command line, real servers."""

import pytest

from tests.faults.servers import Servers
from tests.flows.conftest import espalier_in, tumours

__all__ = ["espalier_in", "servers", "tumours"]


@pytest.fixture
def servers(tmp_path):
    """Servers of this test alone; whatever still runs at its end is killed."""
    with Servers(tmp_path / "servers") as servers:
        yield servers
