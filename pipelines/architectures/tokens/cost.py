"""What a network of texts costs, known before it is trained."""

from espalier.pipelines.architectures.cost import NetworkCost
from espalier.pipelines.architectures.layers import Activation, Dense, Sum
from espalier.pipelines.architectures.tokens.layers import (
    Join,
    Pairs,
    Pool,
    Recurrence,
    TextNetwork,
    TokenNorm,
    Window,
)


def text_network_cost(network: TextNetwork, n_vectors: int) -> NetworkCost:
    """Count a network's parameters, and its operations for a row of texts as long as they count.

    Parameters
    ----------
    network : TextNetwork
        The network.
    n_vectors : int
        Vectors of tokens that it holds, learned ones and those of the table.
    """
    parameters = n_vectors * network.width
    tokens = network.n_columns * network.most_tokens
    operations, cells = 0, tokens * network.width
    for step in network.steps:
        if isinstance(step, Pairs):
            parameters += step.n_vectors * step.width
            cells += tokens * step.width
        elif isinstance(step, Window):
            weights = step.inputs * step.outputs * step.kernel
            parameters += weights
            operations += tokens * weights
            cells += tokens * step.outputs
        elif isinstance(step, TokenNorm):
            parameters += 2 * step.channels
            cells += tokens * step.channels
        elif isinstance(step, Recurrence):
            weights = 6 * step.units * (step.inputs + step.units)
            parameters += weights + 12 * step.units
            operations += tokens * weights
            cells += 8 * tokens * step.units  # its gates too
        elif isinstance(step, Pool):
            if step.kind == "attention":
                parameters += step.heads * step.channels
                operations += tokens * step.channels * (step.heads + 1)
            else:
                operations += tokens * step.channels
        elif isinstance(step, Dense):
            parameters += (step.inputs + 1) * step.outputs
            operations += step.inputs * step.outputs
        else:
            assert isinstance(step, Activation | Sum | Join)  # they have no weights
    return NetworkCost(parameters, operations, cells)
