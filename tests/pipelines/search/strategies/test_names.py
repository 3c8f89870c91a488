import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.search.strategies.names import STRATEGIES, check_strategy


@pytest.mark.parametrize("name", ["guided", "evolution", "policy", "random", "local"])
def test_strategies_of_tables_and_forecasts_are_known(name):
    assert check_strategy(name) == name
    assert name in STRATEGIES


def test_a_strategy_of_networks_alone_is_refused_for_tables():
    with pytest.raises(UserError, match=r"is for architectures of networks.*choose one of: guided"):
        check_strategy("differentiable")
