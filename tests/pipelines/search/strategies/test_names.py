import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.search.strategies.names import STRATEGIES, check_strategy, no_networks


@pytest.mark.parametrize(
    "name", ["guided", "evolution", "policy", "random", "local", "differentiable"]
)
def test_strategies_are_known(name):
    assert check_strategy(name) == name
    assert name in STRATEGIES


def test_an_unknown_strategy_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match=r"unknown search 'darts'; choose one of: guided"):
        check_strategy("darts")


def test_a_strategy_of_networks_says_what_it_needs_and_what_else_there_is():
    said = no_networks()
    assert "is for architectures of networks" in said
    assert "a column of pictures" in said
    assert "otherwise choose one of: guided" in said
    assert "differentiable" not in said.partition("choose one of")[2]
